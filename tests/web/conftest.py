"""The page in a real browser, headless Chromium, against a real service: `make test-web`."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from visualsnoop.server.storage.keys import NewKeys, create_keys
from visualsnoop.server.storage.sessions import create_code
from visualsnoop.server.storage.thumbnails import keep_thumbnails

from ..services import Service

SCREENSHOTS = Path(__file__).parent / "screenshots"

# Chromium says so of each answer that is an error; whether it should be one is up to each test.
_STATUS = re.compile(r"Failed to load resource: the server responded with a status of (\d+)")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    assert found is not None, "these tests need Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found,
            args=[
                # It refuses to be its own sandbox for root.
                *(["--no-sandbox"] if os.geteuid() == 0 else []),
                *("--disable-background-networking", "--disable-component-update"),
            ],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def web(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service whose page is tried."""
    folder = tmp_path_factory.mktemp("web")
    with Service(f"--database={database}", "--rate=0", log=folder / "log") as service:
        yield service


@pytest.fixture
def keys(database: str, request: pytest.FixtureRequest) -> NewKeys:
    """The keys of a new collection that keeps thumbnails, named after the test."""
    new_keys = create_keys(database, request.node.name, "ada")
    keep_thumbnails(database, new_keys.collection_id, True)
    return new_keys


class Visitor:
    """Somebody at a browser: the page, and what it has complained of.

    Attributes:
        page: The page.
        problems: Console errors, failed scripts and breaches of the Content-Security-Policy.
        statuses: The statuses of answers that were errors.
    """

    def __init__(self, context: BrowserContext, origin: str, database: str) -> None:
        self.page: Page = context.new_page()
        self.problems: list[str] = []
        self.statuses: list[int] = []
        self._origin = origin
        self._database = database
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.set_default_timeout(30_000)

    def _note(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        failed = _STATUS.match(message.text)
        if failed:
            self.statuses.append(int(failed[1]))
        elif "net::ERR_" not in message.text:
            self.problems.append(message.text)

    def open(self, path: str = "/") -> None:
        self.page.goto(self._origin + path)

    def sign_in(self, keys: NewKeys, view: str = "look") -> None:
        """Come in by a link, as `visualsnoop look` prints it, and go to a view."""
        self.open(f"/#code={create_code(self._database, keys.public_key)}")
        self.page.wait_for_selector("#header:not([hidden])")
        self.go(view)

    def sign_in_as_operator(self) -> None:
        self.open(f"/#code={create_code(self._database, None)}")
        self.page.wait_for_selector(".collections .card")

    def go(self, view: str) -> None:
        self.page.click(f'#navigation a[href="#/{view}"]')

    def screenshot(self, name: str) -> None:
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")


@pytest.fixture
def visitor(chromium: Browser, web: Service, database: str) -> Iterator[Visitor]:
    context = chromium.new_context(viewport={"width": 1200, "height": 800})
    opened = Visitor(context, web.origin, database)
    yield opened
    context.close()
    assert opened.problems == []


@pytest.fixture(params=["light", "dark"])
def themed_visitor(
    request: pytest.FixtureRequest, chromium: Browser, web: Service, database: str
) -> Iterator[Visitor]:
    context = chromium.new_context(
        viewport={"width": 1200, "height": 800}, color_scheme=request.param
    )
    yield Visitor(context, web.origin, database)
    context.close()


@pytest.fixture
def phone(chromium: Browser, web: Service, database: str) -> Iterator[Visitor]:
    context = chromium.new_context(
        viewport={"width": 375, "height": 720}, has_touch=True, is_mobile=True
    )
    opened = Visitor(context, web.origin, database)
    yield opened
    context.close()
    assert opened.problems == []
