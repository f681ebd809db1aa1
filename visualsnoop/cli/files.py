"""Which files a command is to add, and under which image IDs."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, TypeAlias

import click
from attrs import define, field

from .._calls import checked_image_id
from ..bulk import walk_folder
from ..exceptions import InvalidImageIDError
from .output import printable

IDSource: TypeAlias = Literal["path", "name", "hash"]

_MAX_NAMED = 10


@define
class Files:
    """Files to add.

    Attributes:
        by_id: By their image IDs, in the order in which they were found.
        errors: What is wrong with others.
    """

    by_id: dict[str, list[Path]] = field(factory=dict)
    errors: list[str] = field(factory=list)

    def find(self, paths: Iterable[Path], id_from: IDSource, recursive: bool) -> None:
        """Find the files that paths stand for."""
        for path in paths:
            try:
                files = list(_files_at(path, recursive))
            except OSError as error:
                self._note(path, error)
                continue
            if not files:
                self.errors.append(f"{file_name(path)}: there is no file in this folder")
            for path_id, file in files:
                try:
                    self._take(_image_id(path_id, file, id_from), file)
                except InvalidImageIDError as error:
                    self.errors.append(
                        f"{file_name(file)}: this makes no image ID, take --id-from hash: {error}"
                    )
                except OSError as error:
                    self._note(file, error)

    def shared(self) -> dict[str, list[Path]]:
        """The IDs that several files would get."""
        return {image_id: files for image_id, files in self.by_id.items() if len(files) > 1}

    def _take(self, image_id: str, file: Path) -> None:
        _check_readable(file)
        checked_image_id(image_id)
        files = self.by_id.setdefault(image_id, [])
        # A file may be given itself, and be in a folder that is given.
        if not any(file.samefile(other) for other in files):
            files.append(file)

    def _note(self, path: Path, error: OSError) -> None:
        self.errors.append(f"{file_name(path)}: {error.strerror}")


def _files_at(path: Path, recursive: bool) -> Iterable[tuple[str, Path]]:
    if not path.is_dir():
        return [(path.name, path)]
    if recursive:
        return walk_folder(path)
    return [
        (file.name, file)
        for file in sorted(path.iterdir())
        if not file.name.startswith(".") and not file.is_dir()
    ]


def _image_id(path_id: str, file: Path, id_from: IDSource) -> str:
    match id_from:
        case "path":
            return path_id
        case "name":
            return file.name
        case "hash":
            with file.open("rb") as opened:
                return hashlib.file_digest(opened, "sha256").hexdigest()


def _check_readable(file: Path) -> None:
    """Raise what comes of reading a file, or a folder that could not be walked."""
    if file.is_dir():
        list(file.iterdir())
    elif not file.is_fifo():
        file.open("rb").close()


class SharedIDs(click.ClickException):
    """Files that would get the same image ID."""

    exit_code = 2

    def __init__(self, shared: dict[str, list[Path]], id_from: IDSource) -> None:
        lines = [
            f"{printable(image_id)}: {' and '.join(map(file_name, files))}"
            for image_id, files in shared.items()
        ]
        if len(lines) > _MAX_NAMED:
            lines[_MAX_NAMED:] = [f"and {len(lines) - _MAX_NAMED} more"]
        advice = (
            "take --id-from path or hash"
            if id_from == "name"
            else "give the folder that all of them are in, or take --id-from hash"
        )
        super().__init__(
            "\n  ".join([f"nothing was added, as files share an image ID: {advice}", *lines])
        )


def file_name(path: Path) -> str:
    """A path as it can be printed."""
    return printable(os.fsencode(path).decode(errors="replace"))
