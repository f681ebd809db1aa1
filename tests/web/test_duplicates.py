"""Going through duplicates."""

from pathlib import Path

from playwright.sync_api import expect

from visualsnoop import Collection
from visualsnoop.server.storage.keys import NewKeys, create_keys

from .conftest import Visitor
from .pictures import edited


def test_duplicates_are_gone_through_by_keyboard_and_undone(
    visitor: Visitor, keys: NewKeys, collection: Collection, photos: list[Path], tmp_path: Path
) -> None:
    for photo in photos[:3]:
        collection.add_image(photo, photo.name)
    for photo in photos[:2]:
        collection.add_image(edited(photo, tmp_path), f"edited-{photo.name}")
    visitor.sign_in(keys, "duplicates")
    count = visitor.page.locator(".count")
    expect(count).to_have_text("2 groups of copies")
    visitor.page.keyboard.press("1")
    expect(count).to_have_text("1 group of copies")
    visitor.page.keyboard.press("n")
    expect(visitor.page.locator(".empty")).to_be_visible()
    assert collection.get_collection().image_count == 4
    assert collection.get_duplicates().group_count == 0
    visitor.page.keyboard.press("u")
    expect(count).to_have_text("1 group of copies")
    visitor.page.keyboard.press("u")
    expect(count).to_have_text("2 groups of copies")
    assert collection.get_collection().image_count == 5
    assert collection.get_duplicates().group_count == 2


def test_what_differs_is_said(
    visitor: Visitor, keys: NewKeys, collection: Collection, photo: Path, tmp_path: Path
) -> None:
    collection.add_image(photo, "cat")
    collection.add_image(edited(photo, tmp_path), "edited")
    visitor.sign_in(keys, "duplicates")
    expect(visitor.page.locator(".member")).to_have_count(2)
    original, copy = visitor.page.locator(".member").all()
    expect(original).to_contain_text("448 \N{MULTIPLICATION SIGN} 298")
    expect(original.locator(".badge", has_text="oldest")).to_be_visible()
    expect(original.locator(".badge", has_text="largest")).to_be_visible()
    expect(copy.locator(".badge", has_text="largest")).to_have_count(0)


def test_large_group_is_gone_through_in_parts(
    visitor: Visitor, keys: NewKeys, collection: Collection, photo: Path
) -> None:
    list(collection.add_images([(f"copy {number:02}", photo) for number in range(33)]))
    visitor.sign_in(keys, "duplicates")
    members = visitor.page.locator(".member")
    expect(members).to_have_count(30)
    part = visitor.page.get_by_text("The oldest 30 of 33 images are shown")
    expect(part).to_be_visible()
    expect(visitor.page.get_by_role("button", name="Not duplicates")).to_have_count(0)
    visitor.page.keyboard.press("1")
    expect(members).to_have_count(4)
    expect(part).to_have_count(0)
    assert collection.get_collection().image_count == 4
    visitor.page.keyboard.press("u")
    expect(members).to_have_count(30)
    assert collection.get_collection().image_count == 33


def test_where_nothing_can_be_done_no_keys_are_told(
    visitor: Visitor, keys: NewKeys, collection: Collection, database: str, photo: Path
) -> None:
    hint = visitor.page.locator(".keyboard-hint")
    visitor.sign_in(keys, "duplicates")
    expect(visitor.page.locator(".empty")).to_be_visible()
    expect(hint).to_be_hidden()
    for image_id in ("one", "two"):
        collection.add_image(photo, image_id)
    reading = create_keys(database, collection.name, collection.user, is_read_only=True)
    visitor.sign_in(reading, "duplicates")
    expect(hint).to_have_text("Keys: ← → go through the groups.")
    expect(visitor.page.get_by_role("button", name="Keep only this")).to_have_count(0)


def test_undo_that_fails_with_the_service_is_tried_again(
    visitor: Visitor, keys: NewKeys, collection: Collection, photo: Path
) -> None:
    for image_id in ("one", "two", "three"):
        collection.add_image(photo, image_id)
    visitor.sign_in(keys, "duplicates")
    expect(visitor.page.locator(".member")).to_have_count(3)
    visitor.page.keyboard.press("1")
    expect(visitor.page.locator(".empty")).to_be_visible()
    # The first of two is restored, and the service is gone.
    asked = iter([True, False])
    visitor.page.route(
        "**/page/restore", lambda route: route.continue_() if next(asked) else route.abort()
    )
    visitor.page.keyboard.press("u")
    expect(visitor.page.locator(".toast", has_text="Could not be undone")).to_be_visible()
    visitor.page.unroute("**/page/restore")
    visitor.page.keyboard.press("u")
    expect(visitor.page.locator(".member")).to_have_count(3)
    assert collection.get_collection().image_count == 3


def test_decisions_are_undone_after_another_view(
    visitor: Visitor, keys: NewKeys, collection: Collection, photo: Path
) -> None:
    for image_id in ("one", "two"):
        collection.add_image(photo, image_id)
    visitor.sign_in(keys, "duplicates")
    visitor.page.get_by_role("button", name="Keep only this").first.click()
    expect(visitor.page.locator(".empty")).to_be_visible()
    visitor.go("look")
    expect(visitor.page.locator(".tile")).to_have_count(1)
    visitor.go("duplicates")
    visitor.page.get_by_role("button", name="Undo").last.click()
    expect(visitor.page.locator(".member")).to_have_count(2)
    assert collection.get_collection().image_count == 2
