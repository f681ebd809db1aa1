"""Windows of a picture, to find what it is composed of."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from visualsnoop.server.matching.fingerprinter import Fingerprinter
from visualsnoop.server.matching.warping import mapped
from visualsnoop.server.matching.windows import BOXES, WHOLE, area, into_window, window


def test_corners_of_a_window_are_those_of_its_picture() -> None:
    box = (0.25, 0.5, 0.75, 0.9)
    corners = np.array([(0.25, 0.5), (0.75, 0.9)])
    assert mapped(corners, into_window(box)) == pytest.approx(np.array([(0, 0), (1, 1)]))
    assert into_window(WHOLE) == pytest.approx(np.eye(3))


def test_windows_cover_every_place_that_a_tenth_of_a_picture_can_be_in() -> None:
    side = 0.1**0.5
    for left, top in np.random.default_rng(seed=1).uniform(0, 1 - side, (100, 2)):
        shares = [
            max(0, min(right, left + side) - max(x, left))
            * max(0, min(bottom, top + side) - max(y, top))
            / side**2
            for x, y, right, bottom in BOXES
            if area((x, y, right, bottom)) < 0.2
        ]
        assert max(shares) > 0.6


@pytest.mark.parametrize("size", [(1, 1), (640, 2), (640, 480)])
def test_windows_of_any_picture_show_something(size: tuple[int, int]) -> None:
    shown = [window(Image.new("RGB", size), box) for box in BOXES]
    assert len(shown) == 47
    assert all(min(each.size) >= 1 for each in shown)


def test_embedding_of_a_window_and_the_rest_of_its_fingerprint_are_computed_apart(
    photo: Path,
) -> None:
    part = window(Image.open(photo).convert("RGB"), (0, 0, 0.5, 0.5))
    fingerprinter = Fingerprinter()
    embedded = fingerprinter.fingerprint_of_window(part, rest=False)
    rest = fingerprinter.fingerprint_of_window(part, embedding=False)
    whole = fingerprinter.fingerprint(part)
    assert embedded.embedding @ whole.embedding > 0.9
    assert (embedded.pdq, embedded.keypoints, embedded.detail) == (b"", b"", b"")
    assert len(rest.embedding) == 0
    assert (rest.quality, rest.pdq) == (whole.quality, whole.pdq)
    assert (rest.keypoints, rest.detail) == (whole.keypoints, whole.detail)
