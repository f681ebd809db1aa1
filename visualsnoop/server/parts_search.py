"""A search for images that a picture is a part of: by the parts that a collection keeps of them."""

from collections.abc import Sequence

from attrs import evolve

from .matching.fingerprint import Fingerprint
from .matching.scores import BEST_OF_PART, LOOK_ALIKE
from .matching.similarity import Match
from .matching.steps import Steps
from .matching.windows import Box, area
from .metrics import STEP_SECONDS
from .search import ranked, turn, with_others
from .storage.images import Candidate, ImageStore
from .storage.parts import PartCandidate, nearest_parts
from .storage.pool import Pool

# So many of the parts nearest to a picture are looked at: several of one image may be near to it.
NEAREST = 24


async def find_in_parts(
    store: ImageStore,
    pool: Pool,
    collection_id: str,
    query: Fingerprint,
    without: str | None = None,
) -> list[tuple[Candidate, Match]]:
    """The images of a collection that show a picture, or a copy of it, in one of their parts.

    Args:
        store: The stored images.
        pool: The connections to the database.
        collection_id: The collection.
        query: The fingerprint of the picture.
        without: An image to leave out: the picture itself, if it is stored.

    Returns:
        Each image once, best first.

    Raises:
        APIError: 503, if too many searches wait.
    """
    async with turn(store, collection_id):
        with STEP_SECONDS.labels("search").time():
            parts = await nearest_parts(pool, collection_id, query, NEAREST, without)
        with STEP_SECONDS.labels("compare").time():
            return await with_others(found_in_parts(query, parts))


def found_in_parts(
    query: Fingerprint, parts: Sequence[PartCandidate]
) -> Steps[list[tuple[Candidate, Match]]]:
    """The images of which one of some parts shows a picture: each once, best first."""
    boxes = {id(part.candidate): part.box for part in parts}
    best: dict[str, tuple[Candidate, Match]] = {}
    # The best come first.
    for candidate, match in (yield from ranked(query, [part.candidate for part in parts])):
        if match.region is not None and match.score >= LOOK_ALIKE:
            found = candidate, in_image(match, boxes[id(candidate)])
            best.setdefault(candidate.image_id, found)
    return list(best.values())


def in_image(match: Match, box: Box) -> Match:
    """What is known of a picture and a part, about the picture and the whole image.

    Args:
        match: The picture, compared with the part.
        box: Where the part is in the image.
    """
    assert match.region is not None
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    region = tuple(
        (round(left + x * width, 4), round(top + y * height, 4)) for x, y in match.region
    )
    return evolve(
        match,
        score=min(match.score, BEST_OF_PART),
        region=region,
        # The part is about all that the picture and the image have in common.
        overlap=None if match.overlap is None else round(match.overlap * area(box), 4),
    )
