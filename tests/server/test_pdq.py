"""PDQ: the same hashes as those of the reference implementation."""

from pathlib import Path

import numpy as np
import pdqhash
import pytest
from PIL import Image

from scripts.bench.edits import EDITS
from scripts.bench.sets.art import flag
from scripts.bench.sets.documents import KINDS, document
from visualsnoop.server.matching.decode import decode
from visualsnoop.server.matching.pdq import distance_to_median, pdq_hash

NEAR = 1  # coefficients so near to the median may be rounded to either side of it


def assert_agreement(picture: Image.Image) -> None:
    bits, quality = pdqhash.compute(np.asarray(picture))
    made, made_quality = pdq_hash(picture)
    differs = np.unpackbits(np.frombuffer(made, np.uint8)) != bits
    # Rounding alone decides on the others, and processors do it differently.
    assert not differs[distance_to_median(picture) > NEAR].any()
    assert abs(made_quality - quality) <= 1


def noise(size: tuple[int, int]) -> Image.Image:
    width, height = size
    samples = np.random.default_rng(seed=7).normal(128, 90, (height, width)).clip(0, 255)
    return Image.fromarray(samples.astype(np.uint8)).convert("RGB")


def read(photo: Path) -> Image.Image:
    with photo.open("rb") as file:
        return decode(file)


def test_photos_have_the_hashes_of_the_reference(photos: list[Path]) -> None:
    for photo in photos:
        assert_agreement(read(photo))


@pytest.mark.parametrize("edit", EDITS)
def test_edited_photo_has_the_hash_of_the_reference(photo: Path, edit: str) -> None:
    assert_agreement(EDITS[edit](read(photo)))


@pytest.mark.parametrize("kind", KINDS)
def test_document_has_the_hash_of_the_reference(kind: str) -> None:
    assert_agreement(document(kind, layout=0, contents=0))


@pytest.mark.parametrize("size", [(5, 5), (16, 24), (63, 200), (64, 64), (640, 7), (1000, 800)])
def test_picture_of_any_size_has_the_hash_of_the_reference(size: tuple[int, int]) -> None:
    assert_agreement(noise(size))


def test_most_bits_are_settled(photos: list[Path]) -> None:
    for photo in photos:
        assert (distance_to_median(read(photo)) > NEAR).sum() >= 240


def test_frequencies_that_a_picture_cannot_have_set_no_bit() -> None:
    small = noise((8, 8))  # repeated eightfold it has no frequency that is a multiple of 8
    bits = np.unpackbits(np.frombuffer(pdq_hash(small)[0], np.uint8)).reshape(16, 16)[::-1, ::-1]
    absent = bits[[7, 15]]
    assert len({*absent.ravel(), *bits[:, [7, 15]].ravel()}) == 1


@pytest.mark.parametrize("size", [(1, 1), (4, 64), (300, 2)])
def test_tiny_picture_has_neither_hash_nor_quality(size: tuple[int, int]) -> None:
    assert pdq_hash(Image.effect_noise(size, 90).convert("RGB")) == (bytes(32), 0)


def test_flat_picture_has_no_quality() -> None:
    assert pdq_hash(Image.new("RGB", (64, 64), "teal"))[1] == 0
    assert pdq_hash(flag(4))[1] > 20
