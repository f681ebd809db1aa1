"""How one picture may lie on another, as their hashes and keypoints propose it.

A proposal is no more than a place to begin at: `verification` looks at whether detail bears it out.
"""

from collections.abc import Sequence

import numpy as np
from attrs import frozen
from visualsnoop_api.models.transform import KnownTransform as Transform

from .alignment import Mapping, combined
from .detail import Detail
from .dihedral import TRANSFORMS
from .geometry import GeometricMatch

# Hashes of which fewer bits differ propose how a picture was mirrored and turned. Those of
# different pictures differ in 105 or more of 256, in the nearest of the eight ways.
_MOST_DIFFERING = 96

_MIRRORED = np.array([[-1.0, 0, 1], [0, 1, 0]])
_TURNED_BACK = np.array([[0.0, 1, 0], [-1, 0, 1]])  # by a quarter


@frozen(eq=False)
class Proposal:
    """How one picture may lie on another.

    Attributes:
        mapping: From the query to the stored picture, in units of the sides of both; see
            `alignment`.
        is_rough: Whether it may be off by more than a cell of the finest level of detail.
    """

    mapping: Mapping
    is_rough: bool


WHOLE = Proposal(np.eye(2, 3), is_rough=False)
"""That the one picture is the other as a whole."""


def proposals(
    query: Detail,
    stored: Detail,
    transform: Transform,
    distance: int,
    match: GeometricMatch | None,
) -> Sequence[Proposal]:
    """The proposals for two pictures, the most exact first; always one.

    Args:
        query, stored: The pictures.
        transform: How the query was mirrored and turned as a whole, by the hashes.
        distance: In how many bits they differ then.
        match: On what the keypoints agree.
    """
    proposed = []
    if match is not None:
        proposed.append(Proposal(in_sides(match.mapping, query, stored), is_rough=False))
    if distance < _MOST_DIFFERING:
        proposed.append(Proposal(transform_mapping(transform), is_rough=True))
    return proposed or [Proposal(np.eye(2, 3), is_rough=True)]


def in_sides(mapping: Mapping, query: Detail, stored: Detail) -> Mapping:
    """A mapping in units of the sides of pictures, from one in units of their longer sides."""
    sides = np.array([query.width, query.height, 1]) / [*[max(query.width, query.height)] * 2, 1]
    others = np.array([stored.width, stored.height]) / max(stored.width, stored.height)
    return mapping * sides / others[:, np.newaxis]


def transform_mapping(transform: Transform) -> Mapping:
    """Where the points of a picture were before it was mirrored and turned, in units of sides."""
    return _TRANSFORM_MAPPINGS[transform]


def _way_back(transform: Transform) -> Mapping:
    mapping: Mapping = np.eye(2, 3)
    turn = transform.rpartition("_")[2]
    for _ in range(int(turn) // 90 if turn.isdigit() else 0):
        mapping = combined(mapping, _TURNED_BACK)
    return combined(mapping, _MIRRORED) if transform.startswith("mirrored") else mapping


_TRANSFORM_MAPPINGS = {transform: _way_back(transform) for transform in TRANSFORMS}
