"""Options that the commands about a service have in common."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])


def database_options(command: _Command) -> _Command:
    """What says where the data of a service are."""
    data = click.option(
        "--data",
        type=click.Path(path_type=Path),
        envvar="VISUALSNOOP_DATA",
        help="The folder of the service's data.",
    )
    database = click.option(
        "--database",
        envvar="VISUALSNOOP_DATABASE",
        help="A PostgreSQL of your own instead: postgresql://user:password@host/name.",
    )
    return data(database(command))
