"""The data folder of a service: whose it is, and that nobody else gets in.

What others have made is left as it is: no owner is changed, and no mode but that of a data folder
which is open to other users. That is closed, as `initdb` does with an open one.
"""

import logging
import os
import pwd
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from attrs import frozen

_log = logging.getLogger(__name__)

POSTGRES = "postgres"
"""The folder of PostgreSQL in that of the data."""

UNFINISHED = "postgres.unfinished"
"""What the folder of PostgreSQL is called until it is whole."""

LOG = "postgres.log"
SOCKET = ".s.PGSQL.5432"
IN_USE_LOCK, START_LOCK, SERVER_LOCK = "in-use.lock", "start.lock", "server.lock"

_FILES = {POSTGRES, UNFINISHED, LOG, SOCKET, f"{SOCKET}.lock", "master.key"}
_FILES |= {IN_USE_LOCK, START_LOCK, SERVER_LOCK}
# A new disk has the former, and the shell may have put the service's log where its data will be.
_TOLERATED = {"lost+found", "log"}

_LOG_SEGMENT = 2**24  # bytes of the write-ahead log that PostgreSQL allocates at a time

# On the accounts of these, PostgreSQL may run where the service itself runs as root.
_ACCOUNTS = ("visualsnoop", "postgres", "nobody")


@frozen
class Account:
    """An account of the system."""

    uid: int
    gid: int
    name: str

    @classmethod
    def of(cls, uid: int) -> "Account":
        """The account of a user ID; raises `OSError` if there is none."""
        try:
            entry = pwd.getpwuid(uid)
        except KeyError:
            raise OSError(
                f"user ID {uid} has no name, which PostgreSQL needs: add it to /etc/passwd"
            ) from None
        return cls(uid, entry.pw_gid if uid != os.geteuid() else os.getegid(), entry.pw_name)

    @classmethod
    def for_postgres(cls) -> "Account":
        """The account to run PostgreSQL as: this one or, as that refuses to run as root, another.

        Raises:
            OSError: If there is none.
        """
        if os.geteuid() != 0:
            return cls.of(os.geteuid())
        for name in _ACCOUNTS:
            with suppress(KeyError):
                return cls.of(pwd.getpwnam(name).pw_uid)
        raise PermissionError("PostgreSQL does not run as root: run the service as another user")


def claim_data_folder(folder: Path) -> Account:
    """Make a data folder if need be, and see to it that only its owner gets in.

    Args:
        folder: An absolute path without symbolic links.

    Returns:
        The account to run PostgreSQL as: the owner of the folder or, if that is root, another.

    Raises:
        OSError: If it cannot be made, or is not a folder for the data of this user.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(f"{folder} is not a folder") from None
    status = folder.stat()
    owner, own = status.st_uid, os.geteuid()
    if own not in (owner, 0):
        name = Account.of(owner).name
        raise PermissionError(
            f"{folder} belongs to {name}: run this as {name}, with 'sudo -u {name}' before the "
            "command, or name another folder"
        )
    _check_contents(folder)
    if stat.S_IMODE(status.st_mode) & 0o077:
        _close(folder, status)
    return _postgres_account(folder, owner)


def _check_contents(folder: Path) -> None:
    if (folder / POSTGRES / "PG_VERSION").exists():
        return
    for name in sorted(os.listdir(folder)):
        if name not in _FILES | _TOLERATED and not name.endswith(".log"):
            raise FileExistsError(
                f"{folder} has {name!r} in it, and no data of the service: name an empty folder, "
                "or one that does not exist yet"
            )


def _close(folder: Path, status: os.stat_result) -> None:
    mode = stat.S_IMODE(status.st_mode)
    # Who could write there may have put something there that looks as if it were ours.
    if mode & 0o022 and os.listdir(folder):
        raise PermissionError(
            f"Other users can write to {folder} (mode {mode:04o}): see that everything in it is "
            f"yours, then close it with: chmod 700 '{folder}'"
        )
    folder.chmod(0o700)
    _log.warning("%s was open to other users (mode %04o): it has been closed", folder, mode)


def _postgres_account(folder: Path, owner: int) -> Account:
    if owner != 0:
        return Account.of(owner)
    data = folder / POSTGRES
    if not data.exists():
        return Account.for_postgres()
    if (owner := data.stat().st_uid) == 0:
        raise PermissionError(
            f"{data} belongs to root, as whom PostgreSQL does not run: give it back to the account "
            f"that it had, as with: chown -R postgres '{data}'"
        )
    return Account.of(owner)


def open_private(path: Path, flags: int) -> int:
    """Open a file of a data folder, made if need be, which only the folder's owner can read.

    Args:
        path: The file, which is not followed if it is a symbolic link.
        flags: How to open it, as `os.open` takes it.

    Returns:
        The file descriptor.

    Raises:
        OSError: If it cannot be opened.
    """
    flags |= os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return os.open(path, flags)
    give_to_owner(descriptor, path.parent)
    return descriptor


def give_to_owner(descriptor: int, folder: Path) -> None:
    """Let a file that root has just made in a folder belong to the folder's owner."""
    if os.geteuid() == 0:
        status = folder.stat()
        os.fchown(descriptor, status.st_uid, status.st_gid)


def disk_is_full(folder: Path) -> bool:
    """Whether the disk of a data folder has no space for the log of PostgreSQL to go on."""
    return shutil.disk_usage(folder).free < _LOG_SEGMENT
