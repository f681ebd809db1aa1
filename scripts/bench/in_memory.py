"""A collection without a database, searched as the service searches one."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import UTC, datetime

import numpy as np
from attrs import evolve
from PIL import Image

from visualsnoop.server.matching.fingerprint import Fingerprint
from visualsnoop.server.matching.fingerprinter import Fingerprinter
from visualsnoop.server.matching.keypoints import STORED_BYTES
from visualsnoop.server.matching.panels import find_panels
from visualsnoop.server.matching.similarity import (
    DEPTH,
    CandidateFingerprint,
    Match,
    cosines,
    rank,
)
from visualsnoop.server.matching.windows import Box, window
from visualsnoop.server.storage.images import Candidate
from visualsnoop.server.windowed_search import find_in_windows


class InMemoryCollection:
    """Pictures that are searched by what `rank` makes of the nearest of them.

    Args:
        fingerprints: The fingerprints of the pictures. As much is kept of them as the service
            stores.
    """

    def __init__(self, fingerprints: Sequence[Fingerprint]) -> None:
        self._stored = [as_stored(fingerprint) for fingerprint in fingerprints]
        self._embeddings = np.stack([fingerprint.embedding for fingerprint in self._stored])

    def search(self, query: Fingerprint) -> list[Match]:
        """The pictures, best first; `Match.index` is the place of each among the fingerprints."""
        cosine = cosines(query.embedding, self._embeddings)
        nearest = np.argsort(-cosine, kind="stable").tolist()
        matches = rank(
            query,
            [
                self._candidate(index, float(cosine[index]), place)
                for place, index in enumerate(nearest)
            ],
        )
        return [evolve(match, index=nearest[match.index]) for match in matches]

    def search_turn(self, collection_id: str) -> AbstractAsyncContextManager[None]:
        """It is always the turn of a collection in memory."""
        return nullcontext()

    async def has_images(self, collection_id: str, version: int, least_quality: int) -> bool:
        """As `ImageStore.has_images`."""
        return any(
            stored.version == version and stored.quality >= least_quality for stored in self._stored
        )

    async def nearest(self, collection_id: str, query: Fingerprint, count: int) -> list[Candidate]:
        """As `ImageStore.nearest`; the place of a picture is its ID."""
        cosine = cosines(query.embedding, self._embeddings)
        return [
            Candidate(str(index), _TIME, self._candidate(index, float(cosine[index]), 0))
            for index in np.argsort(-cosine, kind="stable")[:count].tolist()
        ]

    def _candidate(self, index: int, cosine: float, place: int) -> CandidateFingerprint:
        fingerprint = self._stored[index]
        return CandidateFingerprint(
            cosine,
            fingerprint.quality,
            fingerprint.pdq if place < DEPTH.hashes else None,
            fingerprint.keypoints if place < DEPTH.keypoints else None,
            fingerprint.detail if place < DEPTH.keypoints else None,
        )


def find_with_parts(
    collection: InMemoryCollection, picture: Image.Image, fingerprinter: Fingerprinter
) -> list[Match]:
    """The pictures that a picture, as `decode` gives it, shows, as the service finds them."""

    async def of_windows(windows: Sequence[Box], *, embeddings: bool) -> Mapping[Box, Fingerprint]:
        panels = find_panels(picture) if embeddings else []
        return {
            box: fingerprinter.fingerprint_of_window(
                window(picture, box), embedding=embeddings, rest=not embeddings
            )
            for box in (*windows, *panels)
        }

    matches = collection.search(fingerprinter.fingerprint(picture))
    if not matches[0].is_copy_of_whole:
        parts = asyncio.run(find_in_windows(collection, "", fingerprinter.version, of_windows))
        matches += [evolve(match, index=int(image.image_id)) for image, match in parts]
    best: dict[int, Match] = {}
    for match in sorted(matches, key=lambda match: -match.score):
        best.setdefault(match.index, match)
    return list(best.values())


_TIME = datetime(2000, 1, 1, tzinfo=UTC)


def as_stored(fingerprint: Fingerprint) -> Fingerprint:
    """What the service gets back of a fingerprint that it has stored."""
    return evolve(
        fingerprint,
        embedding=fingerprint.embedding.astype(np.float16).astype(np.float32),
        keypoints=fingerprint.keypoints[:STORED_BYTES],
    )
