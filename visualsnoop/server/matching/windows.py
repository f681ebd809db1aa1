"""Windows of a picture, to find the pictures that it is composed of.

What stands in a collage, on a slide or in another photo is too small for an embedding of the whole.
One of these windows shows little else: with them, the right picture was the nearest for every part
of collages of 2 x 2 and 3 x 3, and of what was inserted at 5 % of the area (40 photos among 1,834).
"""

from collections.abc import Iterator

from attrs import frozen
from PIL import Image

from .verification import Region

Box = tuple[float, float, float, float]
"""Left, top, right and bottom, in units of the sides of a picture."""


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


@frozen
class Window:
    """A part of a picture.

    Attributes:
        box: Where it is.
        picture: What it shows.
    """

    box: Box
    picture: Image.Image

    def region_of_whole(self, region: Region) -> Region:
        """Where the whole picture lies in a stored one in which this part of it has a region."""
        left, top, right, bottom = self.box
        (x, y), (across_x, across_y), _, (down_x, down_y) = region
        width, height = right - left, bottom - top
        return tuple(
            (
                round(x + (across_x - x) * u + (down_x - x) * v, 4),
                round(y + (across_y - y) * u + (down_y - y) * v, 4),
            )
            for u, v in (
                ((corner_x - left) / width, (corner_y - top) / height)
                for corner_x, corner_y in ((0, 0), (1, 0), (1, 1), (0, 1))
            )
        )


def windows(picture: Image.Image, count: int = len(BOXES)) -> Iterator[Window]:
    """The first windows of a picture.

    Args:
        picture: As `decode` gives it, or larger: windows of a larger one show more.
        count: How many.
    """
    for box in BOXES[:count]:
        left, top, right, bottom = box
        pixels = (
            round(left * picture.width),
            round(top * picture.height),
            max(round(right * picture.width), round(left * picture.width) + 1),
            max(round(bottom * picture.height), round(top * picture.height) + 1),
        )
        yield Window(box, picture.crop(pixels))
