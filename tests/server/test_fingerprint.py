"""Fingerprints: the same for the same picture, wherever and whenever they are made."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from visualsnoop.server.matching.decode import decode
from visualsnoop.server.matching.dihedral import hash_distances
from visualsnoop.server.matching.fingerprinter import Fingerprinter, network_input
from visualsnoop.server.matching.geometry import match_keypoints
from visualsnoop.server.matching.keypoints import KEYPOINT

GOLDEN = Path(__file__).parent / "golden_fingerprints.json"


@pytest.fixture(scope="module")
def fingerprinter() -> Fingerprinter:
    return Fingerprinter()


def read(photo: Path) -> Image.Image:
    with photo.open("rb") as file:
        return decode(file)


def test_fingerprints_of_the_photos_are_what_they_were(
    photos: list[Path], fingerprinter: Fingerprinter
) -> None:
    golden = json.loads(GOLDEN.read_text())
    for photo in photos:
        made, known = fingerprinter.fingerprint(read(photo)), golden[photo.name]
        assert (made.version, made.quality) == (known["version"], known["quality"])
        # Decoders and processors differ in the last digits.
        assert hash_distances(made.pdq, [bytes.fromhex(known["pdq"])])[0, 0] <= 4
        assert made.embedding[:64] @ known["embedding"] > 0.99 * np.square(known["embedding"]).sum()
        match = match_keypoints(made.keypoints, base64.b64decode(known["keypoints"]))
        assert match is not None
        assert match.inlier_ratio > 0.7


def test_fingerprint_is_deterministic(photo: Path) -> None:
    one, other = (Fingerprinter().fingerprint(read(photo)) for _ in range(2))
    assert (one.pdq, one.keypoints) == (other.pdq, other.keypoints)
    assert one.embedding.tobytes() == other.embedding.tobytes()


def test_embedding_has_length_one(photos: list[Path], fingerprinter: Fingerprinter) -> None:
    for photo in photos:
        embedding = fingerprinter.fingerprint(read(photo)).embedding
        assert embedding.shape == (512,)
        assert np.linalg.norm(embedding) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (1, 640), (640, 1), (5, 3), (640, 640)])
def test_picture_of_any_shape_has_a_fingerprint(
    size: tuple[int, int], fingerprinter: Fingerprinter
) -> None:
    for picture in (Image.new("RGB", size, "teal"), Image.effect_noise(size, 90).convert("RGB")):
        made = fingerprinter.fingerprint(picture)
        assert np.isfinite(made.embedding).all()
        assert len(made.pdq) == 32
        assert len(made.keypoints) <= 300 * KEYPOINT.itemsize


def test_flat_picture_has_no_quality(photo: Path, fingerprinter: Fingerprinter) -> None:
    assert fingerprinter.fingerprint(Image.new("RGB", (64, 64), "teal")).quality == 0
    assert fingerprinter.fingerprint(read(photo)).quality > 50


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (640, 10), (20, 20)])
def test_network_sees_sides_that_are_multiples_of_its_stride(size: tuple[int, int]) -> None:
    _, channels, height, width = network_input(Image.new("RGB", size)).shape
    assert channels == 3
    assert height % 32 == width % 32 == 0
