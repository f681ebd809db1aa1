"""A preliminary comparison with many pictures: by their embeddings, hashes and keypoints."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from attrs import frozen
from numpy.typing import NDArray
from visualsnoop_api.models.transform import KnownTransform as Transform

from .calibration import calibrated
from .candidates import CandidateFingerprint
from .dihedral import TRANSFORMS, nearest_transforms, rotation_transform
from .fingerprint import Fingerprint
from .geometry import GeometricMatch, match_several
from .keypoints import count_keypoints
from .scores import EVEN_DISTANCE, Scores, by_embedding, by_hash, by_keypoints
from .steps import Steps

POOR_QUALITY = 20
"""Below this quality a picture has next to no detail, and is similar only to what is the same."""

# The keypoints of so many are compared at once. The first, which are nearest, are looked at in a
# mirror as well: mirrored copies are among them, as embeddings hardly tell them from others.
_AT_ONCE = 8

# Pictures with so many keypoints each should agree in some.
_MANY_KEYPOINTS = 30

# A picture that is turned by so many degrees more or less still counts as upright.
_SLANT = 20

# Embeddings of pictures without detail differ by less than this if the pictures are not the same.
_POOR_COSINE = 0.95

_Bits: TypeAlias = NDArray[np.bool_]


@frozen(eq=False)
class Preliminary:
    """A picture compared with candidates by everything but detail.

    Attributes:
        scores: How similar each of them is, 0 to 1, of shape (len(candidates),).
        scores_by_hash: The same by the hashes alone.
        is_flat: Which of them, or the query, have next to no detail, of the same shape.
        hash_transforms: How the query was mirrored and turned as a whole, by the hashes: indexes
            of `TRANSFORMS`.
        hash_distances: In how many bits of 256 the hashes differ then; all where there is none.
        keypoint_matches: How the keypoints agree, where they do.
        have_keypoints: Which of them have many keypoints, as the query has.
    """

    scores: Scores
    scores_by_hash: Scores
    is_flat: _Bits
    hash_transforms: NDArray[np.intp]
    hash_distances: NDArray[np.int64]
    keypoint_matches: Sequence[GeometricMatch | None]
    have_keypoints: _Bits

    def transform(self, index: int) -> Transform:
        """How the query was mirrored and turned to be what a candidate is, or a part of it."""
        if self.hash_distances[index] <= EVEN_DISTANCE:
            return TRANSFORMS[int(self.hash_transforms[index])]
        # Of a part of a picture the hash tells nothing, but the keypoints do.
        match = self.keypoint_matches[index]
        if match is None:
            return "unknown"
        quarters = round(match.rotation / 90)
        if abs(match.rotation - 90 * quarters) > _SLANT:
            return "unknown"
        return rotation_transform(quarters, is_mirrored=match.is_mirrored)


def compare_roughly(
    query: Fingerprint, candidates: Sequence[CandidateFingerprint]
) -> Steps[Preliminary]:
    """Compare a picture with candidates by their embeddings, hashes and keypoints, in steps.

    The score is the largest of three: the calibrated cosine of the embeddings, which sees through
    colours and what was added; a logistic function of the distance between the PDQ hashes, which
    sees through blur and, taken over the eight ways to mirror and turn a picture, through those;
    and one of the keypoints that agree, which shows that a picture is a part of the other.
    """
    cosine = calibrated(
        np.array([candidate.cosine for candidate in candidates], np.float64), query.version
    )
    transforms, distances = _compare_hashes(query, candidates)
    matches = yield from _compare_keypoints(query, candidates)
    have_keypoints = _have_keypoints(query, candidates)
    is_unmatched = np.array([match is None for match in matches])
    qualities = np.array([candidate.quality for candidate in candidates])
    is_flat = np.minimum(query.quality, qualities) < POOR_QUALITY
    scores = np.where(
        is_flat,
        (cosine - _POOR_COSINE) / (1 - _POOR_COSINE),
        np.maximum.reduce(
            [
                by_embedding(cosine, have_keypoints & is_unmatched),
                by_hash(distances),
                by_keypoints(matches, cosine),
            ]
        ),
    ).clip(0, 1)
    return Preliminary(
        scores=scores,
        scores_by_hash=by_hash(distances),
        is_flat=is_flat,
        hash_transforms=transforms,
        hash_distances=distances,
        keypoint_matches=matches,
        have_keypoints=have_keypoints,
    )


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
) -> Steps[list[GeometricMatch | None]]:
    matches: list[GeometricMatch | None] = [None] * len(candidates)
    keypoints = [candidate.keypoints or b"" for candidate in candidates]
    for start in range(0, len(candidates), _AT_ONCE):
        others = keypoints[start : start + _AT_ONCE]
        if any(others):
            matches[start : start + _AT_ONCE] = yield from match_several(
                query.keypoints, others, look_in_mirror=start == 0
            )
    return matches


def _have_keypoints(query: Fingerprint, candidates: Sequence[CandidateFingerprint]) -> _Bits:
    """Which candidates have many keypoints, if the query has.

    What is farther away than what was compared counts as such, or it could get a higher score.
    """
    if count_keypoints(query.keypoints) < _MANY_KEYPOINTS:
        return np.zeros(len(candidates), bool)
    return np.array(
        [
            candidate.keypoints is None or count_keypoints(candidate.keypoints) >= _MANY_KEYPOINTS
            for candidate in candidates
        ]
    )
