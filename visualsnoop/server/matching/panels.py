"""Panels: the upright rectangles of a picture that others may have been put into.

What stands in a collage, on a slide or in another photo has four straight sides, along which the
picture changes from one pixel to the next. In a photo by itself hardly any four such lines meet.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .windows import MOST_PANELS, Box

# Along a side the picture changes by more than so many levels, at such a share of its places.
_STEP = 10
_STRAIGHT = 0.87

# A line on which there may be a side has such a run of places, of which more than half change; so
# many lines are looked at each way.
_EVEN = 0.5
_LEAST_RUN = 0.04
_MOST_LINES = 24

# A panel has at least this share of the width and of the height, and at most this one of the area.
_SHORTEST = 0.12
_LARGEST = 0.9

# Those are as straight that differ by no more.
_AS_STRAIGHT = 0.05

# Two panels that have more in common are one; so many are told apart, of the thousands that a table
# with lines or a pattern of squares makes up.
_SAME = 0.7
_MOST_APART = 64

# Sides that are so near are the same.
_NEAR = 3  # pixels

_Bits: TypeAlias = NDArray[np.bool_]
_Integers: TypeAlias = NDArray[np.int64]
_Floats: TypeAlias = NDArray[np.float64]


def find_panels(picture: Image.Image) -> Sequence[Box]:
    """The panels of a picture, but itself: those with the straightest sides first, at most 16.

    Args:
        picture: An RGB picture as `decode` gives it.
    """
    pixels = np.asarray(picture, np.int16)
    height, width = pixels.shape[:2]
    xs, changes_down = _lines(_changes(pixels))
    ys, changes_across = _lines(_changes(pixels.transpose(1, 0, 2)))
    columns, rows = _intervals(xs, _SHORTEST * width), _intervals(ys, _SHORTEST * height)
    if not (len(columns) and len(rows)):
        return []
    straight = np.minimum(
        _straightness(changes_down, columns, ys[rows]),
        _straightness(changes_across, rows, xs[columns]).T,
    )
    column, row = np.nonzero(straight >= _STRAIGHT)
    boxes = np.concatenate([xs[columns[column]], ys[rows[row]]], axis=1)[:, [0, 2, 1, 3]]
    # Of those that are as straight, the smaller ones come first: they have no ground around them.
    order = np.lexsort((_areas(boxes), -(straight[column, row] / _AS_STRAIGHT).round()))
    boxes = boxes[order][_areas(boxes[order]) <= _LARGEST * width * height]
    panels = boxes[_without_repetitions(boxes)]
    # Of panels side by side all are wanted before what they make up together.
    panels = panels[np.argsort([_is_composed(each, panels) for each in panels], kind="stable")]
    shares: list[list[float]] = (panels[:MOST_PANELS] / (width, height, width, height)).tolist()
    return [(left, top, right, bottom) for left, top, right, bottom in shares]


def _changes(pixels: NDArray[np.int16]) -> _Bits:
    """Where, within each row, a picture changes more than just before and after."""
    steps = np.abs(np.diff(pixels, axis=1)).max(axis=2, initial=0)
    changes: _Bits = steps > _STEP
    changes[:, 1:] &= steps[:, 1:] >= steps[:, :-1]
    changes[:, :-1] &= steps[:, :-1] >= steps[:, 1:]
    return changes


def _lines(changes: _Bits) -> tuple[_Integers, _Integers]:
    """The columns on which sides may lie, the borders among them.

    Returns:
        Their places, and for each of them how many changes there are above each row.
    """
    height, width = changes.shape
    run, longest = np.zeros(width), np.zeros(width)
    for row in changes:
        run = np.maximum(run + row - _EVEN, 0)
        longest = np.maximum(longest, run)
    beside = np.pad(longest, 1)
    is_peak = (longest > beside[:-2]) & (longest >= beside[2:])
    likely = np.flatnonzero(is_peak & (longest > _LEAST_RUN * height))
    chosen = np.sort(likely[np.argsort(-longest[likely], kind="stable")][:_MOST_LINES])
    # A side that was scaled, or is not quite upright, is on two columns.
    near = np.pad(changes, ((0, 0), (1, 1)))
    near = near[:, chosen] | near[:, chosen + 1] | near[:, chosen + 2]
    border = np.ones((height, 1), bool)
    so_far = np.cumsum(np.hstack([border, near, border]), axis=0).T
    return np.array([0, *(chosen + 1), width + 1]), np.pad(so_far, ((0, 0), (1, 0)))


def _intervals(places: _Integers, shortest: float) -> _Integers:
    """The indices of two places each that are far enough from each other, of shape (n, 2)."""
    first, last = np.triu_indices(len(places), 1)
    is_long = places[last] - places[first] >= shortest
    return np.stack([first[is_long], last[is_long]], axis=1)


def _straightness(changes: _Integers, lines: _Integers, ends: _Integers) -> _Floats:
    """On which share of its length there is a side, the weaker of two sides.

    Args:
        changes: As `_lines` gives them.
        lines: Which two of these each, of shape (n, 2).
        ends: From where to where they go, of shape (m, 2).

    Returns:
        An array of shape (n, m).
    """
    counts = changes[lines][:, :, ends[:, 1]] - changes[lines][:, :, ends[:, 0]]
    shares: _Floats = counts.min(axis=1) / (ends[:, 1] - ends[:, 0])
    return shares


def _without_repetitions(boxes: _Integers) -> list[int]:
    """Those of the boxes that have little in common with any before them, at most 64."""
    chosen: list[int] = []
    remaining = np.arange(len(boxes))
    while len(remaining) and len(chosen) < _MOST_APART:
        chosen.append(int(remaining[0]))
        box, others = boxes[remaining[0]], boxes[remaining]
        corners = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
        common = (corners[1] - corners[0]).clip(0).prod(axis=1)
        union = _areas(box[np.newaxis]) + _areas(others) - common
        remaining = remaining[common <= _SAME * union]
    return chosen


def _is_composed(box: _Integers, boxes: _Integers) -> bool:
    """Whether one of the boxes is a part of a box, from side to side of it."""
    moved = (boxes - box) * (1, 1, -1, -1)
    is_within = (moved >= -_NEAR).all(axis=1)
    return bool((is_within & ((np.abs(moved) <= _NEAR).sum(axis=1) == 3)).any())


def _areas(boxes: _Integers) -> _Integers:
    areas: _Integers = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return areas
