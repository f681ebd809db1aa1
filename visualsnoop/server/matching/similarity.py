"""How similar a picture is to stored ones, by their fingerprints.

`rank` is what every search runs, and `compare` is the same for two pictures. Whoever finds the
candidates, be it the database or a benchmark, gives their hashes and keypoints as deep as a
`Depth` says.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from attrs import frozen
from numpy.typing import NDArray
from visualsnoop_api.models.transform import KnownTransform as Transform

from .dihedral import TRANSFORMS, nearest_transforms, rotation_transform
from .fingerprint import Fingerprint, Floats
from .geometry import GeometricMatch, match_keypoints
from .keypoints import count_keypoints

POOR_QUALITY = 20
"""Below this quality a picture has next to no detail, and is similar only to what is the same."""

# The distance of two hashes, in bits of 256, at which it is even odds that one picture is a copy
# of the other, and how fast the odds change with it (measured by scripts/bench/quality.py).
_EVEN_DISTANCE = 64
_SPREAD = 6

# Pictures whose keypoints agree need not be the same: this is the best score by keypoints.
_BEST_BY_KEYPOINTS = 0.95

# So many of the nearest are looked at in a mirror as well: mirrored copies are among them, as
# embeddings hardly tell them from others.
_IN_MIRROR = 8

# What pictures with so many keypoints each that do not agree lose of their score.
_MANY_KEYPOINTS = 30
_UNSUPPORTED = 0.1

# A picture that is turned by so many degrees more or less still counts as upright.
_SLANT = 20

# Embeddings of pictures without detail differ by less than this if the pictures are not the same.
_POOR_COSINE = 0.95

_Scores: TypeAlias = NDArray[np.float64]
_Bits: TypeAlias = NDArray[np.bool_]


@frozen
class Depth:
    """How many stored images are compared with a query by more than their embeddings.

    Attributes:
        hashes: Of how many of the nearest the hashes are compared: they find what embeddings are
            unsure of, as pictures that are blurred and turned.
        keypoints: Of how many of these the keypoints are compared.
    """

    hashes: int
    keypoints: int


DEPTH = Depth(hashes=200, keypoints=32)
"""In most collections."""

DEPTH_OF_LARGE = Depth(hashes=64, keypoints=32)
"""In large ones, where each image costs a step of a walk through the index."""


@frozen
class CandidateFingerprint:
    """A stored picture whose embedding has been compared with that of a query.

    Attributes:
        cosine: The cosine of the two embeddings, -1 to 1.
        quality: As in `Fingerprint`.
        pdq, keypoints: As in `Fingerprint`; None where they are not to be compared.
    """

    cosine: float
    quality: int
    pdq: bytes | None = None
    keypoints: bytes | None = None


@frozen
class Match:
    """A stored picture that was compared with a query.

    Attributes:
        index: Its place among those that were compared.
        score: How similar it is, from 0 to 1; 1 is the same picture.
        transform: How the query was mirrored and turned, where that can be told.
    """

    index: int
    score: float
    transform: Transform


def compare(query: Fingerprint, stored: Fingerprint) -> Match:
    """Compare two pictures.

    With them exchanged, the score is the same and the transform the inverse.
    """
    cosine = float(cosines(query.embedding, stored.embedding[np.newaxis])[0])
    (match,) = rank(
        query, [CandidateFingerprint(cosine, stored.quality, stored.pdq, stored.keypoints)]
    )
    return match


def cosines(embedding: Floats, others: Floats) -> _Scores:
    """The cosines of an embedding with others, of shape (len(others), dimensions)."""
    one, rows = embedding.astype(np.float64), others.astype(np.float64)
    lengths = np.sqrt((one * one).sum() * (rows * rows).sum(axis=1))
    products: _Scores = (rows * one).sum(axis=1) / lengths
    return products


def rank(query: Fingerprint, candidates: Sequence[CandidateFingerprint]) -> list[Match]:
    """Compare a picture with candidates, given nearest embedding first; the best come first.

    Those that have a hash come first; the others are scored by the embedding alone. So if always
    as many have one, the results begin the same however many candidates there are: pages of
    results fit together.

    The score is the largest of three: the calibrated cosine of the embeddings, which sees through
    colours and what was added; a logistic function of the distance between the PDQ hashes, which
    sees through blur and, taken over the eight ways to mirror and turn a picture, through those;
    and one of the keypoints that agree, which shows that a picture is a part of the other.
    """
    if not candidates:
        return []
    cosine = np.array([candidate.cosine for candidate in candidates])
    is_hashed = np.array([candidate.pdq is not None for candidate in candidates])
    transforms, distances = _compare_hashes(query, candidates)
    matches = _compare_keypoints(query, candidates)
    scores = np.where(
        _are_poor(query, candidates),
        (cosine - _POOR_COSINE) / (1 - _POOR_COSINE),
        np.maximum.reduce(
            [
                _calibrated(cosine) - _UNSUPPORTED * _are_unsupported(query, candidates, matches),
                1 / (1 + np.exp((distances - _EVEN_DISTANCE) / _SPREAD)),
                _by_keypoints(matches, cosine),
            ]
        ),
    ).clip(0, 1)
    return [
        Match(
            index=int(index),
            score=round(float(scores[index]), 4),
            transform=_transform(int(transforms[index]), int(distances[index]), matches[index]),
        )
        for index in np.lexsort((-scores, ~is_hashed))
    ]


def _compare_hashes(
    query: Fingerprint, candidates: Sequence[CandidateFingerprint]
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """The nearest transform and its distance for each candidate, as `nearest_transforms` has them.

    Where a hash is not to be compared, it is as far away as can be.
    """
    transforms = np.zeros(len(candidates), np.intp)
    distances = np.full(len(candidates), 8 * len(query.pdq))
    hashes = {
        index: candidate.pdq
        for index, candidate in enumerate(candidates)
        if candidate.pdq is not None
    }
    compared = list(hashes)
    transforms[compared], distances[compared] = nearest_transforms(query.pdq, list(hashes.values()))
    return transforms, distances


def _compare_keypoints(
    query: Fingerprint, candidates: Sequence[CandidateFingerprint]
) -> list[GeometricMatch | None]:
    return [
        match_keypoints(query.keypoints, candidate.keypoints, look_in_mirror=index < _IN_MIRROR)
        if candidate.keypoints
        else None
        for index, candidate in enumerate(candidates)
    ]


def _calibrated(cosine: _Scores) -> _Scores:
    """Cosines as scores: 0.7 from where they tell copies, 0.4 from where they tell look-alikes.

    Those cosines, 0.75 and 0.5, were measured with the shipped model by scripts/bench/quality.py.
    """
    scores: _Scores = np.maximum(0.8 * cosine, 1.2 * cosine - 0.2)
    return scores


def _are_unsupported(
    query: Fingerprint,
    candidates: Sequence[CandidateFingerprint],
    matches: Sequence[GeometricMatch | None],
) -> _Bits:
    """Which candidates do not agree with the query, though both have many keypoints.

    What is farther away than what was compared counts as such, or it could get a higher score.
    """
    if count_keypoints(query.keypoints) < _MANY_KEYPOINTS:
        return np.zeros(len(candidates), bool)
    return np.array(
        [
            match is None
            and (
                candidate.keypoints is None
                or count_keypoints(candidate.keypoints) >= _MANY_KEYPOINTS
            )
            for candidate, match in zip(candidates, matches, strict=True)
        ]
    )


def _by_keypoints(matches: Sequence[GeometricMatch | None], cosine: _Scores) -> _Scores:
    """Scores by the keypoints that agree.

    Those of different pictures do as well if they show the same caption, or stand in the same
    screenshot. These are few of all keypoints, and the rest of the pictures is not alike: so it
    counts which share they are, and the cosine (weights fitted to such pictures and to copies).
    """
    ratios = np.array([match.inlier_ratio if match else 0.0 for match in matches])
    scores: _Scores = _BEST_BY_KEYPOINTS / (1 + np.exp(8 - 16 * ratios - 9 * cosine))
    scores[ratios == 0] = 0
    return scores


def _are_poor(query: Fingerprint, candidates: Sequence[CandidateFingerprint]) -> _Bits:
    qualities = np.array([min(query.quality, candidate.quality) for candidate in candidates])
    return qualities < POOR_QUALITY


def _transform(by_hash: int, distance: int, match: GeometricMatch | None) -> Transform:
    if distance <= _EVEN_DISTANCE:
        return TRANSFORMS[by_hash]
    # Of a part of a picture the hash tells nothing, but the keypoints do.
    if match is None:
        return "unknown"
    quarters = round(match.rotation / 90)
    if abs(match.rotation - 90 * quarters) > _SLANT:
        return "unknown"
    return rotation_transform(quarters, is_mirrored=match.is_mirrored)
