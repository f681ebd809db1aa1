"""Mappings of one picture onto another, and the detail of a picture under them.

A mapping is an array of shape (3, 3). It takes a point of one picture to a point of another, both
in units of the sides of their picture, so that (0, 0) is the upper left corner and (1, 1) the lower
right one: where (x, y) is taken is `mapping @ (x, y, 1)`, divided by the last of the three numbers.
That one is 1 everywhere if the mapping is affine; otherwise it is seen in perspective, and 1 at the
upper left corner.

Source: R. Hartley and A. Zisserman, "Multiple View Geometry in Computer Vision" (2004), part 2.3.
"""

import math
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .detail import Detail, Level

Mapping: TypeAlias = NDArray[np.floating[Any]]
_Floats: TypeAlias = NDArray[np.floating[Any]]

_WHOLE_SHARE = 0.12  # of an octave: a level so near in scale is taken as it is


WHOLE: Mapping = np.eye(3)
"""Takes each point of a picture to the same point of another one."""


def affine(matrix: _Floats) -> Mapping:
    """The affine mapping by a matrix of shape (2, 3)."""
    return np.vstack([matrix, [0, 0, 1]])


def inverse(mapping: Mapping) -> Mapping:
    """The mapping that leads back."""
    return _normed(np.linalg.inv(mapping))


def combined(first: Mapping, then: Mapping) -> Mapping:
    """The mapping that does both, one after the other."""
    return _normed(then @ first)


def _normed(mapping: Mapping) -> Mapping:
    normed: Mapping = mapping / mapping[2, 2]
    return normed


def mapped(points: _Floats, mapping: Mapping) -> _Floats:
    """Where points, of shape (n, 2), are taken."""
    taken = points @ mapping[:, :2].T + mapping[:, 2]
    there: _Floats = taken[:, :2] / taken[:, 2:]
    return there


def is_in_front(mapping: Mapping) -> bool:
    """Whether a picture is seen from its front, and not from its edge."""
    depths = [mapping[2, :2] @ corner + mapping[2, 2] for corner in _CORNERS]
    return bool(min(depths) > _LEAST_DEPTH * max(depths))


_CORNERS = ((0, 0), (1, 0), (1, 1), (0, 1))
_LEAST_DEPTH = 0.3


def flattened(mapping: Mapping) -> Mapping:
    """The affine mapping that does the same around the middle of a picture."""
    matrix = matrix_in_middle(mapping)
    middle = np.array([[0.5, 0.5]])
    return affine(np.column_stack([matrix, mapped(middle, mapping)[0] - matrix @ middle[0]]))


def matrix_in_middle(mapping: Mapping) -> _Floats:
    """What a mapping does around the middle of a picture: its derivative, of shape (2, 2)."""
    x, y, depth = mapping @ (0.5, 0.5, 1)
    matrix: _Floats = (mapping[:2, :2] - np.outer((x, y), mapping[2, :2]) / depth) / depth
    return matrix


def scale(fine: Detail, coarse: Detail, mapping: Mapping) -> float:
    """How many cells of `fine`, each way, lie in a cell of `coarse` under a mapping to `fine`."""
    return _scale(fine.levels[0].size / coarse.levels[0].size, mapping)


def _scale(cells: float, mapping: Mapping) -> float:
    (a, b), (c, d) = matrix_in_middle(mapping).tolist()
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
    (a, b, c), (d, e, f), (g, h, i) = mapping.astype(np.float32)
    across: Level = np.float32(source[1]) * (a * x + (b * y + c))
    down: Level = np.float32(source[0]) * (d * x + (e * y + f))
    if g or h:
        depth = g * x + (h * y + i)
        across /= depth
        down /= depth
    return across, down
