"""The command itself: its help, its version, and how errors are printed."""

import click
import pytest

from visualsnoop.cli.main import cli
from visualsnoop.cli.service import collections, db, keys

from .command import run, started


@pytest.mark.parametrize("group", [cli, keys, collections, db])
@pytest.mark.parametrize("columns", [40, 80, 300])
def test_list_of_commands_cuts_no_sentence_off(group: click.Group, columns: int) -> None:
    context = click.Context(group, max_content_width=columns, terminal_width=columns)
    listed = " ".join(group.get_help(context).partition("Commands:")[2].split())
    for name, command in group.commands.items():
        sentence = " ".join(str(command.help).split()).partition(". ")[0].removesuffix(".")
        assert f"{name} {sentence}" in listed


def test_version_is_printed() -> None:
    from visualsnoop import __version__

    assert run("--version").stdout.strip() == __version__


def test_output_that_nobody_reads_on_is_no_error() -> None:
    with started("serve", "--help") as command:
        assert command.stdout is not None
        command.stdout.close()
        assert command.stderr is not None
        assert command.stderr.read() == ""
