"""What people do with the page, done in a browser."""

import io
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import psycopg
import pytest
from PIL import Image, ImageOps
from playwright.sync_api import Page, expect

from visualsnoop import Collection
from visualsnoop.server.matching.thumbnail import thumbnail_of
from visualsnoop.server.storage.keys import NewKeys, revoke_keys

from ..services import Service
from .conftest import Visitor

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"


def add(web: Service, keys: NewKeys, photos: Sequence[Path]) -> None:
    with Collection(keys.public_key, keys.secret_key, web.endpoint) as collection:
        for photo in photos:
            collection.add_image(photo, photo.name)


def edited(photo: Path, folder: Path) -> Path:
    """A copy of a photo: mirrored, cropped and saved anew."""
    path = folder / f"edited-{photo.name}"
    with Image.open(photo) as picture:
        width, height = picture.size
        box = (width // 5, height // 10, width, height)
        ImageOps.mirror(picture).convert("RGB").crop(box).save(path, quality=50)
    return path


def choose_picture(page: Page, picture: Path) -> None:
    page.set_input_files('input[accept="image/*"]:not([capture])', picture)


def test_link_signs_in_once(visitor: Visitor, keys: NewKeys) -> None:
    visitor.sign_in(keys)
    expect(visitor.page.locator(".collection-name")).to_have_text("test_link_signs_in_once")
    assert "code" not in visitor.page.url


def test_key_pair_signs_in(visitor: Visitor, keys: NewKeys) -> None:
    visitor.open()
    visitor.page.fill("#public-key", keys.public_key)
    visitor.page.fill("#secret-key", keys.secret_key)
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.locator(".collection-name")).to_be_visible()


def test_wrong_keys_are_told(visitor: Visitor, keys: NewKeys) -> None:
    visitor.open()
    visitor.page.fill("#public-key", keys.public_key)
    visitor.page.fill("#secret-key", "x" * 40)
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.get_by_role("alert")).to_contain_text("does not know this key pair")
    assert visitor.statuses == [401]


def test_secret_key_is_nowhere_that_scripts_can_read(visitor: Visitor, keys: NewKeys) -> None:
    visitor.open()
    visitor.page.fill("#public-key", keys.public_key)
    visitor.page.fill("#secret-key", keys.secret_key)
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_selector(".collection-name")
    kept = visitor.page.evaluate(
        "[location.href, document.cookie, document.documentElement.outerHTML,"
        " ...Object.values(localStorage), ...Object.values(sessionStorage)].join(' ')"
    )
    assert keys.secret_key not in kept
    assert visitor.page.evaluate("document.cookie") == ""


def test_revoked_keys_lead_back_to_signing_in(
    visitor: Visitor, keys: NewKeys, database: str
) -> None:
    visitor.sign_in(keys)
    revoke_keys(database, keys.public_key)
    visitor.go("duplicates")
    expect(visitor.page.locator("form.sign-in")).to_be_visible()
    expect(visitor.page.locator(".toast")).to_contain_text("You are signed out")


def test_signing_out(visitor: Visitor, keys: NewKeys) -> None:
    visitor.sign_in(keys)
    visitor.page.get_by_role("button", name="Sign out").click()
    expect(visitor.page.locator("form.sign-in")).to_be_visible()
    visitor.page.reload()
    expect(visitor.page.locator("form.sign-in")).to_be_visible()


def test_images_are_shown_newest_first(
    visitor: Visitor, keys: NewKeys, web: Service, photos: list[Path]
) -> None:
    add(web, keys, photos[:5])
    visitor.sign_in(keys)
    tiles = visitor.page.locator(".grid .tile")
    expect(tiles).to_have_count(5)
    assert [tile.get_attribute("title") for tile in tiles.all()] == [
        photo.name for photo in reversed(photos[:5])
    ]


def test_details_tell_what_is_known_and_the_copies(
    visitor: Visitor, keys: NewKeys, web: Service, photo: Path, tmp_path: Path
) -> None:
    add(web, keys, [photo, edited(photo, tmp_path)])
    visitor.sign_in(keys)
    visitor.page.click(f'.tile[title="{photo.name}"]')
    dialog = visitor.page.get_by_role("dialog")
    expect(dialog.locator(".facts")).to_contain_text("of 100")
    expect(dialog.locator(".copies .tile")).to_have_attribute("title", f"edited-{photo.name}")


def test_folder_is_added_and_broken_files_are_named(
    visitor: Visitor, keys: NewKeys, web: Service, tmp_path: Path
) -> None:
    folder = tmp_path / "photos"
    (folder / "deep").mkdir(parents=True)
    for number in range(197):
        Image.effect_noise((48, 48), 80).resize((96, 96)).save(
            folder / ("deep" if number % 2 else "") / f"{number:03}.png"
        )
    for number in range(3):
        (folder / f"broken-{number}.jpg").write_bytes(b"no picture")
    visitor.sign_in(keys, "add")
    visitor.page.uncheck("#check")
    visitor.page.set_input_files("input[webkitdirectory]", folder)
    expect(visitor.page.locator(".add-status")).to_contain_text(
        "200 of 200 · 197 added · 0 copies · 3 refused", timeout=120_000
    )
    refused = visitor.page.locator(".add-item.is-refused .hit-id")
    assert sorted(refused.all_text_contents()) == [f"photos/broken-{n}.jpg" for n in range(3)]
    assert set(visitor.statuses) == {415}
    with Collection(keys.public_key, keys.secret_key, web.endpoint) as collection:
        assert collection.get_collection().image_count == 197
        assert collection.get_image("photos/deep/001.png")


def test_copies_are_pointed_out_before_adding(
    visitor: Visitor, keys: NewKeys, web: Service, photos: list[Path], tmp_path: Path
) -> None:
    add(web, keys, photos[:3])
    visitor.sign_in(keys, "add")
    copy = edited(photos[0], tmp_path)
    visitor.page.set_input_files("input[multiple]:not([webkitdirectory])", [copy, photos[4]])
    row = visitor.page.locator(".add-item.is-copy")
    expect(row).to_contain_text(f"a copy of {photos[0].name}")
    expect(visitor.page.locator(".add-item.is-added")).to_contain_text(photos[4].name)
    row.get_by_role("button", name="Add all the same").click()
    expect(visitor.page.locator(".add-item.is-added")).to_have_count(2)


def test_adding_goes_on_when_the_service_is_back(
    visitor: Visitor, keys: NewKeys, web: Service, photos: list[Path]
) -> None:
    visitor.sign_in(keys, "add")
    visitor.page.route("**/api/v1/**", lambda route: route.abort("connectionrefused"))
    visitor.page.set_input_files("input[multiple]:not([webkitdirectory])", photos[:4])
    expect(visitor.page.locator("#notice")).to_contain_text("does not answer")
    visitor.page.unroute("**/api/v1/**")
    # And now it is gone for real, for as long as it takes to start another process.
    (worker,) = web.workers()
    os.kill(worker, signal.SIGKILL)
    expect(visitor.page.locator(".add-item.is-added")).to_have_count(4, timeout=60_000)


def test_cropped_copy_is_found_and_hidden_by_a_higher_threshold(
    visitor: Visitor, keys: NewKeys, web: Service, photos: list[Path], tmp_path: Path
) -> None:
    add(web, keys, photos)
    visitor.sign_in(keys, "search")
    choose_picture(visitor.page, edited(photos[3], tmp_path))
    hit = visitor.page.locator(".hit").first
    expect(hit).to_contain_text(photos[3].name)
    expect(hit).to_contain_text("mirrored")
    visitor.page.locator("#threshold").fill("1")
    expect(visitor.page.locator(".hit")).to_have_count(0)
    expect(visitor.page.locator(".results")).to_contain_text("lower score")


def test_file_that_is_no_picture_is_refused_with_the_reason(
    visitor: Visitor, keys: NewKeys, tmp_path: Path
) -> None:
    visitor.sign_in(keys, "search")
    text = tmp_path / "notes.txt"
    text.write_text("notes")
    choose_picture(visitor.page, text)
    expect(visitor.page.get_by_role("alert")).to_contain_text("That is no picture file")


def test_picture_is_pasted(visitor: Visitor, keys: NewKeys, web: Service, photo: Path) -> None:
    add(web, keys, [photo])
    visitor.sign_in(keys, "search")
    visitor.page.evaluate(
        """async (bytes) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "pasted.jpg"));
            dispatchEvent(new ClipboardEvent("paste", { clipboardData: data }));
        }""",
        list(photo.read_bytes()),
    )
    expect(visitor.page.locator(".hit")).to_contain_text(photo.name)


def test_duplicates_are_gone_through_by_keyboard_and_undone(
    visitor: Visitor, keys: NewKeys, web: Service, photos: list[Path], tmp_path: Path
) -> None:
    add(web, keys, [*photos[:3], edited(photos[0], tmp_path), edited(photos[1], tmp_path)])
    visitor.sign_in(keys, "duplicates")
    count = visitor.page.locator(".count")
    expect(count).to_have_text("2 groups of copies")
    visitor.page.keyboard.press("1")
    expect(count).to_have_text("1 group of copies")
    visitor.page.keyboard.press("n")
    expect(visitor.page.locator(".empty")).to_be_visible()
    with Collection(keys.public_key, keys.secret_key, web.endpoint) as collection:
        assert collection.get_collection().image_count == 4
        assert collection.get_duplicates().group_count == 0
        visitor.page.keyboard.press("u")
        expect(count).to_have_text("1 group of copies")
        visitor.page.keyboard.press("u")
        expect(count).to_have_text("2 groups of copies")
        assert collection.get_collection().image_count == 5
        assert collection.get_duplicates().group_count == 2


def test_read_only_keys_offer_nothing_that_changes(
    visitor: Visitor, keys: NewKeys, web: Service, database: str, photo: Path, tmp_path: Path
) -> None:
    add(web, keys, [photo, edited(photo, tmp_path)])
    with psycopg.connect(database) as connection:
        connection.execute(
            "UPDATE keys SET is_read_only = true WHERE public_key = %s", (keys.public_key,)
        )
    visitor.sign_in(keys, "duplicates")
    expect(visitor.page.locator(".member")).to_have_count(2)
    expect(visitor.page.get_by_role("button", name="Keep only this")).to_have_count(0)
    visitor.go("add")
    expect(visitor.page.locator(".drop-zone")).to_have_count(0)


def test_keys_are_managed(visitor: Visitor, keys: NewKeys, database: str) -> None:
    visitor.sign_in_as_operator()
    page = visitor.page
    page.get_by_role("button", name="New collection").click()
    page.fill("#name", "From the page")
    page.fill("#user", "ada")
    page.get_by_role("button", name="Save").click()
    once = page.get_by_role("dialog")
    expect(once).to_contain_text("shown this once")
    once.get_by_role("button", name="Close").click()
    card = page.locator(".card", has_text="From the page")
    card.get_by_role("button", name="Make read-only").click()
    expect(card.locator("td", has_text="read only")).to_be_visible()
    page.on("dialog", lambda dialog: dialog.accept())
    card.get_by_role("button", name="Revoke").click()
    expect(card.locator("tbody tr")).to_have_count(0)


def test_20000_images_scroll_without_a_long_frame(
    visitor: Visitor, keys: NewKeys, database: str
) -> None:
    with psycopg.connect(database) as connection:
        fill(connection, keys.collection_id, 20_000)
    visitor.sign_in(keys)
    visitor.page.wait_for_selector(".grid .tile img")
    # On a machine that is busy with something else, any frame may be late: some pass must not be.
    for _ in range(10):
        longest = visitor.page.evaluate(SCROLL_120_FRAMES)
        print(f"the longest of 120 frames took {longest:.0f} ms")
        if longest <= 100:
            break
    assert longest <= 100
    assert visitor.page.locator(".tile").count() < 300
    visitor.page.keyboard.press("End")
    expect(visitor.page.locator('.tile[title="image-00001"]')).to_be_visible()


def fill(connection: psycopg.Connection, collection_id: str, count: int) -> None:
    """Store images with thumbnails, which are to be seen and not to be found."""
    connection.execute(
        """
        INSERT INTO images (collection_id, image_id, image_time, version, quality, pdq, embedding)
        SELECT %s, 'image-' || lpad(n::text, 5, '0'), now() + n * interval '1 second', 0, 100,
            '', '[1]'
        FROM generate_series(1, %s) AS n
        """,
        (collection_id, count),
    )
    pictures = [Image.new("RGB", (256, 192), f"hsl({hue}, 60%, 50%)") for hue in range(0, 360, 15)]
    connection.execute(
        """
        INSERT INTO thumbnails (collection_id, image_id, webp)
        SELECT collection_id, image_id, (%s::bytea[])[1 + right(image_id, 5)::int %% 24]
        FROM images WHERE collection_id = %s
        """,
        ([thumbnail_of(picture) for picture in pictures], collection_id),
    )


SCROLL_120_FRAMES = """
async () => {
    let last = performance.now(), longest = 0;
    for (let frame = 0; frame < 120; frame++) {
        scrollBy(0, 1000);
        const now = await new Promise(requestAnimationFrame);
        longest = Math.max(longest, now - last);
        last = now;
    }
    return longest;
}
"""


@pytest.mark.parametrize("view", ["look", "search", "duplicates", "add"])
def test_phone_scrolls_down_only(
    phone: Visitor, keys: NewKeys, web: Service, photo: Path, tmp_path: Path, view: str
) -> None:
    add(web, keys, [photo, edited(photo, tmp_path)])
    phone.sign_in(keys, view)
    phone.page.wait_for_timeout(500)
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 375
    phone.screenshot(f"phone-{view}")


def test_every_view_can_be_reached_and_used_by_keyboard(
    visitor: Visitor, keys: NewKeys, web: Service, photos: list[Path]
) -> None:
    add(web, keys, photos[:3])
    visitor.sign_in(keys)
    page = visitor.page
    page.wait_for_selector(".tile")
    page.locator(".tile").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.locator('#navigation a[href="#/look"]').focus()
    for view in ("search", "duplicates", "add"):
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator(f'#navigation a[href="#/{view}"]')).to_have_attribute(
            "aria-current", "page"
        )
        page.locator(f'#navigation a[href="#/{view}"]').focus()


def test_every_view_is_accessible_in_both_themes(
    themed_visitor: Visitor,
    keys: NewKeys,
    web: Service,
    photos: list[Path],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    theme = "dark" if "dark" in request.node.name else "light"
    copy = edited(photos[0], tmp_path)
    add(web, keys, [*photos, copy])
    visitor = themed_visitor
    page = visitor.page
    findings: dict[str, object] = {}

    def look_at(view: str, selector: str) -> None:
        page.wait_for_selector(selector)
        page.wait_for_timeout(300)
        visitor.screenshot(f"{view}-{theme}")
        # Through the debugger, which the Content-Security-Policy does not hold.
        page.evaluate(AXE.read_text())
        result = page.evaluate("axe.run()")
        serious = [
            (found["id"], [node["html"] for node in found["nodes"]])
            for found in result["violations"]
            if found["impact"] in ("serious", "critical")
        ]
        if serious:
            findings[view] = serious

    visitor.open()
    look_at("sign-in", "form.sign-in")
    visitor.sign_in(keys)
    look_at("look", ".tile img")
    page.locator(".tile").first.click()
    look_at("details", "dialog .facts dd")
    page.keyboard.press("Escape")
    visitor.go("search")
    choose_picture(page, copy)
    look_at("search", ".hit")
    visitor.go("duplicates")
    look_at("duplicates", ".member")
    visitor.go("add")
    page.set_input_files("input[multiple]:not([webkitdirectory])", [photos[1]])
    look_at("add", ".add-item.is-copy")
    visitor.sign_in_as_operator()
    look_at("keys", "table")
    assert findings == {}


def test_script_in_an_image_id_is_only_text(
    visitor: Visitor, keys: NewKeys, web: Service, photo: Path
) -> None:
    name = '<img src=x onerror="document.title=`broken in`">'
    with Collection(keys.public_key, keys.secret_key, web.endpoint) as collection:
        collection.add_image(io.BytesIO(photo.read_bytes()), name)
    visitor.sign_in(keys)
    visitor.page.locator(".tile").first.click()
    expect(visitor.page.get_by_role("dialog").locator("h2")).to_have_text(name)
    assert "broken in" not in visitor.page.title()
