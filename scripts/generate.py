"""Make generated/visualsnoop_api from the contract; with --check, only compare it.

The generator is openapi-python-client with the templates of this folder.
"""

import argparse
import difflib
import json
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
CONTRACT = ROOT / "spec" / "visualsnoop-v1.yaml"
GENERATED = ROOT / "generated" / "visualsnoop_api"
SETTINGS = ROOT / "scripts" / "generate.yaml"
TEMPLATES = ROOT / "scripts" / "templates"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit 1 on a difference"
    )
    check = parser.parse_args().check

    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "visualsnoop_api"
        contract = Path(folder) / "contract.json"
        contract.write_text(json.dumps(with_enums(yaml.safe_load(CONTRACT.read_text("utf-8")))))
        generate(contract, fresh)
        if check:
            return report_drift(GENERATED, fresh)
        shutil.rmtree(GENERATED, ignore_errors=True)
        shutil.copytree(fresh, GENERATED)
    return 0


def with_enums(contract: Any) -> Any:
    """The contract with values that may grow as an `enum`, which is all that the generator knows.

    The template of enums takes other values, too.
    """
    if isinstance(contract, dict):
        parts = {name: with_enums(part) for name, part in contract.items()}
        if "x-extensible-enum" in parts:
            null = [None] if parts.get("nullable") else []
            parts["enum"] = [*parts.pop("x-extensible-enum"), *null]
        return parts
    if isinstance(contract, list):
        return [with_enums(part) for part in contract]
    return contract


def generate(contract: Path, target: Path) -> None:
    """Run the generator; any warning of it is an error, since it means a part was left out."""
    scripts = Path(sysconfig.get_path("scripts"))
    subprocess.run(
        [
            scripts / "openapi-python-client",
            "generate",
            *("--path", contract),
            *("--output-path", target),
            *("--custom-template-path", TEMPLATES),
            *("--config", SETTINGS),
            *("--meta", "none"),
            "--fail-on-warning",
        ],
        check=True,
    )
    (target / "py.typed").touch()
    style = ["--quiet", "--isolated", "--no-cache", "--config=line-length=100"]
    ruff = scripts / "ruff"
    subprocess.run([ruff, "check", "--fix-only", "--select=F401,I,UP", *style, target], check=True)
    subprocess.run([ruff, "format", *style, target], check=True)


def report_drift(committed: Path, fresh: Path) -> int:
    """Print the differences between two trees of text files; 1 if there are any."""
    old, new = contents(committed), contents(fresh)
    drift = [name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]
    for name in drift:
        sys.stdout.writelines(
            difflib.unified_diff(
                old.get(name, "").splitlines(keepends=True),
                new.get(name, "").splitlines(keepends=True),
                f"committed/{name}",
                f"fresh/{name}",
            )
        )
    if drift:
        print(f"generated/ differs from the contract in {len(drift)} file(s): run 'make generate'")
    return 1 if drift else 0


def contents(tree: Path) -> dict[str, str]:
    """Every file of a tree with its text, caches of the interpreter left out."""
    return {
        str(path.relative_to(tree)): path.read_text(encoding="utf-8")
        for path in tree.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


if __name__ == "__main__":
    sys.exit(main())
