"""Scores of copies and of different pictures."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pdqhash
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from scripts.bench.edits import EDITS, Edit, then, transposed
from scripts.bench.in_memory import InMemoryCollection, as_stored
from visualsnoop.server.matching import dihedral
from visualsnoop.server.matching.decode import decode
from visualsnoop.server.matching.dihedral import dihedral_hashes, hash_distances, nearest_transforms
from visualsnoop.server.matching.fingerprint import Fingerprint, Floats
from visualsnoop.server.matching.fingerprinter import Fingerprinter
from visualsnoop.server.matching.scaling import fitted
from visualsnoop.server.matching.similarity import DEPTH, Match, compare


def rank(query: Fingerprint, stored: list[Fingerprint]) -> list[Match]:
    """A search in a collection of these pictures."""
    return InMemoryCollection(stored).search(query)


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
    return [as_stored(fingerprinter.fingerprint(picture)) for picture in pictures]


@pytest.fixture(scope="module")
def edited(
    pictures: list[Image.Image], fingerprinter: Fingerprinter
) -> Callable[[str], list[Fingerprint]]:
    """Gives the fingerprints of the pictures after an edit."""

    @cache
    def fingerprints(edit: str) -> list[Fingerprint]:
        return [fingerprinter.fingerprint(fitted(EDITS[edit](picture))) for picture in pictures]

    return fingerprints


def test_picture_itself_has_score_one(stored: list[Fingerprint]) -> None:
    for index, fingerprint in enumerate(stored):
        best = rank(fingerprint, stored)[0]
        assert best.index == index
        assert best.score == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("edit", EDITS)
def test_edited_copies_are_found_first(
    edit: str, edited: Callable[[str], list[Fingerprint]], stored: list[Fingerprint]
) -> None:
    found = [rank(query, stored)[0].index for query in edited(edit)]
    missed = sum(first != index for index, first in enumerate(found))
    assert missed <= 1


def test_different_pictures_have_low_scores(stored: list[Fingerprint]) -> None:
    for fingerprint in stored:
        assert rank(fingerprint, stored)[1].score < 0.6


def test_scores_fall_from_rank_to_rank(stored: list[Fingerprint]) -> None:
    scores = [match.score for match in rank(stored[0], stored)]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_scores_fall_beyond_what_is_compared_in_full(stored: list[Fingerprint]) -> None:
    dice = np.random.default_rng(7)
    query = stored[0]
    away = unit(dice.standard_normal(512, np.float32))
    # Different by their hashes and keypoints, each a little less alike than the one before.
    others = [
        evolve(stored[1], embedding=unit(query.embedding + step * away))
        for step in np.linspace(0, 2, 3 * DEPTH.hashes, dtype=np.float32)
    ]
    scores = [match.score for match in rank(query, others)]
    assert scores == sorted(scores, reverse=True)


def test_pages_of_results_fit_together(stored: list[Fingerprint]) -> None:
    dice = np.random.default_rng(7)
    query = stored[0].embedding
    away = [unit(dice.standard_normal(512, np.float32)) for _ in range(3 * DEPTH.hashes)]
    steps = np.linspace(0, 3, len(away), dtype=np.float32)
    embeddings = [unit(query + step * way) for step, way in zip(steps, away, strict=True)]
    embeddings.sort(key=lambda embedding: -float(embedding @ query))
    near = [evolve(stored[0], embedding=embedding) for embedding in embeddings]
    # The last one would come first by its hash, but is too far away to be compared in full.
    others = [evolve(other, pdq=bytes(32)) for other in near[:-1]] + [near[-1]]
    whole = [(match.index, match.score) for match in rank(stored[0], others)]
    for count in (DEPTH.hashes, DEPTH.hashes + 1, 2 * DEPTH.hashes):
        page = [(match.index, match.score) for match in rank(stored[0], others[:count])]
        assert page == whole[:count]
    assert [score for _, score in whole] == sorted((score for _, score in whole), reverse=True)


INVERSE = {"rotated_90": "rotated_270", "rotated_270": "rotated_90"}


@pytest.mark.parametrize(
    "edit",
    [
        "mirrored",
        "turned by 90°",
        "turned by 270°",
        "rotated by 15°",
        "cropped to 50 %, corner",
        "cropped, mirrored, JPEG 40",
        "blurred much",
        "caption",
        "border, 15 %",
        "scaled to 20 %",
    ],
)
def test_exchanged_pictures_have_the_same_score_and_the_inverse_transform(
    edit: str, edited: Callable[[str], list[Fingerprint]], stored: list[Fingerprint]
) -> None:
    copies = [as_stored(copy) for copy in edited(edit)]
    told = set()
    for index, one in enumerate(copies):
        for other in (stored[index], stored[index - 1], copies[index - 1]):
            match, back = compare(one, other), compare(other, one)
            assert match.score == back.score
            assert match.transform == INVERSE.get(back.transform, back.transform)
            told.add(match.transform)
    assert len(told) > 1


def test_symmetric_pictures_have_the_inverse_transform_too(fingerprinter: Fingerprinter) -> None:
    # Each way to mirror and turn these is as good as several others.
    squares = Image.new("L", (2, 2))
    squares.putdata([0, 255, 255, 0])
    symmetric = [
        Image.radial_gradient("L").resize((320, 320)),
        squares.resize((320, 320), Image.Resampling.NEAREST),
        Image.linear_gradient("L").resize((320, 320)),
    ]
    known = [as_stored(fingerprinter.fingerprint(each.convert("RGB"))) for each in symmetric]
    for one in known:
        for other in known:
            match, back = compare(one, other), compare(other, one)
            assert match.score == back.score
            assert match.transform == INVERSE.get(back.transform, back.transform)


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_exchanged_hashes_have_the_same_distance_and_the_inverse_transform(
    one: bytes, other: bytes
) -> None:
    names = dihedral.TRANSFORMS
    (transform,), (distance,) = nearest_transforms(one, [other])
    (back,), (distance_back,) = nearest_transforms(other, [one])
    assert distance == distance_back
    assert names[transform] == INVERSE.get(names[back], names[back])


def test_search_scores_as_a_comparison_does(
    pictures: list[Image.Image], stored: list[Fingerprint], fingerprinter: Fingerprinter
) -> None:
    query = fingerprinter.fingerprint(EDITS["cropped to 50 %, corner"](pictures[0]))
    for match in rank(query, stored):
        compared = compare(query, as_stored(stored[match.index]))
        assert (match.score, match.transform) == (compared.score, compared.transform)


def unit(vector: Floats) -> Floats:
    of_length_one: Floats = (vector / np.linalg.norm(vector)).astype(np.float32)
    return of_length_one


def test_hashes_of_turned_pictures_are_derived_from_one_hash(pictures: list[Image.Image]) -> None:
    for picture in pictures:
        bits, quality = pdqhash.compute(np.asarray(picture))
        if quality < 50:
            continue
        derived = np.unpackbits(dihedral_hashes(np.packbits(bits).tobytes()), axis=1)
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
        match = compare(fingerprinter.fingerprint(TRANSFORMS[transform](picture)), fingerprint)
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
    match = compare(fingerprinter.fingerprint(part), stored[0])
    assert match.transform == transform
    assert match.score > 0.7


def test_picture_that_lies_askew_has_no_transform(
    pictures: list[Image.Image], stored: list[Fingerprint], fingerprinter: Fingerprinter
) -> None:
    askew = fitted(EDITS["rotated by 45°"](pictures[0]))
    match = compare(fingerprinter.fingerprint(askew), stored[0])
    assert match.transform == "unknown"
    assert match.score > 0.7


@pytest.mark.parametrize("edit", ["caption", "text above and below", "watermark"])
def test_different_pictures_are_none_the_closer_for_what_was_added_to_both(
    edit: str, edited: Callable[[str], list[Fingerprint]]
) -> None:
    copies = edited(edit)
    for fingerprint in copies:
        assert rank(fingerprint, copies)[1].score < 0.7


def test_part_is_no_better_than_the_whole(
    pictures: list[Image.Image], stored: list[Fingerprint], fingerprinter: Fingerprinter
) -> None:
    part = fingerprinter.fingerprint(EDITS["cropped to 70 %, corner"](pictures[0]))
    match = compare(part, stored[0])
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
        assert compare(query, query).score == 1


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
        assert compare(query, query).score == pytest.approx(1, abs=1e-4)
