"""Parallax: what two pictures both show, but one of them elsewhere than the rest.

Copies are edited as a whole. In another shot of the scene what is near has moved against what is
far: no mapping brings all of it onto the other shot, and some blocks agree a little beside where it
takes them, together with their neighbours.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .blocks import block_sums, correlation, have_detail, shifted
from .detail import Detail
from .warping import Mapping, warped

_Floats: TypeAlias = NDArray[np.floating[Any]]
_Bits: TypeAlias = NDArray[np.bool_]

_REACH = 6  # cells, by which blocks are moved each way
_AGREES = 0.6  # the correlation of a block that agrees ...
_BETTER = 0.15  # ... and how much better that is than where the block was, if it has moved
_FEW_BLOCKS = 8  # of which nothing can be said

_BEND = 1.5  # cells from the smooth field of moves, beyond which a block has no say in it
_APART = 1.0  # cells from it, beyond which a block has moved on its own
_TOGETHER = 1.0  # cells by which the moves of neighbours differ at most
_ROUNDS = 4


def parallax(fine: Detail, coarse: Detail, mapping: Mapping) -> float:
    """Which share of the blocks with detail has moved on its own, with a neighbour, 0 to 1.

    What has moved smoothly, as by a lens or on paper that is bent, has not moved on its own.

    Args:
        fine, coarse: The pictures; a cell of `fine` is no larger than one of `coarse`.
        mapping: From `coarse` to `fine`, which brings them together as well as can be.
    """
    target = coarse.levels[0]
    moved = shifted(warped(fine, target.shape, mapping), _REACH)
    energies = block_sums(target * target)
    by_shift = correlation(block_sums(moved * target), block_sums(moved * moved), energies)
    has_detail = have_detail(energies, mapping)
    highest, here = by_shift.max(axis=0), by_shift[len(by_shift) // 2]
    agrees = has_detail & (highest > _AGREES)
    if agrees.sum() < _FEW_BLOCKS:
        return 0.0
    best = np.stack(np.divmod(by_shift.argmax(axis=0), 2 * _REACH + 1), axis=-1) - _REACH
    moves = best * (highest > here + _BETTER)[..., np.newaxis]
    apart = np.zeros_like(agrees)
    apart[agrees] = _distances(np.argwhere(agrees) / agrees.shape, moves[agrees]) > _APART
    return float(_are_together(apart, moves).sum() / has_detail.sum())


def _distances(places: _Floats, moves: _Floats) -> _Floats:
    """How far moves at places, both of shape (n, 2), are from a field that most agree on.

    The field is a polynomial of the second degree, fitted without those that lie far from it.
    """
    down, across = (places - 0.5).T
    terms = np.stack(
        [np.ones_like(down), down, across, down * across, down * down, across * across], axis=1
    )
    weights: _Floats = np.ones(len(places))
    distances: _Floats = np.zeros(len(places))
    for _ in range(_ROUNDS):
        weighted = terms * weights[:, np.newaxis]
        field = np.linalg.lstsq(weighted, moves * weights[:, np.newaxis], rcond=None)[0]
        distances = np.abs(moves - terms @ field).max(axis=1)
        weights = (distances < _BEND) + 1e-3
    return distances


def _are_together(blocks: _Bits, moves: _Floats) -> _Bits:
    """Which of the blocks have a neighbour among them that has moved alike."""
    together = np.zeros_like(blocks)
    for one, other in (
        ((slice(None, -1), slice(None)), (slice(1, None), slice(None))),
        ((slice(None), slice(None, -1)), (slice(None), slice(1, None))),
    ):
        are_alike = np.abs(moves[one] - moves[other]).max(axis=-1) <= _TOGETHER
        both = blocks[one] & blocks[other] & are_alike
        together[one] |= both
        together[other] |= both
    return together
