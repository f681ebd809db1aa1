"""Searching, comparing and duplicates, with a real service and through the generated client."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from PIL import Image

from scripts.bench.edits import EDITS
from scripts.bench.scale import fill, image_id
from visualsnoop import VisualSnoopHMACAuth
from visualsnoop.server.settings import Settings
from visualsnoop.server.storage.images import ImageStore
from visualsnoop.server.storage.keys import NewKeys
from visualsnoop.server.storage.pool import connection_pool
from visualsnoop.server.vault import Vault

from ..pictures import encoded

MANY = 300


@pytest.fixture
def client(service: str, keys: NewKeys) -> Iterator[httpx.Client]:
    auth = VisualSnoopHMACAuth(keys.public_key, keys.secret_key)
    with httpx.Client(base_url=service, auth=auth, timeout=60) as client:
        yield client


@pytest.fixture
def filled(client: httpx.Client, photos: list[Path]) -> httpx.Client:
    """A collection of five photos, under their names."""
    for photo in photos[:5]:
        add(client, photo.stem, photo.read_bytes())
    return client


def add(client: httpx.Client, image_id: str, data: bytes) -> None:
    assert client.post(f"/image/{image_id}", content=data).status_code == 201


def edited(photo: Path, edit: str) -> bytes:
    with Image.open(photo) as picture:
        return encoded(EDITS[edit](picture.convert("RGB")))


def results(response: httpx.Response) -> list[dict[str, Any]]:
    assert response.status_code == 200
    found: list[dict[str, Any]] = response.json()["results"]
    return found


def test_search_for_what_is_not_there_finds_nothing(
    filled: httpx.Client, photos: list[Path]
) -> None:
    assert results(filled.post("/search", content=photos[-1].read_bytes())) == []


def test_lower_score_finds_different_images_too(filled: httpx.Client, photos: list[Path]) -> None:
    found = results(filled.post("/search?min_score=0", content=photos[-1].read_bytes()))
    assert [result["rank"] for result in found] == [0, 1, 2, 3, 4]


def test_higher_score_leaves_copies_out(filled: httpx.Client, photos: list[Path]) -> None:
    crop = edited(photos[0], "cropped to 50 %, corner")
    assert results(filled.post("/search", content=crop))
    assert results(filled.post("/search?min_score=0.999", content=crop)) == []


def test_pages_of_results_follow_one_another(filled: httpx.Client, photos: list[Path]) -> None:
    data = photos[0].read_bytes()
    whole = results(filled.post("/search?min_score=0", content=data))
    pages = [
        results(filled.post(f"/search?min_score=0&count=2&offset={offset}", content=data))
        for offset in (0, 2, 4, 6)
    ]
    assert [result for page in pages for result in page] == whole
    assert [len(page) for page in pages] == [2, 2, 1, 0]


@pytest.fixture
def many(client: httpx.Client, database: str, keys: NewKeys) -> httpx.Client:
    """A collection of more images than are compared by their hashes."""
    with psycopg.connect(database) as connection:
        fill(connection, keys.collection_id, MANY)
    return client


def test_late_pages_of_results_follow_one_another(many: httpx.Client) -> None:
    path = f"/search/{image_id(7)}?min_score=0"
    whole = results(many.get(f"{path}&count=1000"))
    assert len(whole) == MANY - 1
    assert [result["rank"] for result in whole] == list(range(MANY - 1))
    pages = [results(many.get(f"{path}&count=70&offset={offset}")) for offset in range(0, 400, 70)]
    assert [result for page in pages for result in page] == whole


def test_late_page_costs_no_more_comparisons_than_an_early_one(
    many: httpx.Client, database: str, keys: NewKeys
) -> None:
    async def candidates() -> list[int]:
        async with connection_pool(Settings(database, Vault(bytes(32), "a test"))) as pool:
            images = ImageStore(pool)
            found = await images.find_fingerprint(keys.collection_id, image_id(7))
            assert found is not None
            return [
                len(await images.candidates(keys.collection_id, found[1], start, start + 10))
                for start in (0, 250)
            ]

    early, late = asyncio.run(candidates())
    assert late <= early + 10


@pytest.mark.parametrize(
    "query",
    ["count=0", "count=1001", "min_score=-0.1", "min_score=1.1", "min_score=nan", "offset=-1"],
)
def test_parameter_out_of_range_is_refused(query: str, client: httpx.Client, photo: Path) -> None:
    response = client.post(f"/search?{query}", content=photo.read_bytes())
    assert response.status_code == 400
    assert query.partition("=")[0] in response.json()["message"]


def test_mirrored_copy_is_told(filled: httpx.Client, photos: list[Path]) -> None:
    (result,) = results(filled.post("/search", content=edited(photos[0], "mirrored")))
    assert result["transform"] == "mirrored"


def test_search_by_id_finds_mirrored_copy(filled: httpx.Client, photos: list[Path]) -> None:
    add(filled, "copy", edited(photos[0], "mirrored"))
    (result,) = results(filled.get(f"/search/{photos[0].stem}"))
    assert (result["id"], result["transform"]) == ("copy", "mirrored")


def test_picture_is_compared_with_a_stored_one(filled: httpx.Client, photos: list[Path]) -> None:
    path = f"/compare/{photos[0].stem}"
    same = filled.post(path, content=edited(photos[0], "turned by 90°")).json()
    assert same["score"] > 0.9
    assert same["transform"] == "rotated_270"
    assert filled.post(path, content=photos[1].read_bytes()).json()["score"] < 0.4


def test_stored_images_are_compared(filled: httpx.Client, photos: list[Path]) -> None:
    one, other = photos[0].stem, photos[1].stem
    assert filled.get(f"/compare/{one}/{one}").json()["score"] == 1
    comparison = filled.get(f"/compare/{one}/{other}").json()
    assert (comparison["image_id"], comparison["other_id"]) == (one, other)
    assert comparison["score"] < 0.4


def test_comparison_is_the_same_from_either_side_and_in_a_search(
    filled: httpx.Client, photos: list[Path]
) -> None:
    edits = ["turned by 90°", "cropped to 50 %, corner", "rotated by 15°", "mirrored", "caption"]
    for number, edit in enumerate(edits):
        add(filled, f"copy {number}", edited(photos[number], edit))
    inverse = {"rotated_90": "rotated_270", "rotated_270": "rotated_90"}
    image_ids = [image["id"] for image in filled.get("/images").json()["images"]]
    for one in image_ids:
        found = {
            result["id"]: (result["score"], result["transform"])
            for result in results(filled.get(f"/search/{one}?min_score=0"))
        }
        assert set(found) == set(image_ids) - {one}
        for other, (score, transform) in found.items():
            there = filled.get(f"/compare/{one}/{other}").json()
            back = filled.get(f"/compare/{other}/{one}").json()
            assert there["score"] == back["score"] == pytest.approx(score, abs=1e-4)
            assert inverse.get(back["transform"], back["transform"]) == there["transform"]
            assert transform == there["transform"]


@pytest.mark.parametrize("path", ["/compare/nobody/nobody", "/compare/{photo}/nobody"])
def test_comparison_with_nobody_is_not_found(
    path: str, filled: httpx.Client, photos: list[Path]
) -> None:
    assert filled.get(path.format(photo=photos[0].stem)).status_code == 404


def test_collection_counts_its_images(filled: httpx.Client) -> None:
    assert filled.get("/collection").json()["image_count"] == 5


def test_quality_tells_pictures_without_detail(filled: httpx.Client, photos: list[Path]) -> None:
    add(filled, "flat", encoded(Image.new("RGB", (300, 200), "teal")))
    assert filled.get("/image/flat").json()["quality"] == 0
    assert filled.get(f"/image/{photos[0].stem}").json()["quality"] > 50


def test_flat_pictures_find_none_but_themselves(filled: httpx.Client) -> None:
    for colour in ("teal", "white", "black"):
        add(filled, colour, encoded(Image.new("RGB", (300, 200), colour)))
    teal = encoded(Image.new("RGB", (600, 400), "teal"))
    assert [result["id"] for result in results(filled.post("/search", content=teal))] == ["teal"]


def groups(client: httpx.Client, query: str = "") -> list[list[str]]:
    response = client.get(f"/duplicates{query}")
    assert response.status_code == 200
    return [[image["id"] for image in group["images"]] for group in response.json()["groups"]]


@pytest.fixture
def with_copies(filled: httpx.Client, photos: list[Path]) -> httpx.Client:
    """The collection, with two copies of its first photo and one of its second."""
    add(filled, "copy 1", edited(photos[0], "JPEG quality 70"))
    add(filled, "copy 2", edited(photos[0], "mirrored"))
    add(filled, "crop", edited(photos[1], "cropped to 70 %, middle"))
    return filled


def test_collection_without_copies_has_no_duplicates(filled: httpx.Client) -> None:
    assert groups(filled) == []


def test_copies_are_grouped_best_evidence_first(
    with_copies: httpx.Client, photos: list[Path]
) -> None:
    assert groups(with_copies) == [[photos[0].stem, "copy 1", "copy 2"], [photos[1].stem, "crop"]]
    body = with_copies.get("/duplicates").json()
    assert body["group_count"] == 2
    assert [group["image_count"] for group in body["groups"]] == [3, 2]
    assert body["groups"][0]["score"] > body["groups"][1]["score"]


def test_groups_come_in_pages(with_copies: httpx.Client, photos: list[Path]) -> None:
    assert groups(with_copies, "?count=1&offset=1") == [[photos[1].stem, "crop"]]


def test_higher_score_leaves_groups_out(with_copies: httpx.Client) -> None:
    assert len(groups(with_copies, "?min_score=0.99")) == 1


def test_deleted_image_leaves_its_group(with_copies: httpx.Client, photos: list[Path]) -> None:
    assert with_copies.delete("/image/crop").status_code == 200
    assert with_copies.delete("/image/copy 1").status_code == 200
    assert groups(with_copies) == [[photos[0].stem, "copy 2"]]


def test_replaced_image_changes_its_group(with_copies: httpx.Client, photos: list[Path]) -> None:
    data = photos[1].read_bytes()
    assert with_copies.put("/image/copy 2", content=data).status_code == 200
    assert sorted(map(sorted, groups(with_copies))) == sorted(
        [sorted([photos[0].stem, "copy 1"]), sorted([photos[1].stem, "copy 2", "crop"])]
    )


def test_pair_that_is_no_duplicate_is_left_out(
    with_copies: httpx.Client, photos: list[Path]
) -> None:
    path = f"/not-duplicates/crop/{photos[1].stem}"
    assert with_copies.put(path).json()["message"] == "Not duplicates"
    assert with_copies.put(path).status_code == 200
    assert len(groups(with_copies)) == 1
    assert with_copies.delete(f"/not-duplicates/{photos[1].stem}/crop").status_code == 200
    assert len(groups(with_copies)) == 2


def test_decision_is_about_the_picture_and_ends_with_it(
    with_copies: httpx.Client, photos: list[Path]
) -> None:
    with_copies.put(f"/not-duplicates/crop/{photos[1].stem}")
    with_copies.put("/image/crop", content=edited(photos[1], "cropped to 90 %, middle"))
    assert len(groups(with_copies)) == 2


def test_decision_about_one_or_no_image_is_refused(
    filled: httpx.Client, photos: list[Path]
) -> None:
    one = photos[0].stem
    assert filled.put(f"/not-duplicates/{one}/{one}").status_code == 400
    assert filled.put(f"/not-duplicates/{one}/nobody").status_code == 404


def test_result_says_where_the_query_lies_and_how_much_is_the_same(
    filled: httpx.Client, photos: list[Path]
) -> None:
    crop = edited(photos[0], "cropped to 50 %, corner")
    found = results(filled.post("/search", content=crop))[0]
    assert found["id"] == photos[0].stem
    across = found["region"][1]["x"] - found["region"][0]["x"]
    assert 0.6 < across < 0.8  # half of the area
    assert 0.3 < found["overlap"] < 0.6


def test_stored_images_are_compared_by_their_detail(
    filled: httpx.Client, photos: list[Path]
) -> None:
    add(filled, "crop", edited(photos[0], "cropped to 50 %, corner"))
    by_id = results(filled.get("/search/crop"))[0]
    by_picture = results(
        filled.post("/search", content=edited(photos[0], "cropped to 50 %, corner"))
    )
    same = next(result for result in by_picture if result["id"] == by_id["id"])
    # Of a stored image, fewer keypoints are kept than of a query.
    assert by_id["overlap"] == pytest.approx(same["overlap"], abs=0.1)
    assert by_id["score"] == pytest.approx(same["score"], abs=0.1)
