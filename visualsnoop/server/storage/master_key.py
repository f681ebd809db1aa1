"""Finding the master key of a service, and seeing to it that a database has only one."""

import os
import secrets
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

import psycopg

from ..settings import default_data_folder
from ..vault import MASTER_KEY_SIZE, CannotOpen, Vault
from .data_folder import give_to_owner

VARIABLE = "VISUALSNOOP_MASTER_KEY"
FILE = "master.key"

# In place of a public key, which is never like that.
_PROOF = "proof"

_WAYS_OUT = (
    f"set {VARIABLE} to the right one or put its file {FILE} back; if it is lost, so are the "
    "secret keys: revoke all key pairs and make new ones"
)


class UnusableMasterKey(ValueError):
    """The master key is missing, or no master key, or not the one of the database."""


def opened_vault(database: str, folder: Path | None = None) -> Vault:
    """The vault of a database, under the master key of the environment or of a file.

    The file is made if there are no secret keys yet that need one.

    Args:
        database: How to connect, as libpq takes it.
        folder: Where the file is; None for the platform's usual place for data.

    Raises:
        UnusableMasterKey: If the master key is missing, or not the one of the database.
        OSError: If the file cannot be made or read, or can be read by others.
    """
    path = (folder or default_data_folder()).expanduser().absolute() / FILE
    with psycopg.connect(database) as connection:
        vault = _vault_at_hand(path)
        if vault is None:
            if connection.execute("SELECT 1 FROM master_key").rowcount:
                raise UnusableMasterKey(
                    "The secret keys in the database are encrypted, and their master key is "
                    f"neither in {VARIABLE} nor in {path}: {_WAYS_OUT}"
                )
            _make(path)
            vault = _vault_at_hand(path)
            assert vault is not None
        claim(connection, vault)
    return vault


def claim(connection: psycopg.Connection, vault: Vault) -> None:
    """See to it that all secret keys of a database are sealed in this vault.

    Until the transaction ends, nobody else can add or remove key pairs.

    Raises:
        UnusableMasterKey: If they are sealed under another master key.
    """
    lock(connection)
    row = connection.execute("SELECT proof FROM master_key").fetchone()
    if row is None:
        connection.execute("INSERT INTO master_key (proof) VALUES (%s)", (vault.seal(_PROOF, ""),))
        return
    try:
        vault.open(_PROOF, row[0])
    except CannotOpen:
        raise UnusableMasterKey(
            "The secret keys in the database are encrypted under another master key than that of "
            f"{vault.origin}: {_WAYS_OUT}"
        ) from None


def lock(connection: psycopg.Connection) -> None:
    """Keep others from adding and removing key pairs until the transaction ends.

    Whoever does so takes this lock before anything else, so that no two wait for each other.
    """
    connection.execute("LOCK TABLE master_key")


def release(connection: psycopg.Connection) -> None:
    """Let a database that is locked have another master key, if it has no key pairs any more."""
    connection.execute("DELETE FROM master_key WHERE NOT EXISTS (SELECT 1 FROM keys)")


def _vault_at_hand(path: Path) -> Vault | None:
    given = os.environ.get(VARIABLE)
    if given:
        return Vault(_read(given, VARIABLE), VARIABLE)
    try:
        with path.open() as file:
            status = os.fstat(file.fileno())
            if stat.S_IMODE(status.st_mode) & 0o077:
                raise PermissionError(f"{path} is open to other users: chmod 600 '{path}'")
            if status.st_uid not in (0, os.geteuid(), path.parent.stat().st_uid):
                raise PermissionError(f"{path} belongs to another user, who may have exchanged it")
            return Vault(_read(file.read(), str(path)), str(path))
    except FileNotFoundError:
        return None


def _read(text: str, origin: str) -> bytes:
    # The text is in no message: it may be the master key but for a slip.
    try:
        master_key = bytes.fromhex(text)
    except ValueError:
        master_key = b""
    if len(master_key) != MASTER_KEY_SIZE:
        raise UnusableMasterKey(
            f"The master key in {origin} must be {2 * MASTER_KEY_SIZE} hexadecimal digits, as "
            f"'openssl rand -hex {MASTER_KEY_SIZE}' prints them"
        )
    return master_key


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Nobody else can read what `tempfile` makes. It gets its name when it is whole and on the
    # disk, unless another process was faster.
    with tempfile.NamedTemporaryFile("w", dir=path.parent) as file:
        give_to_owner(file.fileno(), path.parent)
        file.write(secrets.token_hex(MASTER_KEY_SIZE) + "\n")
        file.flush()
        os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(file.name, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
