"""Where two pictures differ, as a few rectangles."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .warping import Mapping, mapped

Rectangle: TypeAlias = tuple[float, float, float, float]
"""Left, top, right and bottom, in units of the sides of a picture."""

_MOST = 8


def differences(
    blocks: NDArray[np.bool_], size: tuple[float, float], mapping: Mapping
) -> Sequence[Rectangle]:
    """At most 8 rectangles around blocks that differ, largest first; none overlaps another.

    Args:
        blocks: Which blocks of a picture differ, of shape (rows, columns).
        size: How wide and high a block is, in units of the sides of that picture.
        mapping: From that picture to the one that the rectangles are to be in.
    """
    found = [_bounds(area, size, mapping) for area in _areas(blocks)]
    rectangles = [each for each in _merged(found) if _area(each) > 0]
    return tuple(sorted(rectangles, key=_area, reverse=True)[:_MOST])


def _areas(blocks: NDArray[np.bool_]) -> Iterable[NDArray[np.intp]]:
    """The blocks that touch each other, as rows of a column and a row."""
    left = {(int(column), int(row)) for row, column in np.argwhere(blocks)}
    while left:
        area, found = [], [left.pop()]
        while found:
            column, row = found.pop()
            area.append((column, row))
            around = {(column + across, row + down) for across in _STEPS for down in _STEPS} & left
            left -= around
            found.extend(around)
        yield np.array(area)


_STEPS = (-1, 0, 1)


def _bounds(area: NDArray[np.intp], size: tuple[float, float], mapping: Mapping) -> Rectangle:
    (left, top), (right, bottom) = area.min(axis=0) * size, (area.max(axis=0) + 1) * size
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    corners = mapped(corners, mapping).clip(0, 1)
    (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return round(left, 4), round(top, 4), round(right, 4), round(bottom, 4)


def _merged(rectangles: Iterable[Rectangle]) -> Sequence[Rectangle]:
    """Rectangles of which those that overlap have become one."""
    merged: list[Rectangle] = []
    for rectangle in rectangles:
        while overlapping := [each for each in merged if _do_overlap(each, rectangle)]:
            merged = [each for each in merged if each not in overlapping]
            rectangle = _around([rectangle, *overlapping])
        merged.append(rectangle)
    return merged


def _do_overlap(one: Rectangle, other: Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _around(rectangles: Sequence[Rectangle]) -> Rectangle:
    lefts, tops, rights, bottoms = zip(*rectangles, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _area(rectangle: Rectangle) -> float:
    left, top, right, bottom = rectangle
    return (right - left) * (bottom - top)
