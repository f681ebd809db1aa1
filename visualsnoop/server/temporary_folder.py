"""Temporary folders that do not stay for ever, even if what made them was killed."""

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """A new folder that only this user can enter, for the time being.

    Its lock keeps systemd-tmpfiles from cleaning it up after some days, and tells what was left by
    processes that were killed: such folders with the same prefix are removed.

    Args:
        prefix: What its name begins with, which nothing else may use.

    Raises:
        OSError: If it cannot be made.
    """
    _remove_left(prefix)
    folder, lock = _locked(prefix)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _locked(prefix: str) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix))
        lock = _open(folder)
        fcntl.flock(lock, fcntl.LOCK_SH)
        # Another process may have taken it for one that was left, before it was locked.
        if folder.exists():
            return folder, lock
        os.close(lock)


def _remove_left(prefix: str) -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        try:
            lock = _open(folder)
        except OSError:
            # It is gone by now, or somebody else's.
            continue
        try:
            status = os.fstat(lock)
            # A folder of others is theirs, even if it can be opened.
            if status.st_uid == os.geteuid() and not stat.S_IMODE(status.st_mode) & 0o077:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(lock)


def _open(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
