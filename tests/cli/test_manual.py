"""Every command of the README and of the manual is run, one after the other.

Those that generate clients in other languages are run by `make clients-test`, and the requests by
curl by the tests of the page on HTTP.
"""

import configparser
import getpass
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
from PIL import Image, ImageOps

from visualsnoop import Collection
from visualsnoop.cli.main import cli
from visualsnoop.server.storage.keys import NewKeys, create_keys
from visualsnoop.server.storage.postgres import programs

from ..pictures import different_picture
from ..server.test_models import saved_model
from ..services import Service
from .command import environment_of
from .test_documented_commands import parse

ROOT = Path(__file__).parents[2]

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"^ {4}\S.*\n(?: {4}.*\n)*", re.MULTILINE)
_COMMENT = re.compile(r" +# .*$", re.MULTILINE)

# How what is printed or sent begins.
_NO_COMMANDS = ("0.937", "DEBUG ", "Date: ", "POST\n", "collection_id: ")

# Commands that only their syntax is checked of here, and why.
_NOT_RUN = {
    r"(\. \.venv|python3 -m venv|pip install|/opt/\S+/pip install) ?": "make installs does that",
    r"make ": "they run these tests",
    r"export ": "the variables are there, with what is right here",
    r"(useradd|systemctl|sudo) ": "they change the machine",
    r"psql --file docs/citus\.sql ": "tests/server/test_citus.py executes that file",
    r"python -m scripts\.bench\.quality ": "it takes an hour",
    r"visualsnoop serve --model sscd-distilled": "its package is not for each Python",
}

_RUNS_ON = re.compile("visualsnoop (serve|quickstart)")


def pages() -> list[Path]:
    found = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    # docs/signing.md includes it.
    return [page for page in (*found, ROOT / "spec" / "signing.md") if commands(page)]


def commands(page: Path) -> list[str]:
    text = _FENCED.sub("", page.read_text(encoding="utf-8"))
    return [
        command
        for block in _INDENTED.findall(text)
        for command in commands_of(re.sub("^ {4}", "", block, flags=re.MULTILINE))
    ]


def commands_of(block: str) -> list[str]:
    """The commands of a block; of one with prompts, those after them."""
    if block.startswith(_NO_COMMANDS):
        return []
    joined = re.sub(r"\|\n *", "| ", re.sub(r"\\\n *", "", _COMMENT.sub("", block)))
    lines = joined.splitlines()
    prompted = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return prompted or lines


@pytest.fixture
def folder(tmp_path: Path, photos: list[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home and working directory of who runs the commands, with the files that they take."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    (tmp_path / ".config" / "fish" / "completions").mkdir(parents=True)
    for name in ("Pictures", "photos"):
        (tmp_path / name).mkdir()
    for number in range(20):
        (tmp_path / "photos" / f"{number}.png").write_bytes(different_picture(number))
    with Image.open(photos[0]) as opened:
        for name in ("edited.jpg", "Pictures/copy.jpg"):
            ImageOps.mirror(opened).save(tmp_path / name)
        opened.save(tmp_path / "Pictures" / "original.png")
    saved_model(tmp_path / "my-model.onnx")
    return tmp_path


@pytest.fixture
def holidays(new_database: str) -> NewKeys:
    """The keys of the collection that the commands are about."""
    return create_keys(new_database, "holidays", getpass.getuser())


@pytest.fixture
def environment(
    folder: Path, new_database: str, holidays: NewKeys, tmp_path: Path
) -> Iterator[dict[str, str]]:
    """The variables of who runs the commands, while a service runs."""
    log = tmp_path / "service.log"
    with (
        other_database(new_database) as other,
        Service(f"--database={new_database}", log=log) as service,
    ):
        with Collection(holidays.public_key, holidays.secret_key, service.endpoint) as collection:
            collection.add_image(folder / "Pictures" / "original.png", "original")
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith("XDG_")
        }
        yield {
            **inherited,
            **environment_of(service.endpoint, holidays),
            "VISUALSNOOP_DATABASE": new_database,
            "VISUALSNOOP_SERVE_PORT": "0",
            "DATABASE": new_database,
            "NEW_DATABASE": other,
            "HOME": str(folder),
            "PATH": os.pathsep.join(
                [str(Path(sys.executable).parent), str(programs()), os.environ["PATH"]]
            ),
            # No browser is opened.
            "CI": "true",
        }


@contextmanager
def other_database(url: str) -> Iterator[str]:
    """An empty database on the same server."""
    name = f"{url.rpartition('/')[2].partition('?')[0]}_restored"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        yield re.sub(r"/\w+\?", f"/{name}?", url)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_commands_of_a_page_run_one_after_the_other(
    page: Path, folder: Path, environment: dict[str, str], holidays: NewKeys
) -> None:
    keys = folder / "keys"
    keys.write_text(f"{holidays.public_key}\n{holidays.secret_key}\n")
    for command in map(lambda each: with_real_names(each, environment, holidays), commands(page)):
        if any(re.match(pattern, command) for pattern in _NOT_RUN):
            run(command, keys, environment, "-n")
        elif _RUNS_ON.match(command):
            run_until_it_answers(command, environment)
        else:
            printed = run(command, keys, environment)
            # What openssl signs is in the text.
            assert not command.startswith("printf") or printed.strip() in page.read_text("utf-8")


def with_real_names(command: str, environment: dict[str, str], keys: NewKeys) -> str:
    """A command with what there is in the place of what the manual takes for an example."""
    database = shlex.quote(environment["DATABASE"])
    for example, real in (
        ("https://pictures.example.com/api/v1", environment["VISUALSNOOP_ENDPOINT"]),
        ("0f1e2d3c4b5a69788796", keys.public_key),
        ("5f3c9a01", keys.collection_id),
        (
            "'postgresql://visualsnoop@db1,db2/visualsnoop?target_session_attrs=read-write'",
            database,
        ),
        ("postgresql://…", database),
        # Nobody else has to reach it.
        ("--host 0.0.0.0 ", ""),
    ):
        command = command.replace(example, real)
    return command


def run(command: str, file: Path, environment: dict[str, str], *options: str) -> str:
    """Run a command with a file on standard input, and give what it prints.

    What is piped into a program that this machine has not got is not.
    """
    parts = (
        part
        for part in command.split(" | ")
        if shutil.which(shlex.split(part)[0], path=environment["PATH"])
    )
    command = " | ".join(parts) or command
    with file.open() as stdin:
        done = subprocess.run(
            ["bash", *options, "-euo", "pipefail", "-c", command],
            stdin=stdin,
            capture_output=True,
            text=True,
            env=environment,
            timeout=600,
        )
    assert done.returncode == 0, (command, done.stderr)
    return done.stdout


def run_until_it_answers(command: str, environment: dict[str, str]) -> None:
    """Run a command that ends by Ctrl-C, until it has told where it answers."""
    with (
        subprocess.Popen(
            ["bash", "-euc", f"exec {command}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            # Whoever runs the tests in the background may ignore it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        ) as process,
        ExitStack() as stack,
    ):
        # Or a command that does not end would never let this end.
        stack.callback(process.kill)
        assert process.stdout is not None
        told = next((line for line in process.stdout if "http://" in line), "")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=600)
    assert told, (command, errors)
    assert process.returncode in (0, 128 + signal.SIGINT), (command, errors)


def test_every_block_is_of_commands_or_of_what_is_none() -> None:
    named = set()
    for command in (command for page in pages() for command in commands(page)):
        words = [word for word in shlex.split(command) if "=" not in word]
        named.add(words[0].rpartition("/")[2])
    assert named == {
        *(".", "export", "make", "pg_dump", "pg_restore", "pip", "printf", "psql", "python"),
        *("python3", "sudo", "systemctl", "useradd", "visualsnoop"),
    }


def blocks(language: str) -> list[str]:
    return [
        text
        for page in sorted((ROOT / "docs").rglob("*.md"))
        for found, text in _FENCED.findall(page.read_text(encoding="utf-8"))
        if found == language
    ]


def test_unit_of_systemd_runs_a_command_that_there_is() -> None:
    (text,) = blocks("ini")
    unit = configparser.ConfigParser(comment_prefixes="#")
    unit.read_string(text)
    program, *arguments = shlex.split(unit["Service"]["ExecStart"])
    assert Path(program).name == "visualsnoop"
    parse(cli, arguments)


def test_configuration_of_nginx_has_whole_directives_and_blocks() -> None:
    """nginx is in no package that the tests can have, so this is all that is checked of it."""
    (text,) = blocks("nginx")
    lines = [line for line in _COMMENT.sub("", text).splitlines() if line.strip()]
    assert all(line.rstrip().endswith((";", "{", "}")) for line in lines)
    assert text.count("{") == text.count("}") > 1


def test_json_is_json() -> None:
    examples = blocks("json")
    assert len(examples) > 1
    for text in examples:
        assert json.loads(text)
