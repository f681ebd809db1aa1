"""Every view: for those who do not see it well, or use a keyboard or a phone; and pictures of it.

The pictures are in build/screenshots, for people to look at.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from visualsnoop import Collection
from visualsnoop.server.storage.keys import NewKeys, create_keys

from ..services import Service
from .conftest import Visitor
from .pictures import collage, edited

ROOT = Path(__file__).parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SCREENSHOTS = ROOT / "build" / "screenshots"


@pytest.fixture(scope="module")
def copy(photos: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An edited copy of one of the photos; beside it there is a collage of four."""
    folder = tmp_path_factory.mktemp("copies")
    collage(photos, folder)
    return edited(photos[0], folder)


@pytest.fixture(scope="module")
def holidays(web: Service, database: str, photos: list[Path], copy: Path) -> NewKeys:
    """The keys of a collection with some images, two of which are copies."""
    keys = create_keys(database, "Holidays", "ada", with_thumbnails=True)
    with Collection(keys.public_key, keys.secret_key, web.endpoint) as collection:
        for photo in (*photos, copy):
            collection.add_image(photo, photo.name)
    return keys


View = Callable[[Visitor, NewKeys, Path], object]


def sign_in(visitor: Visitor, keys: NewKeys, copy: Path) -> None:
    visitor.open()
    visitor.page.wait_for_selector("form.sign-in")


def look(visitor: Visitor, keys: NewKeys, copy: Path) -> None:
    visitor.sign_in(keys)
    visitor.page.wait_for_selector(".tile img")


def details(visitor: Visitor, keys: NewKeys, copy: Path) -> None:
    look(visitor, keys, copy)
    visitor.page.locator(".tile").first.click()
    visitor.page.wait_for_selector("dialog .copies img")


def search(visitor: Visitor, keys: NewKeys, copy: Path) -> None:
    visitor.sign_in(keys, "search")
    visitor.search_by(copy)
    visitor.page.wait_for_selector(".hit .region-edge")


def search_by_collage(visitor: Visitor, keys: NewKeys, copy: Path) -> None:
    visitor.sign_in(keys, "search")
    visitor.search_by(copy.with_name("collage.jpg"))
    visitor.page.wait_for_selector(".query .part-number")


def duplicates(visitor: Visitor, keys: NewKeys, copy: Path) -> None:
    visitor.sign_in(keys, "duplicates")
    visitor.page.wait_for_selector(".member img")


def add(visitor: Visitor, keys: NewKeys, copy: Path) -> None:
    visitor.sign_in(keys, "add")
    # The collection has the copy itself, under its name.
    other, broken = copy.with_name("other.jpg"), copy.with_name("broken.jpg")
    other.write_bytes(copy.read_bytes())
    broken.write_bytes(b"no picture")
    visitor.add(copy, other, broken)
    visitor.page.wait_for_selector(".add-item.is-copy")
    visitor.page.wait_for_selector(".add-item.is-refused")


def keys_page(visitor: Visitor, keys: NewKeys, copy: Path) -> None:
    visitor.sign_in_as_operator()


VIEWS = [sign_in, look, details, search, search_by_collage, duplicates, add, keys_page]


@pytest.fixture(params=VIEWS, ids=lambda view: view.__name__.replace("_", "-"))
def view(request: pytest.FixtureRequest) -> View:
    found: View = request.param
    return found


def screenshot(page: Page, view: View, kind: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    # Pictures come in a moment after their frames.
    page.wait_for_load_state("networkidle")
    name = view.__name__.replace("_", "-")
    page.screenshot(path=SCREENSHOTS / f"{name}-{kind}.png")


def test_view_is_accessible_in_both_themes(
    view: View, visitor: Visitor, holidays: NewKeys, copy: Path
) -> None:
    view(visitor, holidays, copy)
    for theme in ("light", "dark"):
        visitor.page.emulate_media(color_scheme=theme)
        screenshot(visitor.page, view, theme)
        assert serious_findings(visitor.page) == []


def serious_findings(page: Page) -> list[tuple[str, list[str]]]:
    """What axe finds of what keeps people from using the page."""
    # Through the debugger, which the Content-Security-Policy does not hold.
    page.evaluate(AXE.read_text())
    result = page.evaluate("axe.run()")
    return [
        (found["id"], [node["html"] for node in found["nodes"]])
        for found in result["violations"]
        if found["impact"] in ("serious", "critical")
    ]


def test_what_keeps_people_from_using_the_page_is_found(visitor: Visitor) -> None:
    sign_in(visitor, NewKeys("", "", ""), Path())
    visitor.page.evaluate("document.querySelector('label').remove()")
    assert [name for name, _ in serious_findings(visitor.page)] == ["label"]


@pytest.fixture
def phone(chromium: Browser, web: Service, database: str) -> Iterator[Visitor]:
    context = chromium.new_context(
        viewport={"width": 375, "height": 720}, has_touch=True, is_mobile=True
    )
    opened = Visitor(context, web.origin, database)
    yield opened
    context.close()
    assert opened.problems == []


def test_view_scrolls_only_down_on_a_phone(
    view: View, phone: Visitor, holidays: NewKeys, copy: Path
) -> None:
    view(phone, holidays, copy)
    screenshot(phone.page, view, "phone")
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 375


def test_every_view_can_be_reached_and_used_by_keyboard(
    visitor: Visitor, holidays: NewKeys
) -> None:
    visitor.open()
    page = visitor.page
    page.wait_for_selector("form.sign-in")
    for text in (holidays.public_key, holidays.secret_key):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".tile")
    # After the link to the content, the brand, the four views and the button to sign out.
    for _ in range(8):
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    for view in ("add", "duplicates", "search"):
        link = page.locator(f'#navigation a[href="#/{view}"]')
        while not link.evaluate("link => link === document.activeElement"):
            page.keyboard.press("Shift+Tab")
        page.keyboard.press("Enter")
        expect(link).to_have_attribute("aria-current", "page")
