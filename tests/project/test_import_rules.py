"""The rules of imports in pyproject.toml: the code keeps them, and a breach of each is found."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages and of the rules."""
    copy = tmp_path_factory.mktemp("copy")
    shutil.copy(ROOT / "pyproject.toml", copy)
    for package in (ROOT / "visualsnoop", ROOT / "generated" / "visualsnoop_api"):
        shutil.copytree(
            package, copy / package.name, ignore=shutil.ignore_patterns("*.onnx", "__pycache__")
        )
    return copy


@pytest.fixture
def module(copied: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A module of the copy, which is as it was afterwards."""
    path: Path = copied / request.param
    text = path.read_text()
    yield path
    path.write_text(text)


def check_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=folder,
        # Before the packages that are installed.
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
    )


def test_code_keeps_the_rules(copied: Path) -> None:
    checked = check_imports(copied)
    assert checked.returncode == 0, checked.stdout
    assert "0 broken" in checked.stdout


@pytest.mark.parametrize(
    ("module", "line", "rule"),
    [
        (
            "visualsnoop_api/client.py",
            "from visualsnoop import auth",
            "The generated client imports nothing of ours",
        ),
        (
            "visualsnoop/auth.py",
            "from .server import errors",
            "Only the command line imports the server",
        ),
        (
            "visualsnoop/bulk.py",
            "def late(): from .cli import options",
            "Nothing imports the command line but its entry",
        ),
        (
            "visualsnoop/server/logs.py",
            "from ..cli import options",
            "Nothing imports the command line but its entry",
        ),
        (
            "visualsnoop/server/matching/decode.py",
            "from ..errors import bad_request",
            "The server imports downwards only",
        ),
        (
            "visualsnoop/server/storage/schema.py",
            "from ..search import find_similar",
            "The server imports downwards only",
        ),
        (
            "visualsnoop/server/search.py",
            "from .http import parameters",
            "The server imports downwards only",
        ),
        (
            "visualsnoop/_dates.py",
            "from . import exceptions",
            "No imports go round in circles",
        ),
    ],
    indirect=["module"],
)
def test_breach_is_found(copied: Path, module: Path, line: str, rule: str) -> None:
    module.write_text(f"{module.read_text()}\n{line}\n")
    checked = check_imports(copied)
    assert checked.returncode == 1
    assert f"{rule} BROKEN" in checked.stdout


def test_new_module_of_the_server_gets_its_place(copied: Path) -> None:
    module = copied / "visualsnoop" / "server" / "misplaced.py"
    module.touch()
    try:
        checked = check_imports(copied)
    finally:
        module.unlink()
    assert checked.returncode == 1
    assert "visualsnoop.server.misplaced" in checked.stdout
