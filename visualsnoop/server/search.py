"""A search: the database gives candidates, and each of them is compared with the query.

Collections take turns, and between the steps of a comparison other requests are answered. It is
not done in a thread: Python runs one at a time, and passing on whose turn that is took two fifths
of what searches cost.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol, TypeVar

from .errors import unavailable
from .matching.fingerprint import Fingerprint
from .matching.similarity import ALL_PLACES, Match, compare_in_steps, rank_in_steps
from .matching.steps import Steps
from .matching.windows import WHOLE, Box
from .metrics import STEP_SECONDS
from .storage.fingerprint_columns import check_compared
from .storage.images import Candidate, ImageStore
from .turns import QueueFull

# Seconds between two turns of others: one after each step is a tenth of what a search takes.
_AT_A_TIME = 0.002

_log = logging.getLogger(__name__)

_T = TypeVar("_T")


class Searched(Protocol):
    """Stored images of which collections have turns, as `ImageStore` has them."""

    def search_turn(self, collection_id: str) -> AbstractAsyncContextManager[Any]: ...


async def find_similar(
    store: ImageStore,
    collection_id: str,
    query: Fingerprint,
    start: int = 0,
    stop: int | None = None,
    without: str | None = None,
) -> list[tuple[Candidate, Match]]:
    """The images of a collection that are most similar to a picture, best first.

    Args:
        store: The stored images.
        collection_id: The collection.
        query: The fingerprint of the picture.
        start, stop: Which places of the results are wanted, the latter excluded; None for all that
            are compared by more than their embeddings.
        without: An image to leave out: the picture itself, if it is stored.

    Raises:
        APIError: 503, if too many searches wait.
    """
    async with turn(store, collection_id):
        with STEP_SECONDS.labels("search").time():
            candidates = await store.candidates(collection_id, query, start, stop or 0, without)
        with STEP_SECONDS.labels("compare").time():
            places = _places(candidates, start, stop)
            return await with_others(ranked(query, candidates, places=places))


def _places(candidates: Sequence[Candidate], start: int, stop: int | None) -> slice:
    """Where the wanted places of the results are among candidates of `ImageStore.candidates`."""
    # What is compared by its embedding alone comes last, and only what is in the wanted places.
    near = sum(candidate.fingerprint.pdq is not None for candidate in candidates)
    if start >= near and stop is not None:
        return slice(near, near + stop - start)
    return slice(start, stop)


async def compare(
    store: ImageStore, collection_id: str, query: Fingerprint, stored: Fingerprint
) -> Match:
    """Compare a picture with an image of a collection, as `similarity.compare` does.

    Raises:
        APIError: 503, if too many searches wait.
    """
    async with turn(store, collection_id):
        return await with_others(compare_in_steps(query, stored))


@asynccontextmanager
async def turn(store: Searched, collection_id: str) -> AsyncIterator[None]:
    """The turn of a collection to be searched; raises `APIError` 503 if too many wait."""
    try:
        async with store.search_turn(collection_id):
            yield
    except QueueFull:
        raise unavailable("Too many searches are waiting", 2) from None


async def with_others(steps: Steps[_T]) -> _T:
    """The result of work, between whose steps other requests are answered."""
    since = time.monotonic()
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: _T = end.value
            return result
        if time.monotonic() - since > _AT_A_TIME:
            await asyncio.sleep(0)
            since = time.monotonic()


def ranked(
    query: Fingerprint,
    candidates: Sequence[Candidate],
    window: Box = WHOLE,
    places: slice = ALL_PLACES,
) -> Steps[list[tuple[Candidate, Match]]]:
    """Candidates compared with a picture as `rank_in_steps` does; without damaged ones."""
    try:
        fingerprints = [each.fingerprint for each in candidates]
        matches = yield from rank_in_steps(query, fingerprints, window=window, places=places)
    except (ArithmeticError, LookupError, ValueError):
        whole = [candidate for candidate in candidates if _is_whole(candidate)]
        if len(whole) == len(candidates):
            raise
        return (yield from ranked(query, whole, window, places))
    return [(candidates[match.index], match) for match in matches]


def _is_whole(candidate: Candidate) -> bool:
    """Whether what is stored of an image can be compared, if it is to be."""
    stored = candidate.fingerprint
    if stored.pdq is None:
        return True
    try:
        check_compared(stored.pdq, stored.keypoints or b"", stored.detail or b"")
    except ValueError as error:
        _log.error("The fingerprint of an image is damaged, and left out of searches: %s", error)
        return False
    return True
