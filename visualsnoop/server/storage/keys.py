"""The table of key pairs: creating, listing, rotating, revoking and looking them up."""

import secrets
import string
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import EllipsisType
from typing import TYPE_CHECKING

import psycopg
from attrs import field, frozen
from psycopg.rows import class_row

from ..vault import Vault
from .collections import find_or_create_collection
from .master_key import claim, lock, opened_vault, release

if TYPE_CHECKING:
    # It loads NumPy, which the commands about keys do without.
    from .pool import Connection, Pool

_SECRET_ALPHABET = string.ascii_letters + string.digits


class KeyNotValid(Exception):
    """A key pair was revoked, or has expired, since it was looked up."""


@frozen
class Key:
    """A key pair as requests are checked with it, and the collection that it opens."""

    public_key: str
    sealed_secret: bytes = field(repr=False)
    collection_id: str
    collection_name: str
    user: str
    is_read_only: bool
    has_thumbnails: bool
    has_parts: bool


@frozen
class NewKeys:
    """A key pair that was just created; its secret key is shown this once.

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
        created: When it was created.
        expires: When it stops working, or stopped; None for never.
    """

    public_key: str
    collection_id: str
    collection_name: str
    user: str
    is_read_only: bool
    created: datetime
    expires: datetime | None


async def find_key(pool: "Pool", public_key: str) -> Key | None:
    """The key pair of a public key; None if there is none, or it has expired."""
    row = await pool.row(
        """
        SELECT public_key, sealed_secret, collection_id, name, owner, is_read_only,
            has_thumbnails, has_parts
        FROM keys JOIN collections USING (collection_id)
        WHERE public_key = %s AND (expires IS NULL OR expires > now())
        """,
        public_key,
    )
    return None if row is None else Key(*row)


async def is_valid(pool: "Pool", key: Key) -> bool:
    """Whether a key pair that was looked up before is still valid."""
    return await find_key(pool, key.public_key) is not None


@asynccontextmanager
async def changing(pool: "Pool", key: Key) -> "AsyncIterator[Connection]":
    """A transaction that changes the collection of a key pair.

    The pair is looked at again, for the request may have begun long ago; and it cannot be revoked
    before the transaction has ended, so that nothing is changed once it has been.

    Raises:
        KeyNotValid: If it is not valid any more.
    """
    async with pool.connection() as connection, connection.transaction():
        cursor = await connection.execute(
            """
            SELECT 1 FROM keys
            WHERE public_key = %s AND (expires IS NULL OR expires > now()) FOR KEY SHARE
            """,
            (key.public_key,),
        )
        if await cursor.fetchone() is None:
            raise KeyNotValid(key.public_key)
        yield connection


def create_keys(
    database: str,
    name: str,
    user: str,
    vault: Vault | None = None,
    *,
    is_read_only: bool = False,
    expires: datetime | None = None,
    with_thumbnails: bool = False,
    with_parts: bool = False,
) -> NewKeys:
    """Create a key pair for a collection of a user, and the collection if there is none.

    Args:
        database: How to connect, as libpq takes it.
        name: The name of the collection.
        user: The user who owns it.
        vault: What encrypts the secret key; None for the one that `opened_vault` gives.
        is_read_only: Whether the key pair cannot add, replace or remove anything.
        expires: When it stops working; None for never.
        with_thumbnails, with_parts: Whether the collection keeps thumbnails from now on, also if it
            did not, and parts.

    Raises:
        ValueError: If the name or the user is empty, or the key pair would have expired.
        UnusableMasterKey: If the vault is not the one of the database.
    """
    if not name or not user:
        raise ValueError("The name of a collection and that of its user must not be empty")
    if expires is not None and expires <= datetime.now(UTC):
        raise ValueError(f"{expires:%Y-%m-%d %H:%M:%S %Z} is in the past: keys would not work")
    vault = vault or opened_vault(database)
    with psycopg.connect(database) as connection:
        claim(connection, vault)
        collection_id = find_or_create_collection(connection, name, user)
        connection.execute(
            "UPDATE collections SET has_thumbnails = has_thumbnails OR %s,"
            " has_parts = has_parts OR %s WHERE collection_id = %s",
            (with_thumbnails, with_parts, collection_id),
        )
        return _add(connection, vault, collection_id, is_read_only, expires)


def _add(
    connection: psycopg.Connection,
    vault: Vault,
    collection_id: str,
    is_read_only: bool,
    expires: datetime | None,
) -> NewKeys:
    new = NewKeys(
        collection_id=collection_id,
        public_key=secrets.token_hex(10),
        secret_key="".join(secrets.choice(_SECRET_ALPHABET) for _ in range(40)),
    )
    sealed = vault.seal(new.public_key, new.secret_key)
    connection.execute(
        """
        INSERT INTO keys (public_key, sealed_secret, collection_id, is_read_only, expires)
        VALUES (%s, %s, %s, %s, %s)
        """,
        (new.public_key, sealed, collection_id, is_read_only, expires),
    )
    return new


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


def change_keys(
    database: str,
    public_key: str,
    *,
    is_read_only: bool | None = None,
    expires: datetime | EllipsisType | None = ...,
) -> None:
    """Change what a key pair may do, or until when it works.

    Args:
        database: How to connect, as libpq takes it.
        public_key: The public key of the pair.
        is_read_only: Whether it cannot add, replace or remove anything; None to leave that.
        expires: When it stops working, None for never; left out to leave that.

    Raises:
        ValueError: If there is no such key pair, or it would have expired.
    """
    if isinstance(expires, datetime) and expires <= datetime.now(UTC):
        raise ValueError(f"{expires:%Y-%m-%d %H:%M:%S %Z} is in the past: revoke the keys instead")
    with psycopg.connect(database) as connection:
        changed = connection.execute(
            """
            UPDATE keys SET is_read_only = coalesce(%s, is_read_only),
                expires = CASE WHEN %s THEN %s::timestamptz ELSE expires END
            WHERE public_key = %s
            """,
            (is_read_only, expires is not ..., None if expires is ... else expires, public_key),
        )
        if changed.rowcount == 0:
            raise ValueError(f"There is no key pair {public_key!r}: see 'keys list'")


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
        new = _add(connection, vault, *row)
        if grace > timedelta(0):
            connection.execute(
                "UPDATE keys SET expires = least(expires, now() + %s) WHERE public_key = %s",
                (grace, public_key),
            )
        else:
            _remove(connection, public_key)
    return new


def _remove(connection: psycopg.Connection, public_key: str) -> None:
    removed = connection.execute("DELETE FROM keys WHERE public_key = %s", (public_key,))
    if removed.rowcount == 0:
        raise ValueError(f"There is no key pair {public_key!r}: see 'keys list'")
