"""That the commands of the manual are those that the command line takes."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from visualsnoop.cli.main import cli

ROOT = Path(__file__).parents[2]

_COMMAND = re.compile(r"^ {4}(?:\$ )?(visualsnoop (?:.*\\\n)*.*)$", re.MULTILINE)


def documented_commands() -> Iterator[str]:
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for command in _COMMAND.findall(page.read_text(encoding="utf-8")):
            for part in re.split(r" \| | >>? ", command):
                if part.startswith("visualsnoop"):
                    yield part.replace("\\\n", " ")


COMMANDS = sorted(set(documented_commands()))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory with the files of the commands."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("Pictures", "photos"):
        (tmp_path / name).mkdir()
    for name in ("edited.jpg", "holidays.gz", "photos/beach.jpg", "my-model.onnx"):
        (tmp_path / name).touch()


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("line", COMMANDS)
def test_command_is_taken(line: str) -> None:
    _, *arguments = shlex.split(line.replace("~", "."), comments=True)
    arguments = [
        each
        for word in arguments
        for each in (map(str, Path().glob(word)) if "*" in word else [word])
    ]
    parse(cli, arguments)


def parse(command: click.Command, arguments: list[str]) -> None:
    """Parse the arguments of a command, and of those below it, without running any."""
    try:
        context = command.make_context(command.name, [*arguments])
    except click.exceptions.Exit as asked:
        assert asked.exit_code == 0
        return
    if isinstance(command, click.Group):
        # Groups have no options but --help, so what comes first is a command of theirs.
        chosen = command.get_command(context, arguments[0])
        assert chosen is not None, arguments[0]
        parse(chosen, arguments[1:])


def test_there_are_commands() -> None:
    assert len(COMMANDS) > 20


def test_option_that_does_not_exist_is_noticed() -> None:
    with pytest.raises(click.UsageError, match="--no-such-option"):
        parse(cli, ["list", "--no-such-option"])
