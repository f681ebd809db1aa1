"""A search: the database gives candidates, and each of them is compared with the query.

Collections take turns, and what is computed meanwhile keeps no other request waiting.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, ParamSpec, Protocol, TypeVar

from .errors import unavailable
from .matching import similarity
from .matching.fingerprint import Fingerprint
from .matching.similarity import Match, rank
from .matching.windows import WHOLE, Box
from .metrics import STEP_SECONDS
from .storage.fingerprint_columns import check_compared
from .storage.images import Candidate, ImageStore
from .turns import QueueFull

_log = logging.getLogger(__name__)

_P = ParamSpec("_P")
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
            results = await in_thread(ranked, query, candidates)
    # What is compared by its embedding alone comes last, and only what is in the wanted places.
    near = sum(candidate.fingerprint.pdq is not None for candidate in candidates)
    if start >= near and stop is not None:
        return results[near : near + stop - start]
    return results[start:stop]


async def compare(
    store: ImageStore, collection_id: str, query: Fingerprint, stored: Fingerprint
) -> Match:
    """Compare a picture with an image of a collection, as `similarity.compare` does.

    Raises:
        APIError: 503, if too many searches wait.
    """
    async with turn(store, collection_id):
        return await in_thread(similarity.compare, query, stored)


@asynccontextmanager
async def turn(store: Searched, collection_id: str) -> AsyncIterator[None]:
    """The turn of a collection to be searched; raises `APIError` 503 if too many wait."""
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(store.search_turn(collection_id))
        except QueueFull:
            raise unavailable("Too many searches are waiting", 2) from None
        yield


async def in_thread(act: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """What a function returns, which is run to its end even if nobody waits for it any more."""
    working = asyncio.ensure_future(asyncio.to_thread(act, *args, **kwargs))
    try:
        return await asyncio.shield(working)
    finally:
        # Threads cannot be stopped: so long, it is still the turn of who has begun it.
        await asyncio.wait([working])


def ranked(
    query: Fingerprint, candidates: Sequence[Candidate], window: Box = WHOLE
) -> list[tuple[Candidate, Match]]:
    """Candidates compared with a picture, or a window of it, best first; without damaged ones."""
    try:
        matches = rank(query, [each.fingerprint for each in candidates], window=window)
    except (ArithmeticError, LookupError, ValueError):
        whole = [candidate for candidate in candidates if _is_whole(candidate)]
        if len(whole) == len(candidates):
            raise
        return ranked(query, whole, window)
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
