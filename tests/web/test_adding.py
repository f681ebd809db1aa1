"""Adding files and folders."""

import os
import signal
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect

from visualsnoop import Collection
from visualsnoop.server.storage.keys import NewKeys

from ..services import Service
from .conftest import Visitor
from .pictures import edited


def test_folder_is_added_and_broken_files_are_named(
    visitor: Visitor, keys: NewKeys, collection: Collection, tmp_path: Path
) -> None:
    folder = tmp_path / "photos"
    (folder / "deep").mkdir(parents=True)
    for number in range(197):
        Image.effect_noise((48, 48), 80).resize((96, 96)).save(
            folder / ("deep" if number % 2 else "") / f"{number:03}.png"
        )
    for number in range(3):
        (folder / f"broken-{number}.jpg").write_bytes(b"no picture")
    (folder / ".hidden").write_bytes(b"of the file manager")
    visitor.sign_in(keys, "add")
    visitor.page.uncheck("#check")
    visitor.page.set_input_files("input[webkitdirectory]", folder)
    expect(visitor.page.locator(".add-status")).to_contain_text(
        "200 of 200 · 197 added · 0 copies · 3 refused", timeout=120_000
    )
    refused = visitor.page.locator(".add-item.is-refused .hit-id")
    assert sorted(refused.all_text_contents()) == [f"photos/broken-{n}.jpg" for n in range(3)]
    assert set(visitor.statuses) == {415}
    assert collection.get_collection().image_count == 197
    assert collection.get_image("photos/deep/001.png")


def test_dropped_folder_is_added_with_those_below(
    visitor: Visitor, keys: NewKeys, collection: Collection, photos: list[Path], tmp_path: Path
) -> None:
    folder = tmp_path / "dropped"
    (folder / "deep").mkdir(parents=True)
    (folder / "one.jpg").write_bytes(photos[0].read_bytes())
    (folder / "deep" / "two.jpg").write_bytes(photos[1].read_bytes())
    visitor.sign_in(keys, "add")
    visitor.drop(folder, ".drop-zone")
    expect(visitor.page.locator(".add-item.is-added")).to_have_count(2)
    assert {image.id for image in collection.iter_images()} == {
        "dropped/one.jpg",
        "dropped/deep/two.jpg",
    }


def test_copies_are_pointed_out_before_adding(
    visitor: Visitor, keys: NewKeys, collection: Collection, photos: list[Path], tmp_path: Path
) -> None:
    collection.add_image(photos[0], "there")
    visitor.sign_in(keys, "add")
    visitor.add(edited(photos[0], tmp_path), photos[4])
    row = visitor.page.locator(".add-item.is-copy")
    expect(row).to_contain_text("a copy of there")
    expect(visitor.page.locator(".add-item.is-added")).to_contain_text(photos[4].name)
    assert collection.get_collection().image_count == 2
    row.get_by_role("button", name="Add all the same").click()
    expect(visitor.page.locator(".add-item.is-added")).to_have_count(2)


def test_adding_is_paused_and_goes_on(
    visitor: Visitor, keys: NewKeys, collection: Collection, photos: list[Path]
) -> None:
    visitor.sign_in(keys, "add")
    visitor.page.route("**/api/v1/**", lambda route: route.abort("connectionrefused"))
    visitor.add(*photos[:6])
    expect(visitor.page.locator(".add-item.is-paused")).to_have_count(3)
    visitor.page.get_by_role("button", name="Pause").click()
    visitor.page.unroute("**/api/v1/**")
    visitor.page.wait_for_timeout(2500)
    assert collection.get_collection().image_count == 0
    visitor.page.get_by_role("button", name="Go on").click()
    expect(visitor.page.locator(".add-item.is-added")).to_have_count(6)


def test_nothing_is_lost_when_a_process_of_the_service_is_killed(
    visitor: Visitor, keys: NewKeys, collection: Collection, web: Service, photos: list[Path]
) -> None:
    visitor.sign_in(keys, "add")
    visitor.page.uncheck("#check")
    visitor.add(*photos[:8])
    expect(visitor.page.locator(".add-item.is-added").first).to_be_visible()
    (worker,) = web.workers()
    os.kill(worker, signal.SIGKILL)
    # What was being stored when it died may be there already, and is said to be.
    expect(visitor.page.locator(".add-status")).to_contain_text("8 of 8", timeout=60_000)
    assert {image.id for image in collection.iter_images()} == {photo.name for photo in photos[:8]}
