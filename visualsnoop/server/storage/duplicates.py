"""The tables about duplicates: pairs of copies, images not compared yet, and decisions.

Their names are those of the first release: `pairs`, `unpaired` (images that were stored, and have
not been compared with the others yet) and `not_duplicates`. Of the two images of a pair, the one
with the lesser ID comes first. All rows go with their images, by foreign keys.
"""

from collections.abc import AsyncIterator, Collection, Sequence

from .pool import Connection

_CHUNK = 50  # images, of which most have no more than 100 copies

ScoredPair = tuple[str, str, float]
"""The IDs of two images, the lesser one first, and how similar they are."""


async def queue_comparison(connection: Connection, collection_id: str, image_id: str) -> None:
    """Note that an image has to be compared with the others."""
    await connection.execute(
        "INSERT INTO unpaired (collection_id, image_id) VALUES (%s, %s) ON CONFLICT DO NOTHING",
        (collection_id, image_id),
    )


async def queued_comparisons(connection: Connection, collection_id: str) -> list[str]:
    """The IDs of the images that have to be compared with the others."""
    cursor = await connection.execute(
        "SELECT image_id FROM unpaired WHERE collection_id = %s", (collection_id,)
    )
    return [row[0] for row in await cursor.fetchall()]


async def finish_comparison(
    connection: Connection, collection_id: str, image_id: str, pairs: Collection[ScoredPair]
) -> None:
    """Store the pairs that a comparison has found, in the order of their IDs.

    Whoever stores pairs does so in this order, so that no two wait for each other.
    """
    async with connection.cursor() as cursor:
        await cursor.executemany(
            """
            INSERT INTO pairs (collection_id, image_id, other_id, score)
            VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING
            """,
            [(collection_id, *pair) for pair in sorted(pairs)],
        )
    await connection.execute(
        "DELETE FROM unpaired WHERE collection_id = %s AND image_id = %s",
        (collection_id, image_id),
    )


async def discard_pairs(connection: Connection, collection_id: str, image_id: str) -> None:
    """Remove the pairs of an image, and the decisions about it, as it is replaced."""
    for table in ("pairs", "not_duplicates"):
        await connection.execute(
            f"DELETE FROM {table} WHERE collection_id = %s AND (image_id = %s OR other_id = %s)",
            (collection_id, image_id, image_id),
        )


Copies = tuple[str, float, Sequence[str]]
"""An image ID, the IDs of copies of it, and before these the highest score of one of them."""


async def stored_copies(
    connection: Connection, collection_id: str, min_score: float
) -> AsyncIterator[Sequence[Copies]]:
    """The pairs that are similar enough and not decided to be no duplicates, some at a time.

    Those whose first image is the same are together, which are read faster than one by one.

    Args:
        connection: A connection in a transaction.
        collection_id: The collection.
        min_score: The lowest score.
    """
    # A cursor with a name stays in the database, and gives the rows bit by bit.
    async with connection.cursor("copies") as cursor:
        await cursor.execute(
            """
            SELECT image_id, max(score), array_agg(other_id) FROM pairs
            WHERE collection_id = %(collection_id)s AND score >= %(min_score)s
                AND NOT EXISTS (
                    SELECT 1 FROM not_duplicates AS said
                    WHERE said.collection_id = %(collection_id)s
                        AND said.image_id = pairs.image_id AND said.other_id = pairs.other_id
                )
            GROUP BY image_id
            """,
            {"collection_id": collection_id, "min_score": min_score},
            binary=True,
        )
        while rows := await cursor.fetchmany(_CHUNK):
            yield rows


async def set_not_duplicates(
    connection: Connection, collection_id: str, image_id: str, other_id: str
) -> None:
    """Remember the decision that two stored images are not duplicates.

    Raises:
        psycopg.errors.ForeignKeyViolation: If one of them is not stored.
    """
    await connection.execute(
        """
        INSERT INTO not_duplicates (collection_id, image_id, other_id)
        VALUES (%s, %s, %s) ON CONFLICT DO NOTHING
        """,
        (collection_id, *sorted((image_id, other_id))),
    )


async def unset_not_duplicates(
    connection: Connection, collection_id: str, image_id: str, other_id: str
) -> None:
    """Forget the decision that two images are not duplicates."""
    await connection.execute(
        """
        DELETE FROM not_duplicates
        WHERE collection_id = %s AND image_id = %s AND other_id = %s
        """,
        (collection_id, *sorted((image_id, other_id))),
    )
