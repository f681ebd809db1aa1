"""Which images of a collection are copies of one another.

Copies are looked for when an image is stored, by one search, so that a list of all duplicates costs
no more than there are of them. An image is queued for that comparison until it has been done.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import accumulate
from weakref import WeakValueDictionary

from attrs import frozen

from .errors import unavailable
from .search import find_similar
from .storage.duplicates import (
    Copies,
    ScoredPair,
    finish_comparison,
    queued_comparisons,
    stored_copies,
)
from .storage.fingerprint_columns import DamagedFingerprint
from .storage.images import Candidate, ImageStore, StoredImage
from .storage.pool import Connection, Pool

_log = logging.getLogger(__name__)

MIN_SCORE = 0.5
"""Pairs of images that are less similar are not stored."""

MAX_GROUP_IMAGES = 1000
"""So many images of a group are listed, the oldest ones."""

_MAX_PAGE_IMAGES = 10_000
_MAX_COMPARING_TIME = 10.0  # seconds

# Each list takes the time of a processor in proportion to the pairs of the collection.
_MAX_LISTS = 2  # at a time
_MAX_REQUESTS = 8  # for the lists of a collection, those that wait included


@frozen
class Group:
    """Images that are copies of one another.

    Attributes:
        score: The highest score of two of them.
        image_count: How many there are.
        images: The oldest `MAX_GROUP_IMAGES` of them, oldest first.
    """

    score: float
    image_count: int
    images: Sequence[StoredImage]


@frozen
class GroupPage:
    """Some of the groups of a collection, and how many there are in all."""

    groups: Sequence[Group]
    group_count: int


class Duplicates:
    """The copies among the images of collections."""

    def __init__(self, pool: Pool, images: ImageStore) -> None:
        self._pool = pool
        self._images = images
        self._lists = asyncio.Semaphore(_MAX_LISTS)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._requests: Counter[str] = Counter()

    async def compare(self, collection_id: str, image_id: str) -> None:
        """Compare an image that was stored with the others, and store the pairs of copies."""
        try:
            found = await self._images.find_fingerprint(collection_id, image_id)
        except DamagedFingerprint as error:
            _log.error("The fingerprint of an image is damaged, and not compared: %s", error)
            async with self._pool.connection() as connection, connection.transaction():
                await finish_comparison(connection, collection_id, image_id, [])
            return
        if found is None:
            return
        image, fingerprint = found
        similar = await find_similar(self._images, collection_id, fingerprint, without=image_id)
        copies = [(other, match.score) for other, match in similar if match.score >= MIN_SCORE]
        await self._store(collection_id, image, copies)

    async def _store(
        self, collection_id: str, image: StoredImage, copies: Iterable[tuple[Candidate, float]]
    ) -> None:
        scores = {(copy.image_id, copy.image_time): score for copy, score in copies}
        compared = [image.image_id, *(image_id for image_id, _ in scores)]
        async with self._pool.connection() as connection, connection.transaction():
            # What was found is not about images that were replaced or removed meanwhile; from here
            # on they cannot be.
            current = await self._images.lock(connection, collection_id, compared)
            if (image.image_id, image.image_time) not in current:
                return
            pairs = [
                _pair(image.image_id, other[0], scores[other])
                for other in current
                if other in scores
            ]
            await finish_comparison(connection, collection_id, image.image_id, pairs)

    async def groups(
        self, collection_id: str, min_score: float, offset: int, count: int
    ) -> GroupPage:
        """Groups of copies, best evidence first, of everything that is stored by now.

        Args:
            collection_id: The collection.
            min_score: The lowest score of two images that are taken for copies.
            offset: How many of the first groups are left out.
            count: How many groups are wanted at most. There are fewer where they have many images.

        Raises:
            APIError: 503, if many images have still to be compared; each call goes on with that.
        """
        async with self._turn(collection_id):
            await self._compare_queued(collection_id)
            async with self._pool.connection() as connection, connection.transaction():
                # All that is read is of one moment.
                await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                components = Components()
                # Others are answered meanwhile.
                async for copies in stored_copies(connection, collection_id, min_score):
                    await asyncio.to_thread(components.connect, copies)
                found = await asyncio.to_thread(components.sorted)
                page = _page(found, offset, count)
                groups = await self._described(connection, collection_id, page)
        return GroupPage(groups, len(found))

    @asynccontextmanager
    async def _turn(self, collection_id: str) -> AsyncIterator[None]:
        """Wait until the duplicates of a collection may be listed."""
        if self._requests[collection_id] >= _MAX_REQUESTS:
            raise unavailable("Too many requests wait for the duplicates of this collection", 2)
        self._requests[collection_id] += 1
        try:
            async with self._locks.setdefault(collection_id, asyncio.Lock()), self._lists:
                yield
        finally:
            self._requests[collection_id] -= 1
            # Those that are 0 are not kept.
            self._requests += Counter()

    async def _compare_queued(self, collection_id: str) -> None:
        give_up = time.monotonic() + _MAX_COMPARING_TIME
        async with self._pool.connection() as connection:
            queued = await queued_comparisons(connection, collection_id)
        for done, image_id in enumerate(queued):
            if time.monotonic() >= give_up:
                left = len(queued) - done
                raise unavailable(f"{left} images have still to be compared with the others", 1)
            await self.compare(collection_id, image_id)

    async def _described(
        self, connection: Connection, collection_id: str, components: Sequence["Component"]
    ) -> list[Group]:
        """Components as groups, with what is known of their images."""
        small = [each for each in components if len(each.image_ids) <= MAX_GROUP_IMAGES]
        wanted = [image_id for each in small for image_id in each.image_ids]
        images = {
            image.image_id: image
            for image in await self._images.oldest(connection, collection_id, wanted, len(wanted))
        }
        groups = []
        for each in components:
            if len(each.image_ids) <= MAX_GROUP_IMAGES:
                found = sorted((images[image_id] for image_id in each.image_ids), key=_age)
            else:
                found = await self._images.oldest(
                    connection, collection_id, each.image_ids, MAX_GROUP_IMAGES
                )
            groups.append(Group(each.score, len(each.image_ids), found))
        return groups


def _pair(image_id: str, other_id: str, score: float) -> ScoredPair:
    first, second = sorted((image_id, other_id))
    return first, second, score


def _age(image: StoredImage) -> tuple[datetime, str]:
    return image.image_time, image.image_id


def _page(components: Sequence["Component"], offset: int, count: int) -> Sequence["Component"]:
    """The wanted components, or so many of them that they have not too many images together."""
    page = components[offset : offset + count]
    listed = accumulate(min(len(each.image_ids), MAX_GROUP_IMAGES) for each in page)
    fitting = sum(total <= _MAX_PAGE_IMAGES for total in listed)
    return page[: max(fitting, 1)]


@frozen
class Component:
    """Images that pairs connect, and the highest score of these pairs."""

    score: float
    image_ids: Sequence[str]


class Components:
    """What pairs of images connect (union-find, with halved paths)."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}
        # Of each root: the highest score of its component.
        self._scores: dict[str, float] = {}

    def connect(self, images: Iterable[Copies]) -> None:
        """Connect images with their copies."""
        for image_id, score, other_ids in images:
            root = self._root(image_id)
            for other_id in other_ids:
                joined = self._root(other_id)
                if joined != root:
                    self._parents[joined] = root
                    score = max(score, self._scores.pop(joined, 0))
            self._scores[root] = max(score, self._scores.get(root, 0))

    def _root(self, image_id: str) -> str:
        parents = self._parents
        current = image_id
        while (above := parents.setdefault(current, current)) != current:
            parents[current] = parents[above]
            current = above
        return current

    def sorted(self) -> list[Component]:
        """The components, those with the highest scores first."""
        members: dict[str, list[str]] = {}
        for image_id in list(self._parents):
            members.setdefault(self._root(image_id), []).append(image_id)
        components = [Component(self._scores[root], ids) for root, ids in members.items()]
        return sorted(components, key=lambda each: (-each.score, min(each.image_ids)))
