"""Options that several commands have."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import click

from .profiles import profile_names

_Command = TypeVar("_Command", bound=Callable[..., Any])
Option: TypeAlias = Callable[[_Command], _Command]

DEFAULT_PROFILE = "default"
"""The profile of commands that are given none."""

json_option: Option[Any] = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

json_lines_option: Option[Any] = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON, an object on each line."
)


def _complete_profile(context: click.Context, option: click.Parameter, start: str) -> list[str]:
    try:
        return [name for name in profile_names() if name.startswith(start)]
    except (OSError, ValueError):
        return []


profile_option: Option[Any] = click.option(
    "--profile",
    metavar="NAME",
    envvar="VISUALSNOOP_PROFILE",
    shell_complete=_complete_profile,
    help="Take the keys that login has stored under this name.",
)

concurrency_option: Option[Any] = click.option(
    "--concurrency",
    metavar="NUMBER",
    type=click.IntRange(1),
    default=8,
    show_default=True,
    help="Images that are worked on at a time.",
)


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
