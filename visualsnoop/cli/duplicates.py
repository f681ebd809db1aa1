"""The commands about copies: within a collection, and among the files of a folder."""

import shlex
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Literal, TypeAlias

import click

from ..models import DuplicateGroup
from .commands import NOTHING_FOUND, Question
from .connecting import open_collection
from .duplicate_groups import all_groups
from .files import file_name
from .folder_duplicates import Copy, CopyGroup, folder_duplicates
from .options import (
    concurrency_option,
    files_option,
    html_option,
    json_lines_option,
    profile_option,
)
from .output import counted, print_json, print_rows, printable, size_text
from .pictures import file_of, show_pictures
from .report import ReportPicture, Section, write_report

Format: TypeAlias = Literal["text", "json", "script"]


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

    The surest groups come first; in each, the oldest image of a collection, or the file to keep.

    Exit status: 0 if there are any, 1 if there are none, 3 if that could not be found out.
    """
    if form == "script" and folder is None:
        raise click.UsageError("--format script is for a FOLDER")
    if form == "script" and as_json:
        raise click.UsageError("give either --json or --format script")
    form = "json" if as_json else form
    if folder is not None:
        copies = folder_duplicates(folder, min_score, concurrency)
        _PRINTED[form](copies)
        if html is not None:
            _write_copies(html, folder, copies)
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


def _print_groups(groups: Iterable[DuplicateGroup], as_json: bool, files: Path) -> None:
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
    show_pictures(
        (file_of(image.id, files), printable(image.id))
        for group in groups
        for image in group.images
    )


def _print_copies(groups: Iterable[CopyGroup]) -> None:
    def rows() -> Iterator[tuple[str, ...]]:
        for number, group in enumerate(groups):
            if number > 0:
                yield ()
            for copy in (group.keep, *group.others):
                what = "keep" if copy is group.keep else "delete?"
                yield f"{group.score:.3f}", what, size_text(copy.size), _pixels(copy), _name(copy)

    print_rows(("score", "", "size", "pixels", "file"), rows())
    click.echo(_summary(groups), err=True)
    show_pictures(
        (copy.path, _name(copy)) for group in groups for copy in (group.keep, *group.others)
    )


def _print_copies_json(groups: Iterable[CopyGroup]) -> None:
    for group in groups:
        print_json(
            {
                "score": group.score,
                "keep": _as_json(group.keep),
                "delete": [_as_json(copy) for copy in group.others],
                "frees": group.frees,
            }
        )


def _print_script(groups: Iterable[CopyGroup]) -> None:
    """Print a shell script; names in its comments are printable, so that they stay comments."""
    click.echo("#!/bin/sh")
    click.echo(f"# {_summary(groups)}. Look at what would be deleted before you run this.")
    for group in groups:
        click.echo(f"\n# score {group.score:.3f}, kept: {_name(group.keep)}")
        for copy in group.others:
            # The very bytes of the name, which need not be UTF-8.
            path = shlex.quote(str(copy.path.absolute()))
            click.echo(b"rm -- " + path.encode(errors="surrogateescape"))


_PRINTED: dict[str, Callable[[list[CopyGroup]], None]] = {
    "text": _print_copies,
    "json": _print_copies_json,
    "script": _print_script,
}


def _summary(groups: Iterable[CopyGroup]) -> str:
    count = sum(len(group.others) for group in groups)
    frees = sum(group.frees for group in groups)
    return f"{counted(count, 'file')} could be deleted, which frees {size_text(frees)}"


def _write_copies(html: Path, folder: Path, groups: list[CopyGroup]) -> None:
    write_report(
        html,
        f"Duplicates in {file_name(folder)}",
        f"{counted(len(groups), 'group')}. {_summary(groups)}.",
        (
            Section(
                f"score {group.score:.3f}, deleting frees {size_text(group.frees)}",
                [_report_picture(copy, group) for copy in (group.keep, *group.others)],
            )
            for group in groups
        ),
    )


def _report_picture(copy: Copy, group: CopyGroup) -> ReportPicture:
    notes = [f"{_pixels(copy)}, {size_text(copy.size)}"]
    if copy is group.keep:
        notes.append("keep")
    return ReportPicture(_name(copy), copy.path, notes)


def _write_groups(html: Path, groups: list[DuplicateGroup], files: Path) -> None:
    write_report(
        html,
        "Duplicates",
        counted(len(groups), "group"),
        (
            Section(
                f"score {group.score:.3f}",
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


def _as_json(copy: Copy) -> dict[str, object]:
    return {
        "path": str(copy.path),
        "size": copy.size,
        "width": copy.width,
        "height": copy.height,
    }


def _pixels(copy: Copy) -> str:
    return f"{copy.width} x {copy.height}"


def _name(copy: Copy) -> str:
    return file_name(copy.path)


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
