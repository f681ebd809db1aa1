"""Detail: copies agree in it under the mapping that brings them together, and nothing else does."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scripts.bench.edits import EDITS, HARD_EDITS, UNSEEN_EDITS, Edit, stickered
from scripts.bench.sets.documents import KINDS, document
from scripts.bench.sets.series import other_viewpoint
from visualsnoop.server.matching.agreement import Agreement
from visualsnoop.server.matching.alignment import aligned
from visualsnoop.server.matching.decode import decode
from visualsnoop.server.matching.detail import Detail, level_shapes, read_detail
from visualsnoop.server.matching.differences import differences
from visualsnoop.server.matching.filtering import find_detail
from visualsnoop.server.matching.parallax import parallax
from visualsnoop.server.matching.scaling import fitted
from visualsnoop.server.matching.warping import (
    Mapping,
    affine,
    combined,
    inverse,
    is_in_front,
    mapped,
    matrix_in_middle,
)

WHOLE = np.eye(3)
MIRRORED = affine(np.array([[-1.0, 0, 1], [0, 1, 0]]))
UPSIDE_DOWN = affine(np.array([[-1.0, 0, 1], [0, -1, 1]]))
# A picture that is turned by 90° to the left has its upper right corner in the upper left one.
TURNED = affine(np.array([[0.0, 1, 0], [-1, 0, 1]]))
CROPPED_TO_HALF = affine(np.array([[2**0.5, 0, (1 - 2**0.5) / 2], [0, 2**0.5, (1 - 2**0.5) / 2]]))


def read(photo: Path) -> Image.Image:
    with photo.open("rb") as file:
        return decode(file)


def detail(picture: Image.Image) -> Detail:
    return read_detail(find_detail(fitted(picture)))


@cache
def page(kind: str, contents: int) -> Image.Image:
    return fitted(document(kind, layout=0, contents=contents))


def compared(
    one: Detail, other: Detail, mapping: Mapping = WHOLE, is_rough: bool = True
) -> Agreement:
    """The agreement of two pictures, of which a mapping takes the second nearly to the first."""
    return aligned(one, other, mapping, is_rough=is_rough).agreement


def test_detail_is_kept_as_bytes(photo: Path) -> None:
    data = find_detail(read(photo))
    made = read_detail(data)
    assert (made.width, made.height) == read(photo).size
    assert [level.shape for level in made.levels] == level_shapes(made.width, made.height)
    assert {-2, -1, 0, 1, 2} == set(np.unique(made.levels[0]).tolist())
    assert made.data == data


def test_detail_takes_few_bytes(photos: list[Path]) -> None:
    sizes = [len(find_detail(read(photo))) for photo in photos]
    assert np.mean(sizes) < 4000
    assert max(sizes) < 5000


@pytest.mark.parametrize("size", [(1, 1), (1, 640), (640, 1), (5, 3), (24, 24), (640, 640)])
def test_picture_of_any_shape_has_detail(size: tuple[int, int]) -> None:
    for picture in (Image.new("RGB", size, "teal"), Image.effect_noise(size, 90).convert("RGB")):
        made = detail(picture)
        assert compared(made, made).blocks >= 0


def test_photo_agrees_with_itself_and_with_no_other(photos: list[Path]) -> None:
    details = [detail(read(photo)) for photo in photos[:12]]
    for place, one in enumerate(details):
        same = compared(one, one)
        assert (same.alike, same.contradicting, same.missing) == (1, 0, 0)
        other = compared(one, details[place - 1])
        assert other.alike < 0.2
        assert other.contradicting + other.missing > 0.03


@pytest.mark.parametrize(
    "edit, mapping",
    [
        ("JPEG quality 30", WHOLE),
        ("scaled to 20 %", WHOLE),
        ("stretched to 130 %", WHOLE),
        ("gamma", WHOLE),
        ("noise", WHOLE),
        ("mirrored", MIRRORED),
        ("turned by 180°", UPSIDE_DOWN),
        ("turned by 90°", TURNED),
        ("rotated by 5°", WHOLE),
        ("cropped to 90 %, middle", WHOLE),
        ("cropped to 50 %, middle", CROPPED_TO_HALF),
    ],
)
def test_edited_photo_agrees_under_the_mapping(photo: Path, edit: str, mapping: Mapping) -> None:
    picture = read(photo)
    found = compared(detail(EDITS[edit](picture)), detail(picture), mapping)
    assert found.alike > 0.85
    assert found.contradicting < 0.01
    assert found.missing < 0.03


@pytest.mark.parametrize("mapping", [MIRRORED, UPSIDE_DOWN, TURNED])
def test_mirrored_and_turned_pictures_agree_to_the_cell(photo: Path, mapping: Mapping) -> None:
    ways = {
        id(MIRRORED): Image.Transpose.FLIP_LEFT_RIGHT,
        id(UPSIDE_DOWN): Image.Transpose.ROTATE_180,
        id(TURNED): Image.Transpose.ROTATE_90,
    }
    picture = read(photo)
    whole = compared(detail(picture), detail(picture), is_rough=False)
    turned = compared(
        detail(picture.transpose(ways[id(mapping)])), detail(picture), mapping, is_rough=False
    )
    assert turned.correlation == pytest.approx(whole.correlation, abs=0.01)


def copies() -> dict[str, Edit]:
    return {name: EDITS[name] for name in ("JPEG quality 30", "scaled to 50 %", "greyscale")}


@pytest.mark.parametrize("kind", KINDS)
def test_document_agrees_with_its_copies_and_not_with_others(kind: str) -> None:
    original = detail(page(kind, 0))
    for edit in copies().values():
        copy = compared(detail(edit(page(kind, 0))), original)
        assert copy.contradicting < 0.001
        assert copy.missing < 0.001
    for contents in (1, 2, 3):
        other = compared(detail(page(kind, contents)), original)
        assert other.contradicting / 0.005 + other.missing / 0.002 > 0.7


def test_comparing_is_symmetric(photo: Path) -> None:
    one, other = detail(EDITS["cropped to 50 %, middle"](read(photo))), detail(read(photo))
    there = compared(one, other, CROPPED_TO_HALF)
    back = compared(other, one, inverse(CROPPED_TO_HALF))
    assert there.correlation == pytest.approx(back.correlation, abs=1e-6)
    assert there.covered == pytest.approx(back.covered)


def test_shares_that_are_covered(photo: Path) -> None:
    cropped = detail(EDITS["cropped to 50 %, middle"](read(photo)))
    found = aligned(cropped, detail(read(photo)), CROPPED_TO_HALF, is_rough=False)
    assert found.fine is cropped
    assert found.agreement.covered == pytest.approx((0.5, 1.0), abs=0.05)


def test_differences_are_where_something_was_stuck_on(photo: Path) -> None:
    picture = read(photo)
    edited = picture.copy()
    width, height = picture.size
    box = (width // 2, height // 2, width // 2 + width // 4, height // 2 + height // 4)
    edited.paste(Image.effect_noise((width // 4, height // 4), 200).convert("RGB"), box)
    found = compared(detail(edited), detail(picture))
    left, top, right, bottom = differences(found.differing, found.block_size, WHOLE)[0]
    assert (left, top, right, bottom) == pytest.approx((0.5, 0.5, 0.75, 0.75), abs=0.12)


def test_photo_under_stickers_agrees_elsewhere(photo: Path) -> None:
    found = compared(detail(stickered(6)(read(photo))), detail(read(photo)))
    assert found.alike > 0.5
    assert found.differing.any()


def test_pages_are_plain_and_a_photo_is_not(photo: Path) -> None:
    for kind in KINDS:
        assert detail(page(kind, 0)).plainness > 0.7
    assert detail(read(photo)).plainness < 0.5


def test_mapping_and_its_inverse_lead_back() -> None:
    points = np.array([[0.2, 0.7], [1.0, 0.0]])
    turned = combined(TURNED, CROPPED_TO_HALF)
    assert mapped(mapped(points, turned), inverse(turned)) == pytest.approx(points)


def test_mapping_in_perspective_and_its_inverse_lead_back() -> None:
    points = np.array([[0.2, 0.7], [1.0, 0.0]])
    slanted = combined(TURNED, np.array([[0.9, 0.1, 0.05], [-0.1, 1.1, 0], [0.2, -0.1, 1]]))
    there = mapped(points, slanted)
    assert mapped(there, inverse(slanted)) == pytest.approx(points)
    assert combined(slanted, inverse(slanted)) == pytest.approx(WHOLE)


def test_matrix_in_the_middle_is_what_a_mapping_does_there() -> None:
    slanted = np.array([[0.9, 0.1, 0.05], [-0.1, 1.1, 0], [0.2, -0.1, 1]])
    around = np.array([[0.5, 0.5], [0.5001, 0.5], [0.5, 0.5001]])
    middle, right, below = mapped(around, slanted)
    steps = np.column_stack([right - middle, below - middle]) / 0.0001
    assert matrix_in_middle(slanted) == pytest.approx(steps, abs=0.001)


def test_picture_seen_from_its_edge_is_not_in_front() -> None:
    assert is_in_front(np.array([[1, 0, 0], [0, 1, 0], [0.5, 0.2, 1]]))
    assert not is_in_front(np.array([[1, 0, 0], [0, 1, 0], [-0.9, 0, 1]]))


@pytest.mark.parametrize("edit", ["perspective", "rotated by 5°", "caption", "6 stickers"])
def test_copies_have_no_parallax(photo: Path, edit: str) -> None:
    edits = {**EDITS, **HARD_EDITS, **UNSEEN_EDITS}
    assert parallax_of(edits[edit](read(photo)), read(photo)) < 0.03


@pytest.mark.parametrize("number", [1, 2, 3])
def test_another_viewpoint_has_parallax(photo: Path, number: int) -> None:
    assert parallax_of(other_viewpoint(read(photo), number), read(photo)) > 0.03


def parallax_of(one: Image.Image, other: Image.Image) -> float:
    found = aligned(detail(one), detail(other), WHOLE, is_rough=True)
    return parallax(found.fine, found.coarse, found.mapping)


@pytest.mark.parametrize("size", [(24, 24), (640, 8), (8, 640)])
def test_small_and_narrow_pictures_have_no_parallax(size: tuple[int, int]) -> None:
    noise = Image.effect_noise(size, 90).convert("RGB")
    assert parallax_of(noise, noise) == 0
