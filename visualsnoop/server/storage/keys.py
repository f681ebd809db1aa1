"""Making, listing, replacing and revoking the key pairs that open collections."""

import secrets
import string
from datetime import UTC, datetime, timedelta

import psycopg
from attrs import field, frozen
from psycopg.rows import class_row

from ..vault import Vault
from .master_key import claim, lock, opened_vault, release

_SECRET_ALPHABET = string.ascii_letters + string.digits


@frozen
class NewKeys:
    """A key pair that was just made; its secret key is shown this once.

    Attributes:
        collection_id: The ID of the collection that it opens, 8 hexadecimal characters.
        public_key: 20 hexadecimal characters.
        secret_key: 40 letters and digits, about 238 random bits.
    """

    collection_id: str
    public_key: str
    secret_key: str = field(repr=False)


@frozen
class KeyPair:
    """What is known of a key pair, but for its secret key.

    Attributes:
        public_key: 20 hexadecimal characters.
        collection_id: The ID of the collection that it opens.
        collection_name: The name of that collection.
        user: The user who owns that collection.
        is_read_only: Whether it cannot add, replace or remove anything.
        created: When it was made.
        expires: When it stops working, or stopped; None for never.
    """

    public_key: str
    collection_id: str
    collection_name: str
    user: str
    is_read_only: bool
    created: datetime
    expires: datetime | None


def create_keys(
    database: str,
    name: str,
    owner: str,
    vault: Vault | None = None,
    *,
    is_read_only: bool = False,
    expires: datetime | None = None,
) -> NewKeys:
    """Make a key pair for the collection of this name and owner, and the collection if need be.

    Args:
        database: How to connect, as libpq takes it.
        name: The name of the collection.
        owner: The user who owns it.
        vault: What encrypts the secret key; None for the one that `opened_vault` gives.
        is_read_only: Whether the key pair cannot add, replace or remove anything.
        expires: When it stops working; None for never.

    Raises:
        ValueError: If the name or the owner is empty, or the key pair would have expired.
        UnusableMasterKey: If the vault is not the one of the database.
    """
    if not name or not owner:
        raise ValueError("The name of a collection and that of its owner must not be empty")
    if expires is not None and expires <= datetime.now(UTC):
        raise ValueError(f"{expires:%Y-%m-%d %H:%M:%S %Z} is in the past: keys would not work")
    vault = vault or opened_vault(database)
    with psycopg.connect(database) as connection:
        claim(connection, vault)
        collection_id = _collection(connection, name, owner)
        return _add(connection, vault, collection_id, is_read_only, expires)


def _add(
    connection: psycopg.Connection,
    vault: Vault,
    collection_id: str,
    is_read_only: bool,
    expires: datetime | None,
) -> NewKeys:
    made = NewKeys(
        collection_id=collection_id,
        public_key=secrets.token_hex(10),
        secret_key="".join(secrets.choice(_SECRET_ALPHABET) for _ in range(40)),
    )
    sealed = vault.seal(made.public_key, made.secret_key)
    connection.execute(
        """
        INSERT INTO keys (public_key, sealed_secret, collection_id, is_read_only, expires)
        VALUES (%s, %s, %s, %s, %s)
        """,
        (made.public_key, sealed, collection_id, is_read_only, expires),
    )
    return made


def _collection(connection: psycopg.Connection, name: str, owner: str) -> str:
    """The ID of the collection, which is made if there is none."""
    while True:
        # An ID of 32 bits may be taken by another collection: then nothing is inserted or found.
        connection.execute(
            "INSERT INTO collections (collection_id, name, owner) VALUES (%s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            (secrets.token_hex(4), name, owner),
        )
        row = connection.execute(
            "SELECT collection_id FROM collections WHERE owner = %s AND name = %s", (owner, name)
        ).fetchone()
        if row is not None:
            return str(row[0])


def list_keys(database: str) -> list[KeyPair]:
    """All key pairs, those that have expired included, by collection and age."""
    with psycopg.connect(database) as connection:
        return (
            connection.cursor(row_factory=class_row(KeyPair))
            .execute(
                """
                SELECT public_key, collection_id, name AS collection_name, owner AS user,
                    is_read_only, keys.created, expires
                FROM keys JOIN collections USING (collection_id)
                ORDER BY owner, name, keys.created, public_key
                """
            )
            .fetchall()
        )


def revoke_keys(database: str, public_key: str) -> None:
    """Remove a key pair: from now on no process of the service accepts it.

    Raises:
        ValueError: If there is no such key pair.
    """
    with psycopg.connect(database) as connection:
        lock(connection)
        _remove(connection, public_key)
        release(connection)


def rotate_keys(
    database: str,
    public_key: str,
    vault: Vault | None = None,
    *,
    grace: timedelta = timedelta(0),
) -> NewKeys:
    """Replace a key pair by a new one for the same collection, of the same scope and expiry.

    Args:
        database: How to connect, as libpq takes it.
        public_key: The public key of the old pair.
        vault: As `create_keys` takes it.
        grace: For how long the old pair still works; it does not outlive its own expiry.

    Raises:
        ValueError: If there is no such key pair, or it has expired.
        UnusableMasterKey: If the vault is not the one of the database.
    """
    vault = vault or opened_vault(database)
    with psycopg.connect(database) as connection:
        claim(connection, vault)
        row = connection.execute(
            """
            SELECT collection_id, is_read_only, expires FROM keys
            WHERE public_key = %s AND (expires IS NULL OR expires > now())
            """,
            (public_key,),
        ).fetchone()
        if row is None:
            raise ValueError(f"There is no key pair {public_key!r} that is valid: see 'keys list'")
        made = _add(connection, vault, *row)
        if grace > timedelta(0):
            connection.execute(
                "UPDATE keys SET expires = least(expires, now() + %s) WHERE public_key = %s",
                (grace, public_key),
            )
        else:
            _remove(connection, public_key)
    return made


def _remove(connection: psycopg.Connection, public_key: str) -> None:
    removed = connection.execute("DELETE FROM keys WHERE public_key = %s", (public_key,))
    if removed.rowcount == 0:
        raise ValueError(f"There is no key pair {public_key!r}: see 'keys list'")
