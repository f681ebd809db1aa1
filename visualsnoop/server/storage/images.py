"""The table of images: their fingerprints, and the search for the nearest of them.

Every statement names its collection, so that a database that is spread over many machines by
collection knows which of them to ask.
"""

import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from math import isnan
from typing import NamedTuple

from attrs import frozen
from pgvector import HalfVector

from ..matching.candidates import DEPTH, DEPTH_OF_WALK, CandidateFingerprint
from ..matching.fingerprint import Fingerprint
from ..matching.preliminary import POOR_QUALITY
from .duplicates import discard_pairs, queue_comparison
from .embedding_index import collection_code, nearest_first
from .fingerprint_columns import COLUMNS as FINGERPRINT
from .fingerprint_columns import HAS_DETAIL, HAS_HASH, HAS_KEYPOINTS, from_columns, to_columns
from .pool import Connection, Pool

_REMEMBERED = 60.0  # seconds


@frozen
class StoredImage:
    """An image of a collection; of those that were stored before it was kept, the size is None."""

    image_id: str
    image_time: datetime
    quality: int
    width: int | None
    height: int | None


class Candidate(NamedTuple):
    """A stored image that may be similar to a picture."""

    image_id: str
    image_time: datetime
    fingerprint: CandidateFingerprint


class ImageStore:
    """The table of images in PostgreSQL.

    What only reads takes a connection of the pool for itself; what changes something is done in
    the transaction of a connection that is given.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        # By collection and version: what `collection_code` has given, and until when that holds by
        # the monotonic clock.
        self._known_codes: dict[tuple[str, int], tuple[HalfVector | None, float]] = {}

    def search_turn(self, collection_id: str) -> AbstractAsyncContextManager[int]:
        """The turn of a collection to be searched; see `Pool.slow_turn`."""
        return self._pool.slow_turn(collection_id)

    async def count(self, collection_id: str) -> int:
        """How many images a collection has."""
        row = await self._pool.row(
            "SELECT count(*) FROM images WHERE collection_id = %s", collection_id
        )
        assert row is not None
        return int(row[0])

    async def add(
        self,
        connection: Connection,
        collection_id: str,
        image_id: str,
        fingerprint: Fingerprint,
        size: tuple[int, int],
    ) -> StoredImage | None:
        """Store an image if its ID is free; None where the ID is taken.

        Args:
            connection: A connection in a transaction.
            collection_id: The collection.
            image_id: The ID.
            fingerprint: The fingerprint of the picture.
            size: Its width and height, in pixels.
        """
        cursor = await connection.execute(
            f"""
            INSERT INTO images ({_COLUMNS}) VALUES ({_VALUES})
            ON CONFLICT (collection_id, image_id) DO NOTHING
            RETURNING {_IMAGE}
            """,
            (collection_id, image_id, *size, *to_columns(fingerprint)),
        )
        row = await cursor.fetchone()
        if row is None:
            return None
        await queue_comparison(connection, collection_id, image_id)
        return StoredImage(*row)

    async def add_or_replace(
        self,
        connection: Connection,
        collection_id: str,
        image_id: str,
        fingerprint: Fingerprint,
        size: tuple[int, int],
    ) -> tuple[StoredImage, bool]:
        """Store an image, replacing the one that has its ID; the image, and whether it is new.

        The arguments are those of `add`.
        """
        cursor = await connection.execute(
            # xmax is 0 in a row that was inserted, and not in one that was updated.
            f"""
            INSERT INTO images ({_COLUMNS}) VALUES ({_VALUES})
            ON CONFLICT (collection_id, image_id) DO UPDATE SET {_REPLACED}
            RETURNING {_IMAGE}, xmax = 0
            """,
            (collection_id, image_id, *size, *to_columns(fingerprint)),
        )
        row = await cursor.fetchone()
        assert row is not None
        # The row is locked by now: nobody can store pairs of the image that was replaced any more.
        await discard_pairs(connection, collection_id, image_id)
        await queue_comparison(connection, collection_id, image_id)
        return StoredImage(*row[:-1]), row[-1]

    async def delete(
        self, connection: Connection, collection_id: str, image_id: str
    ) -> StoredImage | None:
        """Remove an image; what it was, or None where there was none."""
        cursor = await connection.execute(
            f"DELETE FROM images WHERE collection_id = %s AND image_id = %s RETURNING {_IMAGE}",
            (collection_id, image_id),
        )
        row = await cursor.fetchone()
        return None if row is None else StoredImage(*row)

    async def lock(
        self, connection: Connection, collection_id: str, image_ids: Sequence[str]
    ) -> list[tuple[str, datetime]]:
        """Keep images from being replaced or removed until the transaction ends.

        All take these locks in the order of the IDs, so that no two wait for each other.

        Returns:
            The ID and the time of each of the images that are there.
        """
        cursor = await connection.execute(
            # An order that no index has, or all images might be read in that of one; see WALK.
            """
            SELECT image_id, image_time FROM images
            WHERE collection_id = %s AND image_id = ANY(%s) ORDER BY image_id || '' FOR SHARE
            """,
            (collection_id, list(image_ids)),
        )
        return [(image_id, image_time) for image_id, image_time in await cursor.fetchall()]

    async def get(self, collection_id: str, image_id: str) -> StoredImage | None:
        row = await self._pool.row(
            f"SELECT {_IMAGE} FROM images WHERE collection_id = %s AND image_id = %s",
            collection_id,
            image_id,
        )
        return None if row is None else StoredImage(*row)

    async def newest(self, collection_id: str, count: int) -> list[StoredImage]:
        """The newest images, newest first."""
        rows = await self._pool.rows(
            f"""
            SELECT {_IMAGE} FROM images WHERE collection_id = %s
            {_NEWEST_FIRST} LIMIT %s
            """,
            collection_id,
            count,
        )
        return [StoredImage(*row) for row in rows]

    async def newest_from(
        self, collection_id: str, start: StoredImage, count: int
    ) -> list[StoredImage]:
        """An image and those that follow it, newest first."""
        rows = await self._pool.rows(
            f"""
            SELECT {_IMAGE} FROM images
            WHERE collection_id = %s AND (image_time, image_id) <= (%s, %s)
            {_NEWEST_FIRST} LIMIT %s
            """,
            collection_id,
            start.image_time,
            start.image_id,
            count,
        )
        return [StoredImage(*row) for row in rows]

    async def oldest(
        self, connection: Connection, collection_id: str, image_ids: Sequence[str], count: int
    ) -> list[StoredImage]:
        """Those of some images that are oldest, oldest first."""
        cursor = await connection.execute(
            # An order that no index has, as in `lock`.
            f"""
            SELECT {_IMAGE} FROM images WHERE collection_id = %s AND image_id = ANY(%s)
            ORDER BY image_time + interval '0', image_id LIMIT %s
            """,
            (collection_id, list(image_ids), count),
        )
        return [StoredImage(*row) for row in await cursor.fetchall()]

    async def find_fingerprint(
        self, collection_id: str, image_id: str
    ) -> tuple[StoredImage, Fingerprint] | None:
        """An image and its fingerprint; raises `DamagedFingerprint` if that cannot be used."""
        row = await self._pool.row(
            f"SELECT {_IMAGE}, {FINGERPRINT} FROM images"
            " WHERE collection_id = %s AND image_id = %s",
            collection_id,
            image_id,
        )
        return None if row is None else (StoredImage(*row[:5]), from_columns(row[5:]))

    async def candidates(
        self,
        collection_id: str,
        query: Fingerprint,
        start: int = 0,
        stop: int = 0,
        without: str | None = None,
    ) -> list[Candidate]:
        """The images whose embedding is nearest to that of a query, of the same version.

        They are the nearest ones, which are compared by more than their embeddings; and, of the
        others, those that are in certain places of the results. So a page of results costs no more
        the later it comes, but for what the database has to sort.

        A small collection is compared as a whole. In a large one, the index of the version is
        walked until it has given enough images of the collection; see `embedding_index`.

        Args:
            collection_id: The collection.
            query: The picture that is searched for.
            start, stop: The places, the latter excluded.
            without: An image to leave out.
        """
        code = await self._code(collection_id, query.version)
        depth = DEPTH if code is None else DEPTH_OF_WALK
        nearest = await self._nearest(
            *(collection_id, query, 0, depth.hashes, without, code),
            f"""
            CASE WHEN place <= {depth.hashes} AND {HAS_HASH} THEN pdq END,
            CASE WHEN place <= {depth.keypoints} AND {HAS_KEYPOINTS} THEN keypoints END,
            CASE WHEN place <= {depth.keypoints} AND {HAS_DETAIL} THEN detail END
            """,
        )
        if stop <= depth.hashes:
            return nearest
        # Images without detail are similar only to what is the same, which is among the nearest.
        least_quality = POOR_QUALITY if query.quality >= POOR_QUALITY else 0
        before = sum(one.fingerprint.quality >= least_quality for one in nearest)
        first = max(start - depth.hashes, 0)
        farther = await self._nearest(
            *(collection_id, query, before + first, stop - depth.hashes - first, without, code),
            "NULL, NULL, NULL",
            f"AND quality >= {least_quality}",
        )
        return nearest + farther

    async def has_images(self, collection_id: str, version: int, least_quality: int) -> bool:
        """Whether a collection has an image of a version, of some quality or better."""
        row = await self._pool.row(
            "SELECT 1 FROM images WHERE collection_id = %s AND version = %s AND quality >= %s"
            " LIMIT 1",
            collection_id,
            version,
            least_quality,
        )
        return row is not None

    async def nearest(self, collection_id: str, query: Fingerprint, count: int) -> list[Candidate]:
        """The images whose embedding is nearest, with all by which they are compared.

        Args:
            collection_id: The collection.
            query: The picture that is searched for, by its embedding.
            count: How many.
        """
        code = await self._code(collection_id, query.version)
        return await self._nearest(
            *(collection_id, query, 0, count, None, code),
            f"""
            CASE WHEN {HAS_HASH} THEN pdq END,
            CASE WHEN {HAS_KEYPOINTS} THEN keypoints END,
            CASE WHEN {HAS_DETAIL} THEN detail END
            """,
        )

    async def _nearest(
        self,
        collection_id: str,
        query: Fingerprint,
        offset: int,
        count: int,
        without: str | None,
        code: HalfVector | None,
        compared: str,
        condition: str = "",
    ) -> list[Candidate]:
        embedding = HalfVector(query.embedding)
        order = "distance, image_id"
        point: list[HalfVector] = []
        if code is not None:
            order, *point = nearest_first(query.embedding, code)
        rows = await self._pool.rows(
            # What is not compared would be most of what the database sends. And a limit that the
            # planner sees would have it plan anew for each collection.
            f"""
            SELECT image_id, image_time, 1 - distance, quality, {compared}
            FROM (
                SELECT *, row_number() OVER (ORDER BY distance, image_id) AS place
                FROM (
                    SELECT image_id, image_time, quality, pdq, keypoints, detail,
                        embedding <=> %s AS distance
                    FROM images
                    WHERE collection_id = %s AND version = {int(query.version)}
                        AND vector_dims(embedding) = {len(query.embedding)}
                        AND image_id IS DISTINCT FROM %s {condition}
                    ORDER BY {order} LIMIT (SELECT {int(count)}) OFFSET {int(offset)}
                ) AS nearest
            ) AS placed ORDER BY distance, image_id
            """,
            *(embedding, collection_id, without, *point),
            keep_plan=code is not None,
        )
        return [
            Candidate(image_id, image_time, CandidateFingerprint(*fingerprint))
            for image_id, image_time, *fingerprint in rows
            # An embedding of zeros is at no distance from any.
            if not isnan(fingerprint[0])
        ]

    async def _code(self, collection_id: str, version: int) -> HalfVector | None:
        """The code of a collection if the index is walked; None if all images are compared."""
        code, until = self._known_codes.get((collection_id, version), (None, 0.0))
        if time.monotonic() < until:
            return code
        code = await collection_code(self._pool, "images", collection_id, version)
        # Counting so many can take as long as a search, so they are not counted every time.
        self._known_codes[collection_id, version] = code, time.monotonic() + _REMEMBERED
        return code


_IMAGE = "image_id, image_time, quality, width, height"

_COLUMNS = f"collection_id, image_id, image_time, width, height, {FINGERPRINT}"
_REPLACED = ", ".join(
    f"{column} = excluded.{column}"
    for column in f"image_time, width, height, {FINGERPRINT}".split(", ")
)
_VALUES = "%s, %s, clock_timestamp(), %s, %s, %s, %s, %s, %s, %s, %s"
_NEWEST_FIRST = "ORDER BY image_time DESC, image_id DESC"
