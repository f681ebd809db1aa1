"""The command that adds images: which files, and under which image IDs."""

import hashlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import click
from attrs import define, field

from .. import Collection
from .._calls import checked_image_id
from ..bulk import walk_folder
from ..exceptions import InvalidImageIDError
from .options import concurrency_option
from .outcomes import print_outcomes, printable

_IDSource = Literal["path", "name", "hash"]

_MAX_NAMED = 10


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--id", "image_id", help="The image ID of a single file.")
@click.option(
    "--id-from",
    type=click.Choice(["path", "name", "hash"]),
    default="path",
    show_default=True,
    help="What becomes the image ID: the path in the folder that is given, the file name, or the "
    "SHA-256 hash of the file.",
)
@click.option("--update", is_flag=True, help="Replace images whose IDs are taken.")
@click.option("--skip-existing", is_flag=True, help="Leave images whose IDs are taken.")
@click.option("--dry-run", is_flag=True, help="Only print what would be added.")
@concurrency_option
def add(
    paths: tuple[Path, ...],
    image_id: str | None,
    id_from: _IDSource,
    update: bool,
    skip_existing: bool,
    dry_run: bool,
    concurrency: int,
) -> None:
    """Add image files, and those of folders.

    PATHS are files and folders. Of a folder all files are added, those of the folders below as
    well, but nothing whose name begins with a dot. The image ID of a file is its path in the folder
    that was given: with "visualsnoop add photos" that of photos/2019/beach.jpg is 2019/beach.jpg.
    The ID of a file that was given itself is its name.

    Two files with one image ID are an error, and nothing is added. Other files that cannot be added
    are named, and leave the rest alone. What was interrupted goes on when it is called again with
    --skip-existing.

    Exit status: 0 if all is done, 1 if something could not be added, 2 if nothing was tried, 130 if
    it was interrupted.
    """
    if update and skip_existing:
        raise click.UsageError("give either --update or --skip-existing")
    if image_id is not None and (len(paths) > 1 or paths[0].is_dir()):
        raise click.UsageError("--id is for a single file")
    files = _Files()
    if image_id is not None:
        files.by_id[image_id] = [*paths]
    else:
        files.find(paths, id_from)
    shared = {image_id: same for image_id, same in files.by_id.items() if len(same) > 1}
    if shared and id_from != "hash":
        raise _SharedIDs(shared, id_from)
    for error in files.errors:
        click.echo(f"Error: {error}", err=True)
    for first, *copies in shared.values():
        for copy in copies:
            click.echo(f"skipped {_name(copy)}: it is the same as {_name(first)}")
    pairs = [(image_id, same[0]) for image_id, same in files.by_id.items()]
    is_complete = not files.errors
    if dry_run:
        for image_id, path in pairs:
            click.echo(f"would add {printable(image_id)} from {_name(path)}")
    elif pairs:
        is_complete &= _add(pairs, update, skip_existing, concurrency)
    if not is_complete:
        sys.exit(1)


@define
class _Files:
    """Files to add.

    Attributes:
        by_id: By their image IDs, in the order in which they were found.
        errors: What is wrong with others.
    """

    by_id: dict[str, list[Path]] = field(factory=dict)
    errors: list[str] = field(factory=list)

    def find(self, paths: Iterable[Path], id_from: _IDSource) -> None:
        """Find the files that paths stand for."""
        for path in paths:
            try:
                files = list(walk_folder(path)) if path.is_dir() else [(path.name, path)]
            except OSError as error:
                self._note(path, error)
                continue
            if not files:
                self.errors.append(f"{_name(path)}: there is no file in this folder")
            for path_id, file in files:
                try:
                    self._take(_image_id(path_id, file, id_from), file)
                except OSError as error:
                    self._note(file, error)
                except InvalidImageIDError as error:
                    self.errors.append(
                        f"{_name(file)}: this makes no image ID, take --id-from hash: {error}"
                    )

    def _take(self, image_id: str, file: Path) -> None:
        _check_readable(file)
        checked_image_id(image_id)
        files = self.by_id.setdefault(image_id, [])
        # A file may be given itself, and be in a folder that is given.
        if not any(file.samefile(other) for other in files):
            files.append(file)

    def _note(self, path: Path, error: OSError) -> None:
        self.errors.append(f"{_name(path)}: {error.strerror}")


def _image_id(path_id: str, file: Path, id_from: _IDSource) -> str:
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


class _SharedIDs(click.ClickException):
    """Files that would get the same image ID."""

    exit_code = 2

    def __init__(self, shared: dict[str, list[Path]], id_from: _IDSource) -> None:
        lines = [
            f"{printable(image_id)}: {' and '.join(map(_name, files))}"
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


def _add(
    pairs: list[tuple[str, Path]], update: bool, skip_existing: bool, concurrency: int
) -> bool:
    """Add files under their image IDs; whether all are there now."""
    with Collection.from_env() as collection:
        return print_outcomes(
            collection,
            collection.add_images(
                pairs,
                concurrency=concurrency,
                update_existing=update,
                skip_existing=skip_existing,
            ),
            len(pairs),
            lambda outcome: _name(outcome.item[1]),
            skipped="it was there before",
            go_on="The same command goes on"
            if skip_existing or update
            else "To go on, give --skip-existing",
        )


def _name(path: Path) -> str:
    return printable(os.fsencode(path).decode(errors="replace"))
