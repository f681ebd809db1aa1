"""The page in a real browser, headless Chromium, against a real service: `make test-web`."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from visualsnoop import Collection
from visualsnoop.server.storage.keys import NewKeys, create_keys
from visualsnoop.server.storage.sessions import create_code

from ..services import Service

# A machine may be busy with other tests.
_PATIENCE = 30_000  # milliseconds
expect.set_options(timeout=_PATIENCE)

HOME = "photos.home"
"""A name that leads Chromium to this machine as to another: without encryption it is not secure."""

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
                f"--host-resolver-rules=MAP {HOME} 127.0.0.1",
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
    return create_keys(database, request.node.name, "ada", with_thumbnails=True)


@pytest.fixture
def collection(web: Service, keys: NewKeys) -> Iterator[Collection]:
    """This collection, as the SDK sees it."""
    with Collection(keys.public_key, keys.secret_key, web.endpoint) as opened:
        yield opened


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
        self.page.set_default_timeout(_PATIENCE)

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

    def sign_in_by_keys(self, public_key: str, secret_key: str) -> None:
        self.open()
        self.page.fill("#public-key", public_key)
        self.page.fill("#secret-key", secret_key)
        self.page.keyboard.press("Enter")

    def go(self, view: str) -> None:
        self.page.click(f'#navigation a[href="#/{view}"]')

    def search_by(self, picture: Path) -> None:
        """Choose a picture to search by."""
        self.page.set_input_files('input[accept="image/*"]:not([capture])', picture)

    def add(self, *files: Path) -> None:
        """Choose files to add."""
        self.page.set_input_files("input[multiple]:not([webkitdirectory])", files)

    def drop(self, path: Path, selector: str) -> None:
        """Drop a file or a folder, as from a file manager."""
        box = self.page.locator(selector).bounding_box()
        assert box is not None
        session = self.page.context.new_cdp_session(self.page)
        for kind in ("dragEnter", "dragOver", "drop"):
            session.send(
                "Input.dispatchDragEvent",
                {
                    "type": kind,
                    "x": box["x"] + box["width"] / 2,
                    "y": box["y"] + box["height"] / 2,
                    "data": {"items": [], "files": [str(path)], "dragOperationsMask": 1},
                },
            )


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 1200, "height": 800})
    yield context
    context.close()


@pytest.fixture
def visitor(context: BrowserContext, web: Service, database: str) -> Iterator[Visitor]:
    opened = Visitor(context, web.origin, database)
    yield opened
    assert opened.problems == []
