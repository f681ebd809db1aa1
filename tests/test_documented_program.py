"""A program that was written for the documentation, and knows results as dictionaries only."""

import json
from pathlib import Path

import pytest

from visualsnoop.exceptions import VisualSnoopError
from visualsnoop.models import Collection
from visualsnoop.server.storage.keys import NewKeys


def test_program_written_for_the_documentation_runs_unchanged(
    service: str, keys: NewKeys, photo: Path
) -> None:
    collection = Collection(keys.public_key, keys.secret_key, endpoint=service)
    assert (collection.id, collection.user) == (keys.collection_id, "ada")

    with photo.open("rb") as image_file:
        response = collection.add_image(image_file, "beach")
    assert response["status"] == 201
    assert response["message"] == "Added"
    assert response["image_id"] == "beach"
    assert response["image_time"].endswith("+00:00")

    with pytest.raises(VisualSnoopError):
        collection.add_image(str(photo), "beach")

    response = collection.add_image(str(photo), "beach", update_existing=True)
    assert response["message"] == "Updated"

    assert collection.get_image("beach")["image_time"] == response["image_time"]

    for number in range(4):
        collection.add_image(str(photo), f"copy {number}")
    generated_id = collection.add_image(str(photo))["image_id"]
    assert len(generated_id) == 32

    listed: list[str] = []
    start = None
    while True:
        page = collection.get_images(start=start, count=2)
        assert len(page["images"]) == 2
        listed += [image["id"] for image in page["images"]]
        start = page["next_image_id"]
        if start is None:
            break
    assert listed == [generated_id, "copy 3", "copy 2", "copy 1", "copy 0", "beach"]

    found = collection.search_images(str(photo), timeout=(5, 60))
    assert {result["id"] for result in found["results"]} == set(listed)
    assert [result["rank"] for result in found["results"]] == [0, 1, 2, 3, 4, 5]

    found_by_id = collection.search_images_by_id("beach", timeout=60)
    assert found_by_id["image_id"] == "beach"
    assert "beach" not in [result["id"] for result in found_by_id["results"]]
    assert json.loads(json.dumps(found_by_id)) == found_by_id

    assert collection.delete_image("beach")["message"] == "Deleted"
    with pytest.raises(VisualSnoopError):
        collection.get_image("beach")
    collection.close()


def test_refused_keys_raise_in_the_constructor(service: str, keys: NewKeys) -> None:
    with pytest.raises(VisualSnoopError):
        Collection(keys.public_key, "x" * 40, service)
