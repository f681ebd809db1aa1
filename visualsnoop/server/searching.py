"""A search: the database says which images may be similar, and then each of them is compared."""

import asyncio

from .fingerprint import Fingerprint
from .metrics import STEP_SECONDS
from .similarity import CANDIDATES, Match, rank_compared
from .store import Candidate, Store


async def find_similar(
    store: Store,
    collection_id: str,
    query: Fingerprint,
    count: int = CANDIDATES,
    without: str | None = None,
) -> list[tuple[Candidate, Match]]:
    """The images of a collection that are most similar to a picture, best first.

    Args:
        store: What is stored.
        collection_id: The collection.
        query: The picture.
        count: How many images are wanted; `CANDIDATES` are compared at least.
        without: An image to leave out: the picture itself, if it is stored.
    """
    with STEP_SECONDS.labels("search").time():
        # One more, which may be left out.
        candidates = await store.candidates(collection_id, query, max(count, CANDIDATES) + 1)
    others = [candidate for candidate in candidates if candidate.image_id != without]
    with STEP_SECONDS.labels("compare").time():
        # Other requests are answered meanwhile.
        matches = await asyncio.to_thread(
            rank_compared, query, [other.compared for other in others]
        )
    return [(others[match.index], match) for match in matches]
