"""A search: the database says which images may be similar, and then each of them is compared."""

from .matching.fingerprint import Fingerprint
from .matching.similarity import Match, rank_compared
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
        store: What is stored.
        collection_id: The collection.
        query: The picture.
        count: How many images are wanted at least.
        without: An image to leave out: the picture itself, if it is stored.
    """
    with STEP_SECONDS.labels("search").time():
        candidates = await store.candidates(collection_id, query, count)
    others = [candidate for candidate in candidates if candidate.image_id != without]
    with STEP_SECONDS.labels("compare").time():
        matches = rank_compared(query, [other.compared for other in others])
    return [(others[match.index], match) for match in matches]
