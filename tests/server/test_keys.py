"""Key pairs: what they open, until when, and how they are replaced and revoked."""

import asyncio
import re
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import pytest
from ruamel.yaml import YAML

from visualsnoop import VisualSnoopHMACAuth
from visualsnoop.server.settings import Settings
from visualsnoop.server.storage.collections import delete_collection
from visualsnoop.server.storage.keys import (
    KeyNotValid,
    KeyPair,
    NewKeys,
    changing,
    create_keys,
    find_key,
    list_keys,
    revoke_keys,
    rotate_keys,
)
from visualsnoop.server.storage.pool import connection_pool
from visualsnoop.server.vault import Vault

from ..services import signed_head

SPEC = Path(__file__).parents[2] / "spec" / "visualsnoop-v1.yaml"

PATHS = YAML(typ="safe").load(SPEC)["paths"]
OPERATIONS = [
    (method.upper(), path, "403" in operation["responses"])
    for path, operations in PATHS.items()
    for method, operation in operations.items()
    if method != "parameters"
]


def sent(endpoint: str, keys: NewKeys, method: str = "GET", path: str = "/images") -> int:
    """The status of the answer to a request that is signed with a key pair."""
    auth = VisualSnoopHMACAuth(keys.public_key, keys.secret_key)
    return httpx.request(method, endpoint + path, auth=auth, timeout=30).status_code


def listed(database: str, keys: NewKeys) -> list[KeyPair]:
    return [pair for pair in list_keys(database) if pair.collection_id == keys.collection_id]


@pytest.fixture
def read_only_keys(database: str, keys: NewKeys) -> NewKeys:
    """Another key pair for the collection of `keys`."""
    (pair,) = listed(database, keys)
    return create_keys(database, pair.collection_name, pair.user, is_read_only=True)


def test_revoking_unknown_keys_is_an_error(database: str) -> None:
    with pytest.raises(ValueError, match="keys list"):
        revoke_keys(database, "0" * 20)


@pytest.mark.parametrize(("method", "path", "changes"), OPERATIONS)
def test_read_only_keys_are_refused_what_changes_something(
    service: str, read_only_keys: NewKeys, method: str, path: str, changes: bool
) -> None:
    status = sent(service, read_only_keys, method, re.sub("{.*?}", "any", path))
    assert (status == 403) == changes


@pytest.mark.parametrize("path", [path for method, path, _ in OPERATIONS if method == "GET"])
def test_read_only_keys_may_ask_for_the_head_of_an_answer(
    service: str, read_only_keys: NewKeys, path: str
) -> None:
    status = sent(service, read_only_keys, "HEAD", re.sub("{.*?}", "any", path))
    assert status in (200, 404)


def test_keys_stop_when_they_expire(service: str, database: str, keys: NewKeys) -> None:
    (pair,) = listed(database, keys)
    expires = datetime.now(UTC) + timedelta(seconds=2)
    soon = create_keys(database, pair.collection_name, pair.user, expires=expires)
    assert sent(service, soon) == 200
    time.sleep(2)
    assert sent(service, soon) == 401
    assert sent(service, keys) == 200


def test_keys_that_would_have_expired_are_not_made(database: str) -> None:
    with pytest.raises(ValueError, match="past"):
        create_keys(database, "late", "ada", expires=datetime.now(UTC) - timedelta(seconds=1))


@pytest.mark.parametrize(("name", "user"), [("", "ada"), ("a", "")])
def test_collection_needs_a_name_and_a_user(database: str, name: str, user: str) -> None:
    with pytest.raises(ValueError, match="empty"):
        create_keys(database, name, user)


def test_rotated_keys_are_replaced_at_once(service: str, database: str, keys: NewKeys) -> None:
    made = rotate_keys(database, keys.public_key)
    assert made.collection_id == keys.collection_id
    assert (sent(service, keys), sent(service, made)) == (401, 200)


def test_rotated_keys_work_on_during_the_grace(service: str, database: str, keys: NewKeys) -> None:
    made = rotate_keys(database, keys.public_key, grace=timedelta(hours=1))
    assert (sent(service, keys), sent(service, made)) == (200, 200)
    expiries = {pair.public_key: pair.expires for pair in listed(database, keys)}
    assert expiries[made.public_key] is None
    left = expiries[keys.public_key]
    assert left is not None
    assert timedelta(minutes=59) < left - datetime.now(UTC) <= timedelta(hours=1)


def test_grace_does_not_make_keys_outlive_their_expiry(database: str, keys: NewKeys) -> None:
    (pair,) = listed(database, keys)
    expires = datetime.now(UTC) + timedelta(minutes=5)
    old = create_keys(database, pair.collection_name, pair.user, is_read_only=True, expires=expires)
    new = rotate_keys(database, old.public_key, grace=timedelta(hours=1))
    found = {one.public_key: one for one in listed(database, keys)}
    assert found[old.public_key].expires == found[new.public_key].expires == expires
    assert found[new.public_key].is_read_only


def test_revoked_keys_cannot_be_rotated(database: str, keys: NewKeys) -> None:
    revoke_keys(database, keys.public_key)
    with pytest.raises(ValueError, match="no key pair"):
        rotate_keys(database, keys.public_key)


def expire(database: str, keys: NewKeys) -> None:
    """Let a key pair expire now."""
    with psycopg.connect(database) as connection:
        connection.execute(
            "UPDATE keys SET expires = now() WHERE public_key = %s", (keys.public_key,)
        )


WAYS_TO_END: dict[str, Callable[[str, NewKeys], object]] = {
    "revoked": lambda database, keys: revoke_keys(database, keys.public_key),
    "rotated": lambda database, keys: rotate_keys(database, keys.public_key),
    "expired": expire,
    "collection deleted": lambda database, keys: delete_collection(database, keys.collection_id),
}


@pytest.mark.parametrize("end", WAYS_TO_END.values(), ids=WAYS_TO_END)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/image"), ("POST", "/image/beach"), ("PUT", "/image/beach")]
)
def test_image_whose_key_ends_while_it_is_sent_is_not_stored(
    method: str,
    path: str,
    end: Callable[[str, NewKeys], object],
    service: str,
    database: str,
    keys: NewKeys,
    photo: Path,
) -> None:
    file = photo.read_bytes()
    length = f"Content-Length: {len(file)}"
    url = httpx.URL(service)
    head = signed_head(keys, method, f"{url.path}{path}", length, "Connection: close")
    with socket.create_connection((url.host, url.port or 80)) as connection:
        connection.sendall(head + file[:-1000])
        # The key is valid when the request begins.
        time.sleep(0.5)
        end(database, keys)
        connection.sendall(file[-1000:])
        assert b" 401 " in connection.recv(65536)
    with psycopg.connect(database) as opened:
        stored = opened.execute(
            "SELECT FROM images WHERE collection_id = %s", (keys.collection_id,)
        )
        assert stored.rowcount == 0


def test_keys_are_looked_at_again_when_something_changes(database: str, keys: NewKeys) -> None:
    async def change() -> None:
        async with connection_pool(Settings(database, Vault(bytes(32), "a test"))) as pool:
            key = await find_key(pool, keys.public_key)
            assert key is not None
            revoke_keys(database, keys.public_key)
            async with changing(pool, key):
                pass

    with pytest.raises(KeyNotValid):
        asyncio.run(change())


@pytest.mark.parametrize("end", ["revoked", "rotated", "collection deleted"])
def test_keys_are_revoked_when_what_they_change_is_done(
    end: str, database: str, keys: NewKeys
) -> None:
    revoking = threading.Thread(target=WAYS_TO_END[end], args=(database, keys))

    async def change() -> bool:
        async with connection_pool(Settings(database, Vault(bytes(32), "a test"))) as pool:
            key = await find_key(pool, keys.public_key)
            assert key is not None
            async with changing(pool, key):
                revoking.start()
                await asyncio.sleep(0.5)
                return revoking.is_alive()

    is_waiting = asyncio.run(change())
    revoking.join()
    assert is_waiting


def test_list_says_everything_but_the_secret_key(database: str, read_only_keys: NewKeys) -> None:
    pair = listed(database, read_only_keys)[-1]
    assert pair.public_key == read_only_keys.public_key
    assert (pair.user, pair.is_read_only, pair.expires) == ("ada", True, None)
    assert read_only_keys.secret_key not in repr(pair) + repr(read_only_keys)


def test_secret_keys_are_nowhere_in_the_database(database: str, keys: NewKeys) -> None:
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT keys::text, sealed_secret FROM keys").fetchall()
    assert keys.public_key in "".join(text for text, _ in rows)
    for text, sealed in rows:
        assert keys.secret_key not in text
        assert keys.secret_key.encode() not in sealed


def test_sealed_secret_of_another_pair_is_of_no_use(
    service: str, database: str, keys: NewKeys
) -> None:
    other = rotate_keys(database, keys.public_key, grace=timedelta(hours=1))
    with psycopg.connect(database) as connection:
        connection.execute(
            """
            UPDATE keys SET sealed_secret = mine.sealed_secret FROM keys AS mine
            WHERE keys.public_key = %s AND mine.public_key = %s
            """,
            (other.public_key, keys.public_key),
        )
    stolen = NewKeys(other.collection_id, other.public_key, keys.secret_key)
    assert sent(service, stolen) == 401
