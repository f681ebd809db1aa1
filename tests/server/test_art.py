"""Drawn art: icons, flags, logos and flat pictures are found by their copies, and by no others."""

import io
from collections.abc import Callable, Sequence
from functools import cache, partial
from itertools import combinations

import pytest
from PIL import Image

from scripts.bench.in_memory import as_stored
from scripts.bench.sets.art import flag, flat, icon, logo
from visualsnoop.server.matching.decode import decode
from visualsnoop.server.matching.fingerprint import Fingerprint
from visualsnoop.server.matching.fingerprinter import Fingerprinter
from visualsnoop.server.matching.scaling import fitted
from visualsnoop.server.matching.similarity import compare

Art = Callable[[int], Image.Image]

MANY = 10

ART: dict[str, Art] = {
    "flag": flag,
    "flat": flat,
    "logo": logo,
    "dark logo": partial(logo, ink="#102040"),
    **{f"icon of {side}": partial(icon, side=side) for side in (16, 24, 32, 64)},
    **{f"{ink} icon": partial(icon, ink=ink) for ink in ("white", "red")},
}
TRANSPARENT = [name for name in ART if name not in ("flag", "flat")]


@cache
def fingerprinter() -> Fingerprinter:
    return Fingerprinter()


def read(picture: Image.Image, format: str) -> Fingerprint:
    """The fingerprint of a picture that was saved in a format."""
    file = io.BytesIO()
    picture.save(file, format)
    file.seek(0)
    return fingerprinter().fingerprint(fitted(decode(file)))


def flattened(art: Image.Image, ground: str) -> Image.Image:
    return Image.alpha_composite(Image.new("RGBA", art.size, ground), art).convert("RGB")


@cache
def stored(name: str) -> Sequence[Fingerprint]:
    return [as_stored(read(ART[name](number), "PNG")) for number in range(MANY)]


@pytest.mark.parametrize("name", ART)
def test_different_ones_are_no_copies(name: str) -> None:
    assert all(compare(one, other).score < 0.7 for one, other in combinations(stored(name), 2))


@pytest.mark.parametrize("name", ["flag", "flat"])
def test_jpeg_of_it_is_a_copy(name: str) -> None:
    for number, original in enumerate(stored(name)):
        assert compare(read(ART[name](number), "JPEG"), original).score >= 0.7


@pytest.mark.parametrize("name", TRANSPARENT)
def test_jpeg_on_a_ground_on_which_it_is_seen_is_a_copy(name: str) -> None:
    ground = "black" if name in ("logo", "white icon") else "white"
    for number, original in enumerate(stored(name)):
        assert compare(read(flattened(ART[name](number), ground), "JPEG"), original).score >= 0.7


def test_art_that_is_seen_on_white_stays_on_white() -> None:
    for ink in ("black", "#808080", "#c0c0c0", "red", "#0080ff"):
        file = io.BytesIO()
        icon(3, 64, ink).save(file, "PNG")
        file.seek(0)
        assert decode(file).getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize("ink", ["white", "#f8f8f8", "ivory"])
def test_art_that_is_not_seen_on_white_is_put_on_black(ink: str) -> None:
    file = io.BytesIO()
    icon(3, 64, ink).save(file, "PNG")
    file.seek(0)
    assert decode(file).getpixel((0, 0)) == (0, 0, 0)
