"""Searches by pictures that show stored ones: each is found, and where it lies."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import pytest
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families

from scripts.bench.sets.compositions import COMPOSITIONS, Composition
from visualsnoop import VisualSnoopHMACAuth
from visualsnoop.server.storage.keys import create_keys

from ..pictures import encoded

ABSENT = ("cell", "deep-field")


@pytest.fixture(scope="module")
def client(service: str, database: str, photos: list[Path]) -> Iterator[httpx.Client]:
    """A client of a collection of all photos but two."""
    keys = create_keys(database, name=uuid4().hex, user="ada")
    auth = VisualSnoopHMACAuth(keys.public_key, keys.secret_key)
    with httpx.Client(base_url=service, auth=auth, timeout=60) as client:
        for photo in photos:
            if photo.stem not in ABSENT:
                response = client.post(f"/image/{photo.stem}", content=photo.read_bytes())
                assert response.status_code == 201
        yield client


def search(client: httpx.Client, picture: Image.Image, **parameters: Any) -> list[dict[str, Any]]:
    response = client.post("/search", content=encoded(picture), params=parameters)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["results"]
    return found


def found_ids(client: httpx.Client, picture: Image.Image, **parameters: Any) -> list[str]:
    return [result["id"] for result in search(client, picture, **parameters)]


def composition(name: str, photos: list[Path]) -> tuple[Composition, list[str]]:
    """One of `COMPOSITIONS`, and the IDs of the photos that it shows."""
    count, compose = COMPOSITIONS[name]
    chosen = [photo for photo in photos if photo.stem in SHOWN][:count]
    pictures = [Image.open(photo).convert("RGB") for photo in chosen]
    made = compose(pictures, random.Random(1))
    return made, [photo.stem for photo in chosen[: len(made.corners)]]


# Not those of textures, which have the same in any part.
SHOWN = (
    *("astronaut", "cameraman", "cat", "clock", "coffee"),
    *("hopper", "retina", "rocket", "bricks"),
)


@pytest.mark.parametrize("name", COMPOSITIONS)
def test_what_a_picture_is_composed_of_is_found(
    client: httpx.Client, photos: list[Path], name: str
) -> None:
    made, shown = composition(name, photos)
    found = search(client, made.picture, count=20)
    copies = {result["id"] for result in found if result["score"] >= 0.7}
    assert {*shown} <= copies <= {*SHOWN}
    assert [result["rank"] for result in found] == list(range(len(found)))


def test_region_says_where_the_whole_lies_around_the_part(
    client: httpx.Client, photos: list[Path]
) -> None:
    made, shown = composition("collage 2x2", photos)
    found = {result["id"]: result for result in search(client, made.picture)}
    for photo, corners in zip(shown, made.corners, strict=True):
        region = np.array([(corner["x"], corner["y"]) for corner in found[photo]["region"]])
        into_photo = np.stack([region[1] - region[0], region[3] - region[0]]).T
        places = np.array(corners) / made.picture.size @ into_photo.T + region[0]
        assert places == pytest.approx(np.array([(0, 0), (1, 0), (1, 1), (0, 1)]), abs=0.05)
        assert 0 < found[photo]["overlap"] <= 0.26


def test_parts_are_searched_for_where_no_copy_is_all_that_is_shown(
    client: httpx.Client, photos: list[Path]
) -> None:
    whole, part = (Image.open(photo) for photo in photos if photo.stem in ("astronaut", "coffee"))
    assert found_ids(client, whole) == ["astronaut"]
    whole.paste(part.resize((whole.width // 2, whole.height // 3)), (10, 10))
    assert {*found_ids(client, whole)} == {"astronaut", "coffee"}


def test_regions_can_be_left_out_or_asked_for(client: httpx.Client, photos: list[Path]) -> None:
    made, shown = composition("collage 3x3", photos)
    without = found_ids(client, made.picture, regions="false", min_score=0.7)
    assert {*without} < {*shown}
    assert {*found_ids(client, made.picture, regions="true", min_score=0.7)} == {*shown}


def test_collage_of_absent_photos_has_no_copies(client: httpx.Client, photos: list[Path]) -> None:
    pictures = [Image.open(photo) for photo in photos if photo.stem in ABSENT]
    made = COMPOSITIONS["collage 2x2"][1](2 * pictures, random.Random(1))
    assert [result for result in search(client, made.picture) if result["score"] >= 0.7] == []


def test_pages_of_results_with_regions_fit_together(
    client: httpx.Client, photos: list[Path]
) -> None:
    made, _ = composition("collage 2x2", photos)
    whole = search(client, made.picture, count=8, min_score=0)
    pages = [search(client, made.picture, count=4, offset=offset, min_score=0) for offset in (0, 4)]
    assert [result["id"] for page in pages for result in page] == [one["id"] for one in whole]
    assert len({one["id"] for one in whole}) == 8


@pytest.mark.parametrize("picture", [Image.new("RGB", (1, 1)), Image.new("RGB", (640, 3), "navy")])
def test_pictures_of_which_parts_show_nothing_are_searched_for(
    client: httpx.Client, picture: Image.Image
) -> None:
    assert search(client, picture, regions="true") == []


@pytest.mark.parametrize("stored", [[], [Image.new("RGB", (64, 48), "navy")]])
def test_windows_are_left_out_where_nothing_could_be_found_in_them(
    service: str, database: str, photo: Path, stored: list[Image.Image]
) -> None:
    keys = create_keys(database, name=uuid4().hex, user="ada")
    auth = VisualSnoopHMACAuth(keys.public_key, keys.secret_key)
    with httpx.Client(base_url=service, auth=auth, timeout=60) as client:
        for picture in stored:
            assert client.post("/image", content=encoded(picture)).status_code == 201
        before = pictures_embedded(service)
        assert search(client, Image.open(photo), regions="true") == []
        assert pictures_embedded(service) == before + 1
        client.post("/image", content=photo.read_bytes()).raise_for_status()
        before = pictures_embedded(service)
        assert len(search(client, Image.open(photo), regions="true")) == 1
        assert pictures_embedded(service) > before + 1


def pictures_embedded(service: str) -> float:
    """How often the service has had fingerprints computed."""
    page = httpx.get(f"{service.removesuffix('/api/v1')}/metrics").text
    return sum(
        sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name == "visualsnoop_step_seconds_count" and sample.labels["step"] == "embed"
    )


@pytest.mark.parametrize("regions", ["yes", "", "True"])
def test_other_words_are_refused(client: httpx.Client, photo: Path, regions: str) -> None:
    response = client.post("/search", content=photo.read_bytes(), params={"regions": regions})
    assert response.status_code == 400
    assert "regions must be true, false or auto" in response.json()["message"]
