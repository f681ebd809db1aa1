"""A search: the database gives candidates, and each of them is compared with the query."""

import asyncio

from .matching.fingerprint import Fingerprint
from .matching.similarity import Match, rank
from .metrics import STEP_SECONDS
from .storage.images import Candidate, ImageStore


async def find_similar(
    store: ImageStore,
    collection_id: str,
    query: Fingerprint,
    count: int = 0,
    without: str | None = None,
) -> list[tuple[Candidate, Match]]:
    """The images of a collection that are most similar to a picture, best first.

    Args:
        store: The stored images.
        collection_id: The collection.
        query: The fingerprint of the picture.
        count: How many images are wanted at least.
        without: An image to leave out: the picture itself, if it is stored.
    """
    with STEP_SECONDS.labels("search").time():
        candidates = await store.candidates(collection_id, query, count, without)
    with STEP_SECONDS.labels("compare").time():
        # Other requests are answered meanwhile.
        matches = await asyncio.to_thread(
            rank, query, [candidate.fingerprint for candidate in candidates]
        )
    return [(candidates[match.index], match) for match in matches]
