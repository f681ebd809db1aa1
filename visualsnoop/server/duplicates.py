"""Which images of a collection are copies of one another.

Copies are looked for when an image is stored, by one search, so that a list of all duplicates costs
no more than there are of them. An image waits in the table `unpaired` until that has been done.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from datetime import datetime

from attrs import frozen

from .errors import unavailable
from .search import find_similar
from .storage.images import Candidate, Pool, Store, StoredImage

LEAST_SCORE = 0.5
"""Pairs of images that are less similar are not remembered."""

_COMPARING_TIME = 10.0  # seconds


@frozen
class Group:
    """Images that are copies of one another, oldest first, and the best score of two of them."""

    score: float
    images: Sequence[StoredImage]


class Pairs:
    """The pairs of copies, and what was decided about pairs."""

    def __init__(self, pool: Pool, store: Store) -> None:
        self._pool = pool
        self._store = store

    async def pair(self, collection_id: str, image_id: str) -> None:
        """Compare an image that was stored with the others, unless that has been done."""
        found = await self._store.find_fingerprint(collection_id, image_id)
        if found is None:
            return
        image, fingerprint = found
        similar = await find_similar(self._store, collection_id, fingerprint, without=image_id)
        copies = [(other, match.score) for other, match in similar if match.score >= LEAST_SCORE]
        await self._keep(collection_id, image, copies)

    async def _keep(
        self, collection_id: str, image: StoredImage, copies: Iterable[tuple[Candidate, float]]
    ) -> None:
        scores = {(copy.image_id, copy.image_time): score for copy, score in copies}
        compared = [image.image_id, *(image_id for image_id, _ in scores)]
        async with self._pool.connection() as connection, connection.transaction():
            # What was found is not about images that were replaced or removed meanwhile; from here
            # on they cannot be. All take these locks, and insert pairs, in the order of the IDs,
            # so that no two wait for each other.
            cursor = await connection.execute(
                """
                SELECT image_id, image_time FROM images
                WHERE collection_id = %s AND image_id = ANY(%s) ORDER BY image_id FOR SHARE
                """,
                (collection_id, compared),
            )
            current = await cursor.fetchall()
            if (image.image_id, image.image_time) not in current:
                return
            pairs = [
                (*sorted((image.image_id, other[0])), scores[other])
                for other in current
                if other in scores
            ]
            for pair in sorted(pairs):
                await connection.execute(
                    """
                    INSERT INTO pairs (collection_id, image_id, other_id, score)
                    VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING
                    """,
                    (collection_id, *pair),
                )
            await connection.execute(
                "DELETE FROM unpaired WHERE collection_id = %s AND image_id = %s",
                (collection_id, image.image_id),
            )

    async def groups(self, collection_id: str, min_score: float) -> list[Group]:
        """The groups of copies, best evidence first, of everything that is stored by now.

        Raises:
            Problem: 503, if many images have still to be compared; each call goes on with that.
        """
        await self._pair_waiting(collection_id)
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                """
                SELECT one.image_id, one.image_time, one.quality,
                    other.image_id, other.image_time, other.quality, score
                FROM pairs
                JOIN images AS one ON one.collection_id = %(collection_id)s
                    AND one.image_id = pairs.image_id
                JOIN images AS other ON other.collection_id = %(collection_id)s
                    AND other.image_id = pairs.other_id
                WHERE pairs.collection_id = %(collection_id)s AND score >= %(min_score)s
                    AND NOT EXISTS (
                        SELECT FROM not_duplicates AS said
                        WHERE said.collection_id = %(collection_id)s
                            AND said.image_id = pairs.image_id AND said.other_id = pairs.other_id
                    )
                """,
                {"collection_id": collection_id, "min_score": min_score},
            )
            rows = await cursor.fetchall()
        pairs = [(StoredImage(*row[:3]), StoredImage(*row[3:6]), row[6]) for row in rows]
        # Others are answered meanwhile.
        return await asyncio.to_thread(grouped, pairs)

    async def _pair_waiting(self, collection_id: str) -> None:
        give_up = time.monotonic() + _COMPARING_TIME
        waiting = await self._waiting(collection_id)
        for done, image_id in enumerate(waiting):
            if time.monotonic() >= give_up:
                left = len(waiting) - done
                raise unavailable(f"{left} images have still to be compared with the others", 1)
            await self.pair(collection_id, image_id)

    async def _waiting(self, collection_id: str) -> list[str]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT image_id FROM unpaired WHERE collection_id = %s", (collection_id,)
            )
            return [row[0] for row in await cursor.fetchall()]

    async def set_not_duplicates(self, collection_id: str, image_id: str, other_id: str) -> None:
        """Remember that two stored images are not duplicates.

        Raises:
            psycopg.errors.ForeignKeyViolation: If one of them is not stored.
        """
        async with self._pool.connection() as connection:
            await connection.execute(
                """
                INSERT INTO not_duplicates (collection_id, image_id, other_id)
                VALUES (%s, %s, %s) ON CONFLICT DO NOTHING
                """,
                (collection_id, *sorted((image_id, other_id))),
            )

    async def unset_not_duplicates(self, collection_id: str, image_id: str, other_id: str) -> None:
        """Forget that two images were said not to be duplicates."""
        async with self._pool.connection() as connection:
            await connection.execute(
                """
                DELETE FROM not_duplicates
                WHERE collection_id = %s AND image_id = %s AND other_id = %s
                """,
                (collection_id, *sorted((image_id, other_id))),
            )


def grouped(pairs: Sequence[tuple[StoredImage, StoredImage, float]]) -> list[Group]:
    """The groups that pairs of images form, best evidence first.

    Args:
        pairs: The two images of each pair, and its score.
    """
    leaders: dict[str, str] = {}
    for one, other, _ in pairs:
        leaders[_leader(leaders, one)] = _leader(leaders, other)
    members: dict[str, set[StoredImage]] = {}
    scores: dict[str, float] = {}
    for one, other, score in pairs:
        leader = _leader(leaders, one)
        members.setdefault(leader, set()).update((one, other))
        scores[leader] = max(score, scores.get(leader, 0))
    groups = [Group(scores[leader], sorted(members[leader], key=_age)) for leader in members]
    return sorted(groups, key=lambda group: (-group.score, _age(group.images[0])))


def _leader(leaders: dict[str, str], image: StoredImage) -> str:
    """The image that stands for the group of an image (union-find, with halved paths)."""
    current = image.image_id
    while (above := leaders.setdefault(current, current)) != current:
        leaders[current] = leaders[above]
        current = above
    return current


def _age(image: StoredImage) -> tuple[datetime, str]:
    return image.image_time, image.image_id
