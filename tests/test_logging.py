"""VISUALSNOOP_LOG, which shows the log of the SDK."""

import os
import subprocess
import sys

import pytest

from visualsnoop.server.storage.keys import NewKeys

_PROGRAM = """
import sys
{setup}
from visualsnoop import Collection, VisualSnoopError
with Collection(*sys.argv[1:]) as collection:
    try:
        collection.get_image("a b")
    except VisualSnoopError:
        pass
"""


def log_of(service: str, keys: NewKeys, level: str | None, setup: str = "") -> str:
    """What a program writes to standard error."""
    environment = dict(os.environ) if level is None else {**os.environ, "VISUALSNOOP_LOG": level}
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            _PROGRAM.format(setup=setup),
            keys.public_key,
            keys.secret_key,
            service,
        ],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ""
    assert keys.secret_key not in done.stderr
    assert "VSHMAC" not in done.stderr
    return done.stderr


def test_requests_are_shown_without_a_line_of_code(service: str, keys: NewKeys) -> None:
    first, second = log_of(service, keys, "debug").splitlines()
    assert "DEBUG visualsnoop GET /api/v1/collection: 200 after" in first
    assert "GET /api/v1/image/a%20b: 404 after" in second
    assert ", request " in second


@pytest.mark.parametrize("level", [None, "", "info"])
def test_nothing_is_shown_of_calls_that_need_no_retry(
    service: str, keys: NewKeys, level: str | None
) -> None:
    assert log_of(service, keys, level) == ""


def test_logging_of_the_program_is_kept(service: str, keys: NewKeys) -> None:
    setup = "import logging; logging.basicConfig(format='mine: %(message)s')"
    lines = log_of(service, keys, "DEBUG", setup).splitlines()
    assert all(line.startswith("mine: GET ") for line in lines)
    assert len(lines) == 2


def test_other_values_are_warned_of(service: str, keys: NewKeys) -> None:
    assert "VISUALSNOOP_LOG must be 'debug' or 'info'" in log_of(service, keys, "everything")
