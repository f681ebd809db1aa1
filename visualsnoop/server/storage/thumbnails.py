"""The table of thumbnails, which has those of the collections that keep them."""

import re

from .pool import Connection, Pool

_MAX_BYTES = 128 * 1024  # those of noise have 90 KiB
_RIFF = re.compile(rb"RIFF....WEBP", re.DOTALL)


async def store_thumbnail(
    connection: Connection, collection_id: str, image_id: str, webp: bytes | None
) -> None:
    """Store the thumbnail of an image that was stored in the same transaction.

    Args:
        connection: The connection of the transaction.
        collection_id: The collection.
        image_id: The image, whose earlier thumbnail is replaced.
        webp: The thumbnail; None for none.
    """
    if webp is None:
        await connection.execute(
            "DELETE FROM thumbnails WHERE collection_id = %s AND image_id = %s",
            (collection_id, image_id),
        )
        return
    # Nothing is stored if the collection has stopped to keep thumbnails meanwhile.
    await connection.execute(
        """
        INSERT INTO thumbnails (collection_id, image_id, webp) SELECT %s, %s, %s
        WHERE EXISTS (
            SELECT 1 FROM collections WHERE collection_id = %s AND has_thumbnails FOR SHARE
        )
        ON CONFLICT (collection_id, image_id) DO UPDATE SET webp = excluded.webp
        """,
        (collection_id, image_id, webp, collection_id),
    )


async def find_thumbnail(pool: Pool, collection_id: str, image_id: str) -> bytes | None:
    """The thumbnail of an image; None if it has none."""
    row = await pool.row(
        "SELECT webp FROM thumbnails WHERE collection_id = %s AND image_id = %s",
        collection_id,
        image_id,
    )
    return None if row is None else row[0]


def check_thumbnail(webp: bytes) -> None:
    """Raise `ValueError` if this cannot be stored as a thumbnail: if it is large, or no WebP."""
    if len(webp) > _MAX_BYTES or not _RIFF.match(webp):
        raise ValueError(f"thumbnail must be a WebP file of at most {_MAX_BYTES} bytes")
