"""Collages, slides and screens that are stored: each is found by the pictures that it shows."""

import random
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import psycopg
import pytest
from PIL import Image

from scripts.bench.sets.compositions import COMPOSITIONS, Composition
from scripts.local_service import client
from visualsnoop.server.matching.similarity import Match
from visualsnoop.server.parts_search import in_image
from visualsnoop.server.storage.collections import keep_with_images
from visualsnoop.server.storage.keys import NewKeys, create_keys
from visualsnoop.server.storage.transfer import export_collection, import_collection

from ..pictures import encoded

NAMES = ("collage 2x2", "collage 3x3", "inserted at 5 %", "post in an app")
SHOWN = (
    *("astronaut", "cameraman", "cat", "clock", "coffee"),
    *("hopper", "retina", "rocket", "deep-field"),
)


def composition(name: str, photos: list[Path]) -> tuple[Composition, list[str]]:
    """One of `COMPOSITIONS`, and the names of the photos that it shows."""
    count, compose = COMPOSITIONS[name]
    chosen = [photo for photo in photos if photo.stem in SHOWN][-count:]
    made = compose([Image.open(photo).convert("RGB") for photo in chosen], random.Random(2))
    return made, [photo.stem for photo in chosen[: len(made.corners)]]


@pytest.fixture(scope="module")
def keys(database: str) -> NewKeys:
    return create_keys(database, uuid4().hex, "ada", with_parts=True)


@pytest.fixture(scope="module")
def collection(service: str, keys: NewKeys, photos: list[Path]) -> Iterator[httpx.Client]:
    """A client of a collection of compositions that keeps parts."""
    with client(service, keys) as connection:
        for name in NAMES:
            made, _ = composition(name, photos)
            response = connection.post(f"/image/{name}", content=encoded(made.picture))
            assert response.status_code == 201, response.text
        yield connection


def search(connection: httpx.Client, photo: Path, **parameters: Any) -> dict[str, Any]:
    # Parts of the query are searched for in other tests.
    parameters = {"regions": "false", **parameters}
    response = connection.post("/search", content=photo.read_bytes(), params=parameters)
    assert response.status_code == 200, response.text
    return {result["id"]: result for result in response.json()["results"]}


def count_parts(database: str, keys: NewKeys, image_id: str) -> int:
    with psycopg.connect(database) as connection:
        return connection.execute(
            "SELECT FROM parts WHERE collection_id = %s AND image_id = %s",
            (keys.collection_id, image_id),
        ).rowcount


def parts_of(database: str, keys: NewKeys, image_id: str) -> list[Any]:
    """The rows of the parts of an image, as text."""
    with psycopg.connect(database) as connection:
        return connection.execute(
            "SELECT parts::text FROM parts WHERE collection_id = %s AND image_id = %s"
            " ORDER BY place",
            (keys.collection_id, image_id),
        ).fetchall()


@pytest.mark.parametrize("name", NAMES)
def test_composition_is_found_by_each_photo_that_it_shows(
    collection: httpx.Client, photos: list[Path], name: str
) -> None:
    made, shown = composition(name, photos)
    for photo in photos:
        found = search(collection, photo)
        if photo.stem not in SHOWN:
            assert found.get(name, {"score": 0})["score"] < 0.7, photo
        if photo.stem not in shown:
            continue
        assert found[name]["score"] >= 0.7, photo
        corners = np.array(made.corners[shown.index(photo.stem)]) / made.picture.size
        region = np.array([(corner["x"], corner["y"]) for corner in found[name]["region"]])
        assert region == pytest.approx(corners, abs=0.05)
        assert 0 < found[name]["overlap"] < 0.6


def test_stored_photo_finds_compositions_by_its_id(
    collection: httpx.Client, photos: list[Path]
) -> None:
    _, (shown,) = composition("inserted at 5 %", photos)
    (photo,) = [photo for photo in photos if photo.stem == shown]
    collection.post("/image/itself", content=photo.read_bytes()).raise_for_status()
    results = collection.get("/search/itself").json()["results"]
    collection.delete("/image/itself").raise_for_status()
    assert {"inserted at 5 %", "collage 3x3"} <= {result["id"] for result in results}
    assert len({result["id"] for result in results}) == len(results)
    assert "itself" not in {result["id"] for result in results}


def test_pages_of_results_with_parts_fit_together(
    collection: httpx.Client, photos: list[Path]
) -> None:
    whole = search(collection, photos[4], min_score=0)
    pages = [
        *search(collection, photos[4], min_score=0, count=2),
        *search(collection, photos[4], min_score=0, count=2, offset=2),
    ]
    assert pages == list(whole)


def test_parts_go_with_their_image(
    database: str, service: str, photos: list[Path], photo: Path
) -> None:
    keys = create_keys(database, uuid4().hex, "ada", with_parts=True)
    made, _ = composition("collage 2x2", photos)
    with client(service, keys) as connection:
        connection.post("/image/a", content=encoded(made.picture)).raise_for_status()
        assert count_parts(database, keys, "a") >= 4
        connection.put("/image/a", content=photo.read_bytes()).raise_for_status()
        assert count_parts(database, keys, "a") == 0
        connection.put("/image/a", content=encoded(made.picture)).raise_for_status()
        assert count_parts(database, keys, "a") >= 4
        connection.delete("/image/a").raise_for_status()
    assert count_parts(database, keys, "a") == 0


def test_deleted_image_is_put_back_with_its_parts(
    database: str, service: str, photos: list[Path]
) -> None:
    keys = create_keys(database, uuid4().hex, "ada", with_parts=True)
    made, _ = composition("collage 3x3", photos)
    pair = {"public_key": keys.public_key, "secret_key": keys.secret_key}
    origin = str(httpx.URL(service).copy_with(path="")).rstrip("/")
    with (
        client(service, keys) as connection,
        httpx.Client(base_url=origin, headers={"Origin": origin}) as page,
    ):
        connection.post("/image/a", content=encoded(made.picture)).raise_for_status()
        stored = parts_of(database, keys, "a")
        page.post("/page/session", json=pair).raise_for_status()
        record = page.delete("/page/image/a").json()["record"]
        assert parts_of(database, keys, "a") == []
        page.post("/page/restore", json={"record": record}).raise_for_status()
    assert parts_of(database, keys, "a") == stored


def test_collection_keeps_parts_only_while_it_is_wanted(
    database: str, service: str, photos: list[Path]
) -> None:
    keys = create_keys(database, uuid4().hex, "ada")
    made, _ = composition("collage 2x2", photos)
    with client(service, keys) as connection:
        connection.post("/image/a", content=encoded(made.picture)).raise_for_status()
        assert count_parts(database, keys, "a") == 0
        assert keep_with_images(database, keys.collection_id, "parts", True) == 0
        connection.post("/image/b", content=encoded(made.picture)).raise_for_status()
        stored = count_parts(database, keys, "b")
        assert stored >= 4
        assert keep_with_images(database, keys.collection_id, "parts", False) == stored
        assert count_parts(database, keys, "b") == 0


def test_parts_come_back_with_an_exported_collection(
    database: str,
    service: str,
    keys: NewKeys,
    collection: httpx.Client,
    photos: list[Path],
    tmp_path: Path,
) -> None:
    export_collection(database, keys.collection_id, tmp_path / "export")
    name = uuid4().hex
    import_collection(database, tmp_path / "export", name, "ada")
    photo = photos[0]
    with client(service, create_keys(database, name, "ada")) as copy:
        assert search(copy, photo) == search(collection, photo)


def test_region_in_a_part_is_told_in_the_image() -> None:
    corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 0.5), (0.0, 0.5))
    found = in_image(Match(0, 0.99, "none", corners, overlap=0.5), (0.5, 0.25, 1, 0.75))
    assert found.region == ((0.5, 0.25), (1, 0.25), (1, 0.5), (0.5, 0.5))
    assert (found.score, found.overlap) == (0.95, 0.125)


def test_damaged_part_breaks_no_search(
    database: str, service: str, photos: list[Path], photo: Path
) -> None:
    keys = create_keys(database, uuid4().hex, "ada", with_parts=True)
    made, shown = composition("collage 2x2", photos)
    with client(service, keys) as connection:
        for image_id in ("good", "damaged"):
            picture = BytesIO()
            made.picture.save(picture, "PNG")
            connection.post(f"/image/{image_id}", content=picture.getvalue()).raise_for_status()
        with psycopg.connect(database) as direct:
            direct.execute(
                "UPDATE parts SET pdq = '', detail = 'none', box = '{1}'"
                " WHERE collection_id = %s AND image_id = 'damaged'",
                (keys.collection_id,),
            )
        (one,) = [photo for photo in photos if photo.stem == shown[0]]
        assert "good" in search(connection, one)
