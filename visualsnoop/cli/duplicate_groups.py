"""All groups of duplicates of a collection."""

import time

import click

from .. import Collection
from ..exceptions import ServerError
from ..models import DuplicateGroup

_MAX_WAITS = 360  # each some 10 seconds, in which the service compares


def all_groups(collection: Collection, min_score: float | None) -> list[DuplicateGroup]:
    """All groups, after a wait for a service that has still to compare images with the others.

    Raises:
        VisualSnoopError: If the service cannot be asked.
    """
    for number in range(_MAX_WAITS):
        try:
            return list(collection.iter_duplicates(min_score))
        except ServerError as error:
            if error.status != 503 or error.retry_after is None:
                raise
            if number == 0:
                click.echo("The service is still comparing the images with one another", err=True)
            time.sleep(error.retry_after)
    return list(collection.iter_duplicates(min_score))
