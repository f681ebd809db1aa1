"""Clients and services of different versions work with one another.

The rules are in `spec/README.md`.
"""

import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from attrs import frozen

from scripts.altering_proxy import NEW_VALUE, of_a_newer_server
from scripts.check_changes import CONTRACT, released_contracts
from visualsnoop import Collection

from .sync_and_async import Connect

IMAGE = b"an image file"

CALLS: dict[str, Callable[[Collection], Any]] = {
    "getCollection": lambda collection: collection.get_collection(),
    "addImage": lambda collection: collection.add_image(IMAGE),
    "addImageWithId": lambda collection: collection.add_image(IMAGE, "a/b"),
    "addOrReplaceImage": lambda collection: collection.add_image(IMAGE, "a/b", True),
    "getImage": lambda collection: collection.get_image("a/b"),
    "getThumbnail": lambda collection: collection.get_thumbnail("a/b"),
    "deleteImage": lambda collection: collection.delete_image("a/b"),
    "listImages": lambda collection: collection.get_images(),
    "searchImagesById": lambda collection: collection.search_images_by_id("a/b"),
    "searchImages": lambda collection: collection.search_images(IMAGE),
    "compareImage": lambda collection: collection.compare_image("a/b", IMAGE),
    "compareImagesById": lambda collection: collection.compare_images_by_id("a/b", "c"),
    "listDuplicates": lambda collection: collection.get_duplicates(),
    "setNotDuplicates": lambda collection: collection.set_not_duplicates("a/b", "c"),
    "unsetNotDuplicates": lambda collection: collection.unset_not_duplicates("a/b", "c"),
}


@frozen
class Example:
    """An answer as a contract shows it."""

    operation: str
    tag: str
    method: str
    path: str
    status: int
    body: dict[str, Any]

    def answers(self, request: httpx.Request) -> bool:
        path = re.escape("/api/v1" + self.path)
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", path)
        sent = request.url.raw_path.decode().partition("?")[0]
        return request.method == self.method and re.fullmatch(pattern, sent) is not None


def examples(file: Path) -> Iterator[Example]:
    """Every answer of JSON that a contract shows."""
    contract = yaml.safe_load(file.read_text(encoding="utf-8"))
    for path, operations in contract["paths"].items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            for status, response in operation["responses"].items():
                content = resolved(contract, response)["content"].get("application/json")
                if content is None:
                    continue
                named = content.get("examples") or {"": {"value": content.get("example")}}
                for example in named.values():
                    yield Example(
                        operation["operationId"],
                        operation["tags"][0],
                        method.upper(),
                        path,
                        int(status),
                        resolved(contract, example)["value"],
                    )


def resolved(contract: Any, part: Any) -> Any:
    if "$ref" not in part:
        return part
    for name in part["$ref"].removeprefix("#/").split("/"):
        contract = contract[name]
    return contract


RELEASED = [example for file in released_contracts() for example in examples(file)]
SUCCESSES = [example for example in RELEASED if example.status < 300]
TODAY = {example.operation: example for example in examples(CONTRACT) if example.status < 300}


def titles(chosen: list[Example]) -> list[str]:
    return [f"{example.operation} {example.status}" for example in chosen]


@pytest.mark.parametrize("example", RELEASED, ids=titles(RELEASED))
def test_generated_client_reads_what_released_services_answer(example: Example) -> None:
    assert parsed(example, example.body) == example.body


@pytest.mark.parametrize("example", RELEASED, ids=titles(RELEASED))
def test_generated_client_keeps_what_newer_services_add(example: Example) -> None:
    body = of_a_newer_server(example.body)
    assert parsed(example, body) == body


@pytest.mark.parametrize("example", SUCCESSES, ids=titles(SUCCESSES))
def test_collection_reads_what_released_and_newer_services_answer(
    example: Example, connect: Connect
) -> None:
    for body in (example.body, of_a_newer_server(example.body)):
        assert call(connect, example.operation, example, body) == body


def test_collection_tells_a_transform_of_a_newer_service(connect: Connect) -> None:
    body = of_a_newer_server(TODAY["searchImages"].body)
    found = call(connect, "searchImages", TODAY["searchImages"], body)
    assert found.results[0].transform == NEW_VALUE
    assert found.results[0]["new_field"] == body["results"][0]["new_field"]


def test_collection_has_every_operation_of_the_contract() -> None:
    paths = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))["paths"].values()
    operations = {
        operation["operationId"]
        for path in paths
        for method, operation in path.items()
        if method != "parameters"
    }
    assert operations - CALLS.keys() == set(), "Collection has no method for them"


@pytest.mark.parametrize("operation", TODAY)
def test_method_of_each_operation_returns_its_answer(operation: str, connect: Connect) -> None:
    example = TODAY[operation]
    assert call(connect, operation, example, example.body) == example.body


def parsed(example: Example, body: Any) -> Any:
    """What the generated client makes of an answer."""
    name = re.sub("([A-Z])", r"_\1", example.operation).lower()
    operation = import_module(f"visualsnoop_api.api.{example.tag}.{name}")
    return operation.parse(httpx.Response(example.status, json=body))


def call(connect: Connect, operation: str, example: Example, body: Any) -> Any:
    """What a collection returns when a service answers so."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.params.get("session") == "init":
            return httpx.Response(200, json=TODAY["getCollection"].body)
        assert example.answers(request)
        return httpx.Response(example.status, json=body)

    endpoint = "http://127.0.0.1:8000/api/v1"
    with connect("key", "secret", endpoint, transport=httpx.MockTransport(answer)) as collection:
        return CALLS[operation](collection)
