"""How one picture may lie on another, as their hashes and keypoints propose it.

A proposal is no more than a place to begin at: `verification` looks at whether detail bears it out.
"""

import math
from collections.abc import Sequence

import numpy as np
from attrs import frozen
from numpy.typing import NDArray
from visualsnoop_api.models.transform import KnownTransform as Transform

from .detail import Detail
from .dihedral import TRANSFORMS
from .geometry import GeometricMatch
from .warping import WHOLE, Mapping, affine, combined, matrix_in_middle

# Hashes of which fewer bits differ propose how a picture was mirrored and turned; those of
# different pictures differ in 105 or more of 256, in the nearest of the eight ways. Others that are
# so near to the nearest are proposed too, as of symmetric pictures all are.
_MOST_DIFFERING = 96
_AS_NEAR = 10

# So much of the area of one picture the other one cannot be: nothing of its detail would be left.
_MOST_TIMES_LARGER = 1000

# A picture that is turned by 20 degrees more or less still counts as upright.
_UPRIGHT = math.cos(math.radians(20))

_MIRRORED = affine(np.array([[-1.0, 0, 1], [0, 1, 0]]))
_TURNED_BACK = affine(np.array([[0.0, 1, 0], [-1, 0, 1]]))  # by a quarter


@frozen(eq=False)
class Proposal:
    """How one picture may lie on another.

    Attributes:
        mapping: From the query to the stored picture, in units of the sides of both; see
            `warping`.
        is_rough: Whether it may be off by more than a cell of the finest level of detail.
    """

    mapping: Mapping
    is_rough: bool


def proposals(
    query: Detail,
    stored: Detail,
    distances: NDArray[np.int64],
    match: GeometricMatch | None,
    *,
    have_keypoints: bool,
) -> Sequence[Proposal]:
    """The proposals for two pictures, the most exact first; always one.

    Args:
        query, stored: The pictures.
        distances: In how many bits their hashes differ for each of `TRANSFORMS`.
        match: On what the keypoints agree.
        have_keypoints: Whether both have many keypoints. If not, all ways to mirror and turn a
            picture are proposed.
    """
    proposed = []
    if match is not None:
        mapping = in_sides(match.mapping, query, stored)
        if 1 / _MOST_TIMES_LARGER < abs(np.linalg.det(mapping)) < _MOST_TIMES_LARGER:
            proposed.append(Proposal(mapping, is_rough=False))
    nearest = distances.min()
    if not have_keypoints:
        # Hashes of flags and icons hardly tell the ways apart: most of their bits say nothing.
        ways = np.arange(len(distances))
    elif nearest < _MOST_DIFFERING:
        ways = np.flatnonzero(distances <= nearest + _AS_NEAR)
    else:
        ways = np.arange(0 if proposed else 1)
    proposed.extend(Proposal(_WAYS_BACK[way], is_rough=True) for way in ways)
    return proposed


def in_sides(matrix: NDArray[np.float64], query: Detail, stored: Detail) -> Mapping:
    """The mapping by a matrix of shape (2, 3) that is in units of the longer sides of pictures."""
    sides = np.array([query.width, query.height, 1]) / [*[max(query.width, query.height)] * 2, 1]
    others = np.array([stored.width, stored.height]) / max(stored.width, stored.height)
    return affine(matrix * sides / others[:, np.newaxis])


def transform_of(mapping: Mapping) -> Transform:
    """How the query was mirrored and turned to lie like this on the stored picture."""
    left, _, right = np.linalg.svd(matrix_in_middle(mapping))
    likeness = [float(((left @ right) * way[:2, :2]).sum()) / 2 for way in _WAYS_BACK]
    nearest = int(np.argmax(likeness))
    return TRANSFORMS[nearest] if likeness[nearest] > _UPRIGHT else "unknown"


def _way_back(transform: Transform) -> Mapping:
    mapping = WHOLE
    turn = transform.rpartition("_")[2]
    for _ in range(int(turn) // 90 if turn.isdigit() else 0):
        mapping = combined(mapping, _TURNED_BACK)
    return combined(mapping, _MIRRORED) if transform.startswith("mirrored") else mapping


# Where the points of a picture were before it was mirrored and turned.
_WAYS_BACK = [_way_back(transform) for transform in TRANSFORMS]
