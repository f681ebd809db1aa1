"""What detail decides: copies, look-alikes, and where pictures lie on each other and differ."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve
from PIL import Image, ImageDraw

from scripts.bench.edits import EDITS, cropped, in_perspective, reencoded, then, transposed
from scripts.bench.in_memory import InMemoryCollection, as_stored
from scripts.bench.sets.art import flat, icon
from scripts.bench.sets.documents import DOCUMENT_EDITS, KINDS, document
from scripts.bench.sets.series import later_moment, other_viewpoint
from visualsnoop.server.matching.decode import decode
from visualsnoop.server.matching.differences import differences
from visualsnoop.server.matching.fingerprint import Fingerprint
from visualsnoop.server.matching.fingerprinter import Fingerprinter
from visualsnoop.server.matching.scaling import fitted
from visualsnoop.server.matching.similarity import DEPTH, Match, compare

COPY, LOOK_ALIKE = 0.7, 0.4


def fingerprint(picture: Image.Image) -> Fingerprint:
    return as_stored(_fingerprinter().fingerprint(fitted(picture.convert("RGB"))))


@cache
def _fingerprinter() -> Fingerprinter:
    return Fingerprinter()


def compared(one: Image.Image, other: Image.Image) -> Match:
    return compare(fingerprint(one), fingerprint(other))


@pytest.fixture(scope="module")
def pictures(photos: list[Path]) -> list[Image.Image]:
    opened = []
    for photo in photos[:4]:
        with photo.open("rb") as file:
            opened.append(decode(file))
    return opened


@pytest.fixture(scope="module")
def picture(pictures: list[Image.Image]) -> Image.Image:
    return pictures[0]


@pytest.mark.parametrize("kind", KINDS)
def test_other_document_of_one_layout_is_a_look_alike(kind: str) -> None:
    match = compared(document(kind, layout=9, contents=0), document(kind, layout=9, contents=1))
    assert LOOK_ALIKE <= match.score < COPY


@pytest.mark.parametrize("edit", [name for name in DOCUMENT_EDITS if name != "photographed"])
@pytest.mark.parametrize("kind", ["form", "letter"])
def test_copy_of_a_document_is_a_copy(kind: str, edit: str) -> None:
    page = document(kind, layout=9, contents=0)
    assert compared(DOCUMENT_EDITS[edit](page), page).score >= COPY


def test_scene_a_moment_later_is_no_copy(pictures: list[Image.Image]) -> None:
    later = later_moment(pictures[0], pictures[1], 1)
    assert LOOK_ALIKE <= compared(later, pictures[0]).score < COPY


@pytest.mark.parametrize("number", [1, 2, 3])
def test_scene_from_another_viewpoint_is_no_copy(picture: Image.Image, number: int) -> None:
    assert LOOK_ALIKE <= compared(other_viewpoint(picture, number), picture).score < COPY


def test_photo_of_a_photo_is_a_copy(pictures: list[Image.Image]) -> None:
    for picture in pictures:
        assert compared(in_perspective(picture), picture).score >= COPY


def test_other_icon_is_no_copy() -> None:
    icons = [fingerprint(on_white(icon(number, side=48))) for number in range(6)]
    for place, one in enumerate(icons):
        assert all(compare(one, other).score < COPY for other in icons[:place])


def test_small_icon_is_found_by_its_copy() -> None:
    original = on_white(icon(3, side=24))
    assert compared(reencoded("JPEG", quality=30)(original), original).score >= COPY


def on_white(art: Image.Image) -> Image.Image:
    return Image.alpha_composite(Image.new("RGBA", art.size, "white"), art).convert("RGB")


def stripes(*colours: str) -> Image.Image:
    picture = Image.new("RGB", (300, 200))
    for place, colour in enumerate(colours):
        ImageDraw.Draw(picture).rectangle((place * 100, 0, place * 100 + 99, 199), fill=colour)
    return picture


def test_flag_of_other_colours_is_no_copy() -> None:
    assert compared(stripes("navy", "white", "red"), stripes("green", "white", "red")).score < COPY


def test_flag_in_grey_is_a_copy() -> None:
    flag = stripes("navy", "white", "red")
    assert compared(flag.convert("L"), flag).score >= COPY


@pytest.mark.parametrize("way", [None, *Image.Transpose])
def test_mirrored_or_turned_flag_is_a_copy(way: Image.Transpose | None) -> None:
    flag = stripes("navy", "white", "green")
    turned = flag if way is None else flag.transpose(way)
    assert compared(reencoded("JPEG", quality=60)(turned), flag).score >= COPY


@pytest.mark.parametrize(
    "way, transform",
    [
        (None, "none"),
        (Image.Transpose.FLIP_LEFT_RIGHT, "mirrored"),
        (Image.Transpose.ROTATE_180, "rotated_180"),
        (Image.Transpose.FLIP_TOP_BOTTOM, "mirrored_rotated_180"),
        (Image.Transpose.ROTATE_270, "rotated_90"),
        (Image.Transpose.ROTATE_90, "rotated_270"),
        (Image.Transpose.TRANSPOSE, "mirrored_rotated_270"),
        (Image.Transpose.TRANSVERSE, "mirrored_rotated_90"),
    ],
)
def test_transform_of_a_flag_is_told(way: Image.Transpose | None, transform: str) -> None:
    flag = stripes("navy", "white", "green")
    flag.paste(Image.new("RGB", (90, 60), "red"), (0, 0))
    turned = flag if way is None else flag.transpose(way)
    assert compared(reencoded("JPEG", quality=60)(turned), flag).transform == transform


def test_copy_of_a_symmetric_picture_is_neither_mirrored_nor_turned() -> None:
    target = Image.new("RGB", (200, 200), "white")
    ImageDraw.Draw(target).ellipse((40, 40, 159, 159), fill="navy")
    match = compared(reencoded("JPEG", quality=60)(target), target)
    assert (match.transform, match.score >= COPY) == ("none", True)


@pytest.mark.parametrize("edit", ["greyscale", "sepia", "more colour", "darker"])
def test_photo_of_other_colours_is_a_copy(picture: Image.Image, edit: str) -> None:
    assert compared(EDITS[edit](picture), picture).score >= COPY


@pytest.mark.parametrize("edit", ["caption", "border, 15 %", "text above and below"])
def test_photo_with_something_added_is_a_copy(picture: Image.Image, edit: str) -> None:
    assert compared(EDITS[edit](picture), picture).score >= COPY


def test_flat_picture_is_found_by_its_copies_and_by_nothing_else() -> None:
    originals = [flat(number) for number in range(6)]
    stored = [fingerprint(original) for original in originals]
    for place, original in enumerate(originals):
        copy = fingerprint(reencoded("JPEG", quality=30)(original))
        for other_place, other in enumerate(stored):
            score = compare(copy, other).score
            assert score >= COPY if other_place == place else score < LOOK_ALIKE


def test_flat_picture_of_another_brightness_is_another_one() -> None:
    white, light = (Image.new("RGB", (300, 200), colour) for colour in ("white", "#e0e0e0"))
    assert compared(white, light).score < LOOK_ALIKE


@pytest.mark.parametrize(
    "transform, corners",
    [
        ("none", [(0, 0), (1, 0), (1, 1), (0, 1)]),
        ("mirrored", [(1, 0), (0, 0), (0, 1), (1, 1)]),
        ("rotated_90", [(0, 1), (0, 0), (1, 0), (1, 1)]),
        ("rotated_180", [(1, 1), (0, 1), (0, 0), (1, 0)]),
        ("rotated_270", [(1, 0), (1, 1), (0, 1), (0, 0)]),
        ("mirrored_rotated_90", [(1, 1), (1, 0), (0, 0), (0, 1)]),
    ],
)
def test_region_of_a_turned_picture_begins_at_its_upper_left(
    picture: Image.Image, transform: str, corners: list[tuple[float, float]]
) -> None:
    turn = {"90": "ROTATE_270", "180": "ROTATE_180", "270": "ROTATE_90"}
    query = picture
    if transform.startswith("mirrored"):
        query = query.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if transform[-2:] in ("90", "80", "70"):
        query = transposed(Image.Transpose[turn[transform.rpartition("_")[2]]])(query)
    match = compared(query, picture)
    assert match.transform == transform
    assert np.array(match.region) == pytest.approx(np.array(corners), abs=0.01)


def test_region_of_a_part_is_where_it_was_cut_out(picture: Image.Image) -> None:
    width, height = picture.size
    part = picture.crop((width // 4, height // 5, width, height))
    match = compared(part, picture)
    assert np.array(match.region) == pytest.approx(
        np.array([(0.25, 0.2), (1, 0.2), (1, 1), (0.25, 1)]), abs=0.01
    )
    assert match.overlap == pytest.approx(0.75 * 0.8, abs=0.03)


def test_region_of_a_photo_of_a_photo_has_the_slant_of_it(picture: Image.Image) -> None:
    match = compared(picture, in_perspective(picture))
    # By the numbers of `in_perspective`, solved for where the corners are.
    upper_left, upper_right, lower_right, lower_left = np.array(match.region)
    left = lower_left[1] - upper_left[1]
    right = lower_right[1] - upper_right[1]
    assert upper_left == pytest.approx((0.03, -0.05), abs=0.03)
    assert right / left == pytest.approx(0.86, abs=0.03)


def test_region_of_the_whole_goes_beyond_its_part(picture: Image.Image) -> None:
    half = cropped(0.25, 0, 0)(picture)
    match = compared(picture, half)
    assert np.array(match.region) == pytest.approx(
        np.array([(0, 0), (2, 0), (2, 2), (0, 2)]), abs=0.03
    )
    assert match.score == compared(half, picture).score


def test_pictures_with_nothing_in_common_have_no_region(pictures: list[Image.Image]) -> None:
    match = compared(pictures[0], pictures[1])
    assert match.region is None
    assert not match.overlap


def test_copy_overlaps_in_full_and_differs_nowhere(picture: Image.Image) -> None:
    match = compared(reencoded("JPEG", quality=60)(picture), picture)
    assert match.overlap == pytest.approx(1, abs=0.02)
    assert match.differences == ()


@pytest.mark.parametrize("edit", ["nothing", "mirrored"])
def test_differences_are_where_the_stored_picture_shows_something_else(
    pictures: list[Image.Image], edit: str
) -> None:
    original, patch = pictures[0], pictures[1].resize((120, 120))
    width, height = original.size
    edited = original.copy()
    edited.paste(patch, (width // 2, height // 2))
    change = transposed(Image.Transpose.FLIP_LEFT_RIGHT) if edit == "mirrored" else then()
    match = compared(change(edited), original)
    box = (0.5, 0.5, 0.5 + 120 / width, 0.5 + 120 / height)
    assert match.differences[0] == pytest.approx(box, abs=0.1)


def test_search_looks_for_no_differences(pictures: list[Image.Image]) -> None:
    edited = pictures[0].copy()
    edited.paste(pictures[1].resize((120, 120)), (100, 100))
    (match,) = InMemoryCollection([fingerprint(pictures[0])]).search(fingerprint(edited))
    assert match.region is not None
    assert match.differences == ()


def test_blocks_that_overlap_are_one_difference() -> None:
    blocks = np.zeros((6, 6), bool)
    blocks[0, 0:4] = blocks[0:4, 0] = True  # around this lies
    blocks[2, 2] = True
    blocks[5, 5] = True
    found = differences(blocks, (1 / 6, 1 / 6), np.eye(3))
    assert found == ((0.0, 0.0, 0.6667, 0.6667), (0.8333, 0.8333, 1.0, 1.0))


def test_photo_that_was_stored_without_detail_is_found(picture: Image.Image) -> None:
    old = evolve(fingerprint(picture), detail=b"")
    match = compare(fingerprint(reencoded("JPEG", quality=30)(picture)), old)
    assert match.score >= COPY
    assert (match.region, match.overlap) == (None, None)


def test_document_that_was_stored_without_detail_is_a_look_alike_of_another() -> None:
    old = evolve(fingerprint(document("form", layout=9, contents=0)), detail=b"")
    other = fingerprint(document("form", layout=9, contents=1))
    for one, another in ((old, other), (other, old)):
        assert LOOK_ALIKE <= compare(one, another).score < COPY


def test_document_that_was_stored_without_detail_is_found_by_itself() -> None:
    page = fingerprint(document("form", layout=9, contents=0))
    assert compare(page, evolve(page, detail=b"")).score == pytest.approx(1, abs=1e-4)


def test_documents_too_far_away_to_be_compared_are_no_better_than_the_others() -> None:
    query, other = (fingerprint(document("letter", 9, contents)) for contents in range(2))
    dice = np.random.default_rng(3)
    others = []
    for _ in range(DEPTH.keypoints + 20):
        embedding = other.embedding + 0.01 * dice.standard_normal(512, np.float32)
        others.append(evolve(other, embedding=embedding / np.linalg.norm(embedding)))
    matches = InMemoryCollection([query, *others]).search(query)
    assert [match.score for match in matches] == sorted(
        (match.score for match in matches), reverse=True
    )
    assert matches[0].score == pytest.approx(1, abs=1e-4)
    assert all(match.score < COPY for match in matches[1:])
    assert all(match.overlap is not None for match in matches[: DEPTH.keypoints])
