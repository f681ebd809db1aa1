"""What becomes of many images: a line for each, until there is no service any more."""

import sys
from collections.abc import Callable, Generator
from typing import Any

import click

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

INTERRUPTED = 130
"""The exit status of what was interrupted: 128 and the number of SIGINT, as shells have it."""

# What every image would get.
_FATAL = (AuthenticationError, ConnectError, ForbiddenError)
# What may be so for one image, or for all.
_DOUBTFUL = (ConnectionLostError, RequestTimeoutError, ServerError, UnexpectedResponseError)


def print_outcomes(
    collection: Collection,
    outcomes: Generator[Outcome[Any, Image]],
    count: int,
    name: Callable[[Outcome[Any, Image]], str],
    *,
    skipped: str,
    go_on: str,
) -> bool:
    """Print what becomes of each image.

    Args:
        collection: Where they are.
        outcomes: What becomes of them.
        count: How many they are.
        name: What an image is called where something goes wrong with it.
        skipped: Why one is skipped.
        go_on: How to go on with what was left.

    Returns:
        Whether all went well.

    Raises:
        ClickException: If there is no use in going on.
    """
    done = failed = 0
    try:
        for outcome in outcomes:
            if outcome.error is not None:
                if reason := _fatal(collection, outcome.error):
                    raise click.ClickException(
                        f"{reason}. Given up: {done} of {count} are done. {go_on}"
                    ) from reason
                failed += 1
                click.echo(f"Error: {name(outcome)}: {_told(outcome.error)}", err=True)
                continue
            done += 1
            if outcome.skipped:
                click.echo(f"skipped {printable(outcome.image_id)}: {skipped}")
            elif outcome.result is not None:
                click.echo(f"{outcome.result.message.lower()} {printable(outcome.image_id)}")
    except KeyboardInterrupt:
        click.echo(f"\nInterrupted: {done} of {count} are done. {go_on}", err=True)
        sys.exit(INTERRUPTED)
    finally:
        outcomes.close()
    return failed == 0


def printable(text: object) -> str:
    """A text without what would move the cursor, or cannot be written as UTF-8."""
    characters = str(text).encode(errors="backslashreplace").decode()
    return "".join(c if c.isprintable() or c == " " else ascii(c)[1:-1] for c in characters)


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
