"""Windows of a picture: what it is composed of is found in them, and where."""

import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scripts.bench.in_memory import as_stored
from scripts.bench.sets.compositions import grid
from visualsnoop.server.matching.decode import decode
from visualsnoop.server.matching.fingerprinter import Fingerprinter
from visualsnoop.server.matching.scaling import fitted
from visualsnoop.server.matching.similarity import compare
from visualsnoop.server.matching.windows import BOXES, Window, windows


def test_part_of_a_collage_is_a_copy_in_its_window(photos: list[Path]) -> None:
    fingerprinter = Fingerprinter()
    pictures = []
    for photo in photos[:4]:
        with photo.open("rb") as file:
            pictures.append(decode(file))
    collage = grid(2, 2)(pictures, random.Random(1))
    stored = [as_stored(fingerprinter.fingerprint(picture)) for picture in pictures]
    for place, window in enumerate(windows(fitted(collage.picture), 4)):
        match = compare(fingerprinter.fingerprint(window.picture), stored[place])
        assert match.score > 0.7
        assert match.region is not None
        # The whole collage lies around the stored picture as the picture lies in the collage.
        corners = np.array(window.region_of_whole(match.region))
        (left, top), _, (right, bottom), _ = collage.corners[place]
        width, height = collage.picture.size
        expected = (-left / (right - left), -top / (bottom - top))
        assert corners[0] == pytest.approx(expected, abs=0.05)
        expected = ((width - left) / (right - left), (height - top) / (bottom - top))
        assert corners[2] == pytest.approx(expected, abs=0.05)


def test_whole_lies_where_its_only_window_lies() -> None:
    region = ((0.1, 0.2), (0.8, 0.25), (0.7, 0.9), (0.0, 0.85))
    whole = Window((0, 0, 1, 1), Image.new("RGB", (10, 10))).region_of_whole(region)
    assert np.array(whole) == pytest.approx(np.array(region))


@pytest.mark.parametrize("size", [(1, 1), (640, 2), (640, 480)])
def test_windows_of_any_picture_show_something(size: tuple[int, int]) -> None:
    found = list(windows(Image.new("RGB", size)))
    assert len(found) == len(BOXES) == 47
    assert all(min(window.picture.size) >= 1 for window in found)
