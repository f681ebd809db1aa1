"""The table of parts, which has the pictures within images of the collections that keep them."""

from collections.abc import Mapping

from attrs import frozen
from pgvector import HalfVector

from ..matching.candidates import CandidateFingerprint
from ..matching.fingerprint import Fingerprint
from ..matching.windows import Box
from .embedding_index import collection_code, nearest_first
from .fingerprint_columns import COLUMNS, HAS_DETAIL, HAS_HASH, HAS_KEYPOINTS, to_columns
from .images import Candidate
from .pool import Connection, Pool


@frozen
class PartCandidate:
    """A part of a stored image that may be similar to a picture.

    Attributes:
        box: Where it is.
        candidate: The image, with the fingerprint of the part.
    """

    box: Box
    candidate: Candidate


async def store_parts(
    connection: Connection, collection_id: str, image_id: str, parts: Mapping[Box, Fingerprint]
) -> None:
    """Store the parts of an image that was stored in the same transaction.

    Args:
        connection: The connection of the transaction.
        collection_id: The collection.
        image_id: The image, which has none yet.
        parts: Where they are, and their fingerprints.
    """
    for place, (box, fingerprint) in enumerate(parts.items()):
        # Nothing is stored if the collection has stopped to keep parts meanwhile.
        await connection.execute(
            INSERT,
            (collection_id, image_id, place, [*box], *to_columns(fingerprint), collection_id),
        )


async def delete_parts(connection: Connection, collection_id: str, image_id: str) -> None:
    """Delete the parts of an image that is replaced in the same transaction."""
    await connection.execute(
        "DELETE FROM parts WHERE collection_id = %s AND image_id = %s", (collection_id, image_id)
    )


INSERT = f"""
    INSERT INTO parts (collection_id, image_id, place, box, {COLUMNS})
    SELECT %s, %s, %s, %s::real[], %s, %s, %s, %s, %s, %s
    WHERE EXISTS (SELECT 1 FROM collections WHERE collection_id = %s AND has_parts FOR SHARE)
"""
"""Stores a part, if the collection keeps any: its columns, and the collection again."""


async def nearest_parts(
    pool: Pool, collection_id: str, query: Fingerprint, count: int, without: str | None = None
) -> list[PartCandidate]:
    """The parts whose embeddings are nearest to that of a query, nearest first.

    Args:
        pool: The connections to the database.
        collection_id: The collection.
        query: The picture that is searched for.
        count: How many.
        without: An image whose parts are left out.
    """
    embedding = HalfVector(query.embedding)
    order = "distance, image_id, place"
    point: list[HalfVector] = []
    code = await collection_code(pool, "parts", collection_id, query.version)
    if code is not None:
        order, *point = nearest_first(query.embedding, code)
    rows = await pool.rows(
        f"""
        SELECT box, image_id, image_time, 1 - distance, part.quality, part.pdq, part.keypoints,
            part.detail
        FROM (
            SELECT image_id, place, box, quality,
                embedding <=> %s AS distance,
                CASE WHEN {HAS_HASH} THEN pdq END AS pdq,
                CASE WHEN {HAS_KEYPOINTS} THEN keypoints END AS keypoints,
                CASE WHEN {HAS_DETAIL} THEN detail END AS detail
            FROM parts
            WHERE collection_id = %s AND version = {int(query.version)}
                AND vector_dims(embedding) = {len(query.embedding)}
                AND image_id IS DISTINCT FROM %s
            ORDER BY {order} LIMIT {int(count)}
        ) AS part
        JOIN images USING (image_id)
        WHERE collection_id = %s AND distance <> 'NaN' ORDER BY distance, image_id, place
        """,
        *(embedding, collection_id, without, *point, collection_id),
        keep_plan=code is not None,
    )
    return [
        PartCandidate(
            tuple(box), Candidate(image_id, image_time, CandidateFingerprint(*fingerprint))
        )
        for box, image_id, image_time, *fingerprint in rows
        if len(box) == 4
    ]
