"""Deleting an image so that it can be put back as it was: the page's undo.

All that is stored of the image is given away, and nothing of it is kept.
"""

import base64
import json
from datetime import datetime

from .duplicates import queue_comparison
from .pool import Connection
from .thumbnails import store_thumbnail


async def take_image(connection: Connection, collection_id: str, image_id: str) -> str | None:
    """Delete an image, and give all that was stored of it; None where there was none.

    Args:
        connection: A connection in a transaction.
        collection_id: The collection.
        image_id: The image.

    Returns:
        A JSON object that `put_back` takes: the row of the image, its parts, its thumbnail, and
        what it was decided to be no duplicate of.
    """
    cursor = await connection.execute(
        """
        SELECT row_to_json(images), encode(webp, 'base64'), (
            SELECT json_agg(parts) FROM parts WHERE collection_id = %s AND image_id = %s
        )
        FROM images LEFT JOIN thumbnails USING (collection_id, image_id)
        WHERE collection_id = %s AND image_id = %s FOR UPDATE OF images
        """,
        2 * (collection_id, image_id),
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    image, thumbnail, parts = row
    decisions = await _decisions(connection, collection_id, image_id)
    await connection.execute(
        "DELETE FROM images WHERE collection_id = %s AND image_id = %s", (collection_id, image_id)
    )
    return json.dumps(
        {"image": image, "parts": parts, "thumbnail": thumbnail, "not_duplicates": decisions}
    )


async def _decisions(
    connection: Connection, collection_id: str, image_id: str
) -> list[tuple[str, str]]:
    """The IDs and times of the images that an image was decided to be no duplicate of."""
    cursor = await connection.execute(
        """
        SELECT other.image_id, other.image_time
        FROM not_duplicates AS said
        JOIN images AS other ON other.collection_id = %(collection_id)s AND other.image_id =
            CASE said.image_id WHEN %(image_id)s THEN said.other_id ELSE said.image_id END
        WHERE said.collection_id = %(collection_id)s
            AND %(image_id)s IN (said.image_id, said.other_id)
        """,
        {"collection_id": collection_id, "image_id": image_id},
    )
    return [(other_id, time.isoformat()) for other_id, time in await cursor.fetchall()]


async def put_back(connection: Connection, record: str) -> tuple[str, bool]:
    """Store an image that `take_image` has taken, as it was.

    Returns:
        The ID of the image, and whether it is stored: not if the ID is taken by now.
    """
    taken = json.loads(record)
    cursor = await connection.execute(
        """
        INSERT INTO images SELECT * FROM json_populate_record(NULL::images, %s::json)
        ON CONFLICT (collection_id, image_id) DO NOTHING RETURNING collection_id, image_id
        """,
        (json.dumps(taken["image"]),),
    )
    row = await cursor.fetchone()
    if row is None:
        return taken["image"]["image_id"], False
    collection_id, image_id = row
    await connection.execute(
        """
        INSERT INTO parts SELECT * FROM json_populate_recordset(NULL::parts, %s::json)
        WHERE EXISTS (SELECT 1 FROM collections WHERE collection_id = %s AND has_parts FOR SHARE)
        """,
        (json.dumps(taken.get("parts") or []), collection_id),
    )
    if taken["thumbnail"] is not None:
        webp = base64.b64decode(taken["thumbnail"])
        await store_thumbnail(connection, collection_id, image_id, webp)
    for other_id, time in taken["not_duplicates"]:
        await _decide_again(connection, collection_id, image_id, other_id, time)
    await queue_comparison(connection, collection_id, image_id)
    return image_id, True


async def _decide_again(
    connection: Connection, collection_id: str, image_id: str, other_id: str, time: str
) -> None:
    """Keep the decision about two images, if the other one is what it was."""
    await connection.execute(
        """
        INSERT INTO not_duplicates (collection_id, image_id, other_id) SELECT %s, %s, %s
        WHERE EXISTS (
            SELECT 1 FROM images WHERE collection_id = %s AND image_id = %s AND image_time = %s
            FOR KEY SHARE
        )
        ON CONFLICT DO NOTHING
        """,
        (
            *(collection_id, *sorted((image_id, other_id))),
            *(collection_id, other_id, datetime.fromisoformat(time)),
        ),
    )
