"""Laying one picture on another: the mapping that brings their detail together.

The method is block matching, from coarse to fine: blocks of the one picture are moved a cell each
way on the other, and the mapping is corrected by where they correlate best. At first it is affine;
where that leaves blocks that belong a little elsewhere, one in perspective is tried as well.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from .agreement import Agreement, agreement
from .blocks import BLOCK, block_sums, correlation, have_detail, shifted
from .detail import Detail, Level, is_plain
from .warping import (
    WHOLE,
    Mapping,
    affine,
    combined,
    inverse,
    is_in_front,
    mapped,
    scale,
    warped,
)

_Floats: TypeAlias = NDArray[np.floating[Any]]

_LEAST_CORRELATION = 0.25  # of blocks that say where they belong
_LEAST_BLOCKS = 3
_STIFFNESS = 0.02  # how much of a turn or stretch needs more evidence than a shift
_OUTLIER = 1.0  # cells
_ROUNDS = 4  # of leaving out what lies farther away

_SAME_SCALE = 0.01
_SMALL = 40 * 40  # cells, of which next to none are left within the margins

# Levels from coarse to fine, and by how many cells blocks are moved there, to come near to the
# right mapping. Where blocks correlate so well, the mapping is near; where they do so little on the
# way, it leads nowhere: of copies that can be aligned, 99 % correlate more.
_APPROACH = ((2, 2), (1, 1))
_NEAR = 0.8
_HOPELESS = 0.3

# The same on the way to a mapping in perspective, which has to make blocks correlate so much better
# to be more than a better fit to noise.
_INTO_PERSPECTIVE = ((1, 2), (0, 2), (0, 1))
_WORTH_PERSPECTIVE = 0.03

# Plain pictures with so many strokes that contradict each other are different already when seen at
# half the scale; of copies that are nearly aligned there are none.
_DIFFERENT = 0.025


@frozen(eq=False)
class Alignment:
    """How two pictures lie on each other.

    Attributes:
        fine, coarse: The pictures; a cell of `fine` is no larger than one of `coarse`.
        mapping: From `coarse` to `fine`.
        agreement: How far they are the same under it.
    """

    fine: Detail
    coarse: Detail
    mapping: Mapping
    agreement: Agreement


def aligned(one: Detail, other: Detail, mapping: Mapping, *, is_rough: bool) -> Alignment:
    """Lay two pictures on each other as well as can be.

    The result is the same whichever picture is `one`, if the mapping is inverted with them.

    Args:
        one, other: The pictures.
        mapping: From `other` to `one`, nearly.
        is_rough: Whether it may be off by more than a cell of the finest level.
    """
    ratio = scale(one, other, mapping)
    if ratio < 1 - _SAME_SCALE or (ratio < 1 + _SAME_SCALE and one.data > other.data):
        one, other, mapping = other, one, inverse(mapping)
    steps = 1
    middle = 1 if other.levels[1].size > _SMALL else 0
    if is_rough:
        start = correlation_under(one, other, mapping, middle)
        if start < _NEAR:
            value, nearer = start, mapping
            for level, reach in _APPROACH:
                value, nearer = refined(one, other, nearer, level, reach)
            if max(start, value) < _HOPELESS:
                return Alignment(one, other, mapping, agreement(one, other, mapping, middle))
            mapping = nearer
            steps = 2
    if middle and is_plain(min(one.plainness, other.plainness)):
        at_half = agreement(one, other, mapping, middle)
        if at_half.contradicting > _DIFFERENT:
            return Alignment(one, other, mapping, at_half)
    mapping = _settled(one, other, mapping, steps)
    return Alignment(one, other, mapping, agreement(one, other, mapping))


def _settled(fine: Detail, coarse: Detail, mapping: Mapping, steps: int) -> Mapping:
    """The best of the mappings that some steps on the finest level lead to."""
    found = []
    for _ in range(steps):
        value, better = refined(fine, coarse, mapping, 0, 1)
        found.append((value, mapping))
        mapping = better
    found.append((correlation_under(fine, coarse, mapping, level=0), mapping))
    value, mapping = max(found, key=lambda each: each[0])
    if _HOPELESS < value < _NEAR:
        better = _in_perspective(fine, coarse, mapping)
        if correlation_under(fine, coarse, better, level=0) > value + _WORTH_PERSPECTIVE:
            return better
    return mapping


def _in_perspective(fine: Detail, coarse: Detail, mapping: Mapping) -> Mapping:
    """A mapping in perspective that is nearly the given one."""
    for level, reach in _INTO_PERSPECTIVE:
        _, mapping = refined(fine, coarse, mapping, level, reach, _fitted_in_perspective)
    return mapping


def correlation_under(fine: Detail, coarse: Detail, mapping: Mapping, level: int) -> float:
    """How well blocks of a level of the coarse picture correlate with the fine one, -1 to 1."""
    target = coarse.levels[level]
    moved = warped(fine, target.shape, mapping)
    products, energies, others = block_sums(
        np.stack([moved * target, moved * moved, target * target])
    )
    has_detail = have_detail(others, mapping)
    return _mean(correlation(products, energies, others), has_detail)


def _mean(values: Level, of: NDArray[np.bool_]) -> float:
    return float(values[of].mean()) if of.any() else 0.0


Fit: TypeAlias = Callable[[_Floats, _Floats, _Floats, _Floats], Mapping]


def refined(
    fine: Detail,
    coarse: Detail,
    mapping: Mapping,
    level: int,
    reach: int,
    fit: Fit | None = None,
) -> tuple[float, Mapping]:
    """A better mapping, and how good the given one was.

    Args:
        fine, coarse: The pictures.
        mapping: From `coarse` to `fine`.
        level: The level of `coarse` whose blocks are moved.
        reach: By how many cells, each way.
        fit: What makes a correction of how blocks are moved; by default it is an affine one.

    Returns:
        The mean correlation of the blocks under the given mapping, and the better mapping, or the
        given one if too few blocks say where they belong.
    """
    target = coarse.levels[level]
    rows, columns = target.shape
    moved = warped(fine, target.shape, mapping)
    energies = block_sums(target * target)
    by_place = shifted(moved, reach)
    by_shift = correlation(block_sums(by_place * target), block_sums(by_place * by_place), energies)
    has_detail = have_detail(energies, mapping)
    value = _mean(by_shift[len(by_shift) // 2], has_detail)
    best = by_shift.max(axis=0)
    chosen = has_detail & (best > _LEAST_CORRELATION)
    if chosen.sum() < _LEAST_BLOCKS:
        return value, mapping
    row, column = np.nonzero(chosen)
    places = (np.column_stack([column, row]) + 0.5) * BLOCK / (columns, rows)
    steps = _best_shifts(by_shift[:, row, column], reach) / (columns, rows)
    correction = (fit or _fitted)(places, steps, best[chosen] ** 2, np.array([columns, rows]))
    better = combined(correction, mapping)
    if is_in_front(better) and is_in_front(inverse(better)):
        return value, better
    return value, mapping


def _best_shifts(by_shift: Level, reach: int) -> _Floats:
    """By block, where it correlates best, in cells across and down, between cells by a parabola."""
    side = 2 * reach + 1
    blocks = np.arange(by_shift.shape[1])
    best = by_shift.argmax(axis=0)
    row, column = np.divmod(best, side)
    steps = np.column_stack([column, row]) - float(reach)
    for axis, (place, stride) in enumerate(((column, 1), (row, side))):
        is_within = (place > 0) & (place < side - 1)
        before = by_shift[np.where(is_within, best - stride, best), blocks]
        after = by_shift[np.where(is_within, best + stride, best), blocks]
        curvature = 2 * by_shift[best, blocks] - before - after
        is_peak = is_within & (curvature > 1e-6)
        steps[:, axis] += np.where(
            is_peak, (0.5 * (after - before) / np.where(is_peak, curvature, 1)).clip(-0.5, 0.5), 0
        )
    return steps


def _fitted(places: _Floats, steps: _Floats, weights: _Floats, cells: _Floats) -> Mapping:
    """The mapping of a picture onto itself that moves places by steps, as far as most agree."""
    trusted = weights
    for _ in range(2):
        total = trusted.sum()
        middle = trusted @ places / total
        step = trusted @ steps / total
        around = places - middle
        spread = around.T @ (around * trusted[:, np.newaxis]) + _STIFFNESS * total * np.eye(2)
        turn = np.linalg.solve(spread, around.T @ ((steps - step) * trusted[:, np.newaxis]))
        left = np.abs((steps - step - around @ turn) * cells).max(axis=1)
        trusted = weights * (left < _OUTLIER) + 1e-6
    return affine(np.column_stack([np.eye(2) + turn.T, step - middle @ turn]))


def _fitted_in_perspective(
    places: _Floats, steps: _Floats, weights: _Floats, cells: _Floats
) -> Mapping:
    """The same by a mapping in perspective: two equations for each place (the direct linear
    transformation), of which those with a residue of more than a cell count for nothing."""
    (x, y), (u, v) = places.T, (places + steps).T
    one, none = np.ones_like(x), np.zeros_like(x)
    across = np.stack([x, y, one, none, none, none, -u * x, -u * y], axis=1) * cells[0]
    down = np.stack([none, none, none, x, y, one, -v * x, -v * y], axis=1) * cells[1]
    terms, onto = np.concatenate([across, down]), np.concatenate([u * cells[0], v * cells[1]])
    trusted = weights
    mapping = WHOLE
    for _ in range(_ROUNDS):
        weight = np.sqrt(np.tile(trusted, 2))
        solution = np.linalg.lstsq(terms * weight[:, np.newaxis], onto * weight, rcond=None)[0]
        mapping = np.append(solution, 1).reshape(3, 3)
        if not is_in_front(mapping):
            return WHOLE
        left = np.abs((mapped(places, mapping) - places - steps) * cells).max(axis=1)
        trusted = weights * (left < _OUTLIER) + 1e-6
    return mapping
