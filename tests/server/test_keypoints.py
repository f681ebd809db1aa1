"""Keypoints, and the places that two pictures have in common."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from visualsnoop.server.matching.decode import decode
from visualsnoop.server.matching.detection import find_keypoints
from visualsnoop.server.matching.geometry import LEAST_COMMON, NOTHING, common_places
from visualsnoop.server.matching.keypoints import (
    KEYPOINT,
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


def test_picture_has_all_places_in_common_with_itself() -> None:
    (common,) = common_places(find_keypoints(PICTURE), [STORED])
    assert common.count >= 0.8 * len(read_keypoints(STORED))
    assert common.share > 0.8
    assert common.turn == pytest.approx(0, abs=1)


def test_different_photos_have_nothing_in_common(photos: list[Path]) -> None:
    found = [find_keypoints(read(photo)) for photo in photos]
    for index, query in enumerate(found):
        others = [other[:STORED_BYTES] for other in found[:index] + found[index + 1 :]]
        assert common_places(query, others) == [NOTHING] * len(others)


@settings(max_examples=30, deadline=None)
@given(
    turn=st.floats(-180, 180),
    scale=st.floats(0.4, 1.2),
    x=st.floats(0, 0.3),
    y=st.floats(0, 0.3),
)
def test_places_are_found_again_however_a_part_lies(
    turn: float, scale: float, x: float, y: float
) -> None:
    width, height = PICTURE.size
    part = PICTURE.crop((x * width, y * height, (x + 0.7) * width, (y + 0.7) * height))
    part = ImageOps.scale(part, scale).rotate(-turn, Image.Resampling.BICUBIC, expand=True)
    (common,) = common_places(find_keypoints(part), [STORED])
    assert common.count >= LEAST_COMMON
    assert abs((common.turn - turn + 180) % 360 - 180) < 5


def test_mirrored_keypoints_are_those_of_the_mirrored_picture() -> None:
    in_mirror = find_keypoints(ImageOps.mirror(PICTURE))
    assert common_places(in_mirror, [STORED]) == [NOTHING]
    (common,) = common_places(mirrored(in_mirror), [STORED])
    assert common.share > 0.7


def test_mirrored_twice_is_as_it_was() -> None:
    assert mirrored(mirrored(STORED)) == STORED


def test_keypoints_that_are_kept_are_spread_over_the_picture() -> None:
    places = positions(read_keypoints(STORED))
    width, height = np.array(PICTURE.size) / max(PICTURE.size)
    is_left, is_upper = places.real < width / 2, places.imag < height / 2
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


def test_pictures_without_keypoints_have_nothing_in_common() -> None:
    assert common_places(b"", [STORED, b""]) == [NOTHING] * 2
    assert common_places(STORED, [b"", b""]) == [NOTHING] * 2
    assert common_places(STORED, []) == []


records = st.binary(max_size=90 * KEYPOINT.itemsize).map(
    lambda data: data[: len(data) // KEYPOINT.itemsize * KEYPOINT.itemsize]
)


@given(records, st.lists(records, max_size=3))
def test_any_keypoints_can_be_compared(query: bytes, others: list[bytes]) -> None:
    found = common_places(query, others)
    assert len(found) == len(others)
    assert all(0 <= common.share <= 1 for common in found)
