"""Adding files and folders."""

import os
import signal
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect

from visualsnoop import Collection
from visualsnoop.cli.files import Files
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
    assert sorted(refused.all_text_contents()) == [f"broken-{n}.jpg" for n in range(3)]
    assert set(visitor.statuses) == {415}
    assert collection.get_collection().image_count == 197
    assert collection.get_image("deep/001.png")


def test_files_have_the_ids_that_the_command_line_gives_them(
    visitor: Visitor, keys: NewKeys, collection: Collection, photos: list[Path], tmp_path: Path
) -> None:
    folder = tmp_path / ".given"
    (folder / "deep" / ".hidden").mkdir(parents=True)
    names = ("one.jpg", "deep/two.jpg", "deep/.hidden/three.jpg")
    for photo, name in zip(photos[:3], names, strict=True):
        (folder / name).write_bytes(photo.read_bytes())
    files = Files()
    files.find([folder, photos[3]], "path", recursive=True)
    assert set(files.by_id) == {"one.jpg", "deep/two.jpg", photos[3].name}
    visitor.sign_in(keys, "add")
    for is_dropped in (True, False):
        if is_dropped:
            visitor.drop(folder, ".drop-zone")
        else:
            visitor.page.set_input_files("input[webkitdirectory]", folder)
        visitor.add(photos[3])
        expect(visitor.page.locator(".add-item.is-added")).to_have_count(3)
        assert {image.id for image in collection.iter_images()} == set(files.by_id)
        for image_id in files.by_id:
            collection.delete_image(image_id)
        visitor.go("look")
        visitor.go("add")


def test_of_files_with_one_id_the_first_is_added(
    visitor: Visitor, keys: NewKeys, collection: Collection, photos: list[Path], tmp_path: Path
) -> None:
    for number in range(2):
        (tmp_path / f"{number}").mkdir()
        (tmp_path / f"{number}" / "one.jpg").write_bytes(photos[number].read_bytes())
    visitor.sign_in(keys, "add")
    visitor.page.check("#update")
    visitor.drop(tmp_path / "0", ".drop-zone")
    visitor.drop(tmp_path / "1", ".drop-zone")
    expect(visitor.page.locator(".add-item.is-twice")).to_contain_text("Another file")
    expect(visitor.page.locator(".add-item.is-added")).to_have_count(1)
    expect(visitor.page.get_by_role("button", name="Try the refused")).to_be_hidden()
    assert collection.compare_image("one.jpg", photos[0]).score == 1


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
    row.get_by_role("button", name="Add anyway").click()
    expect(visitor.page.locator(".add-item.is-added")).to_have_count(2)


def test_file_that_is_there_already_is_left_out_without_a_question(
    visitor: Visitor, keys: NewKeys, collection: Collection, photos: list[Path]
) -> None:
    collection.add_image(photos[0], photos[0].name)
    visitor.sign_in(keys, "add")
    visitor.add(photos[0])
    row = visitor.page.locator(".add-item.is-skipped")
    expect(row).to_contain_text("there already")
    expect(row.get_by_role("button")).to_have_count(0)


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
