"""Make generated/visualsnoop_api from the contract; with --check, only compare it.

The generator is openapi-python-client with the templates of this folder.
"""

import argparse
import difflib
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

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
        generate(fresh)
        if check:
            return report_drift(GENERATED, fresh)
        shutil.rmtree(GENERATED, ignore_errors=True)
        shutil.copytree(fresh, GENERATED)
    return 0


def generate(target: Path) -> None:
    """Run the generator; any warning of it is an error, since it means a part was left out."""
    scripts = Path(sysconfig.get_path("scripts"))
    subprocess.run(
        [
            scripts / "openapi-python-client",
            "generate",
            *("--path", CONTRACT),
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
