"""Collections as who runs the service sees them: listed, renamed and deleted."""

import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Literal

import httpx
import psycopg
import pytest
from PIL import Image

from visualsnoop import Collection, VisualSnoopHMACAuth
from visualsnoop.server.storage.collections import (
    delete_collection,
    find_collection,
    keep_with_images,
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


@pytest.mark.parametrize("kept", ["thumbnails", "parts"])
def test_switching_off_what_is_kept_holds_up_nothing_while_it_is_deleted(
    kept: Literal["thumbnails", "parts"], database: str, service: str, photos: list[Path]
) -> None:
    keys = create_keys(database, f"{kept} of much", "ada", with_thumbnails=True, with_parts=True)
    collage = Image.new("RGB", (1300, 540), "white")
    for place, photo in enumerate(photos[:2]):
        collage.paste(Image.open(photo).resize((600, 500)), (20 + 640 * place, 20))
    file = BytesIO()
    collage.save(file, "PNG")
    with Collection(keys.public_key, keys.secret_key, service) as collection:
        collection.add_image(file.getvalue(), "a")
        with ThreadPoolExecutor() as pool, psycopg.connect(database) as other:
            # Until the end of this transaction, nothing of it can be deleted.
            other.execute(
                f"SELECT FROM {kept} WHERE collection_id = %s FOR UPDATE", (keys.collection_id,)
            )
            switching = pool.submit(keep_with_images, database, keys.collection_id, kept, False)
            latest = time.monotonic() + 30
            while getattr(find_collection(database, keys.collection_id), f"has_{kept}"):
                assert time.monotonic() < latest
                time.sleep(0.05)
            collection.add_image(photos[0], "b")
            assert not switching.done()
            other.rollback()
            assert switching.result() >= 1
