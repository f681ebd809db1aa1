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

html_option: Option[Any] = click.option(
    "--html",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a report with the pictures in it as well.",
)

files_option: Option[Any] = click.option(
    "--files",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Where the files are whose paths are the image IDs, for reports and for terminals that "
    "show pictures; otherwise the working directory.",
)

concurrency_option: Option[Any] = click.option(
    "--concurrency",
    metavar="NUMBER",
    type=click.IntRange(1),
    default=8,
    show_default=True,
    help="Images that are worked on at a time.",
)


browser_option: Option[Any] = click.option(
    "--browser/--no-browser", default=True, help="Open it, or only print the link."
)


def data_option(command: _Command) -> _Command:
    """What says where the data of a service with the embedded database are."""
    return click.option(
        "--data",
        type=click.Path(path_type=Path),
        envvar="VISUALSNOOP_DATA",
        help="The folder of the service's data.",
    )(command)


def database_options(command: _Command) -> _Command:
    """What says where the data of a service are."""
    database = click.option(
        "--database",
        envvar="VISUALSNOOP_DATABASE",
        help="A PostgreSQL of your own instead: postgresql://user:password@host/name.",
    )
    return data_option(database(command))
