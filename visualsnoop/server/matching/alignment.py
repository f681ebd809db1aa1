"""Laying one picture on another: the affine mapping that brings their detail together.

A mapping is an array of shape (2, 3). It takes a point of one picture to a point of another, both
in units of the sides of their picture, so that (0, 0) is the upper left corner and (1, 1) the lower
right one: `mapping[:, :2] @ point + mapping[:, 2]`.

The method is block matching, from coarse to fine: blocks of the one picture are moved a cell each
way on the other, and the mapping is corrected by where they correlate best.
"""

import math
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from .detail import Detail, Level

Mapping: TypeAlias = NDArray[np.floating[Any]]
_Floats: TypeAlias = NDArray[np.floating[Any]]

BLOCK = 10
"""Cells that are compared as one, each way."""

# A block has detail if so much of it, squared, lies in each cell; weaker ones count less.
LEAST_ENERGY = 0.1
_SOFTENING = 3.0

_LEAST_CORRELATION = 0.25  # of blocks that say where they belong
_LEAST_BLOCKS = 3
_STIFFNESS = 0.02  # how much of a turn or stretch needs more evidence than a shift
_OUTLIER = 1.0  # cells

_WHOLE_SHARE = 0.12  # of an octave: a level so near in scale is taken as it is


@frozen(eq=False)
class Alignment:
    """How two pictures lie on each other.

    Attributes:
        fine, coarse: The pictures; a cell of `fine` is no larger than one of `coarse`.
        mapping: From `coarse` to `fine`.
        correlation: How well blocks of theirs correlate, -1 to 1.
    """

    fine: Detail
    coarse: Detail
    mapping: Mapping
    correlation: float


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
    found = []
    steps = 1
    if is_rough:
        start, _ = refined(one, other, mapping, 0, 0)
        found.append((start, mapping))
        if start < _NEAR:
            for level, reach in _APPROACH:
                value, mapping = refined(one, other, mapping, level, reach)
            steps = 2 if max(start, value) > _HOPELESS else 0
    for _ in range(steps):
        value, better = refined(one, other, mapping, 0, 1)
        found.append((value, mapping))
        mapping = better
    if steps:
        found.append((refined(one, other, mapping, 0, 0)[0], mapping))
    value, mapping = max(found, key=lambda each: each[0])
    return Alignment(one, other, mapping, value)


# Levels from coarse to fine, and by how many cells blocks are moved there, to come near to the
# right mapping. Where blocks correlate so well, the mapping is near; where they do so little on the
# way, it leads nowhere: of copies that can be aligned, 99 % correlate more.
_APPROACH = ((2, 2), (1, 1))
_NEAR = 0.7
_HOPELESS = 0.3

_SAME_SCALE = 0.01


def inverse(mapping: Mapping) -> Mapping:
    """The mapping that leads back."""
    matrix = np.linalg.inv(mapping[:, :2])
    return np.column_stack([matrix, -matrix @ mapping[:, 2]])


def combined(first: Mapping, then: Mapping) -> Mapping:
    """The mapping that does both, one after the other."""
    return np.column_stack([then[:, :2] @ first[:, :2], then[:, :2] @ first[:, 2] + then[:, 2]])


def mapped(points: _Floats, mapping: Mapping) -> _Floats:
    """Where points, of shape (n, 2), are taken."""
    taken: _Floats = points @ mapping[:, :2].T + mapping[:, 2]
    return taken


def scale(fine: Detail, coarse: Detail, mapping: Mapping) -> float:
    """How many cells of `fine`, each way, lie in a cell of `coarse` under a mapping to `fine`."""
    return _scale(fine.levels[0].size / coarse.levels[0].size, mapping)


def _scale(cells: float, mapping: Mapping) -> float:
    (a, b, _), (c, d, _) = mapping.tolist()
    return math.sqrt(abs(a * d - b * c) * cells)


def warped(fine: Detail, shape: tuple[int, int], mapping: Mapping) -> Level:
    """The detail of a picture as it would be in the cells of another one.

    Args:
        fine: The picture. Its levels are mixed, so that the result has the right scale.
        shape: Rows and columns of the other one.
        mapping: From the other one to `fine`.

    Returns:
        The cells, of `shape`; 0 where the picture does not reach.
    """
    octaves = math.log2(max(_scale(fine.levels[0].size / (shape[0] * shape[1]), mapping), 1))
    place = min(octaves, len(fine.levels) - 1)
    level = int(place)
    share = place - level
    if share < _WHOLE_SHARE:
        return _sampled(fine.levels[level], shape, mapping)
    if share > 1 - _WHOLE_SHARE:
        return _sampled(fine.levels[level + 1], shape, mapping)
    mixed = _sampled(fine.levels[level], shape, mapping)
    mixed *= 1 - share
    mixed += share * _sampled(fine.levels[level + 1], shape, mapping)
    return mixed


def _sampled(level: Level, shape: tuple[int, int], mapping: Mapping) -> Level:
    """Bilinear interpolation between cells; what lies outside is 0."""
    rows, columns = level.shape
    padded = np.zeros((rows + 2, columns + 2), np.float32)
    padded[1:-1, 1:-1] = level
    across, down = positions(shape, mapping, level.shape)
    across = np.clip(across + 0.5, 0, columns + 0.999)
    down = np.clip(down + 0.5, 0, rows + 0.999)
    column, row = across.astype(np.intp), down.astype(np.intp)
    across -= column
    down -= row
    first = row * (columns + 2) + column
    cells = padded.ravel()
    upper = cells.take(first)
    upper += across * (cells.take(first + 1) - upper)
    first += columns + 2
    lower = cells.take(first)
    lower += across * (cells.take(first + 1) - lower)
    lower -= upper
    lower *= down
    lower += upper
    return np.asarray(lower)


def positions(
    shape: tuple[int, int], mapping: Mapping, source: tuple[int, ...]
) -> tuple[Level, Level]:
    """Where the middles of cells are taken, in cells of the source, across and down."""
    rows, columns = shape
    x = (np.arange(columns, dtype=np.float32) + 0.5) / columns
    y = ((np.arange(rows, dtype=np.float32) + 0.5) / rows)[:, np.newaxis]
    (a, b, c), (d, e, f) = mapping.astype(np.float32)
    across: Level = np.float32(source[1]) * (a * x + (b * y + c))
    down: Level = np.float32(source[0]) * (d * x + (e * y + f))
    return across, down


def block_sums(cells: Level) -> Level:
    """The sums over blocks of cells; those at the right and lower edge may be smaller.

    Args:
        cells: Of shape (..., rows, columns).
    """
    rows, columns = cells.shape[-2:]
    sums: Level = _summing(rows) @ cells @ _summing(columns).T
    return sums


@lru_cache(maxsize=512)
def _summing(size: int) -> Level:
    places = np.arange(size)
    matrix = np.zeros((-(-size // BLOCK), size), np.float32)
    matrix[places // BLOCK, places] = 1
    return matrix


def correlation(products: Level, energies: Level, others: Level) -> Level:
    """How alike blocks are, -1 to 1, from sums of products and of squares; weak ones near 0."""
    alike: Level = products / np.sqrt((energies + _SOFTENING) * (others + _SOFTENING))
    return alike


def refined(
    fine: Detail, coarse: Detail, mapping: Mapping, level: int, reach: int
) -> tuple[float, Mapping]:
    """A better mapping, and how good the given one was.

    Args:
        fine, coarse: The pictures.
        mapping: From `coarse` to `fine`.
        level: The level of `coarse` whose blocks are moved.
        reach: By how many cells, each way.

    Returns:
        The mean correlation of the blocks under the given mapping, and the better mapping, or the
        given one if too few blocks say where they belong.
    """
    target = coarse.levels[level]
    rows, columns = target.shape
    moved = warped(fine, target.shape, mapping)
    energies = block_sums(target * target)
    shifted = _shifts(moved, reach)
    by_shift = correlation(block_sums(shifted * target), block_sums(shifted * shifted), energies)
    has_detail = (energies > LEAST_ENERGY * BLOCK**2) & _is_covered(energies.shape, mapping)
    middle = by_shift[len(by_shift) // 2]
    value = float(middle[has_detail].mean()) if has_detail.any() else 0.0
    best = by_shift.max(axis=0)
    chosen = has_detail & (best > _LEAST_CORRELATION)
    if reach == 0 or chosen.sum() < _LEAST_BLOCKS:
        return value, mapping
    row, column = np.nonzero(chosen)
    places = (np.column_stack([column, row]) + 0.5) * BLOCK / (columns, rows)
    steps = _best_shifts(by_shift[:, row, column], reach) / (columns, rows)
    correction = _fitted(places, steps, best[chosen] ** 2, np.array([columns, rows]))
    return value, combined(correction, mapping)


def _is_covered(blocks: tuple[int, ...], mapping: Mapping) -> NDArray[np.bool_]:
    """Which blocks have their middle in the other picture."""
    x, y = positions((blocks[0], blocks[1]), mapping, (1, 1))
    is_covered: NDArray[np.bool_] = (x > 0) & (x < 1) & (y > 0) & (y < 1)
    return is_covered


def _shifts(cells: Level, reach: int) -> Level:
    """The cells moved each way, row by row of shifts, of shape (shifts, rows, columns)."""
    padded = np.pad(cells, reach)
    side = 2 * reach + 1
    windows = np.lib.stride_tricks.sliding_window_view(padded, cells.shape)
    return windows.reshape(side * side, *cells.shape)


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
    return np.column_stack([np.eye(2) + turn.T, step - middle @ turn])
