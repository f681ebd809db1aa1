"""How similar two pictures are, by their fingerprints."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray
from visualsnoop_api.models.transform import KnownTransform as Transform

from .fingerprint import Fingerprint
from .geometry import Common, common_places
from .keypoints import STORED_BYTES, count_keypoints, mirrored

CANDIDATES = 200
"""How many stored images are compared by their hashes as well: those whose embeddings are nearest
to the query's. Hashes find what embeddings are unsure of, as pictures that are blurred and turned.
"""

CANDIDATES_OF_LARGE = 64
"""The same in large collections, where each of them costs a step of a walk through the index."""

PLACED = 32
"""How many of these are compared by their keypoints, too."""

POOR_QUALITY = 20
"""Below this quality a picture has next to no detail, and is similar only to what is the same."""

# The distance of two hashes, in bits of 256, at which it is even odds that one picture is a copy
# of the other, and how fast the odds change with it (measured by scripts/bench/quality.py).
_EVEN_DISTANCE = 64
_SPREAD = 6
_FARTHEST = 256

# What has places in common need not be the same picture: this is the best score that it can have.
_PART = 0.95

# So many of the nearest are looked at in a mirror as well: mirrored copies are among them, as
# embeddings hardly tell them from others.
_IN_MIRROR = 8

# What pictures with so many places each that have none in common lose of their score.
_MANY_PLACES = 30
_UNSUPPORTED = 0.1

# A picture that is turned by so many degrees more or less still counts as upright.
_SLANT = 20

# Embeddings of pictures without detail differ by less than this if the pictures are not the same.
_POOR_COSINE = 0.95

Bits: TypeAlias = NDArray[np.bool_]


@frozen
class Compared:
    """A stored fingerprint whose embedding has been compared with that of a query.

    Attributes:
        cosine: The cosine of the two embeddings, -1 to 1.
        quality: As in `Fingerprint`.
        pdq, keypoints: As in `Fingerprint`; empty where they are not to be compared.
    """

    cosine: float
    quality: int
    pdq: bytes = b""
    keypoints: bytes = b""


@frozen
class Match:
    """A stored image that was compared with a query.

    Attributes:
        index: Its place among those that were compared.
        score: How similar it is, from 0 to 1; 1 is the same picture.
        transform: How the query was mirrored and turned, where that can be told.
    """

    index: int
    score: float
    transform: Transform


def rank(query: Fingerprint, others: Sequence[Fingerprint]) -> list[Match]:
    """Compare a picture with others, best first, as with the images of a small collection."""
    if not others:
        return []
    cosines = np.stack([other.embedding for other in others]) @ query.embedding
    nearest = np.argsort(-cosines, kind="stable").tolist()
    compared = [
        Compared(
            float(cosines[index]),
            others[index].quality,
            others[index].pdq if place < CANDIDATES else b"",
            others[index].keypoints[:STORED_BYTES] if place < PLACED else b"",
        )
        for place, index in enumerate(nearest)
    ]
    matches = rank_compared(query, compared)
    return [evolve(match, index=nearest[match.index]) for match in matches]


def rank_compared(query: Fingerprint, others: Sequence[Compared]) -> list[Match]:
    """Compare a picture with others, whose embeddings have been compared already, best first.

    Those that have a hash come first; the others are scored by the embedding alone. So if they are
    given nearest embedding first, and always as many with a hash, then the results that they begin
    with are the same however many there are: pages of results fit together.

    The score is the largest of three: the calibrated cosine of the embeddings, which sees through
    colours and what was added; a logistic function of the distance between the PDQ hashes, which
    sees through blur and, taken over the eight ways to mirror and turn a picture, through those;
    and one of the places in common, which shows that a picture is a part of the other.
    """
    if not others:
        return []
    cosines = np.array([other.cosine for other in others])
    # Any hash stands in for those that are missing: it counts for nothing.
    distances = hash_distances(query.pdq, [other.pdq or bytes(32) for other in others])
    is_later = np.array([not other.pdq for other in others])
    distances[is_later] = _FARTHEST
    ways, least = distances.argmin(axis=1), distances.min(axis=1)
    by_hash = 1 / (1 + np.exp((least - _EVEN_DISTANCE) / _SPREAD))
    common = _common(query, others)
    scores = np.where(
        _are_poor(query, others),
        (cosines - _POOR_COSINE) / (1 - _POOR_COSINE),
        np.maximum.reduce(
            [
                _calibrated(cosines) - _UNSUPPORTED * _are_unsupported(query, others, common),
                by_hash,
                _by_places(common, cosines),
            ]
        ),
    ).clip(0, 1)
    return [
        Match(
            index=int(index),
            score=round(float(scores[index]), 4),
            transform=_transform(int(ways[index]), int(least[index]), common[index]),
        )
        for index in np.lexsort((-scores, is_later))
    ]


def _calibrated(cosines: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cosines as scores: 0.7 from where they tell copies, 0.4 from where they tell look-alikes.

    Those cosines, 0.75 and 0.5, were measured with the shipped model by scripts/bench/quality.py.
    """
    scores: NDArray[np.float64] = np.maximum(0.8 * cosines, 1.2 * cosines - 0.2)
    return scores


def _common(query: Fingerprint, others: Sequence[Compared]) -> list[Common]:
    """What the query has in common with each of the others, as it is or mirrored."""
    common = common_places(query.keypoints, [other.keypoints for other in others])
    in_mirror = common_places(
        mirrored(query.keypoints), [other.keypoints for other in others[:_IN_MIRROR]]
    )
    for index, found in enumerate(in_mirror):
        if found.count > common[index].count:
            # What was turned to the right is turned to the left in a mirror.
            common[index] = evolve(found, is_mirrored=True, turn=-found.turn)
    return common


def _are_unsupported(
    query: Fingerprint, others: Sequence[Compared], common: Sequence[Common]
) -> Bits:
    """Which of the others have nothing in common with the query, though both have many places.

    What is farther away than what was compared counts as such, or it could get a higher score.
    """
    if count_keypoints(query.keypoints) < _MANY_PLACES:
        return np.zeros(len(others), bool)
    counts = np.array([count_keypoints(other.keypoints) for other in others])
    has_none = np.array([each.count == 0 for each in common])
    unsupported: Bits = has_none & ((counts == 0) | (counts >= _MANY_PLACES))
    return unsupported


def _by_places(common: Sequence[Common], cosines: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores by what pictures have in common.

    Different pictures have places in common as well if they show the same caption, or stand in the
    same screenshot. These are few of all places, and the rest of the pictures is not alike: so it
    counts which share they are, and the cosine (weights fitted to such pictures and to copies).
    """
    shares = np.array([each.share for each in common])
    scores: NDArray[np.float64] = _PART / (1 + np.exp(8 - 16 * shares - 9 * cosines))
    scores[shares == 0] = 0
    return scores


def _are_poor(query: Fingerprint, others: Sequence[Compared]) -> Bits:
    qualities = np.array([min(query.quality, other.quality) for other in others])
    return qualities < POOR_QUALITY


def _transform(way: int, distance: int, common: Common) -> Transform:
    if distance <= _EVEN_DISTANCE:
        return _TRANSFORMS[way]
    # Of a part of a picture the hash tells nothing, but the places do.
    quarters = round(common.turn / 90)
    if common.count == 0 or abs(common.turn - 90 * quarters) > _SLANT:
        return "unknown"
    return (_MIRRORED_TURNS if common.is_mirrored else _TURNS)[quarters % 4]


def hash_distances(pdq: bytes, others: Sequence[bytes]) -> NDArray[np.int64]:
    """How many bits hashes differ in, for each way to mirror and turn the one picture.

    Args:
        pdq: A PDQ hash, 32 bytes.
        others: The hashes to compare it with.

    Returns:
        Numbers of bits, 0 to 256, of shape (len(others), 8).
    """
    stored = np.frombuffer(b"".join(others), np.uint8).reshape(-1, 1, 32)
    differing = np.bitwise_count(transposed_hashes(pdq) ^ stored)
    distances: NDArray[np.int64] = differing.sum(axis=2, dtype=np.int64)
    return distances


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

# What the query is if its hash, changed in each of the eight ways, is that of the stored image.
_TRANSFORMS: tuple[Transform, ...] = (
    "none",
    "mirrored",
    "mirrored_rotated_180",
    "rotated_180",
    "mirrored_rotated_270",
    "rotated_270",
    "rotated_90",
    "mirrored_rotated_90",
)

# What the query is if it was turned clockwise by so many quarters, or mirrored before.
_TURNS: tuple[Transform, ...] = ("none", "rotated_90", "rotated_180", "rotated_270")
_MIRRORED_TURNS: tuple[Transform, ...] = (
    "mirrored",
    "mirrored_rotated_90",
    "mirrored_rotated_180",
    "mirrored_rotated_270",
)
