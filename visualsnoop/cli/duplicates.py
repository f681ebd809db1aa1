"""The commands about copies within a collection."""

import sys
from collections.abc import Iterable, Iterator

import click

from ..models import DuplicateGroup
from .commands import NOTHING_FOUND, Question
from .connecting import open_collection
from .options import json_lines_option, profile_option
from .output import print_json, print_rows, printable


@click.command(cls=Question)
@click.option("--min-score", type=float, help="The lowest score, 0.5 to 1; otherwise 0.7.")
@json_lines_option
@profile_option
def duplicates(min_score: float | None, as_json: bool, profile: str | None) -> None:
    """List groups of images that are copies.

    The surest groups come first; in each, the oldest image does.

    Exit status: 0 if there are any, 1 if there are none, 3 if that could not be found out.
    """
    with open_collection(profile) as collection:
        groups = list(collection.iter_duplicates(min_score))
    if as_json:
        for group in groups:
            print_json(group)
    else:
        _print_groups(groups)
    if not groups:
        sys.exit(NOTHING_FOUND)


def _print_groups(groups: Iterable[DuplicateGroup]) -> None:
    def rows() -> Iterator[tuple[str, ...]]:
        for number, group in enumerate(groups):
            if number > 0:
                yield ()
            for image in group.images:
                yield f"{group.score:.3f}", image.id

    print_rows(("score", "ID"), rows())


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
