"""Panels of a picture: what was put into it is found, and nothing where nothing was."""

import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scripts.bench.sets.compositions import COMPOSITIONS
from visualsnoop.server.matching.panels import find_panels
from visualsnoop.server.matching.scaling import fitted
from visualsnoop.server.matching.windows import MOST_PANELS, Box, area


def common(one: Box, other: Box) -> float:
    """The intersection of two boxes over their union."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    intersection = max(width, 0) * max(height, 0)
    return intersection / (area(one) + area(other) - intersection)


def opened(photos: list[Path]) -> list[Image.Image]:
    return [fitted(Image.open(photo).convert("RGB")) for photo in photos]


@pytest.mark.parametrize("side", [0.05, 0.1])
def test_photo_on_another_one_is_a_panel(photos: list[Path], side: float) -> None:
    name = f"inserted at {side * 100:.0f} %"
    pictures = opened([photo for photo in photos if photo.stem in ("coffee", "cat")])
    made = COMPOSITIONS[name][1](pictures, random.Random(3))
    corners = np.array(made.corners[0]) / made.picture.size
    left, top = corners.min(axis=0).tolist()
    right, bottom = corners.max(axis=0).tolist()
    panels = find_panels(fitted(made.picture))
    assert max(common(panel, (left, top, right, bottom)) for panel in panels) > 0.9


@pytest.mark.parametrize(("columns", "rows"), [(2, 2), (3, 3), (3, 1)])
def test_each_photo_of_a_collage_is_a_panel(photos: list[Path], columns: int, rows: int) -> None:
    name = "strip of three" if rows == 1 else f"collage {columns}x{rows}"
    made = COMPOSITIONS[name][1](opened(photos), random.Random(2))
    panels = find_panels(fitted(made.picture))
    assert len(panels) <= MOST_PANELS
    for row in range(rows):
        for column in range(columns):
            place = (
                *(column / columns, row / rows),
                *((column + 1) / columns, (row + 1) / rows),
            )
            assert max(common(panel, place) for panel in panels) > 0.85, (column, row)


def test_photos_by_themselves_have_hardly_any(photos: list[Path]) -> None:
    assert sum(len(find_panels(picture)) for picture in opened(photos)) <= 4


def test_table_of_many_lines_has_no_more_than_others() -> None:
    y, x = np.mgrid[:640, :640]
    lines = ((x % 27 == 0) | (y % 27 == 0)).astype(np.uint8) * 255
    assert len(find_panels(Image.fromarray(lines).convert("RGB"))) == MOST_PANELS


@pytest.mark.parametrize("size", [(1, 1), (1, 640), (640, 1), (5, 3), (2, 2), (640, 480)])
def test_picture_of_one_colour_has_none(size: tuple[int, int]) -> None:
    assert find_panels(Image.new("RGB", size, "navy")) == []


def test_panels_are_within_the_picture() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (90, 120, 3), np.uint8)
    for left, top, right, bottom in find_panels(Image.fromarray(noise)):
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1
