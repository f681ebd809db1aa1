"""The tables of the page's sessions, and of the codes that begin one.

Of both only the SHA-256 is stored: who reads the database cannot sign in with it.
"""

import hashlib
import secrets
from datetime import timedelta

import psycopg
from attrs import frozen

from .collections import resolve_collection
from .keys import Key
from .pool import Pool

SESSION_TIME = timedelta(days=1)
CODE_TIME = timedelta(minutes=10)


@frozen
class Session:
    """A session of the page.

    Attributes:
        token_hash: What it is stored under.
        key: The key pair that it is bound to; None for the session of an operator, who manages
            collections and keys and sees no images.
    """

    token_hash: bytes
    key: Key | None


def key_of_collection(database: str, collection: str) -> str:
    """The public key of the oldest valid pair of a collection, one that may change it if there is.

    Args:
        database: How to connect, as libpq takes it.
        collection: The ID or the name of the collection.

    Raises:
        ValueError: If there is no such collection, more than one of this name, or no valid pair.
    """
    with psycopg.connect(database) as connection:
        row = connection.execute(
            """
            SELECT public_key FROM keys
            WHERE collection_id = %s AND (expires IS NULL OR expires > now())
            ORDER BY is_read_only, expires IS NOT NULL, created LIMIT 1
            """,
            (resolve_collection(database, collection),),
        ).fetchone()
    if row is None:
        raise ValueError(f"The collection {collection!r} has no valid keys: see 'keys create'")
    return str(row[0])


def create_code(database: str, public_key: str | None) -> str:
    """Create a code by which a session can be begun once, within `CODE_TIME`.

    Args:
        database: How to connect, as libpq takes it.
        public_key: The key pair that the session is bound to; None for an operator's session.
    """
    code = secrets.token_urlsafe(32)
    with psycopg.connect(database) as connection:
        connection.execute(_INSERT_CODE, (_hash(code), public_key, CODE_TIME))
    return code


async def create_code_of_key(pool: Pool, public_key: str) -> str:
    """`create_code` for the processes that answer requests."""
    code = secrets.token_urlsafe(32)
    async with pool.connection() as connection:
        await connection.execute(_INSERT_CODE, (_hash(code), public_key, CODE_TIME))
    return code


async def take_code(pool: Pool, code: str) -> tuple[str | None] | None:
    """Use a code up.

    Returns:
        The public key of the session, or None in its place for an operator's, as a tuple; None if
        there is no such code, or it is too old.
    """
    async with pool.connection() as connection:
        await connection.execute("DELETE FROM sign_in_codes WHERE expires <= now()")
        cursor = await connection.execute(
            "DELETE FROM sign_in_codes WHERE code_hash = %s RETURNING public_key", (_hash(code),)
        )
        row = await cursor.fetchone()
    return None if row is None else (row[0],)


async def create_session(pool: Pool, public_key: str | None) -> str:
    """Begin a session that ends after `SESSION_TIME`, or with its key pair; its token is given."""
    token = secrets.token_urlsafe(32)
    async with pool.connection() as connection:
        await connection.execute("DELETE FROM sessions WHERE expires <= now()")
        await connection.execute(
            "INSERT INTO sessions (token_hash, public_key, expires) VALUES (%s, %s, now() + %s)",
            (_hash(token), public_key, SESSION_TIME),
        )
    return token


async def find_session(pool: Pool, token: str) -> Session | None:
    """The session of a token; None if it, or its key pair, is not valid or not any more."""
    token_hash = _hash(token)
    row = await pool.row(
        """
        SELECT sessions.public_key, sealed_secret, collection_id, name, owner, is_read_only,
            has_thumbnails, has_parts
        FROM sessions
        LEFT JOIN keys ON keys.public_key = sessions.public_key
        LEFT JOIN collections USING (collection_id)
        WHERE token_hash = %s AND sessions.expires > now()
            AND (keys.expires IS NULL OR keys.expires > now())
        """,
        token_hash,
    )
    if row is None:
        return None
    return Session(token_hash, None if row[0] is None else Key(*row))


async def end_session(pool: Pool, token: str) -> None:
    """End a session, if there is one of this token."""
    async with pool.connection() as connection:
        await connection.execute("DELETE FROM sessions WHERE token_hash = %s", (_hash(token),))


_INSERT_CODE = """
    INSERT INTO sign_in_codes (code_hash, public_key, expires) VALUES (%s, %s, now() + %s)
"""


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
