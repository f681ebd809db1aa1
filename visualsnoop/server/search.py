"""A search: the database gives candidates, and each of them is compared with the query."""

import asyncio
import logging
from collections.abc import Sequence

from .matching.fingerprint import Fingerprint
from .matching.similarity import Match, rank
from .metrics import STEP_SECONDS
from .storage.fingerprint_columns import check_compared
from .storage.images import Candidate, ImageStore

_log = logging.getLogger(__name__)


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
    """
    with STEP_SECONDS.labels("search").time():
        candidates = await store.candidates(collection_id, query, start, stop or 0, without)
    with STEP_SECONDS.labels("compare").time():
        # Other requests are answered meanwhile.
        ranked = await asyncio.to_thread(_ranked, query, candidates)
    # What is compared by its embedding alone comes last, and only what is in the wanted places.
    near = sum(candidate.fingerprint.pdq is not None for candidate in candidates)
    if start >= near and stop is not None:
        return ranked[near : near + stop - start]
    return ranked[start:stop]


def _ranked(query: Fingerprint, candidates: Sequence[Candidate]) -> list[tuple[Candidate, Match]]:
    try:
        matches = rank(query, [candidate.fingerprint for candidate in candidates])
    except (ArithmeticError, LookupError, ValueError):
        whole = [candidate for candidate in candidates if _is_whole(candidate)]
        if len(whole) == len(candidates):
            raise
        return _ranked(query, whole)
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
