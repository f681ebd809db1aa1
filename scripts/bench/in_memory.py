"""A collection without a database, searched as the service searches one."""

from collections.abc import Sequence

import numpy as np
from attrs import evolve

from visualsnoop.server.matching.fingerprint import Fingerprint
from visualsnoop.server.matching.keypoints import STORED_BYTES
from visualsnoop.server.matching.similarity import (
    DEPTH,
    CandidateFingerprint,
    Match,
    cosines,
    rank,
)


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

    def _candidate(self, index: int, cosine: float, place: int) -> CandidateFingerprint:
        fingerprint = self._stored[index]
        return CandidateFingerprint(
            cosine,
            fingerprint.quality,
            fingerprint.pdq if place < DEPTH.hashes else None,
            fingerprint.keypoints if place < DEPTH.keypoints else None,
            fingerprint.detail if place < DEPTH.keypoints else None,
        )


def as_stored(fingerprint: Fingerprint) -> Fingerprint:
    """What the service gets back of a fingerprint that it has stored."""
    return evolve(
        fingerprint,
        embedding=fingerprint.embedding.astype(np.float16).astype(np.float32),
        keypoints=fingerprint.keypoints[:STORED_BYTES],
    )
