"""Geometric verification: keypoints of two pictures that agree on how one lies on the other.

A copy that shows a part of a picture, or has it somewhere on a page, is not much like it as a
whole. But keypoints of the one are found in the other, all moved, turned and scaled alike.

Source: J. Philbin et al., "Object Retrieval with Large Vocabularies and Fast Spatial Matching"
(2007). As keypoints have a size and an orientation, each pair of them that look alike is a
hypothesis of how the one picture lies on the other. All other pairs vote on it, and an affine
mapping is fitted to those that agree with the best one.

This is written by hand because OpenCV has no such thing: its matcher with RANSAC
(`estimateAffinePartial2D`), which looks at the positions of keypoints only, found 3 copies more,
and 92 false ones where this has none.
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any, TypeAlias

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

from .keypoints import count_keypoints, mirrored, poses, positions, read_keypoints
from .steps import Steps, finish

LEAST_INLIERS = 5
"""So many keypoints that agree are no accident."""

# Two keypoints look alike if so few of 128 bits differ, and clearly fewer than those of the next
# best one (Lowe's ratio).
_MOST_DIFFERING = 40
_RATIO = 0.75
_NEAR = (np.arange(129) / _RATIO).astype(np.uint8)  # by the bits in which the best one differs

# How far keypoints may be from where they should be, in units of the query's longer side, and how
# much else turned (radians) and scaled.
_TOLERANCE = 0.02
_TURNED = 0.5
_SCALED = 1.6

# An affine mapping that stretches more than threefold was fitted to keypoints on a line.
_MOST_STRETCH = 0.5  # of |b| to |a|

_Keypoints: TypeAlias = NDArray[np.void]
_Complex: TypeAlias = NDArray[np.complexfloating[Any, Any]]


@frozen(eq=False)
class GeometricMatch:
    """How a picture lies on another one, by the keypoints that agree on it.

    Attributes:
        inliers: How many keypoints agree.
        inlier_ratio: Which share they are of the keypoints in the part that both pictures show, 0
            to 1.
        mapping: The affine mapping of the query onto the stored picture, of shape (2, 3): a point
            (x, y) of the query is at mapping @ (x, y, 1). Both count from the upper left corner,
            in units of the longer side of their picture.
        rotation: By what angle the query is turned, clockwise, in degrees from -180 to 180.
        is_mirrored: Whether the query was mirrored before it was turned.
    """

    inliers: int
    inlier_ratio: float
    mapping: NDArray[np.float64]
    rotation: float
    is_mirrored: bool = False

    def inverse(self) -> "GeometricMatch":
        """How the stored picture lies on the query."""
        linear = np.linalg.inv(self.mapping[:, :2])
        return evolve(
            self,
            mapping=np.column_stack([linear, -linear @ self.mapping[:, 2]]),
            # Turned back; but a mirrored picture is brought back by what it was made by.
            rotation=self.rotation if self.is_mirrored else -self.rotation,
        )


def match_keypoints(
    query: bytes, stored: bytes, *, look_in_mirror: bool = False
) -> GeometricMatch | None:
    """How a picture lies on a stored one; None if the keypoints do not agree on that.

    With the pictures exchanged, the result is the inverse.

    Args:
        query: The keypoints of the picture, as `detection.find_keypoints` gives them.
        stored: Those of the stored picture.
        look_in_mirror: Whether to see as well if the one is mirrored.
    """
    (match,) = finish(match_several(query, [stored], look_in_mirror=look_in_mirror))
    return match


def match_several(
    query: bytes, others: Sequence[bytes], *, look_in_mirror: bool = False
) -> Steps[list[GeometricMatch | None]]:
    """How a picture lies on each of several stored ones, as `match_keypoints` has it, in steps.

    Most have not enough keypoints in common, and of several at once that is known in the time of a
    match or two. (Of many at once, what is computed would not fit into the processor's cache.)
    """
    matches: list[GeometricMatch | None] = [None] * len(others)
    stored = read_keypoints(b"".join(others))
    ends = list(accumulate(count_keypoints(other) for other in others))
    for is_mirrored in (False, True) if look_in_mirror else (False,):
        yield
        seen = mirrored(query) if is_mirrored else query
        differing = _differing_bits(read_keypoints(seen), stored)
        for index, (start, end) in enumerate(pairwise([0, *ends])):
            other, own = others[index], differing[:, start:end]
            is_exchanged = _is_laid_on(query, other)
            pairs = _look_alikes(own.T if is_exchanged else own)
            if pairs is None:
                continue
            yield
            one, other = (other, query) if is_exchanged else (query, other)
            match = _match(mirrored(one) if is_mirrored else one, other, *pairs)
            known = matches[index]
            if match is None or (known and known.inliers >= match.inliers):
                continue
            match = _out_of_mirror(match) if is_mirrored else match
            matches[index] = match.inverse() if is_exchanged else match
    return matches


def _is_laid_on(query: bytes, stored: bytes) -> bool:
    """Whether the keypoints of a query are looked for among those of a stored picture.

    It is always the same of the two, whichever is the query: that of which fewer are known.
    """
    return (len(stored), stored) > (len(query), query)


def _out_of_mirror(match: GeometricMatch) -> GeometricMatch:
    """The match of a query whose mirrored keypoints were matched."""
    # As `keypoints.mirrored` has it, x is 1 - x there.
    (xx, xy, x), (yx, yy, y) = match.mapping
    return evolve(
        match,
        mapping=np.array([[-xx, xy, x + xx], [-yx, yy, y + yx]]),
        # What was turned to the right is turned to the left in a mirror.
        rotation=-match.rotation,
        is_mirrored=True,
    )


def _match(
    query: bytes, stored: bytes, alike: NDArray[np.intp], other_alike: NDArray[np.intp]
) -> GeometricMatch | None:
    """How a picture lies on another one, by pairs of their keypoints that look alike."""
    keypoints, others = read_keypoints(query), read_keypoints(stored)
    at, other_at = positions(keypoints), positions(others)
    moves = poses(keypoints[alike]) / poses(others[other_alike])
    fitted = _vote(other_at[other_alike], at[alike], moves)
    if fitted is None:
        return None
    mapping, inliers = fitted
    visible = _within(_mapped(other_at, mapping), at).sum()
    return GeometricMatch(
        inliers=inliers,
        inlier_ratio=min(1.0, inliers / max(1, int(visible))),
        mapping=_inverse_matrix(mapping),
        rotation=float(np.degrees(np.angle(mapping[0]))),
    )


def _look_alikes(
    differing: NDArray[np.uint8],
) -> tuple[NDArray[np.intp], NDArray[np.intp]] | None:
    """Which keypoints of others look like one of a picture alone, after that one.

    Args:
        differing: How many bits of the descriptors differ, a row for each of the picture's.

    Returns:
        The rows, and the columns; None where they are too few.
    """
    if min(differing.shape) < LEAST_INLIERS:
        return None
    least = differing.min(axis=0)
    # Those that are not clearly less alike than the most alike, which is one of them.
    is_near = differing <= _NEAR[least]
    is_alone = is_near.sum(axis=0, dtype=np.uint16) == 1
    (columns,) = (is_alone & (least <= _MOST_DIFFERING)).nonzero()
    if len(columns) < LEAST_INLIERS:
        return None
    return differing[:, columns].argmin(axis=0), columns


def _differing_bits(keypoints: _Keypoints, others: _Keypoints) -> NDArray[np.uint8]:
    """How many bits of the descriptors differ, of shape (len(keypoints), len(others))."""
    words = np.ascontiguousarray(keypoints["bits"]).view(np.uint64)
    # The rows of the result are computed in one go each.
    other_words = np.ascontiguousarray(np.ascontiguousarray(others["bits"]).view(np.uint64).T)
    differing: NDArray[np.uint8] = np.bitwise_count(words[:, :1] ^ other_words[0])
    differing += np.bitwise_count(words[:, 1:] ^ other_words[1])
    return differing


def _vote(stored: _Complex, query: _Complex, moves: _Complex) -> tuple[_Complex, int] | None:
    """The mapping on which most pairs of keypoints agree, and how many do.

    Args:
        stored, query: The positions of the two keypoints of each pair.
        moves: How the query is scaled and turned by each pair, as complex numbers.

    Returns:
        The mapping of the stored picture onto the query, as `_fitted` gives it.
    """
    # Each pair says where the keypoints of all others should be.
    expected = query[:, np.newaxis] + moves[:, np.newaxis] * (stored - stored[:, np.newaxis])
    ratios = moves / moves[:, np.newaxis]
    scales = np.abs(ratios)
    move_alike = (
        (ratios.real > np.cos(_TURNED) * scales) & (scales < _SCALED) & (scales > 1 / _SCALED)
    )
    votes = move_alike & (np.abs(expected - query) < 2 * _TOLERANCE)
    best = votes.sum(axis=1).argmax()
    agreed = votes[best]
    for _ in range(2):
        if agreed.sum() < LEAST_INLIERS:
            return None
        # Those who agree say it better than one of them: that allows for a stretch and a slant.
        mapping = _fitted(stored[agreed], query[agreed])
        agreed = move_alike[best] & (np.abs(_mapped(stored, mapping) - query) < _TOLERANCE)
    inliers = min(_count_apart(stored[agreed]), _count_apart(query[agreed]))
    return (mapping, inliers) if inliers >= LEAST_INLIERS else None


def _fitted(points: _Complex, onto: _Complex) -> _Complex:
    """The affine mapping z -> a z + b conj(z) + c that fits best, as (a, b, c)."""
    mapping: _Complex = np.linalg.lstsq(_terms(points), onto, rcond=None)[0]
    a, b, _ = mapping
    if abs(b) > _MOST_STRETCH * abs(a):
        terms = np.stack([points, np.ones_like(points)], axis=1)
        a, c = np.linalg.lstsq(terms, onto, rcond=None)[0]
        mapping = np.array([a, 0, c])
    return mapping


def _mapped(points: _Complex, mapping: _Complex) -> _Complex:
    return _terms(points) @ mapping


def _terms(points: _Complex) -> _Complex:
    return np.stack([points, points.conj(), np.ones_like(points)], axis=1)


def _inverse_matrix(mapping: _Complex) -> NDArray[np.float64]:
    """The inverse of a mapping z -> a z + b conj(z) + c, as a matrix of shape (2, 3)."""
    a, b, c = mapping
    # z = (conj(a) w - b conj(w)) / (|a|² - |b|²), where w is what z - c was mapped to.
    scale = abs(a) ** 2 - abs(b) ** 2
    a, b = a.conjugate() / scale, -b / scale
    c = -(a * c + b * c.conjugate())
    return np.array(
        [
            [a.real + b.real, b.imag - a.imag, c.real],
            [a.imag + b.imag, a.real - b.real, c.imag],
        ]
    )


def _count_apart(points: _Complex) -> int:
    """How many of them are apart, for one point may be found in several sizes."""
    cells = (points / _TOLERANCE).view(float).reshape(-1, 2).astype(int)
    return len(np.unique(cells, axis=0))


def _within(points: _Complex, frame: _Complex) -> NDArray[np.bool_]:
    """Which of the points lie in the rectangle that others fill."""
    x, y = frame.real, frame.imag
    is_across: NDArray[np.bool_] = (points.real >= x.min()) & (points.real <= x.max())
    is_along: NDArray[np.bool_] = (points.imag >= y.min()) & (points.imag <= y.max())
    return is_across & is_along
