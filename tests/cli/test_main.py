"""The command itself: its help, its version, and how errors are printed."""

import pytest

from .command import run, started


@pytest.mark.parametrize("group", [(), ("keys",), ("collections",), ("db",)])
def test_list_of_commands_cuts_no_sentence_off(group: tuple[str, ...]) -> None:
    assert "..." not in run(*group, "--help").stdout.split("Commands:")[1]


def test_version_is_printed() -> None:
    from visualsnoop import __version__

    assert run("--version").stdout.strip() == __version__


def test_output_that_nobody_reads_on_is_no_error() -> None:
    with started("serve", "--help") as command:
        assert command.stdout is not None
        command.stdout.close()
        assert command.stderr is not None
        assert command.stderr.read() == ""
