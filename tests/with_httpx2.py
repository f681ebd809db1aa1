"""Run the tests of the SDK in programs in which `httpx2.alias_httpx()` was called first.

It is a plugin of pytest, too, for the processes that xdist starts.
"""

import sys
from pathlib import Path

import httpx2
import pytest

httpx2.alias_httpx()
if sys.modules.get("httpx") is not httpx2:
    sys.exit("httpx was not replaced by httpx2")

# They send no request through HTTPX, or only from other programs, which have it as it is.
_WITHOUT_HTTPX = {
    "test_bench_figures.py",
    "test_contract_changes.py",
    "test_contract_clients.py",
    "test_contract_generation.py",
    "test_contract_http_page.py",
    "test_load.py",
    "test_picture_sets.py",
    "test_similarity_bench.py",
}


def main() -> int:
    files = sorted(Path(__file__).parent.glob("test_*.py"))
    options = sys.argv[1:] or [str(file) for file in files if file.name not in _WITHOUT_HTTPX]
    return pytest.main(
        [
            "-p",
            "tests.with_httpx2",
            "--numprocesses=logical",
            "--maxprocesses=4",
            "--dist=loadfile",
            # AnyIO, which HTTPX2 has imported, has a plugin for pytest too; its asserts matter to
            # nobody.
            "-W",
            "ignore::pytest.PytestAssertRewriteWarning",
            *options,
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
