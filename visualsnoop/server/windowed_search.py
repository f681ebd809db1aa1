"""A search for what a picture is composed of: by windows of it.

The embeddings of windows say which stored images may lie there. Of the likely ones hash, keypoints
and detail are compared as in any search, which decides.
"""

from collections import Counter
from collections.abc import Awaitable, Mapping, Sequence
from typing import Protocol

import numpy as np
from attrs import evolve, frozen

from .matching.calibration import calibrated
from .matching.fingerprint import Fingerprint
from .matching.preliminary import POOR_QUALITY
from .matching.scores import BEST_OF_PART, LOOK_ALIKE
from .matching.similarity import Match
from .matching.steps import Steps
from .matching.windows import BOXES, Box
from .metrics import STEP_SECONDS
from .search import Searched, ranked, turn, with_others
from .storage.images import Candidate

# So many of the images nearest to each window are looked at; the right one was the nearest ...
_NEAREST = 4

# ... with a cosine above this one, and one of the four best windows of it showed enough of it.
_LEAST_COSINE = 0.25
_WINDOWS_OF_IMAGE = 4

# So many windows are compared by more than their embeddings, the likeliest first.
_MOST_WINDOWS = 24


class WindowFingerprints(Protocol):
    """Gives the fingerprints of windows.

    They have their embeddings alone, and then those of the panels are there as well; or the rest
    alone. So nothing is computed twice.
    """

    def __call__(
        self, windows: Sequence[Box], *, embeddings: bool
    ) -> Awaitable[Mapping[Box, Fingerprint]]: ...


@frozen
class _Pair:
    """A window and an image that may lie in it."""

    window: Box
    candidate: Candidate


class Images(Searched, Protocol):
    """Where stored images are: the `ImageStore`, or a collection in memory."""

    async def has_images(self, collection_id: str, version: int, least_quality: int) -> bool: ...

    async def nearest(
        self, collection_id: str, query: Fingerprint, count: int
    ) -> list[Candidate]: ...


async def find_in_windows(
    store: Images, collection_id: str, version: int, fingerprints: WindowFingerprints
) -> list[tuple[Candidate, Match]]:
    """The images of a collection that lie in windows of a picture, in no order.

    Args:
        store: The stored images.
        collection_id: The collection.
        version: That of the fingerprints.
        fingerprints: The fingerprints of the windows.

    Raises:
        APIError: 503, if too many searches wait.
    """
    if not await store.has_images(collection_id, version, POOR_QUALITY):
        return []
    embedded = await fingerprints(BOXES, embeddings=True)
    async with turn(store, collection_id):
        with STEP_SECONDS.labels("search").time():
            nearest = {
                window: await store.nearest(collection_id, fingerprint, _NEAREST)
                for window, fingerprint in embedded.items()
            }
    pairs = _likely(nearest, version)
    if not pairs:
        return []
    windows = sorted({pair.window for pair in pairs})
    rest = await fingerprints(windows, embeddings=False)
    by_window = {
        window: evolve(fingerprint, embedding=embedded[window].embedding)
        for window, fingerprint in rest.items()
    }
    async with turn(store, collection_id):
        with STEP_SECONDS.labels("compare").time():
            return await with_others(_found(pairs, by_window))


def _likely(nearest: Mapping[Box, Sequence[Candidate]], version: int) -> list[_Pair]:
    """The pairs that are worth a closer look, of the candidates for each window."""
    pairs = [
        _Pair(window, candidate)
        for window, candidates in nearest.items()
        for candidate in candidates
        if calibrated(np.array(candidate.fingerprint.cosine), version) >= _LEAST_COSINE
        and candidate.fingerprint.quality >= POOR_QUALITY
    ]
    pairs.sort(key=lambda pair: -pair.candidate.fingerprint.cosine)
    chosen: set[Box] = set()
    likely: list[_Pair] = []
    # Two windows of each image come before the others of any.
    for places in (range(_WINDOWS_OF_IMAGE // 2), range(_WINDOWS_OF_IMAGE // 2, _WINDOWS_OF_IMAGE)):
        counts: Counter[str] = Counter()
        for pair in pairs:
            place = counts[pair.candidate.image_id]
            counts[pair.candidate.image_id] += 1
            if place in places and (pair.window in chosen or len(chosen) < _MOST_WINDOWS):
                chosen.add(pair.window)
                likely.append(pair)
    return likely


def _found(
    pairs: Sequence[_Pair], by_window: Mapping[Box, Fingerprint]
) -> Steps[list[tuple[Candidate, Match]]]:
    """Each image once, in the window in which it has the best score."""
    best: dict[str, tuple[Candidate, Match]] = {}
    for window, fingerprint in by_window.items():
        # A window without detail, as of sky, says nothing of the picture.
        if fingerprint.quality < POOR_QUALITY:
            continue
        candidates = [pair.candidate for pair in pairs if pair.window == window]
        for candidate, match in (yield from ranked(fingerprint, candidates, window)):
            before = best.get(candidate.image_id)
            if match.region is None or match.score < LOOK_ALIKE:
                continue
            if before is None or before[1].score < match.score:
                part = evolve(match, score=min(match.score, BEST_OF_PART))
                best[candidate.image_id] = candidate, part
    return list(best.values())
