"""The options of `visualsnoop serve`: settings of the service, told by the manual."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from attrs import NOTHING, fields

from visualsnoop.cli.main import cli
from visualsnoop.cli.serve import serve
from visualsnoop.server.settings import MIB, Listening, Option, Settings, options

DOCS = Path(__file__).parents[2] / "docs"
# Those are of curl and of OpenAPI Generator.
PAGES_OF_OTHER_OPTIONS = {"http.md", "languages.md"}
MANUAL = "\n".join(
    page.read_text()
    for page in sorted(DOCS.glob("*.md"))
    if page.name not in PAGES_OF_OTHER_OPTIONS
)
OPTIONS: dict[str, Option] = {
    f"--{field.name.replace('_', '-')}": option
    for kind in (Listening, Settings)
    for field, option in options(kind).items()
}


def settings_of(*arguments: str) -> dict[str, Any]:
    """What the command line makes of options, by the names of settings."""
    return serve.make_context("serve", list(arguments)).params


@pytest.mark.parametrize("kind", [Listening, Settings])
def test_options_that_are_not_given_leave_the_settings_as_they_are(kind: type) -> None:
    chosen = settings_of()
    for field in options(kind):
        assert chosen[field.name] == field.default, field.name


def test_every_setting_with_a_default_is_an_option_or_found_out_by_the_command() -> None:
    found_out = {"data", "models"}
    for kind in (Listening, Settings):
        with_default = {field.name for field in fields(kind) if field.default is not NOTHING}
        assert with_default - {field.name for field in options(kind)} <= found_out


@pytest.mark.parametrize(
    ("argument", "name", "setting"),
    [
        ("--max-body=2", "max_body", 2 * MIB),
        ("--max-pixels=3", "max_pixels", 3_000_000),
        ("--date-window=4", "date_window", timedelta(minutes=4)),
        ("--send-time=0.5", "send_time", 0.5),
        ("--idle-time=7", "idle_time", 7),
        ("--path-prefix=/pictures/", "path_prefix", "/pictures"),
        ("--require-tls", "require_tls", True),
        ("--no-metrics", "metrics", False),
        ("--log-format=json", "log_format", "json"),
        (f"--certfile={__file__}", "certfile", Path(__file__)),
    ],
)
def test_option_becomes_a_setting(argument: str, name: str, setting: object) -> None:
    assert settings_of(argument)[name] == setting


@pytest.mark.parametrize(
    "argument",
    [
        "--max-body=0",
        "--date-window=1441",
        "--send-time=0",
        "--port=65536",
        "--path-prefix=pictures",
        "--log-format=xml",
        "--certfile=missing.pem",
    ],
)
def test_value_that_is_out_of_range_is_refused(argument: str) -> None:
    with pytest.raises(click.BadParameter):
        settings_of(argument)


def test_manual_names_options_that_exist() -> None:
    named = set(re.findall(r"`(--[a-z-]+)", MANUAL))
    assert len(named) > 20
    assert named <= {name for command in commands(cli) for name in names(command)}


def test_manual_tells_the_defaults() -> None:
    told = defaults_in_the_manual()
    assert len(told) > 15
    for name, default in told:
        assert is_default(default, OPTIONS[name]), (name, default)


def defaults_in_the_manual() -> list[tuple[str, str]]:
    """In tables, where an option has the column before, and in sentences."""
    table = re.findall(r"^\|[^|\n]+\| `(--[a-z-]+)` \| ([^|\n]+) \|", MANUAL, re.MULTILINE)
    sentences = re.findall(r"`(--[a-z-]+)` \(`?([^()`]+)`? unless given\)", MANUAL)
    return [*table, *sentences]


def is_default(text: str, option: Option) -> bool:
    """Whether a text begins with the default, or with words of the help where that is found out."""
    if option.default is None:
        return " ".join(text.split()[:3]) in option.help
    number = f"{option.default:,}" if isinstance(option.default, int) else str(option.default)
    unit = f" {option.unit.name}" if option.unit else ""
    return re.match(rf"{re.escape(number + unit)}\b", text) is not None


def commands(command: click.Command) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        for below in command.commands.values():
            yield from commands(below)


def names(command: click.Command) -> set[str]:
    context = click.Context(command)
    return {
        name
        for parameter in command.get_params(context)
        for name in (*parameter.opts, *parameter.secondary_opts)
    }
