"""The command that prints the link to the page."""

from collections.abc import Mapping

import httpx
import pytest

from visualsnoop.server.storage.keys import NewKeys, create_keys, revoke_keys

from .command import run


def signed_in(link: str, endpoint: str) -> Mapping[str, object]:
    """Whose session a link begins; of one that is refused, nothing."""
    origin, separator, code = link.strip().partition("/#code=")
    assert separator
    assert origin == endpoint.removesuffix("/api/v1")
    with httpx.Client(base_url=origin, headers={"Origin": origin}) as browser:
        browser.post("/page/session", json={"code": code})
        session: Mapping[str, object] = browser.get("/page/session").json()
        return session


@pytest.mark.parametrize("by", ["name", "ID"])
def test_link_opens_a_collection_once(by: str, service: str, database: str) -> None:
    keys = create_keys(database, f"seen by {by}", "ada")
    collection = keys.collection_id if by == "ID" else f"seen by {by}"
    printed = run("look", collection, "--database", database, VISUALSNOOP_ENDPOINT=service)
    assert printed.returncode == 0
    assert signed_in(printed.stdout, service)["collection_id"] == keys.collection_id
    assert not signed_in(printed.stdout, service)["is_signed_in"]


def test_link_by_the_keys_of_the_environment_needs_no_database(service: str, keys: NewKeys) -> None:
    printed = run(
        "look",
        VISUALSNOOP_ENDPOINT=service,
        VISUALSNOOP_PUBLIC_KEY=keys.public_key,
        VISUALSNOOP_SECRET_KEY=keys.secret_key,
    )
    assert signed_in(printed.stdout, service)["collection_id"] == keys.collection_id


def test_link_for_operators(service: str, database: str) -> None:
    printed = run("look", "--admin", "--database", database, VISUALSNOOP_ENDPOINT=service)
    assert signed_in(printed.stdout, service)["is_operator"]


def test_link_that_cannot_be_had_is_one_line_of_error(
    service: str, database: str, keys: NewKeys
) -> None:
    def error(*arguments: str, **environment: str) -> str:
        answer = run("look", *arguments, VISUALSNOOP_ENDPOINT=service, **environment)
        assert answer.returncode != 0
        assert "Traceback" not in answer.stderr
        return answer.stderr

    at = f"--database={database}"
    wrong = {"VISUALSNOOP_PUBLIC_KEY": keys.public_key, "VISUALSNOOP_SECRET_KEY": "x" * 40}
    assert "no collection 'nothing'" in error("nothing", at)
    assert "either a collection or --admin" in error("nothing", "--admin", at)
    refused = error(**wrong)
    assert "key" in refused
    assert "x" * 40 not in refused
    for name in ("ada", "bob"):
        create_keys(database, "called alike", name)
    assert "give the ID of one" in error("called alike", at)
    revoked = create_keys(database, "without keys", "ada")
    revoke_keys(database, revoked.public_key)
    assert "has no valid keys" in error("without keys", at)
