"""The commands for a service: its keys, its collections and its database."""

import json
import re
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from scripts.terminal import on_terminal
from visualsnoop import Collection
from visualsnoop.exceptions import NotFoundError
from visualsnoop.server.storage.collections import find_collection
from visualsnoop.server.storage.keys import NewKeys, list_keys

from ..pictures import encoded
from .command import run


def test_keys_are_created_while_the_service_runs(service: str, database: str, photo: Path) -> None:
    made = json.loads(run("keys", "create", "cli", "--json", "--database", database).stdout)
    assert re.fullmatch("[0-9a-f]{8}", made["collection_id"])
    assert re.fullmatch("[0-9a-f]{20}", made["public_key"])
    assert re.fullmatch("[0-9A-Za-z]{40}", made["secret_key"])
    environment = {
        "VISUALSNOOP_ENDPOINT": service,
        "VISUALSNOOP_PUBLIC_KEY": made["public_key"],
        "VISUALSNOOP_SECRET_KEY": made["secret_key"],
    }
    assert run("add", photo, **environment).returncode == 0


def test_second_pair_of_keys_opens_the_same_collection(database: str) -> None:
    first, second, other = (
        json.loads(run("keys", "create", name, "--json", "--database", database).stdout)
        for name in ("pair", "pair", "another")
    )
    assert first["collection_id"] == second["collection_id"] != other["collection_id"]
    assert first["public_key"] != second["public_key"]


def test_data_folder_of_its_own_is_made_and_kept(tmp_path: Path) -> None:
    data = tmp_path / "new" / "folder"
    first, again = (
        json.loads(run("keys", "create", "kept", "--json", VISUALSNOOP_DATA=str(data)).stdout)
        for _ in range(2)
    )
    assert first["collection_id"] == again["collection_id"]


def test_data_folder_and_database_exclude_each_other(tmp_path: Path) -> None:
    answer = run("serve", "--data", tmp_path, "--database", "postgresql://localhost")
    assert answer.returncode == 1
    assert "not both" in answer.stderr


def test_database_that_cannot_be_reached_is_one_line_of_error() -> None:
    answer = run("keys", "create", "a", "--database", "postgresql://127.0.0.1:1/none")
    assert answer.returncode == 1
    assert "Traceback" not in answer.stderr
    assert "127.0.0.1" in answer.stderr


def test_port_that_is_taken_is_one_line_of_error(service: str, database: str) -> None:
    port = service.split(":")[2].split("/")[0]
    answer = run("serve", "--port", port, "--database", database)
    assert answer.returncode == 1
    assert "Traceback" not in answer.stderr


def test_keys_are_listed_without_secrets_rotated_and_revoked(database: str) -> None:
    at = ("--database", database)
    made = json.loads(run("keys", "create", "cycle", "--read-only", "--json", *at).stdout)
    rotated = json.loads(
        run("keys", "rotate", made["public_key"], "--grace", "1", "--json", *at).stdout
    )
    listed = run("keys", "list", *at).stdout
    lines = {line.split()[0]: line for line in listed.splitlines()}
    assert "read-only" in lines[rotated["public_key"]]
    assert "never expires" in lines[rotated["public_key"]]
    assert "expires 20" in lines[made["public_key"]]
    as_json = run("keys", "list", "--json", *at).stdout
    for secret in (made["secret_key"], rotated["secret_key"]):
        assert secret not in listed + as_json
    pairs = {pair["public_key"]: pair for pair in map(json.loads, as_json.splitlines())}
    assert pairs[rotated["public_key"]]["is_read_only"]
    assert datetime.fromisoformat(pairs[made["public_key"]]["expires"]) > datetime.now(UTC)
    assert run("keys", "revoke", made["public_key"], *at).returncode == 0
    assert made["public_key"] not in {pair.public_key for pair in list_keys(database)}


def test_expiry_that_is_no_date_is_refused(database: str) -> None:
    answer = run("keys", "create", "a", "--expires", "tomorrow", "--database", database)
    assert answer.returncode == 2
    assert "2030-01-31" in answer.stderr


def test_thumbnails_are_kept_and_deleted(database: str, service: str, photo: Path) -> None:
    at = f"--database={database}"
    created = run("keys", "create", "in pictures", "--user=ada", "--thumbnails", "--json", at)
    keys = NewKeys(**json.loads(created.stdout))
    with Collection(keys.public_key, keys.secret_key, service) as collection:
        collection.add_image(photo, "cat")
        assert collection.get_thumbnail("cat")
        off = run("collections", "thumbnails", "in pictures", "off", at)
        assert off.stdout == "in pictures keeps no thumbnails; 1 were deleted\n"
        with pytest.raises(NotFoundError):
            collection.get_thumbnail("cat")
        assert run("collections", "thumbnails", keys.collection_id, "on", at).returncode == 0
        collection.add_image(photo, "cat", update_existing=True)
        assert collection.get_thumbnail("cat")
    unknown = run("collections", "thumbnails", "nothing", "on", at)
    assert unknown.returncode == 1
    assert "no collection 'nothing'" in unknown.stderr


def test_parts_are_kept_and_deleted(database: str, service: str, photos: list[Path]) -> None:
    at = f"--database={database}"
    created = run("keys", "create", "in parts", "--user=ada", "--parts", "--json", at)
    keys = NewKeys(**json.loads(created.stdout))
    photo, ground = (Image.open(path).convert("RGB").resize((600, 400)) for path in photos[4:6])
    ground.paste(photo.resize((300, 200)), (100, 50))
    picture = encoded(ground)
    with Collection(keys.public_key, keys.secret_key, service) as collection:
        collection.add_image(BytesIO(picture), "slide")
        off = run("collections", "parts", "in parts", "off", at)
        assert off.stdout.startswith("in parts keeps no parts; ")
        assert int(off.stdout.split()[5]) >= 1
        assert run("collections", "parts", keys.collection_id, "on", at).returncode == 0
        collection.add_image(BytesIO(picture), "slide", update_existing=True)
    again = run("collections", "parts", "in parts", "off", at)
    assert again.stdout == off.stdout
    assert run("collections", "parts", "nothing", "on", at).returncode == 1


def test_collections_are_listed_renamed_and_deleted(database: str) -> None:
    at = ("--database", database)
    made = json.loads(run("keys", "create", "before", "--user", "eve", "--json", *at).stdout)
    collection_id = made["collection_id"]
    assert run("collections", "rename", collection_id, "after", *at).returncode == 0
    listed = run("collections", "list", *at).stdout.splitlines()
    (line,) = [line for line in listed if line.startswith(collection_id)]
    assert line.split()[3:] == [
        "0",
        "images",
        "1",
        "key",
        "pair",
        "no",
        "thumbnails",
        "no",
        "parts",
        "after",
        "(eve)",
    ]
    as_json = run("collections", "list", "--json", *at).stdout
    (described,) = [
        each
        for each in map(json.loads, as_json.splitlines())
        if each["collection_id"] == collection_id
    ]
    assert (described["name"], described["key_count"]) == ("after", 1)
    with on_terminal("collections", "list", *at) as terminal:
        assert terminal.finish() == 0
    # Versions of Rich do not agree on what of a heading of two lines is on the first.
    assert {"ID", "created"} <= set(terminal.text.split()[:4])
    unconfirmed = run("collections", "delete", collection_id, *at)
    assert unconfirmed.returncode == 1
    assert "after" in unconfirmed.stdout
    assert run("collections", "delete", collection_id, "--yes", *at).returncode == 0
    with pytest.raises(ValueError, match="no collection"):
        find_collection(database, collection_id)


def test_wrong_master_key_is_one_line_of_error(database: str, service: str) -> None:
    answer = run("serve", "--database", database, VISUALSNOOP_MASTER_KEY="ab" * 32)
    assert answer.returncode == 1
    assert "another master key" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
