"""The table of collections: creating, listing, renaming and deleting them.

The user who owns a collection is in the column `owner`.
"""

import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import psycopg
from attrs import frozen
from psycopg.rows import TupleRow

from .master_key import lock, release

if TYPE_CHECKING:
    # It loads NumPy, which the commands about keys do without.
    from .pool import Pool


@frozen
class CollectionSummary:
    """A collection and how much belongs to it.

    Attributes:
        collection_id: Its ID, 8 hexadecimal characters.
        name: Its name, unique among those of its user.
        user: The user who owns it.
        created: When it was created.
        image_count: How many images it has.
        key_count: How many key pairs open it, those that have expired included.
        has_thumbnails: Whether it keeps thumbnails of its images.
        has_parts: Whether it keeps the parts of its images.
    """

    collection_id: str
    name: str
    user: str
    created: datetime
    image_count: int
    key_count: int
    has_thumbnails: bool
    has_parts: bool


async def collection_ids(pool: "Pool") -> list[str]:
    """The IDs of all collections."""
    rows = await pool.rows("SELECT collection_id FROM collections ORDER BY collection_id")
    return [row[0] for row in rows]


def find_or_create_collection(
    connection: psycopg.Connection,
    name: str,
    user: str,
    wanted_id: str | None = None,
    *,
    has_thumbnails: bool = False,
    has_parts: bool = False,
) -> str:
    """The ID of a collection of a user, which is created if there is none.

    Args:
        connection: A connection to the database.
        name: The name of the collection.
        user: The user who owns it.
        wanted_id: The ID of a new collection, if it is free; None for any.
        has_thumbnails, has_parts: Whether a new collection keeps thumbnails, and parts.
    """
    while True:
        row = connection.execute(
            "SELECT collection_id FROM collections WHERE owner = %s AND name = %s", (user, name)
        ).fetchone()
        if row is not None:
            return str(row[0])
        # An ID of 32 bits may be taken by another collection: then nothing is inserted.
        connection.execute(
            "INSERT INTO collections (collection_id, name, owner, has_thumbnails, has_parts)"
            " VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (wanted_id or secrets.token_hex(4), name, user, has_thumbnails, has_parts),
        )
        wanted_id = None


def list_collections(database: str) -> list[CollectionSummary]:
    """All collections, by user and name."""
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            f"SELECT {_COLUMNS} FROM collections ORDER BY owner, name"
        ).fetchall()
        return [_summary(connection, row) for row in rows]


def find_collection(database: str, collection_id: str) -> CollectionSummary:
    """The collection of this ID.

    Raises:
        ValueError: If there is none.
    """
    with psycopg.connect(database) as connection:
        return read_collection(connection, collection_id)


def resolve_collection(database: str, collection: str) -> str:
    """The ID of a collection by its ID or its name.

    Raises:
        ValueError: If there is no such collection, or more than one of this name.
    """
    with psycopg.connect(database) as connection:
        found = connection.execute(
            "SELECT collection_id FROM collections WHERE collection_id = %s OR name = %s",
            (collection, collection),
        ).fetchall()
    if not found:
        raise ValueError(f"There is no collection {collection!r}: see 'collections list'")
    if len(found) > 1:
        raise ValueError(
            f"There are {len(found)} collections called {collection!r}: give the ID of one, which "
            "'collections list' shows"
        )
    return str(found[0][0])


def read_collection(connection: psycopg.Connection, collection_id: str) -> CollectionSummary:
    """As `find_collection`, over an open connection."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM collections WHERE collection_id = %s",
        (collection_id,),
    ).fetchone()
    if row is None:
        raise _no_collection(collection_id)
    return _summary(connection, row)


_COLUMNS = "collection_id, name, owner, created, has_thumbnails, has_parts"


def _summary(connection: psycopg.Connection, row: TupleRow) -> CollectionSummary:
    # One collection at a time: a database that is spread over many machines knows whom to ask.
    collection_id, name, user, created, *keeps = row
    counts = connection.execute(
        """
        SELECT (SELECT count(*) FROM images WHERE collection_id = %(collection_id)s),
            (SELECT count(*) FROM keys WHERE collection_id = %(collection_id)s)
        """,
        {"collection_id": collection_id},
    ).fetchone()
    assert counts is not None
    image_count, key_count = counts
    return CollectionSummary(collection_id, name, user, created, image_count, key_count, *keeps)


def rename_collection(database: str, collection_id: str, name: str) -> None:
    """Give a collection another name.

    Raises:
        ValueError: If there is no such collection, or its user has another one of this name, or
            the name is empty.
    """
    if not name:
        raise ValueError("The name of a collection must not be empty")
    with psycopg.connect(database) as connection:
        try:
            renamed = connection.execute(
                "UPDATE collections SET name = %s WHERE collection_id = %s", (name, collection_id)
            )
        except psycopg.errors.UniqueViolation:
            raise ValueError(f"The same user has a collection {name!r} already") from None
    if renamed.rowcount == 0:
        raise _no_collection(collection_id)


def keep_with_images(
    database: str, collection_id: str, kept: Literal["thumbnails", "parts"], is_wanted: bool
) -> int:
    """Have a collection keep more of what is added from now on, or delete all that it has of it.

    Returns:
        How many were deleted.

    Raises:
        ValueError: If there is no such collection.
    """
    # Deleting takes long. If the switch waited for its end, so would all that is added meanwhile.
    with psycopg.connect(database, autocommit=True) as connection:
        changed = connection.execute(
            f"UPDATE collections SET has_{kept} = %s WHERE collection_id = %s",
            (is_wanted, collection_id),
        )
        if changed.rowcount == 0:
            raise _no_collection(collection_id)
        if is_wanted:
            return 0
        return connection.execute(
            f"DELETE FROM {kept} WHERE collection_id = %s", (collection_id,)
        ).rowcount


def delete_collection(database: str, collection_id: str) -> None:
    """Delete a collection, its images and its keys.

    Raises:
        ValueError: If there is no such collection.
    """
    with psycopg.connect(database) as connection:
        lock(connection)
        # First, as changes of images lock their key before the collection.
        connection.execute("DELETE FROM keys WHERE collection_id = %s", (collection_id,))
        deleted = connection.execute(
            "DELETE FROM collections WHERE collection_id = %s", (collection_id,)
        )
        if deleted.rowcount == 0:
            raise _no_collection(collection_id)
        release(connection)


def _no_collection(collection_id: str) -> ValueError:
    return ValueError(f"There is no collection {collection_id!r}: see 'collections list'")
