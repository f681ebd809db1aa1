"""Signing in to the page and out of it, and what it says of the service."""

import re
import socket
from pathlib import Path

import psycopg
from playwright.sync_api import BrowserContext, expect

from visualsnoop import Collection
from visualsnoop.server.storage.keys import NewKeys, revoke_keys
from visualsnoop.server.storage.sessions import create_code

from ..services import Service
from .conftest import HOME, Visitor


def test_link_signs_in_once(visitor: Visitor, keys: NewKeys, database: str) -> None:
    link = f"/#code={create_code(database, keys.public_key)}"
    visitor.open(link)
    expect(visitor.page.locator(".collection-name")).to_have_text("test_link_signs_in_once")
    assert "code" not in visitor.page.url
    visitor.page.get_by_role("button", name="Sign out").click()
    visitor.open(link)
    expect(visitor.page.locator(".toast")).to_contain_text("used already")
    expect(visitor.page.locator("form.sign-in")).to_be_visible()


def test_key_pair_signs_in(visitor: Visitor, keys: NewKeys) -> None:
    visitor.sign_in_by_keys(keys.public_key, keys.secret_key)
    expect(visitor.page.locator(".collection-name")).to_be_visible()


def test_wrong_keys_are_told(visitor: Visitor, keys: NewKeys) -> None:
    visitor.sign_in_by_keys(keys.public_key, "x" * 40)
    expect(visitor.page.get_by_role("alert")).to_contain_text("does not know this key pair")
    assert visitor.statuses == [401]


def test_secret_key_is_nowhere_that_scripts_can_read(visitor: Visitor, keys: NewKeys) -> None:
    visitor.sign_in_by_keys(keys.public_key, keys.secret_key)
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
    # Otherwise what the first view asks for may lead back before the second is chosen.
    visitor.page.wait_for_load_state("networkidle")
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


def test_read_only_keys_offer_nothing_that_changes(
    visitor: Visitor, keys: NewKeys, collection: Collection, database: str, photo: Path
) -> None:
    for image_id in ("one", "two"):
        collection.add_image(photo, image_id)
    with psycopg.connect(database) as connection:
        connection.execute(
            "UPDATE keys SET is_read_only = true WHERE public_key = %s", (keys.public_key,)
        )
    visitor.sign_in(keys, "duplicates")
    expect(visitor.page.locator(".member")).to_have_count(2)
    expect(visitor.page.get_by_role("button", name="Keep only this")).to_have_count(0)
    visitor.go("add")
    expect(visitor.page.locator(".drop-zone")).to_have_count(0)


def test_connection_that_others_can_read_is_said_to_be_plain(
    context: BrowserContext, web: Service, database: str, keys: NewKeys
) -> None:
    here, elsewhere = (
        Visitor(context, origin, database)
        for origin in (web.origin, web.origin.replace("127.0.0.1", HOME))
    )
    here.sign_in(keys)
    expect(here.page.locator("#notice")).to_be_hidden()
    elsewhere.sign_in(keys)
    expect(elsewhere.page.locator("#notice")).to_contain_text("not encrypted")


def test_page_goes_on_when_the_service_is_back(
    context: BrowserContext, database: str, keys: NewKeys, photo: Path, tmp_path: Path
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = f"--database={database}", f"--port={port}"
    with Service(*options, log=tmp_path / "log") as service:
        visitor = Visitor(context, service.origin, database)
        visitor.sign_in(keys, "add")
        visitor.add(photo)
        expect(visitor.page.locator(".add-item.is-added")).to_have_count(1)
    visitor.go("look")
    notice = visitor.page.locator("#notice")
    expect(notice).to_contain_text("does not answer")
    # Another process: sessions are in the database.
    with Service(*options, log=tmp_path / "log"):
        expect(visitor.page.locator(".tile img")).to_have_count(1, timeout=60_000)
        expect(notice).to_be_hidden()
        assert visitor.problems == []


def test_breach_of_the_content_security_policy_is_noticed(visitor: Visitor) -> None:
    visitor.open()
    visitor.page.wait_for_selector("form.sign-in")
    for breach in (
        "document.body.append(Object.assign(document.createElement('script'), {text: '1'}))",
        "document.body.setAttribute('style', 'color: red')",
        "document.body.append(Object.assign(new Image(), {src: 'https://example.com/x.png'}))",
        "fetch('https://example.com/').catch(() => 0)",
    ):
        visitor.problems.clear()
        visitor.page.evaluate(f"void ({breach})")
        visitor.page.wait_for_timeout(100)
        assert re.search("Content Security Policy", " ".join(visitor.problems)), breach
    visitor.problems.clear()
