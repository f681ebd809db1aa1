"""The command line as people use it: processes, their output and their exit status."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from visualsnoop.server.storage.keys import NewKeys


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command `visualsnoop` to its end, with nothing on standard input."""
    return run_with_input(Path(os.devnull), *arguments, **environment)


def run_with_input(
    file: Path, *arguments: str | Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command `visualsnoop` to its end, with a file on standard input."""
    with file.open("rb") as opened:
        return subprocess.run(
            [sys.executable, "-m", "visualsnoop", *map(str, arguments)],
            stdin=opened,
            capture_output=True,
            text=True,
            env={**os.environ, **environment},
            timeout=120,
        )


@contextmanager
def started(*arguments: str | Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """The command `visualsnoop` while it is under way."""
    with subprocess.Popen(
        [sys.executable, "-m", "visualsnoop", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
        # Whoever runs the tests in the background may ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        yield process


def environment_of(endpoint: str, keys: NewKeys) -> dict[str, str]:
    """The variables by which commands find a collection."""
    return {
        "VISUALSNOOP_ENDPOINT": endpoint,
        "VISUALSNOOP_PUBLIC_KEY": keys.public_key,
        "VISUALSNOOP_SECRET_KEY": keys.secret_key,
    }
