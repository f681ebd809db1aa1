"""Scores of copies and of strangers."""

from pathlib import Path

import numpy as np
import pdqhash
import pytest
from attrs import evolve
from PIL import Image, ImageDraw, ImageFont

from scripts.bench.edits import EDITS, Edit, then, transposed
from visualsnoop.server.matching.decode import decode, fitted
from visualsnoop.server.matching.fingerprint import Fingerprint, Floats
from visualsnoop.server.matching.fingerprinter import Fingerprinter
from visualsnoop.server.matching.similarity import (
    CANDIDATES,
    hash_distances,
    rank,
    transposed_hashes,
)


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


def test_scores_fall_beyond_what_is_compared_in_full(stored: list[Fingerprint]) -> None:
    dice = np.random.default_rng(7)
    query = stored[0]
    away = unit(dice.standard_normal(512, np.float32))
    # Strangers by their hashes and places, each a little less alike than the one before.
    others = [
        evolve(stored[1], embedding=unit(query.embedding + step * away))
        for step in np.linspace(0, 2, 3 * CANDIDATES, dtype=np.float32)
    ]
    scores = [match.score for match in rank(query, others)]
    assert scores == sorted(scores, reverse=True)


def test_pages_of_results_fit_together(stored: list[Fingerprint]) -> None:
    dice = np.random.default_rng(7)
    query = stored[0].embedding
    away = [unit(dice.standard_normal(512, np.float32)) for _ in range(3 * CANDIDATES)]
    steps = np.linspace(0, 3, len(away), dtype=np.float32)
    embeddings = [unit(query + step * way) for step, way in zip(steps, away, strict=True)]
    embeddings.sort(key=lambda embedding: -float(embedding @ query))
    near = [evolve(stored[0], embedding=embedding) for embedding in embeddings]
    # The last one would come first by its hash, but is too far away to be compared in full.
    others = [evolve(other, pdq=bytes(32)) for other in near[:-1]] + [near[-1]]
    whole = [(match.index, match.score) for match in rank(stored[0], others)]
    for count in (CANDIDATES, CANDIDATES + 1, 2 * CANDIDATES):
        page = [(match.index, match.score) for match in rank(stored[0], others[:count])]
        assert page == whole[:count]
    assert [score for _, score in whole] == sorted((score for _, score in whole), reverse=True)


def unit(vector: Floats) -> Floats:
    of_length_one: Floats = (vector / np.linalg.norm(vector)).astype(np.float32)
    return of_length_one


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
    distances = hash_distances(one, [one, b"\x03" + bytes(31)])
    assert distances.shape == (2, 8)
    assert list(distances[:, 0]) == [0, 2]


TURNS: dict[str, Edit] = {
    "none": lambda picture: picture,
    "rotated_90": transposed(Image.Transpose.ROTATE_270),
    "rotated_180": transposed(Image.Transpose.ROTATE_180),
    "rotated_270": transposed(Image.Transpose.ROTATE_90),
}
TRANSFORMS = TURNS | {
    "mirrored" if name == "none" else f"mirrored_{name}": then(
        transposed(Image.Transpose.FLIP_LEFT_RIGHT), turn
    )
    for name, turn in TURNS.items()
}


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_transform_tells_how_the_query_was_made(
    transform: str,
    pictures: list[Image.Image],
    stored: list[Fingerprint],
    fingerprinter: Fingerprinter,
) -> None:
    told = []
    for picture, fingerprint in zip(pictures, stored, strict=True):
        (match,) = rank(fingerprinter.fingerprint(TRANSFORMS[transform](picture)), [fingerprint])
        told.append(match.transform)
    # Of the one photo that has hardly any detail it cannot be told.
    assert set(told) <= {transform, "unknown"}
    assert told.count("unknown") <= 1


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_transform_of_a_part_is_told(
    transform: str,
    pictures: list[Image.Image],
    stored: list[Fingerprint],
    fingerprinter: Fingerprinter,
) -> None:
    part = then(EDITS["cropped to 30 %, middle"], TRANSFORMS[transform])(pictures[0])
    (match,) = rank(fingerprinter.fingerprint(part), [stored[0]])
    assert match.transform == transform
    assert match.score > 0.7


def test_picture_that_lies_askew_has_no_transform(
    pictures: list[Image.Image], stored: list[Fingerprint], fingerprinter: Fingerprinter
) -> None:
    askew = fitted(EDITS["rotated by 45°"](pictures[0]))
    (match,) = rank(fingerprinter.fingerprint(askew), [stored[0]])
    assert match.transform == "unknown"
    assert match.score > 0.7


@pytest.mark.parametrize("edit", ["caption", "text above and below", "watermark"])
def test_strangers_are_none_the_closer_for_what_was_added_to_both(
    edit: str, pictures: list[Image.Image], fingerprinter: Fingerprinter
) -> None:
    edited = [fingerprinter.fingerprint(fitted(EDITS[edit](picture))) for picture in pictures]
    for fingerprint in edited:
        assert rank(fingerprint, edited)[1].score < 0.7


def test_part_is_no_better_than_the_whole(
    pictures: list[Image.Image], stored: list[Fingerprint], fingerprinter: Fingerprinter
) -> None:
    part = fingerprinter.fingerprint(EDITS["cropped to 70 %, corner"](pictures[0]))
    (match,) = rank(part, [stored[0]])
    assert 0.7 < match.score < 0.99


def test_image_without_keypoints_is_found_as_a_whole(stored: list[Fingerprint]) -> None:
    others = [evolve(fingerprint, keypoints=b"") for fingerprint in stored]
    for index, fingerprint in enumerate(stored):
        best, second = rank(fingerprint, others)[:2]
        assert (best.index, best.transform) == (index, "none")
        assert best.score == pytest.approx(1, abs=1e-4)
        assert second.score < 0.6


def test_pictures_without_detail_match_only_what_is_the_same(
    stored: list[Fingerprint], fingerprinter: Fingerprinter
) -> None:
    flat = {
        colour: fingerprinter.fingerprint(Image.new("RGB", (300, 200), colour))
        for colour in ("white", "black", "teal", "#e0e0e0", "red")
    }
    for colour, query in flat.items():
        others = [fingerprint for name, fingerprint in flat.items() if name != colour]
        assert all(match.score < 0.4 for match in rank(query, [*others, *stored]))
        assert rank(query, [query])[0].score == 1


def page_of_text(line: str) -> Image.Image:
    page = Image.new("RGB", (600, 800), "white")
    ImageDraw.Draw(page).text((40, 60), line, fill="black", font=ImageFont.load_default(20))
    return page


def test_pictures_of_little_detail_do_not_match_everything(
    stored: list[Fingerprint], fingerprinter: Fingerprinter
) -> None:
    little = [
        page_of_text("See you on Monday, Ada"),
        Image.linear_gradient("L").resize((400, 300)).convert("RGB"),
        Image.radial_gradient("L").resize((400, 300)).convert("RGB"),
        Image.new("RGB", (400, 300), "navy"),
    ]
    made = [fingerprinter.fingerprint(picture) for picture in little]
    for index, query in enumerate(made):
        others = [*made[:index], *made[index + 1 :], *stored]
        assert all(match.score < 0.7 for match in rank(query, others))
        assert rank(query, [query])[0].score == pytest.approx(1, abs=1e-4)
