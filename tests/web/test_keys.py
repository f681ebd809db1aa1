"""The operator's page of collections and keys."""

import re

from playwright.sync_api import Page, expect

from visualsnoop import Collection
from visualsnoop.exceptions import AuthenticationError, ForbiddenError, NotFoundError

from ..services import Service
from .conftest import Visitor


def test_keys_are_managed(visitor: Visitor, web: Service) -> None:
    visitor.sign_in_as_operator()
    page = visitor.page
    page.get_by_role("button", name="New collection").click()
    page.fill("#name", "From the page")
    page.fill("#user", "ada")
    page.get_by_label("Keep thumbnails of its images").check()
    page.get_by_role("button", name="Save").click()
    first = shown_once(page)
    card = page.locator(".card", has_text="From the page")
    expect(card).to_contain_text("Thumbnails: on")
    assert is_allowed(first, web) == (True, True)
    card.get_by_role("button", name="Make read-only").click()
    expect(card.locator("td", has_text="read only")).to_be_visible()
    assert is_allowed(first, web) == (True, False)
    page.on("dialog", lambda dialog: dialog.accept())
    card.get_by_role("button", name="Rotate").click()
    second = shown_once(page)
    assert is_allowed(first, web) == (False, False)
    assert is_allowed(second, web) == (True, False)
    card.get_by_role("button", name="Set expiry").click()
    page.fill("#expiry", "2035-01-31")
    page.get_by_role("button", name="Save").click()
    expect(card.locator("td", has_text="2035")).to_be_visible()
    card.get_by_role("button", name="New key pair").click()
    form = page.get_by_role("dialog")
    expect(form).to_contain_text("From the page · ada")
    form.get_by_label("For reading only").check()
    form.get_by_role("button", name="Save").click()
    third = shown_once(page)
    assert is_allowed(third, web) == (True, False)
    card.get_by_role("row", name=third[0]).get_by_role("button", name="Revoke").click()
    expect(card.locator("tbody tr")).to_have_count(1)
    card.get_by_role("button", name="Turn off").click()
    expect(card).to_contain_text("Thumbnails: off")
    card.get_by_role("button", name="Revoke").click()
    expect(card).to_contain_text("Nobody has keys of it")
    assert is_allowed(second, web) == (False, False)
    page.reload()
    expect(card).to_be_visible()
    assert second[1] not in page.content()


def shown_once(page: Page) -> tuple[str, str]:
    """The public and the secret key that are shown, once."""
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("shown this once")
    public_key, secret_key = dialog.locator("code").all_text_contents()
    dialog.get_by_role("button", name="Close").click()
    assert re.fullmatch("[0-9a-f]{20}", public_key)
    return public_key, secret_key


def is_allowed(pair: tuple[str, str], web: Service) -> tuple[bool, bool]:
    """Whether a key pair may read, and whether it may change something."""
    try:
        with Collection(*pair, web.endpoint) as collection:
            try:
                collection.delete_image("nothing")
            except ForbiddenError:
                return True, False
            except NotFoundError:
                return True, True
            raise AssertionError("an image was deleted that there is not")
    except AuthenticationError:
        return False, False
