"""No key sees, counts, times, changes or removes anything of another collection.

Each operation of the contract is tried on an image that only another collection has, and again on
one that nobody has: the answers must not differ, and the other collection must stay as it was.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import yaml

from scripts.local_service import client
from visualsnoop.server.storage.keys import create_keys

from ..pictures import different_picture

CONTRACT = Path(__file__).parents[2] / "spec" / "visualsnoop-v1.yaml"
PICTURE = different_picture(1)

Attempt = Callable[[httpx.Client, str], httpx.Response]

ATTEMPTS: dict[str, Attempt] = {
    "GET /collection": lambda intruder, _: intruder.get("/collection"),
    "POST /image": lambda intruder, _: intruder.post("/image", content=PICTURE),
    "POST /image/{image_id}": lambda intruder, image_id: intruder.post(
        f"/image/{image_id}", content=PICTURE
    ),
    "PUT /image/{image_id}": lambda intruder, image_id: intruder.put(
        f"/image/{image_id}", content=different_picture(2)
    ),
    "GET /image/{image_id}": lambda intruder, image_id: intruder.get(f"/image/{image_id}"),
    "DELETE /image/{image_id}": lambda intruder, image_id: intruder.delete(f"/image/{image_id}"),
    "GET /image/{image_id}/thumbnail": lambda intruder, image_id: intruder.get(
        f"/image/{image_id}/thumbnail"
    ),
    "GET /images": lambda intruder, image_id: intruder.get(f"/images?start={image_id}"),
    "GET /search/{image_id}": lambda intruder, image_id: intruder.get(
        f"/search/{image_id}?min_score=0"
    ),
    "POST /search": lambda intruder, _: intruder.post("/search?min_score=0", content=PICTURE),
    "POST /compare/{image_id}": lambda intruder, image_id: intruder.post(
        f"/compare/{image_id}", content=PICTURE
    ),
    "GET /compare/{image_id}/{other_id}": lambda intruder, image_id: intruder.get(
        f"/compare/own/{image_id}"
    ),
    "GET /duplicates": lambda intruder, _: intruder.get("/duplicates?min_score=0.5"),
    "PUT /not-duplicates/{image_id}/{other_id}": lambda intruder, image_id: intruder.put(
        f"/not-duplicates/own/{image_id}"
    ),
    "DELETE /not-duplicates/{image_id}/{other_id}": lambda intruder, image_id: intruder.delete(
        f"/not-duplicates/own/{image_id}"
    ),
}

PATHS = yaml.safe_load(CONTRACT.read_text())["paths"]
OPERATIONS = [
    f"{method.upper()} {path}"
    for path, operations in PATHS.items()
    for method in operations
    if method != "parameters"
]


@pytest.fixture(scope="module")
def owner(database: str, service: str) -> Iterator[httpx.Client]:
    """The client of a collection with two copies of a picture, and two that are said to be none."""
    keys = create_keys(database, uuid4().hex, "ada", with_thumbnails=True)
    with client(service, keys) as owner:
        for image_id, number in [("secret", 1), ("copy", 1), ("third", 3), ("fourth", 3)]:
            added = owner.post(f"/image/{image_id}", content=different_picture(number))
            assert added.status_code == 201
        assert owner.put("/not-duplicates/third/fourth").status_code == 200
        yield owner


@pytest.fixture
def new_intruder(database: str, service: str) -> Iterator[Callable[[], httpx.Client]]:
    """Makes clients of collections that have one image, `own`."""
    opened: list[httpx.Client] = []

    def make() -> httpx.Client:
        opened.append(client(service, create_keys(database, uuid4().hex, "ada")))
        assert opened[-1].post("/image/own", content=different_picture(4)).status_code == 201
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def everything(owner: httpx.Client) -> list[Any]:
    """All that a collection tells of itself."""
    paths = (
        *(
            "/collection",
            "/images",
            "/search/secret",
            "/compare/secret/copy",
            "/compare/secret/own",
        ),
        *("/duplicates?min_score=0.5", "/image/secret"),
    )
    thumbnail = owner.get("/image/secret/thumbnail")
    assert thumbnail.status_code == 200
    return [thumbnail.content, *(owner.get(path).json() for path in paths)]


def comparable(response: httpx.Response) -> tuple[int, str]:
    """An answer without what differs from collection to collection, and from time to time."""
    text = response.text.replace("nobody", "secret")
    text = re.sub(r"\b([0-9a-f]{32}|[0-9a-f]{8})\b|\d{4}-\d\d-\d\dT[\d:.+]+", "…", text)
    return response.status_code, text


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("has_the_same_id", [False, True])
def test_other_collection_is_neither_seen_nor_changed(
    operation: str,
    has_the_same_id: bool,
    owner: httpx.Client,
    new_intruder: Callable[[], httpx.Client],
) -> None:
    attempt = ATTEMPTS[operation]
    before = everything(owner)
    answers = []
    for image_id in ("secret", "nobody"):
        intruder = new_intruder()
        if has_the_same_id:
            added = intruder.post(f"/image/{image_id}", content=different_picture(5))
            assert added.status_code == 201
        answers.append(comparable(attempt(intruder, image_id)))
    assert answers[0] == answers[1]
    assert everything(owner) == before


def test_each_attempt_is_an_operation() -> None:
    assert sorted(ATTEMPTS) == sorted(OPERATIONS)
