"""A service that a command runs for itself, on the embedded database of a folder."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

_LOG = "service.log"
_TOLD_LINES = 3

WITHOUT_PROXY = {"no_proxy": "*"}
"""How to reach a service on this machine, whatever proxies there are."""


@contextmanager
def background_service(data: Path, *options: str) -> Iterator[str]:
    """Run a service until the end of the block; its endpoint is given.

    Args:
        data: The folder of its data, which gets its log, too.
        options: Options of `serve`.

    Raises:
        OSError: If it does not start.
    """
    log = data / _LOG
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "visualsnoop", "serve", f"--data={data}", *options],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            # Ctrl-C is for the command, which stops the service when it has come to an end.
            start_new_session=True,
        )
    with process:
        try:
            assert process.stdout is not None
            announcement = process.stdout.readline()
            if not announcement:
                told = log.read_text(errors="replace").splitlines()[-_TOLD_LINES:]
                raise OSError("\n".join(["The service did not start:", *told]))
            yield announcement.split()[-1]
        finally:
            process.terminate()


def forget_settings() -> None:
    """Have this process, and what it starts, look away from the settings of other services."""
    for name in [name for name in os.environ if name.startswith("VISUALSNOOP_")]:
        del os.environ[name]


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Stop what was started also if the process is told to end, or its terminal is closed."""

    def end(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    before = {
        number: signal.signal(number, end)
        for number in (signal.SIGTERM, signal.SIGHUP)
        # As nohup wants it.
        if signal.getsignal(number) != signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
