"""Searching by a picture."""

import math
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from visualsnoop import Collection
from visualsnoop.server.storage.keys import NewKeys

from .conftest import Visitor
from .pictures import IN_COLLAGE, collage, edited


def test_cropped_copy_is_found_and_its_region_is_drawn(
    visitor: Visitor, keys: NewKeys, collection: Collection, photos: list[Path], tmp_path: Path
) -> None:
    for photo in photos[:5]:
        collection.add_image(photo, photo.name)
    visitor.sign_in(keys, "search")
    visitor.search_by(edited(photos[3], tmp_path))
    hit = visitor.page.locator(".hit").first
    expect(hit).to_contain_text(photos[3].name)
    expect(hit).to_contain_text("mirrored")
    # The query is what is drawn of the hit: see what `edited` leaves.
    (drawn,) = hit.locator(".region-edge").all()
    assert box_of(drawn) == pytest.approx((0, 0.1, 0.8, 1), abs=0.03)


def box_of(polygon: Locator) -> tuple[float, float, float, float]:
    """The left, the top, the right and the bottom of a region, of the sides of the picture."""
    points = [pair.split(",") for pair in (polygon.get_attribute("points") or "").split()]
    xs, ys = [float(x) for x, _ in points], [float(y) for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def test_hits_below_the_threshold_are_hidden_and_counted(
    visitor: Visitor, keys: NewKeys, collection: Collection, photo: Path, tmp_path: Path
) -> None:
    collection.add_image(photo, "cat")
    visitor.sign_in(keys, "search")
    visitor.search_by(edited(photo, tmp_path))
    expect(visitor.page.locator(".hit")).to_have_count(1)
    visitor.page.locator("#threshold").fill("1")
    expect(visitor.page.locator(".hit")).to_have_count(0)
    expect(visitor.page.locator(".results")).to_contain_text("1 hit has a lower score")
    visitor.page.locator("#threshold").fill("0.5")
    expect(visitor.page.locator(".hit")).to_have_count(1)


def test_pictures_of_a_collage_are_found_and_numbered(
    visitor: Visitor, keys: NewKeys, collection: Collection, photos: list[Path], tmp_path: Path
) -> None:
    for photo in photos:
        collection.add_image(photo, photo.name)
    visitor.sign_in(keys, "search")
    visitor.search_by(collage(photos, tmp_path))
    page = visitor.page
    expect(page.locator(".results")).to_contain_text("Your picture has 4 parts")
    assert page.locator(".query .part-number").all_text_contents() == ["1", "2", "3", "4"]
    numbered = page.locator(".hit", has=page.locator(".part-number"))
    named = [hit.locator(".hit-id").inner_text() for hit in numbered.all()]
    for stem in IN_COLLAGE:
        assert any(stem in name for name in named)
    # Four quarters of the picture.
    middles = {middle_of(drawn) for drawn in page.locator(".query .region-edge").all()}
    assert middles == {(x, y) for x in (0.2, 0.7) for y in (0.2, 0.7)}


def test_parts_of_a_picture_that_is_there_as_a_whole_are_found_if_it_is_wanted(
    visitor: Visitor, keys: NewKeys, collection: Collection, photos: list[Path], tmp_path: Path
) -> None:
    picture = collage(photos, tmp_path)
    for path in (*photos, picture):
        collection.add_image(path, path.name)
    visitor.sign_in(keys, "search")
    visitor.search_by(picture)
    expect(visitor.page.locator(".hit").first).to_contain_text("collage.jpg")
    visitor.page.get_by_label("Always look for its parts").check()
    expect(visitor.page.locator(".results")).to_contain_text("Your picture has 4 parts")


def middle_of(polygon: Locator) -> tuple[float, float]:
    left, top, right, bottom = box_of(polygon)
    return math.floor(5 * (left + right)) / 10, math.floor(5 * (top + bottom)) / 10


def test_stored_image_is_searched_by(
    visitor: Visitor, keys: NewKeys, collection: Collection, photo: Path, tmp_path: Path
) -> None:
    collection.add_image(photo, "holidays/cat, asleep")
    collection.add_image(edited(photo, tmp_path), "edited")
    visitor.sign_in(keys)
    visitor.page.click('.tile[title="holidays/cat, asleep"]')
    visitor.page.get_by_role("link", name="Search for similar ones").click()
    expect(visitor.page.locator(".hit")).to_contain_text("edited")


def test_picture_is_pasted(
    visitor: Visitor, keys: NewKeys, collection: Collection, photo: Path
) -> None:
    collection.add_image(photo, "cat")
    visitor.sign_in(keys, "search")
    visitor.page.evaluate(
        """async (bytes) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "pasted.jpg"));
            dispatchEvent(new ClipboardEvent("paste", { clipboardData: data }));
        }""",
        list(photo.read_bytes()),
    )
    expect(visitor.page.locator(".hit")).to_contain_text("cat")


def test_picture_is_dropped(
    visitor: Visitor, keys: NewKeys, collection: Collection, photo: Path
) -> None:
    collection.add_image(photo, "cat")
    visitor.sign_in(keys, "search")
    visitor.drop(photo, ".drop-zone")
    expect(visitor.page.locator(".hit")).to_contain_text("cat")


def test_file_that_is_no_picture_is_refused_with_the_reason(
    visitor: Visitor, keys: NewKeys, tmp_path: Path
) -> None:
    visitor.sign_in(keys, "search")
    text = tmp_path / "notes.txt"
    text.write_text("notes")
    visitor.search_by(text)
    expect(visitor.page.get_by_role("alert")).to_contain_text("That is no picture file")
