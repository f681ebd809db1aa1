"""Scores of copies and of strangers."""

from pathlib import Path

import numpy as np
import pdqhash
import pytest
from edits import EDITS
from PIL import Image

from visualsnoop.server.decode import decode, fitted
from visualsnoop.server.fingerprint import Fingerprint, Fingerprinter
from visualsnoop.server.similarity import hash_distances, rank, transposed_hashes


@pytest.fixture(scope="module")
def fingerprinter() -> Fingerprinter:
    return Fingerprinter()


@pytest.fixture(scope="module")
def pictures(photos: list[Path]) -> list[Image.Image]:
    opened = []
    for photo in photos:
        with photo.open("rb") as file:
            opened.append(decode(file))
    return opened


@pytest.fixture(scope="module")
def stored(pictures: list[Image.Image], fingerprinter: Fingerprinter) -> list[Fingerprint]:
    return [fingerprinter.fingerprint(picture) for picture in pictures]


def test_picture_itself_has_score_one(stored: list[Fingerprint]) -> None:
    for index, fingerprint in enumerate(stored):
        best = rank(fingerprint, stored)[0]
        assert best.index == index
        assert best.score == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("edit", EDITS)
def test_edited_copies_are_found_first(
    edit: str,
    pictures: list[Image.Image],
    stored: list[Fingerprint],
    fingerprinter: Fingerprinter,
) -> None:
    missed = 0
    for index, picture in enumerate(pictures):
        query = fingerprinter.fingerprint(fitted(EDITS[edit](picture)))
        missed += rank(query, stored)[0].index != index
    assert missed <= 1


def test_strangers_have_low_scores(stored: list[Fingerprint]) -> None:
    for fingerprint in stored:
        assert rank(fingerprint, stored)[1].score < 0.6


def test_nothing_is_ranked_among_nothing(stored: list[Fingerprint]) -> None:
    assert rank(stored[0], []) == []


def test_scores_fall_from_rank_to_rank(stored: list[Fingerprint]) -> None:
    scores = [match.score for match in rank(stored[0], stored)]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_hashes_of_turned_pictures_are_derived_from_one_hash(pictures: list[Image.Image]) -> None:
    for picture in pictures:
        bits, quality = pdqhash.compute(np.asarray(picture))
        if quality < 50:
            continue
        derived = np.unpackbits(transposed_hashes(np.packbits(bits).tobytes()), axis=1)
        exact = np.array(pdqhash.compute_dihedral(np.asarray(picture))[0])
        nearest = (exact[:, np.newaxis] != derived).sum(axis=2).min(axis=1)
        assert nearest.max() <= 24


def test_distance_counts_bits() -> None:
    one = bytes(32)
    assert list(hash_distances(one, [one, b"\x03" + bytes(31)])) == [0, 2]
