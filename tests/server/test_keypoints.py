"""Keypoints: how they are found, and what is kept of them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from visualsnoop.server.matching.decode import decode
from visualsnoop.server.matching.detection import find_keypoints
from visualsnoop.server.matching.keypoints import (
    STORED_BYTES,
    mirrored,
    positions,
    read_keypoints,
)

PHOTO = Path(__file__).parent.parent / "photos" / "astronaut.jpg"


def read(photo: Path) -> Image.Image:
    with photo.open("rb") as file:
        return decode(file)


PICTURE = read(PHOTO)
STORED = find_keypoints(PICTURE)[:STORED_BYTES]


def test_mirrored_twice_is_as_it_was() -> None:
    assert mirrored(mirrored(STORED)) == STORED


def test_keypoints_that_are_kept_are_spread_over_the_picture() -> None:
    points = positions(read_keypoints(STORED))
    width, height = np.array(PICTURE.size) / max(PICTURE.size)
    is_left, is_upper = points.real < width / 2, points.imag < height / 2
    for quarter in (
        is_left & is_upper,
        is_left & ~is_upper,
        ~is_left & is_upper,
        ~is_left & ~is_upper,
    ):
        assert quarter.sum() >= 10


@pytest.mark.parametrize("size", [(1, 1), (1, 640), (640, 1), (5, 3), (640, 640)])
def test_picture_of_one_colour_has_no_keypoints(size: tuple[int, int]) -> None:
    assert find_keypoints(Image.new("RGB", size, "teal")) == b""
