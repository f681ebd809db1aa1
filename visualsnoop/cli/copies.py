"""How copies among the files of a folder are told: as a table, JSON, a script or a report."""

import shlex
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import click

from .files import file_name
from .folder_duplicates import Copy, CopyGroup
from .output import counted, print_json, print_rows, size_text
from .pictures import show_pictures
from .report import ReportPicture, Section, write_report

Format: TypeAlias = Literal["text", "json", "script"]

_GO_ON = "Run this again when copies are deleted"


def print_copies(groups: Sequence[CopyGroup], form: Format) -> None:
    """Print which files are copies, and which of them could be deleted."""
    _PRINTED[form](groups)


def _print_table(groups: Sequence[CopyGroup]) -> None:
    def rows() -> Iterator[tuple[str, ...]]:
        for number, group in enumerate(groups):
            if number > 0:
                yield ()
            for copy in group.listed:
                what = "keep" if copy is group.keep else "delete?"
                yield f"{group.score:.3f}", what, size_text(copy.size), _pixels(copy), _name(copy)

    print_rows(("score", "", "size", "pixels", "file"), rows())
    for group in groups:
        if group.is_partial:
            click.echo(f"The group of {_name(group.keep)}: {_partial(group)}. {_GO_ON}", err=True)
    click.echo(_summary(groups), err=True)
    show_pictures((copy.path, _name(copy)) for group in groups for copy in group.listed)


def _print_json_lines(groups: Sequence[CopyGroup]) -> None:
    for group in groups:
        print_json(
            {
                "score": group.score,
                "keep": _as_json(group.keep),
                "delete": [_as_json(copy) for copy in group.others],
                "frees": group.frees,
                "file_count": group.file_count,
            }
        )


def _print_script(groups: Sequence[CopyGroup]) -> None:
    """Print a shell script; names in its comments are printable, so that they stay comments."""
    click.echo("#!/bin/sh")
    click.echo(f"# {_summary(groups)}. Look at what would be deleted before you run this.")
    for group in groups:
        click.echo(f"\n# score {group.score:.3f}, kept: {_name(group.keep)}")
        if group.is_partial:
            click.echo(f"# {_partial(group)}. Make another script when this one has run.")
        for copy in group.others:
            # The very bytes of the name, which need not be UTF-8.
            path = shlex.quote(str(copy.path.absolute()))
            click.echo(b"rm -- " + path.encode(errors="surrogateescape"))


_PRINTED: dict[Format, Callable[[Sequence[CopyGroup]], None]] = {
    "text": _print_table,
    "json": _print_json_lines,
    "script": _print_script,
}


def write_copies(html: Path, folder: Path, groups: Sequence[CopyGroup]) -> None:
    """Write a report of the copies in a folder."""
    write_report(
        html,
        f"Duplicates in {file_name(folder)}",
        f"{counted(len(groups), 'group')}. {_summary(groups)}.",
        (
            Section(
                f"score {group.score:.3f}, deleting frees {size_text(group.frees)}"
                + (f"; {_partial(group)}. {_GO_ON}." if group.is_partial else ""),
                [_report_picture(copy, group) for copy in group.listed],
            )
            for group in groups
        ),
    )


def _report_picture(copy: Copy, group: CopyGroup) -> ReportPicture:
    notes = [f"{_pixels(copy)}, {size_text(copy.size)}"]
    if copy is group.keep:
        notes.append("keep")
    return ReportPicture(_name(copy), copy.path, notes)


def _summary(groups: Sequence[CopyGroup]) -> str:
    count = sum(len(group.others) for group in groups)
    frees = sum(group.frees for group in groups)
    return f"{counted(count, 'file')} could be deleted, which frees {size_text(frees)}"


def _partial(group: CopyGroup) -> str:
    return f"{len(group.listed):,} of its {group.file_count:,} files are listed"


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
