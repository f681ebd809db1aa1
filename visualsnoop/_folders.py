"""Walking a folder of image files."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path


def files_in(folder: str | os.PathLike[str]) -> Iterator[Path]:
    """The files in a folder and in all folders below, sorted by name in each folder.

    Links are followed, but not to a folder that they are in. Names that begin with a dot are left
    out, as are sockets, pipes and devices. What cannot be read, a folder or the target of a link,
    is yielded itself: to open it raises the error.

    Raises:
        OSError: If it is not a folder, or cannot be read.
    """
    top = Path(folder)
    if top.is_file():
        message = "Not a folder; put the path of a single file into a list"
        raise NotADirectoryError(errno.ENOTDIR, message, os.fspath(folder))
    yield from _walk(top, frozenset())


def _walk(folder: Path, above: frozenset[tuple[int, int]]) -> Iterator[Path]:
    status = folder.stat()
    identity = (status.st_dev, status.st_ino)
    if identity in above:
        return
    for name in sorted(os.listdir(folder)):
        path = folder / name
        if name.startswith("."):
            continue
        if path.is_dir():
            try:
                yield from _walk(path, above | {identity})
            except OSError:
                yield path
        elif path.is_file() or path.is_symlink():
            yield path
