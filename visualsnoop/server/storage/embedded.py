"""The PostgreSQL of a service that has none of its own, with its data in a folder.

The processes that share a folder are counted by locks on files, which the system releases however
a process ends.
"""

import fcntl
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from ..temporary_folder import temporary_folder
from .data_folder import (
    IN_USE_LOCK,
    SOCKET,
    START_LOCK,
    Account,
    claim_data_folder,
    open_private,
)
from .postgres import PORT, USER, Postgres

_log = logging.getLogger(__name__)

_WATCH_TIME = 2.0  # seconds
_LONGEST_WATCH_TIME = 60.0  # seconds
_LONGEST_ADDRESS = 90  # bytes; the system allows about 104, name of the socket included


@contextmanager
def embedded_postgres(folder: Path) -> Iterator[str]:
    """Run PostgreSQL on the data in a folder, made if need be; the connection URL is given.

    Several processes may do so at once: they share one server, and the last one stops it. If it
    has been killed meanwhile, it is started again.

    Only the owner of the folder and root can connect. PostgreSQL runs as the owner, too. It refuses
    to run as root: in a folder of root, it has the account `visualsnoop`, `postgres` or `nobody`,
    whichever there is first.

    Args:
        folder: The folder of the service's data.

    Raises:
        OSError: If the folder cannot be made or used, or PostgreSQL cannot be started.
    """
    folder = Path(os.path.realpath(folder.expanduser()))
    account = claim_data_folder(folder)
    in_use = open_private(folder / IN_USE_LOCK, os.O_RDWR)
    try:
        with _address(folder) as address:
            server = Postgres(folder, account)
            with _locked(folder):
                is_alone = _is_last(in_use)
                fcntl.flock(in_use, fcntl.LOCK_SH)
                server.start(is_alone=is_alone)
                _link(address / SOCKET, server.socket)
            try:
                with _kept_running(server):
                    yield _url(address, account)
            finally:
                with _locked(folder):
                    if _is_last(in_use):
                        server.stop()
    finally:
        os.close(in_use)


@contextmanager
def _kept_running(server: Postgres) -> Iterator[None]:
    """Start a server again that has ended without being told to."""
    is_over = threading.Event()

    def watch() -> None:
        wait = _WATCH_TIME
        while not is_over.wait(wait):
            if server.is_running():
                continue
            _log.error("PostgreSQL has ended: starting it again")
            try:
                with _locked(server.folder):
                    server.start(is_alone=False)
                wait = _WATCH_TIME
            except OSError as error:
                _log.error("%s", error)
                wait = min(2 * wait, _LONGEST_WATCH_TIME)

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
    lock = open_private(folder / START_LOCK, os.O_RDWR)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _is_last(in_use: int) -> bool:
    try:
        fcntl.flock(in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _address(folder: Path) -> Iterator[Path]:
    """The folder where clients find the socket: that of the data, if libpq can use its path."""
    if _is_usable(folder):
        yield folder
        return
    digest = sha256(os.fsencode(folder)).hexdigest()[:16]
    with temporary_folder(f"visualsnoop-{digest}-") as address:
        if not _is_usable(address):
            raise OSError(f"{address} is too long: set TMPDIR to a folder with a short path")
        yield address


def _is_usable(address: Path) -> bool:
    """Whether libpq can be given a path: neither too long, nor a list, and Unicode."""
    path = os.fsencode(address)
    try:
        path.decode()
    except UnicodeDecodeError:
        return False
    return len(path) <= _LONGEST_ADDRESS and b"," not in path


def _link(link: Path, socket: Path) -> None:
    if link.is_symlink() and link.readlink() == socket:
        return
    # Earlier versions had the socket itself there.
    link.unlink(missing_ok=True)
    link.symlink_to(socket)


def _url(address: Path, account: Account) -> str:
    """How to connect: to a server of the right account, and whatever PG* variables say."""
    host, owner = quote(str(address), safe=""), quote(account.name, safe="")
    return f"postgresql://{USER}@:{PORT}/postgres?host={host}&requirepeer={owner}"
