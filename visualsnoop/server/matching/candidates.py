"""The candidates of a search: stored pictures whose embeddings are nearest to that of a query."""

from typing import NamedTuple

from attrs import frozen


@frozen
class Depth:
    """How many stored images are compared with a query by more than their embeddings.

    Attributes:
        hashes: Of how many of the nearest the hashes are compared: they find what embeddings are
            unsure of, as pictures that are blurred and turned.
        keypoints: Of how many of these the keypoints are compared, and the detail.
    """

    hashes: int
    keypoints: int


DEPTH = Depth(hashes=200, keypoints=32)
"""In most collections."""

DEPTH_OF_WALK = Depth(hashes=64, keypoints=32)
"""In large ones, where each image costs steps of a walk through the index."""


class CandidateFingerprint(NamedTuple):
    """A stored picture whose embedding has been compared with that of a query.

    Attributes:
        cosine: The cosine of the two embeddings, -1 to 1.
        quality: As in `Fingerprint`.
        pdq, keypoints, detail: As in `Fingerprint`; None where they are not to be compared.
    """

    cosine: float
    quality: int
    pdq: bytes | None = None
    keypoints: bytes | None = None
    detail: bytes | None = None
