"""The sets of pictures that are measured on: the same each time, and different from one another."""

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scripts.bench.sets.art import flag, flat, icon, logo
from scripts.bench.sets.compositions import COMPOSITIONS
from scripts.bench.sets.documents import DOCUMENT_EDITS, KINDS, document
from scripts.bench.sets.series import later_moment, other_viewpoint


def assert_all_different(pictures: Sequence[Image.Image]) -> None:
    assert len({(picture.size, picture.tobytes()) for picture in pictures}) == len(pictures)


def on_grey(art: Image.Image) -> Image.Image:
    ground = Image.new("RGBA", art.size, "grey")
    return Image.alpha_composite(ground, art).convert("RGB")


@pytest.mark.parametrize("kind", KINDS)
def test_documents_of_one_layout_differ_in_contents_only(kind: str) -> None:
    pages = [document(kind, layout=1, contents=number) for number in range(3)]
    assert_all_different(pages)
    assert len({page.size for page in pages}) == 1
    assert document(kind, 1, 0).tobytes() == pages[0].tobytes()
    assert document(kind, 2, 0).tobytes() != pages[0].tobytes()


@pytest.mark.parametrize("edit", DOCUMENT_EDITS)
def test_copy_of_a_document_is_a_picture(edit: str) -> None:
    assert DOCUMENT_EDITS[edit](document("receipt", 0, 0)).mode == "RGB"


def test_icons_flags_and_flat_pictures_differ() -> None:
    assert_all_different([on_grey(icon(number)) for number in range(60)])
    assert_all_different([on_grey(logo(number)) for number in range(20)])
    assert_all_different([flag(number) for number in range(60)])
    assert_all_different([flat(number, 48, 36) for number in range(60)])


@pytest.mark.parametrize("name", COMPOSITIONS)
def test_composition_shows_photos_at_the_corners_that_it_says(name: str) -> None:
    count, compose = COMPOSITIONS[name]
    colours = ["red", "lime", "blue", "yellow", "cyan", "magenta", "white", "orange", "purple"]
    photos = [Image.new("RGB", (300, 200), colour) for colour in colours[: max(count, 1)]]
    composed = compose(photos, random.Random(1))
    for corners, photo in zip(composed.corners, photos, strict=False):
        x, y = np.mean(corners, axis=0)
        shown = composed.picture.getpixel((round(x), round(y)))
        expected = photo.getpixel((0, 0))
        assert isinstance(shown, tuple) and isinstance(expected, tuple)
        assert max(abs(a - b) for a, b in zip(shown, expected, strict=True)) < 40


def test_other_shots_of_a_scene_differ(photo: Path) -> None:
    with Image.open(photo) as opened:
        scene = opened.convert("RGB").resize((200, 150))
    assert_all_different([other_viewpoint(scene, number) for number in range(4)])
    assert_all_different([later_moment(scene, scene, number) for number in range(4)])
