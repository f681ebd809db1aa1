"""The command that adds images."""

import hashlib
import io
import os
import sys
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import click
from attrs import frozen

from .. import Collection
from ..bulk import Outcome
from ..exceptions import ImageExistsError
from ..models import Image
from .connecting import open_collection
from .files import Files, IDSource, SharedIDs, file_name
from .journal import Journal
from .options import concurrency_option, json_lines_option, profile_option
from .outcomes import Run, print_outcomes
from .output import print_json, printable

_STDIN = Path("-")


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--id", "image_id", help="The image ID of a single file.")
@click.option(
    "--id-from",
    type=click.Choice(["path", "name", "hash"]),
    default="path",
    show_default=True,
    help="What becomes the image ID: the path in the folder that is given, the file name, or the "
    "SHA-256 hash of the file.",
)
@click.option(
    "--recursive/--no-recursive", default=True, help="Add the files of folders below, or do not."
)
@click.option("--update", is_flag=True, help="Replace images whose IDs are taken.")
@click.option("--skip-existing", is_flag=True, help="Leave images whose IDs are taken.")
@click.option("--dry-run", is_flag=True, help="Only print what would be added.")
@json_lines_option
@profile_option
@concurrency_option
def add(
    paths: tuple[Path, ...],
    image_id: str | None,
    id_from: IDSource,
    recursive: bool,
    update: bool,
    skip_existing: bool,
    dry_run: bool,
    as_json: bool,
    profile: str | None,
    concurrency: int,
) -> None:
    """Add image files, and those of folders.

    PATHS are files and folders. Of a folder all files are added, those of the folders below as
    well, but nothing whose name begins with a dot. The image ID of a file is its path in the folder
    that was given: with "visualsnoop add photos" that of photos/2019/beach.jpg is 2019/beach.jpg.
    The ID of a file that was given itself is its name. A single - is the picture that comes from
    standard input; the service chooses its ID unless --id or --id-from hash does.

    Two files with one image ID are an error, and nothing is added. Other files that cannot be added
    are named, and leave the rest alone. After an interruption the same command goes on.

    Exit status: 0 if all is done, 1 if something could not be added, 2 if nothing was tried, 130 if
    it was interrupted.
    """
    if update and skip_existing:
        raise click.UsageError("give either --update or --skip-existing")
    if image_id is not None and (len(paths) > 1 or paths[0].is_dir()):
        raise click.UsageError("--id is for a single file")
    if _STDIN in paths and len(paths) > 1:
        raise click.UsageError("give either - or files")
    options = _Options(update, skip_existing, as_json, profile, concurrency)
    if paths == (_STDIN,):
        is_complete = _add_stdin(image_id, id_from, options, dry_run)
    else:
        files = Files()
        if image_id is not None:
            files.by_id[image_id] = [*paths]
        else:
            files.find(paths, id_from, recursive)
        is_complete = _add_files(files, id_from, paths, options, dry_run)
    if not is_complete:
        sys.exit(1)


@frozen
class _Options:
    """How images are added."""

    update: bool
    skip_existing: bool
    as_json: bool
    profile: str | None
    concurrency: int

    def run(self, count: int, go_on: str) -> Run:
        return Run(
            title="Adding",
            count=count,
            name=lambda item: file_name(item[1]) if isinstance(item[1], Path) else "standard input",
            skipped="it was there before",
            go_on=go_on,
            as_json=self.as_json,
        )


def _add_files(
    files: Files, id_from: IDSource, paths: tuple[Path, ...], options: _Options, dry_run: bool
) -> bool:
    """Add files, and tell whether all that were meant are there now."""
    shared = files.shared()
    if shared and id_from != "hash":
        raise SharedIDs(shared, id_from)
    for error in files.errors:
        click.echo(f"Error: {error}", err=True)
    for first, *copies in shared.values():
        for copy in copies:
            # No image, but a note.
            click.echo(
                f"skipped {file_name(copy)}: it is the same as {file_name(first)}",
                err=options.as_json,
            )
    pairs = [(image_id, same[0]) for image_id, same in files.by_id.items()]
    is_complete = not files.errors
    if dry_run:
        for image_id, path in pairs:
            _print_plan(image_id, file_name(path), options)
    elif pairs:
        with open_collection(options.profile) as collection:
            journal = Journal.open(
                collection, [id_from, options.update, *map(os.path.abspath, paths)]
            )
            run = options.run(
                len(pairs),
                "To go on, run the same command again, or one with --skip-existing"
                if journal.is_kept
                else "To go on, give --skip-existing",
            )
            is_finished = False
            try:
                outcomes = _outcomes(collection, pairs, options, journal)
                is_complete &= print_outcomes(collection, outcomes, run)
                is_finished = True
            finally:
                journal.close(is_finished)
    return is_complete


def _outcomes(
    collection: Collection, pairs: list[tuple[str, Path]], options: _Options, journal: Journal
) -> Generator[Outcome[Any, Image]]:
    """Add files; those of an interrupted run only if they are not there."""
    own = [pair for pair in pairs if journal.has(*pair)]
    others = [pair for pair in pairs if not journal.has(*pair)]
    yield from collection.add_images(own, concurrency=options.concurrency, skip_existing=True)

    def noted() -> Generator[tuple[str, Path]]:
        for pair in others:
            # Before it is sent, as an interruption may come before the answer. What replaces others
            # can be sent once more then.
            if not options.update:
                journal.add(*pair)
            yield pair

    added = collection.add_images(
        noted(),
        concurrency=options.concurrency,
        update_existing=options.update,
        skip_existing=options.skip_existing,
    )
    with closing(added):
        for outcome in added:
            if options.update and outcome.error is None:
                journal.add(*outcome.item)
            elif isinstance(outcome.error, ImageExistsError):
                journal.remove(*outcome.item)
            yield outcome


def _add_stdin(image_id: str | None, id_from: IDSource, options: _Options, dry_run: bool) -> bool:
    picture: Any = sys.stdin.buffer
    if image_id is None and id_from == "hash":
        content = picture.read()
        image_id, picture = hashlib.sha256(content).hexdigest(), io.BytesIO(content)
    if dry_run:
        _print_plan(image_id, "standard input", options)
        return True
    with open_collection(options.profile) as collection:
        outcomes = collection.add_images(
            [(image_id, picture)],
            update_existing=options.update,
            skip_existing=options.skip_existing,
        )
        return print_outcomes(collection, outcomes, options.run(1, "Send it again"))


def _print_plan(image_id: str | None, name: str, options: _Options) -> None:
    if options.as_json:
        print_json({"image_id": image_id, "outcome": "planned", "file": name})
    else:
        told = "an ID that the service chooses" if image_id is None else printable(image_id)
        click.echo(f"would add {told} from {name}")
