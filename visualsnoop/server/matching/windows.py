"""Windows of a picture, to find the pictures that it is composed of.

What stands in a collage, on a slide or in another photo is too small for an embedding of the whole.
One of these windows shows little else: with them, the right picture was the nearest for every part
of collages of 2 x 2 and 3 x 3, and of what was inserted at 5 % of the area (40 photos among 1,834).
"""

from typing import TYPE_CHECKING

import numpy as np

from .warping import Mapping, affine

if TYPE_CHECKING:
    from PIL import Image

Box = tuple[float, float, float, float]
"""Left, top, right and bottom, in units of the sides of a picture."""

WHOLE: Box = (0, 0, 1, 1)
"""All of a picture."""

MOST_PANELS = 16
"""So many panels are looked for in a picture; see `panels.find_panels`."""


def _grid(columns: int, rows: int) -> list[Box]:
    return [
        (column / columns, row / rows, (column + 1) / columns, (row + 1) / rows)
        for row in range(rows)
        for column in range(columns)
    ]


def _overlapping(count: int, width: float, height: float) -> list[Box]:
    """So many each way, from edge to edge."""
    return [
        (left, top, left + width, top + height)
        for top in ((1 - height) * row / (count - 1) for row in range(count))
        for left in ((1 - width) * column / (count - 1) for column in range(count))
    ]


_MIDDLES: list[Box] = [(0.15, 0.15, 0.85, 0.85), (0.25, 0.25, 0.75, 0.75), (0, 0.2, 1, 0.8)]

BOXES: tuple[Box, ...] = (
    *(*_grid(2, 2), *_grid(3, 3), *_grid(3, 1), *_grid(1, 3), *_MIDDLES),
    *_overlapping(5, 0.34, 0.42),
)
"""Where windows are: the first 22 find collages and strips, the others what is small within."""


def window(picture: "Image.Image", box: Box) -> "Image.Image":
    """What a picture, as `decode` gives it, shows in a window."""
    left, top, right, bottom = box
    x, y = round(left * picture.width), round(top * picture.height)
    corner = round(right * picture.width), round(bottom * picture.height)
    return picture.crop((x, y, max(corner[0], x + 1), max(corner[1], y + 1)))


def into_window(box: Box) -> Mapping:
    """The mapping from a picture to a window of it."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    return affine(np.array([[1 / width, 0, -left / width], [0, 1 / height, -top / height]]))


def area(box: Box) -> float:
    """Which share of a picture a window is."""
    left, top, right, bottom = box
    return (right - left) * (bottom - top)
