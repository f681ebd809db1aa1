"""Run the tests of the SDK in a program in which `httpx2.alias_httpx()` was called first."""

import sys
from pathlib import Path

import httpx2
import pytest

# It runs the SDK in other processes.
_ELSEWHERE = {"test_load.py"}


def main() -> int:
    httpx2.alias_httpx()
    import httpx

    if httpx.__name__ != httpx2.__name__:
        sys.exit("httpx was not replaced by httpx2")
    files = sorted(Path(__file__).parent.glob("test_*.py"))
    arguments = sys.argv[1:] or [str(file) for file in files if file.name not in _ELSEWHERE]
    # AnyIO, which HTTPX2 has imported, has a plugin for pytest too; its asserts matter to nobody.
    return pytest.main(["-W", "ignore::pytest.PytestAssertRewriteWarning", *arguments])


if __name__ == "__main__":
    sys.exit(main())
