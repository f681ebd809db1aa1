"""The command line on a pseudo-terminal, as people see it."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\].*?(\x07|\x1b\\)|P.*?\x1b\\|_.*?\x1b\\|.)", re.S)


class Terminal:
    """A command that runs on a terminal.

    Attributes:
        process: Its process.
        shown: All that it has written, escape sequences included.
    """

    def __init__(self, process: subprocess.Popen[bytes], descriptor: int) -> None:
        self.process = process
        self.shown = ""
        self._descriptor = descriptor

    @property
    def text(self) -> str:
        """What it has written, without escape sequences."""
        return _ESCAPES.sub("", self.shown).replace("\r\n", "\n")

    def type(self, text: str) -> None:
        """Type on the keyboard; "\\x03" is Ctrl-C."""
        os.write(self._descriptor, text.encode())

    def read_until(self, pattern: str, longest: float = 60) -> None:
        """Read until the text has a pattern."""
        give_up = time.monotonic() + longest
        while not re.search(pattern, self.text):
            assert time.monotonic() < give_up, self.text
            assert self._read(), self.text

    def read_shown_until(self, sequence: str) -> None:
        """Read until an escape sequence has come."""
        while sequence not in self.shown:
            assert self._read(), self.text

    def finish(self) -> int:
        """Read to the end; the exit status is given."""
        while self._read():
            pass
        return self.process.wait(timeout=60)

    def _read(self) -> bool:
        readable, _, _ = select.select([self._descriptor], [], [], 60)
        assert readable, self.text
        try:
            read = os.read(self._descriptor, 65_536)
        except OSError:  # So Linux says that nobody has the terminal open any more.
            return False
        self.shown += read.decode(errors="replace")
        return bool(read)


def _take_terminal() -> None:
    """Have Ctrl-C reach this process, and end it also if whoever started it ignores that."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def on_terminal(*arguments: str | Path, **environment: str) -> Iterator[Terminal]:
    """The command `visualsnoop` on a terminal of its own."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "visualsnoop", *map(str, arguments)],
        stdin=its,
        stdout=its,
        stderr=its,
        env={**os.environ, "TERM": "xterm-256color", **environment},
        start_new_session=True,
        preexec_fn=_take_terminal,
    )
    os.close(its)
    try:
        yield Terminal(process, ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
