"""What a run has done before it was interrupted, so that the same command goes on.

Without it nobody can tell an image that the run itself has added from one that was there before,
under the ID of another picture.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from attrs import define, field

from .. import Collection


@define
class Journal:
    """The images that are a run's own, in a file that is there until the run has ended.

    Attributes:
        path: The file.
    """

    path: Path
    _earlier: set[str]
    _file: IO[str] | None = field(default=None)

    @classmethod
    def open(cls, collection: Collection, command: Sequence[object]) -> "Journal":
        """Open the journal of a command on a collection, where no file can be written an empty one.

        Args:
            collection: What the command changes.
            command: What tells it from other commands.
        """
        import platformdirs

        identity = json.dumps([collection.endpoint, collection.id, *command])
        folder = platformdirs.user_state_path("visualsnoop", appauthor=False) / "add"
        path = folder / hashlib.sha256(identity.encode()).hexdigest()
        journal = cls(path, _read(path))
        with suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            journal._file = path.open("a", encoding="utf-8")
        return journal

    @property
    def is_kept(self) -> bool:
        """Whether it can be written."""
        return self._file is not None

    def has(self, image_id: str, path: Path) -> bool:
        """Whether an earlier run of the command has added this very file, or was about to."""
        return _entry(image_id, path) in self._earlier

    def add(self, image_id: str, path: Path) -> None:
        """Take note that an image is the run's own."""
        self._write("added", _entry(image_id, path))

    def remove(self, image_id: str, path: Path) -> None:
        """Take note that it is not."""
        self._write("removed", _entry(image_id, path))

    def close(self, is_finished: bool) -> None:
        """Close it, and remove it if nothing was left to go on with."""
        if self._file is None:
            return
        with suppress(OSError):
            self._file.close()
            if is_finished or self.path.stat().st_size == 0:
                self.path.unlink()

    def _write(self, what: str, entry: str) -> None:
        if self._file is None:
            return
        try:
            self._file.write(json.dumps([what, entry]) + "\n")
            # At once: nothing is lost with the process, however it ends.
            self._file.flush()
        except OSError:
            self._file = None


def _entry(image_id: str, path: Path) -> str:
    """An image, its file, and what changes when the file does."""
    try:
        status = path.stat()
    except OSError:
        return json.dumps([image_id])
    return json.dumps([image_id, os.path.abspath(path), status.st_size, status.st_mtime_ns])


def _read(path: Path) -> set[str]:
    entries: set[str] = set()
    with suppress(OSError), path.open(encoding="utf-8") as lines:
        for line in lines:
            # The last one may have been cut off.
            with suppress(ValueError, TypeError):
                what, entry = json.loads(line)
                if what == "added":
                    entries.add(entry)
                else:
                    entries.discard(entry)
    return entries
