"""The commands about copies: within a collection, and among the files of a folder."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from ..models import DuplicateGroup
from .commands import NOTHING_FOUND, Question
from .connecting import open_collection
from .copies import Format, print_copies, write_copies
from .duplicate_groups import all_groups
from .folder_duplicates import folder_duplicates
from .options import (
    concurrency_option,
    files_option,
    html_option,
    json_lines_option,
    profile_option,
)
from .output import counted, is_terminal, print_json, print_rows, printable
from .pictures import file_of, show_pictures
from .report import ReportPicture, Section, write_report


@click.command(cls=Question)
@click.argument(
    "folder", required=False, type=click.Path(path_type=Path, file_okay=False, exists=True)
)
@click.option("--min-score", type=float, help="The lowest score, 0.5 to 1; otherwise 0.7.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "script"]),
    default="text",
    help="Of a FOLDER: text, lines of JSON, or a shell script that would delete the copies.",
)
@json_lines_option
@html_option
@files_option
@profile_option
@concurrency_option
def duplicates(
    folder: Path | None,
    min_score: float | None,
    form: Format,
    as_json: bool,
    html: Path | None,
    files: Path,
    profile: str | None,
    concurrency: int,
) -> None:
    """List groups of images that are copies.

    Of the collection; or of the files in FOLDER and in those below, for which no service needs to
    run: fingerprints are kept in the cache of the user, so that the next time is fast. Of each
    group of files the one with the most pixels should be kept, and the others could be deleted.
    Nothing is ever deleted by this command.

    The surest groups come first; in each, the oldest image of a collection, or the file to keep. Of
    a group of more than 1,000 the oldest are listed, and it is said how many there are.

    Exit status: 0 if there are any, 1 if there are none, 3 if that could not be found out.
    """
    if form == "script" and folder is None:
        raise click.UsageError("--format script is for a FOLDER")
    if form == "script" and as_json:
        raise click.UsageError("give either --json or --format script")
    form = "json" if as_json else form
    if folder is not None:
        copies = folder_duplicates(folder, min_score, concurrency)
        print_copies(copies, form)
        if html is not None:
            write_copies(html, folder, copies)
        found = bool(copies)
    else:
        with open_collection(profile) as collection:
            groups = all_groups(collection, min_score)
        _print_groups(groups, form == "json", files)
        if html is not None:
            _write_groups(html, groups, files)
        found = bool(groups)
    if not found:
        sys.exit(NOTHING_FOUND)


def _print_groups(groups: Sequence[DuplicateGroup], as_json: bool, files: Path) -> None:
    if as_json:
        for group in groups:
            print_json(group)
        return

    def rows() -> Iterator[tuple[str, ...]]:
        for number, group in enumerate(groups):
            if number > 0:
                yield ()
            for image in group.images:
                yield f"{group.score:.3f}", image.id

    print_rows(("score", "ID"), rows())
    for group in groups:
        if partial := _partial(group):
            name = printable(group.images[0].id)
            click.echo(f"The group of {name}: {partial} are listed", err=True)
    if not groups and is_terminal():
        click.echo("there are no duplicates", err=True)
    show_pictures(
        (file_of(image.id, files), printable(image.id))
        for group in groups
        for image in group.images
    )


def _partial(group: DuplicateGroup) -> str:
    """Which images of a group are listed; nothing where all are."""
    if group.image_count is None or group.image_count <= len(group.images):
        return ""
    return f"the oldest {len(group.images):,} of its {group.image_count:,} images"


def _write_groups(html: Path, groups: list[DuplicateGroup], files: Path) -> None:
    write_report(
        html,
        "Duplicates",
        counted(len(groups), "group"),
        (
            Section(
                ", ".join(filter(None, (f"score {group.score:.3f}", _partial(group)))),
                [
                    ReportPicture(
                        image.id,
                        file_of(image.id, files),
                        [f"added {image.image_time:%Y-%m-%d %H:%M} UTC"],
                    )
                    for image in group.images
                ],
            )
            for group in groups
        ),
    )


@click.command("not-duplicates")
@click.argument("image_id")
@click.argument("other_id")
@click.option("--undo", is_flag=True, help="Take back what was said.")
@json_lines_option
@profile_option
def not_duplicates(
    image_id: str, other_id: str, undo: bool, as_json: bool, profile: str | None
) -> None:
    """Say that two images are not duplicates.

    They are in no group together any more, however similar they are.
    """
    with open_collection(profile) as collection:
        say = collection.unset_not_duplicates if undo else collection.set_not_duplicates
        decision = say(image_id, other_id)
    if as_json:
        print_json(decision)
    else:
        click.echo(printable(decision.message.lower()))
