"""Collections as who runs the service sees them: listed, renamed and deleted."""

from pathlib import Path

import httpx
import psycopg
import pytest

from visualsnoop import Collection, VisualSnoopHMACAuth
from visualsnoop.server.storage.collections import (
    delete_collection,
    find_collection,
    list_collections,
    rename_collection,
)
from visualsnoop.server.storage.keys import NewKeys, create_keys, list_keys


def test_collection_is_listed_with_what_belongs_to_it(
    database: str, service: str, keys: NewKeys, photos: list[Path]
) -> None:
    with Collection(keys.public_key, keys.secret_key, service) as collection:
        for photo in photos[:2]:
            collection.add_image(photo)
        name = collection.name
    create_keys(database, name, "ada")
    found = find_collection(database, keys.collection_id)
    assert found in list_collections(database)
    assert (found.name, found.user, found.image_count, found.key_count) == (name, "ada", 2, 2)


def test_renamed_collection_is_opened_by_the_same_keys(
    database: str, service: str, keys: NewKeys
) -> None:
    rename_collection(database, keys.collection_id, f"beach {keys.collection_id}")
    with Collection(keys.public_key, keys.secret_key, service) as collection:
        assert collection.name == f"beach {keys.collection_id}"


def test_name_of_another_collection_of_the_user_is_refused(database: str, keys: NewKeys) -> None:
    create_keys(database, "taken", "ada")
    with pytest.raises(ValueError, match="already"):
        rename_collection(database, keys.collection_id, "taken")
    create_keys(database, "of another", "bob")
    rename_collection(database, keys.collection_id, "of another")


def test_deleted_collection_leaves_nothing(
    database: str, service: str, keys: NewKeys, photos: list[Path]
) -> None:
    with Collection(keys.public_key, keys.secret_key, service) as collection:
        for name in ("one", "other"):
            collection.add_image(photos[0], name)
    auth = VisualSnoopHMACAuth(keys.public_key, keys.secret_key)
    assert httpx.get(f"{service}/duplicates", auth=auth).json()["group_count"] == 1
    delete_collection(database, keys.collection_id)
    assert keys.public_key not in {pair.public_key for pair in list_keys(database)}
    with psycopg.connect(database) as connection:
        tables = connection.execute(
            "SELECT table_name FROM information_schema.columns WHERE column_name = 'collection_id'"
        ).fetchall()
        assert len(tables) > 3
        for (table,) in tables:
            left = connection.execute(
                f"SELECT FROM {table} WHERE collection_id = %s".encode(), (keys.collection_id,)
            )
            assert left.rowcount == 0, table


@pytest.mark.parametrize(
    "act",
    [find_collection, delete_collection, lambda url, name: rename_collection(url, name, "x")],
)
def test_unknown_collection_is_an_error(database: str, act: object) -> None:
    assert callable(act)
    with pytest.raises(ValueError, match="collections list"):
        act(database, "00000000")
