"""How similar two pictures are, by their fingerprints."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from .fingerprint import Fingerprint

CANDIDATES = 100
"""How many stored images are compared in full: those whose embeddings are nearest to the query's.
Embeddings hardly ever leave a copy out; the hash then finds what they are least sure of."""

Bits: TypeAlias = NDArray[np.bool_]

# Half of a hash distance of 64 bits in 256 is chance, and few unrelated pictures come so near
# (measured by scripts/quality.py).
_CHANCE_DISTANCE = 64
_SPREAD = 6


@frozen
class Match:
    """A stored image that was compared with a query.

    Attributes:
        index: Its place among those that were compared.
        score: How similar it is, from 0 to 1; 1 is the same picture.
    """

    index: int
    score: float


def rank(query: Fingerprint, others: Sequence[Fingerprint]) -> list[Match]:
    """Compare a picture with others, best first.

    The score is the larger of two: the cosine of the embeddings, which sees through crops and
    what was added, and a logistic function of the distance between the PDQ hashes, which sees
    through blur and, taken over the eight ways to mirror and turn a picture, through those.
    """
    if not others:
        return []
    cosines = np.stack([other.embedding for other in others]) @ query.embedding
    distances = hash_distances(query.pdq, [other.pdq for other in others])
    by_hash = 1 / (1 + np.exp((distances - _CHANCE_DISTANCE) / _SPREAD))
    scores = np.maximum(cosines, by_hash).clip(0, 1)
    order = np.argsort(-scores, kind="stable")
    return [Match(index=int(index), score=float(scores[index])) for index in order]


def hash_distances(pdq: bytes, others: Sequence[bytes]) -> NDArray[np.int64]:
    """How many bits hashes differ in, at the least over the ways to mirror and turn the picture.

    Args:
        pdq: A PDQ hash, 32 bytes.
        others: The hashes to compare it with.

    Returns:
        The number of bits for each of the others, 0 to 256, of shape (len(others),).
    """
    variants = transposed_hashes(pdq)
    stored = np.frombuffer(b"".join(others), np.uint8).reshape(-1, 1, 32)
    differing = np.bitwise_count(variants ^ stored).sum(axis=2, dtype=np.int64)
    nearest: NDArray[np.int64] = differing.min(axis=1)
    return nearest


def transposed_hashes(pdq: bytes) -> NDArray[np.uint8]:
    """The hashes that the eight ways to mirror and turn a picture would give, of shape (8, 32).

    A hash has one bit for each of 16 x 16 coefficients of a cosine transform: is it over the
    median? Mirroring a picture changes the sign of every other column (or row) of them, and
    turning it exchanges rows and columns. As the median is near 0, a changed sign is a changed
    bit. The result differs from a hash of the turned picture in about 7 bits of 256.
    """
    bits = np.unpackbits(np.frombuffer(pdq, np.uint8)).reshape(16, 16).astype(bool)
    variants = [
        turned ^ mirror
        for turned in (bits, bits.T)
        for mirror in (_NOTHING, _COLUMNS, _ROWS, _COLUMNS ^ _ROWS)
    ]
    return np.packbits(np.stack(variants).reshape(8, 256), axis=1)


_ODD = np.arange(16) % 2 == 1
_NOTHING: Bits = np.zeros((16, 16), bool)
_COLUMNS: Bits = np.broadcast_to(_ODD, (16, 16))
_ROWS: Bits = _COLUMNS.T
