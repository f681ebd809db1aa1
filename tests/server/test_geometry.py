"""How pictures lie on one another, by their keypoints."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageOps

from visualsnoop.server.matching.decode import decode
from visualsnoop.server.matching.detection import find_keypoints
from visualsnoop.server.matching.geometry import (
    LEAST_INLIERS,
    GeometricMatch,
    match_keypoints,
    match_several,
)
from visualsnoop.server.matching.keypoints import (
    KEYPOINT,
    STORED_BYTES,
    mirrored,
    read_keypoints,
)
from visualsnoop.server.matching.steps import finish

PHOTO = Path(__file__).parent.parent / "photos" / "astronaut.jpg"


def read(photo: Path) -> Image.Image:
    with photo.open("rb") as file:
        return decode(file)


PICTURE = read(PHOTO)
STORED = find_keypoints(PICTURE)[:STORED_BYTES]


def matched(query: Image.Image, *, look_in_mirror: bool = False) -> GeometricMatch:
    match = match_keypoints(find_keypoints(query), STORED, look_in_mirror=look_in_mirror)
    assert match is not None
    return match


def test_picture_lies_on_itself_as_it_is() -> None:
    match = matched(PICTURE)
    assert match.inliers >= 0.8 * len(read_keypoints(STORED))
    assert match.inlier_ratio > 0.8
    assert match.rotation == pytest.approx(0, abs=1)
    assert match.mapping == pytest.approx(np.eye(2, 3), abs=0.01)
    assert not match.is_mirrored


def test_different_photos_do_not_match(photos: list[Path]) -> None:
    found = [find_keypoints(read(photo)) for photo in photos]
    for index, query in enumerate(found):
        for other in found[:index] + found[index + 1 :]:
            assert match_keypoints(query, other[:STORED_BYTES], look_in_mirror=True) is None


@settings(max_examples=30, deadline=None)
@given(
    turn=st.floats(-180, 180),
    scale=st.floats(0.4, 1.2),
    x=st.floats(0, 0.3),
    y=st.floats(0, 0.3),
)
def test_part_is_found_however_it_lies(turn: float, scale: float, x: float, y: float) -> None:
    width, height = PICTURE.size
    part = PICTURE.crop((x * width, y * height, (x + 0.7) * width, (y + 0.7) * height))
    part = ImageOps.scale(part, scale).rotate(-turn, Image.Resampling.BICUBIC, expand=True)
    match = matched(part)
    assert match.inliers >= LEAST_INLIERS
    assert abs((match.rotation - turn + 180) % 360 - 180) < 5


def test_mapping_says_where_a_part_lies() -> None:
    left, top, right, bottom = box = (100, 50, 400, 450)
    longer = max(PICTURE.size)
    match = matched(PICTURE.crop(box))
    # The corners of the part, in units of its longer side, and where they are in the picture.
    corners = np.array([[0, 0, 1], [0.75, 0, 1], [0, 1, 1], [0.75, 1, 1]])
    there = np.array([[left, top], [right, top], [left, bottom], [right, bottom]]) / longer
    assert corners @ match.mapping.T == pytest.approx(there, abs=0.01)


def test_mapping_says_where_a_mirrored_and_turned_part_lies() -> None:
    left, top, right, bottom = box = (100, 50, 400, 450)
    longer = max(PICTURE.size)
    part = ImageOps.mirror(PICTURE.crop(box)).transpose(Image.Transpose.ROTATE_270)
    match = matched(part, look_in_mirror=True)
    assert match.is_mirrored
    assert match.rotation == pytest.approx(90, abs=2)
    # Its upper left corner was the lower left one of the mirror, and so the lower right one.
    corners = np.array([[0, 0, 1], [1, 0, 1], [0, 0.75, 1], [1, 0.75, 1]])
    there = np.array([[right, bottom], [right, top], [left, bottom], [left, top]]) / longer
    assert corners @ match.mapping.T == pytest.approx(there, abs=0.01)


def test_mirrored_picture_is_found_only_where_one_looks_in_the_mirror() -> None:
    in_mirror = find_keypoints(ImageOps.mirror(PICTURE))
    assert match_keypoints(in_mirror, STORED) is None
    match = match_keypoints(in_mirror, STORED, look_in_mirror=True)
    assert match is not None
    assert match.is_mirrored
    assert match.inlier_ratio > 0.7
    width = PICTURE.width / max(PICTURE.size)
    assert match.mapping == pytest.approx(np.array([[-1, 0, width], [0, 1, 0]]), abs=0.01)


@settings(max_examples=20, deadline=None)
@given(
    turn=st.floats(-180, 180),
    stretch=st.floats(0.7, 1.4),
    is_mirrored=st.booleans(),
    count=st.integers(40, 300),
)
def test_exchanged_pictures_have_the_inverse_match(
    turn: float, stretch: float, is_mirrored: bool, count: int
) -> None:
    picture = ImageOps.mirror(PICTURE) if is_mirrored else PICTURE
    picture = picture.resize((round(picture.width * stretch), picture.height))
    picture = picture.rotate(-turn, Image.Resampling.BICUBIC, expand=True)
    query = find_keypoints(picture)[: count * KEYPOINT.itemsize]
    match = match_keypoints(query, STORED, look_in_mirror=True)
    back = match_keypoints(STORED, query, look_in_mirror=True)
    if match is None or back is None:
        assert match is back
        # Few keypoints agree on a picture that was stretched much.
        assert count < 60 or not 0.8 <= stretch <= 1.25
        return
    assert (match.inliers, match.inlier_ratio) == (back.inliers, back.inlier_ratio)
    assert match.is_mirrored == back.is_mirrored == is_mirrored
    assert match.rotation == (back.rotation if is_mirrored else -back.rotation)
    assert as_square(match) @ as_square(back) == pytest.approx(np.eye(3), abs=1e-9)


def as_square(match: GeometricMatch) -> NDArray[np.float64]:
    return np.vstack([match.mapping, [0, 0, 1]])


def test_keypoints_on_a_line_give_no_mapping_that_is_flat() -> None:
    # Of a picture that is known along one line only, its own scale holds across that line, too.
    on_line = read_keypoints(STORED).copy()
    on_line["y"] = 20000
    match = match_keypoints(on_line.tobytes(), on_line.tobytes())
    assert match is not None
    assert match.mapping == pytest.approx(np.eye(2, 3), abs=0.01)


def test_pictures_without_keypoints_do_not_match() -> None:
    assert match_keypoints(b"", STORED) is None
    assert match_keypoints(STORED, b"") is None
    assert match_keypoints(b"", b"") is None


@settings(max_examples=20, deadline=None)
@given(
    turn=st.floats(-180, 180),
    left=st.floats(0, 0.6),
    is_mirrored=st.booleans(),
    count=st.integers(0, 300),
)
def test_several_pictures_are_matched_as_one_by_one(
    turn: float, left: float, is_mirrored: bool, count: int
) -> None:
    part = PICTURE.crop((left * PICTURE.width, 0, PICTURE.width, PICTURE.height))
    part = ImageOps.mirror(part) if is_mirrored else part
    part = part.rotate(-turn, Image.Resampling.BICUBIC, expand=True)
    query = find_keypoints(part)[: count * KEYPOINT.itemsize]
    others = [b"", STORED, query, STORED[: 30 * KEYPOINT.itemsize]]
    for look_in_mirror in (False, True):
        matches = finish(match_several(query, others, look_in_mirror=look_in_mirror))
        one_by_one = [
            match_keypoints(query, other, look_in_mirror=look_in_mirror) for other in others
        ]
        assert list(map(repr, matches)) == list(map(repr, one_by_one))


records = st.binary(max_size=90 * KEYPOINT.itemsize).map(
    lambda data: data[: len(data) // KEYPOINT.itemsize * KEYPOINT.itemsize]
)


@given(records, records)
def test_any_keypoints_can_be_compared(query: bytes, stored: bytes) -> None:
    for match in (match_keypoints(query, stored), match_keypoints(mirrored(stored), stored)):
        if match is not None:
            assert 0 <= match.inlier_ratio <= 1
            assert np.isfinite(match.mapping).all()
            assert np.isfinite(match.inverse().mapping).all()
