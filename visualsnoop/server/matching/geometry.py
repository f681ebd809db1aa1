"""Places that two pictures have in common, in the same arrangement.

A copy that shows a part of a picture, or has it somewhere on a page, is not much like it as a
whole. But distinct places of the one are found in the other, all moved, turned and scaled alike.

Source: J. Philbin et al., "Object Retrieval with Large Vocabularies and Fast Spatial Matching"
(2007). Each pair of places that look alike says how the one picture would lie on the other, and all
other pairs vote on it.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from .keypoints import count_keypoints, poses, positions, read_keypoints

LEAST_COMMON = 5
"""So many places in common are no accident."""

# Two places look alike if so few of 128 bits differ, and clearly fewer than those of the next best
# place (Lowe's ratio).
_MOST_DIFFERING = 40
_RATIO = 0.75

# How far places may be from where they should be, in units of the query's longer side, and how much
# else turned (radians) and scaled.
_TOLERANCE = 0.02
_TURNED = 0.5
_SCALED = 1.6

_Keypoints: TypeAlias = NDArray[np.void]
_Complex: TypeAlias = NDArray[np.complexfloating[Any, Any]]
_Indices: TypeAlias = NDArray[np.intp]


@frozen
class Common:
    """What two pictures have in common.

    Attributes:
        count: How many places lie in both in the same arrangement; 0 if they are too few for one.
        share: Which share they are of the stored places that lie within the query, 0 to 1.
        turn: By what angle the query is turned, clockwise, in degrees from -180 to 180.
        is_mirrored: Whether the query was mirrored before it was turned.
    """

    count: int
    share: float
    turn: float
    is_mirrored: bool = False


NOTHING = Common(count=0, share=0.0, turn=0.0)


def common_places(query: bytes, others: Sequence[bytes]) -> list[Common]:
    """What a picture has in common with each of others.

    Args:
        query: The keypoints of the picture, as `find_keypoints` gives them.
        others: Those of the stored pictures.
    """
    results = [NOTHING] * len(others)
    places, stored = read_keypoints(query), read_keypoints(b"".join(others))
    if len(places) < LEAST_COMMON or len(stored) < LEAST_COMMON:
        return results
    owners = np.repeat(np.arange(len(others)), [count_keypoints(other) for other in others])
    which, match = _same(stored, places)
    placed, laid = _Arrangement.of(stored), _Arrangement.of(places)
    counts = np.bincount(owners[which], minlength=len(others))
    for index in np.flatnonzero(counts >= LEAST_COMMON):
        chosen = owners[which] == index
        results[index] = _agreement(
            placed.of_some(which[chosen]),
            laid.of_some(match[chosen]),
            placed.at[owners == index],
            laid.at,
        )
    return results


def _same(stored: _Keypoints, places: _Keypoints) -> tuple[_Indices, _Indices]:
    """Which of the stored places look like one of the query's alone, and like which."""
    differing = _differing(places, stored)
    least = differing.min(axis=0)
    # Most look like none of them.
    which = np.flatnonzero(least <= _MOST_DIFFERING)
    least, differing = least[which], differing[:, which]
    match = differing.argmin(axis=0)
    differing[match, np.arange(len(which))] = 255
    is_clear = least < _RATIO * differing.min(axis=0)
    return which[is_clear], match[is_clear]


def _differing(places: _Keypoints, others: _Keypoints) -> NDArray[np.uint8]:
    """How many bits of what describes them differ, for each of the one and each of the others."""
    words, other_words = (
        np.ascontiguousarray(each["bits"]).view(np.uint64).T for each in (places, others)
    )
    differing: NDArray[np.uint8] = sum(
        np.bitwise_count(word[:, np.newaxis] ^ other)
        for word, other in zip(words, other_words, strict=True)
    )
    return differing


@frozen
class _Arrangement:
    """Where places are and how they lie, as complex numbers."""

    at: _Complex
    lying: _Complex

    @classmethod
    def of(cls, keypoints: _Keypoints) -> "_Arrangement":
        return cls(positions(keypoints), poses(keypoints))

    def of_some(self, indices: _Indices) -> "_Arrangement":
        return _Arrangement(self.at[indices], self.lying[indices])


def _agreement(
    stored: _Arrangement, query: _Arrangement, all_stored: _Complex, all_query: _Complex
) -> Common:
    """On how many of the pairs of places one arrangement agrees.

    Args:
        stored, query: The two places of each pair.
        all_stored, all_query: Where all places of the two pictures are.
    """
    # Each pair says how the query lies on the stored picture, and so where all others should be.
    moves = query.lying / stored.lying
    expected = query.at[:, np.newaxis] + moves[:, np.newaxis] * (
        stored.at - stored.at[:, np.newaxis]
    )
    ratios = moves / moves[:, np.newaxis]
    lie_alike = (np.abs(np.angle(ratios)) < _TURNED) & (
        np.abs(np.log(np.abs(ratios))) < np.log(_SCALED)
    )
    votes = lie_alike & (np.abs(expected - query.at) < 2 * _TOLERANCE)
    best = votes.sum(axis=1).argmax()
    agreed = votes[best]
    for _ in range(2):
        if agreed.sum() < LEAST_COMMON:
            return NOTHING
        # Those who agree say it better than one of them: that allows for a stretch and a slant.
        mapping = _fitted(stored.at[agreed], query.at[agreed])
        agreed = lie_alike[best] & (np.abs(_mapped(stored.at, mapping) - query.at) < _TOLERANCE)
    count = min(_different(stored.at[agreed]), _different(query.at[agreed]))
    if count < LEAST_COMMON:
        return NOTHING
    visible = _within(_mapped(all_stored, mapping), all_query).sum()
    return Common(
        count=count,
        share=min(1.0, count / max(1, int(visible))),
        turn=float(np.degrees(np.angle(mapping[0]))),
    )


def _fitted(places: _Complex, onto: _Complex) -> _Complex:
    """The affine mapping z -> a z + b conj(z) + c that fits best."""
    mapping: _Complex = np.linalg.lstsq(_terms(places), onto, rcond=None)[0]
    return mapping


def _mapped(places: _Complex, mapping: _Complex) -> _Complex:
    return _terms(places) @ mapping


def _terms(places: _Complex) -> _Complex:
    return np.stack([places, places.conj(), np.ones_like(places)], axis=1)


def _different(places: _Complex) -> int:
    """How many of them are apart, for one place may be found in several sizes."""
    cells = (places / _TOLERANCE).view(float).reshape(-1, 2).astype(int)
    return len(np.unique(cells, axis=0))


def _within(places: _Complex, frame: _Complex) -> NDArray[np.bool_]:
    """Which of the places lie in the rectangle that others fill."""
    x, y = frame.real, frame.imag
    is_across: NDArray[np.bool_] = (places.real >= x.min()) & (places.real <= x.max())
    is_along: NDArray[np.bool_] = (places.imag >= y.min()) & (places.imag <= y.max())
    return is_across & is_along
