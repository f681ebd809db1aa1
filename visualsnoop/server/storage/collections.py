"""The collections of a service, for who runs it: listing, renaming and deleting them."""

from datetime import datetime

import psycopg
from attrs import frozen
from psycopg.rows import TupleRow

from .master_key import lock, release


@frozen
class CollectionSummary:
    """A collection and how much belongs to it.

    Attributes:
        collection_id: Its ID, 8 hexadecimal characters.
        name: Its name, unique among those of its user.
        user: The user who owns it.
        created: When it was made.
        image_count: How many images it has.
        key_count: How many key pairs open it, those that have expired included.
    """

    collection_id: str
    name: str
    user: str
    created: datetime
    image_count: int
    key_count: int


def list_collections(database: str) -> list[CollectionSummary]:
    """All collections, by user and name."""
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "SELECT collection_id, name, owner, created FROM collections ORDER BY owner, name"
        ).fetchall()
        return [_summary(connection, row) for row in rows]


def find_collection(database: str, collection_id: str) -> CollectionSummary:
    """The collection of this ID.

    Raises:
        ValueError: If there is none.
    """
    with psycopg.connect(database) as connection:
        row = connection.execute(
            "SELECT collection_id, name, owner, created FROM collections WHERE collection_id = %s",
            (collection_id,),
        ).fetchone()
        if row is None:
            raise _no_collection(collection_id)
        return _summary(connection, row)


def _summary(connection: psycopg.Connection, row: TupleRow) -> CollectionSummary:
    # One collection at a time: a database that is spread over many machines knows whom to ask.
    collection_id, name, user, created = row
    counts = connection.execute(
        """
        SELECT (SELECT count(*) FROM images WHERE collection_id = %(collection_id)s),
            (SELECT count(*) FROM keys WHERE collection_id = %(collection_id)s)
        """,
        {"collection_id": collection_id},
    ).fetchone()
    assert counts is not None
    image_count, key_count = counts
    return CollectionSummary(collection_id, name, user, created, image_count, key_count)


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


def delete_collection(database: str, collection_id: str) -> None:
    """Delete a collection, its images and its keys.

    Raises:
        ValueError: If there is no such collection.
    """
    with psycopg.connect(database) as connection:
        lock(connection)
        deleted = connection.execute(
            "DELETE FROM collections WHERE collection_id = %s", (collection_id,)
        )
        if deleted.rowcount == 0:
            raise _no_collection(collection_id)
        release(connection)


def _no_collection(collection_id: str) -> ValueError:
    return ValueError(f"There is no collection {collection_id!r}: see 'collections list'")
