"""Temporary folders: private, and removed even if what made them was killed."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from visualsnoop.server.temporary_folder import temporary_folder

HOLDS = """
import sys, time
from visualsnoop.server.temporary_folder import temporary_folder
with temporary_folder("x-") as folder:
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def holder(place: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has such a folder; it has printed its path."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(place)},
    ) as process:
        yield process


def test_only_this_user_can_enter_it_and_it_is_removed_in_the_end(place: Path) -> None:
    with temporary_folder("x-") as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "file").touch()
    assert list(place.iterdir()) == []


def test_what_a_killed_process_has_left_is_removed(
    holder: subprocess.Popen[str], place: Path
) -> None:
    assert holder.stdout is not None
    held = Path(holder.stdout.readline().strip())
    with temporary_folder("x-"):
        assert held.exists()
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert held.exists()
    with temporary_folder("x-"):
        assert not held.exists()


def test_what_is_not_its_own_is_left(place: Path) -> None:
    for name, mode in {"x-open": 0o755, "y-other": 0o700}.items():
        (place / name).mkdir(mode=mode)
        (place / name).chmod(mode)
    (place / "x-file").touch()
    (place / "x-link").symlink_to(place / "y-other")
    with temporary_folder("x-"):
        pass
    assert {path.name for path in place.iterdir()} == {"x-open", "y-other", "x-file", "x-link"}
