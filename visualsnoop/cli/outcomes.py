"""What becomes of many images: a line for each, until there is no service any more."""

import sys
from collections import Counter
from collections.abc import Callable, Generator
from typing import Any

import click
from attrs import frozen

from .. import Collection, VisualSnoopError
from ..bulk import Outcome
from ..exceptions import (
    AuthenticationError,
    ConnectError,
    ConnectionLostError,
    ForbiddenError,
    ImageExistsError,
    RequestTimeoutError,
    ServerError,
    UnexpectedResponseError,
)
from ..models import Image
from .commands import INTERRUPTED
from .output import is_terminal, print_json, printable
from .progress import progress_bar

# What every image would get.
_FATAL = (AuthenticationError, ConnectError, ForbiddenError)
# What may be so for one image, or for all.
_DOUBTFUL = (ConnectionLostError, RequestTimeoutError, ServerError, UnexpectedResponseError)


@frozen
class Run:
    """A run over many images.

    Attributes:
        title: What is done, above the bar.
        count: How many they are.
        name: What an image is called where something goes wrong with it.
        skipped: Why one is skipped.
        go_on: How to go on with what was left.
        as_json: Whether lines are JSON.
        is_quiet: Whether only what went wrong is printed.
    """

    title: str
    count: int
    name: Callable[[Any], str]
    skipped: str
    go_on: str
    as_json: bool = False
    is_quiet: bool = False


def print_outcomes(
    collection: Collection, outcomes: Generator[Outcome[Any, Image]], run: Run
) -> bool:
    """Print what becomes of each image; on a terminal a bar, what went wrong, and a summary.

    Returns:
        Whether all went well.

    Raises:
        ClickException: If there is no use in going on.
    """
    counts: Counter[str] = Counter()
    is_watched = is_terminal() and sys.stderr.isatty()
    try:
        with progress_bar(run.title, run.count) as advance:
            for outcome in outcomes:
                if outcome.error and (reason := _fatal(collection, outcome.error)):
                    raise click.ClickException(
                        f"{printable(reason)}. Given up: {_done(counts, run)}. {run.go_on}"
                    ) from reason
                what = _what(outcome)
                counts[what] += 1
                _print(outcome, what, run, is_listed=not (is_watched or run.is_quiet))
                advance()
    except KeyboardInterrupt:
        click.echo(f"\nInterrupted: {_done(counts, run)}. {run.go_on}", err=True)
        sys.exit(INTERRUPTED)
    finally:
        outcomes.close()
    if is_watched and not run.as_json and not run.is_quiet:
        click.echo(", ".join(f"{count:,} {what}" for what, count in counts.items()))
    return counts["failed"] == 0


def _done(counts: Counter[str], run: Run) -> str:
    return f"{counts.total() - counts['failed']} of {run.count} are done"


def _what(outcome: Outcome[Any, Image]) -> str:
    """What has become of an image, in one word."""
    if outcome.error is not None:
        return "failed"
    if outcome.skipped or outcome.result is None:
        return "skipped"
    return outcome.result.message.lower()


def _print(outcome: Outcome[Any, Image], what: str, run: Run, is_listed: bool) -> None:
    told = None if outcome.error is None else _told(outcome.error)
    if told is not None:
        click.echo(f"Error: {run.name(outcome.item)}: {told}", err=True)
    if run.as_json:
        line = {"image_id": outcome.image_id, "outcome": what}
        print_json(line if told is None else {**line, "error": told})
    elif is_listed and told is None:
        why = f": {run.skipped}" if what == "skipped" else ""
        click.echo(f"{what} {printable(outcome.image_id)}{why}")


def _fatal(collection: Collection, error: Exception) -> Exception | None:
    """The error that all images would get, if the one of an image is no matter of it alone."""
    if isinstance(error, _DOUBTFUL):
        try:
            collection.get_collection()
        except VisualSnoopError as reason:
            return reason
    return error if isinstance(error, _FATAL) else None


def _told(error: Exception) -> str:
    """An error in the words of the command line."""
    if isinstance(error, ImageExistsError):
        return (
            "the collection has an image of this ID already: --update replaces it, "
            "--skip-existing leaves it"
        )
    return printable(error)
