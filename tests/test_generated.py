"""The generated client by itself, without the layer over it."""

import asyncio
import socket
from pathlib import Path

import pytest
from visualsnoop_api import Client
from visualsnoop_api.api import collection, duplicates, images, search
from visualsnoop_api.errors import UnexpectedStatus
from visualsnoop_api.models import (
    CollectionInfo,
    ErrorBody,
    Image,
    ImageList,
    SearchResult,
    SearchResults,
)
from visualsnoop_api.types import File

from visualsnoop import VisualSnoopHMACAuth
from visualsnoop.server.storage.keys import NewKeys

from .sockets import Listener, listening, read_head, response


@pytest.fixture
def auth(keys: NewKeys) -> VisualSnoopHMACAuth:
    return VisualSnoopHMACAuth(keys.public_key, keys.secret_key)


def test_operations_give_models(service: str, auth: VisualSnoopHMACAuth, photo: Path) -> None:
    with Client(service, auth, timeout=30) as client, photo.open("rb") as file:
        added = images.add_image_with_id.sync("beach", client=client, body=File(file))
        assert isinstance(added, Image)
        listed = images.list_images.sync(client=client, count=1)
        assert isinstance(listed, ImageList)
        assert listed.images[0].image_time == added.image_time


def test_refusal_gives_the_error_of_the_contract(service: str, auth: VisualSnoopHMACAuth) -> None:
    with Client(service, auth) as client:
        answer = images.get_image.sync_detailed("nobody", client=client)
    assert answer.status_code == 404
    assert isinstance(answer.parsed, ErrorBody)
    assert answer.parsed.status == 404


def test_operations_can_be_awaited(service: str, auth: VisualSnoopHMACAuth, photo: Path) -> None:
    async def use() -> None:
        async with Client(service, auth, timeout=30) as client:
            assert isinstance(
                await collection.get_collection.asyncio(client=client), CollectionInfo
            )
            body = File(photo.read_bytes())
            assert isinstance(
                await search.search_images.asyncio(client=client, body=body), SearchResults
            )

    asyncio.run(use())


def test_status_beyond_the_contract_is_none_or_an_error() -> None:
    def answer(listener: Listener, connection: socket.socket) -> None:
        read_head(listener, connection)
        connection.sendall(response(599, b""))

    with listening(answer) as listener:
        with Client(listener.endpoint) as client:
            assert images.get_image.sync_detailed("a", client=client).parsed is None
        with (
            Client(listener.endpoint, raise_on_unexpected_status=True) as client,
            pytest.raises(UnexpectedStatus),
        ):
            images.get_image.sync_detailed("a", client=client)


def test_unknown_fields_are_kept() -> None:
    known = {"status": 404, "message": "There is no image"}
    error = ErrorBody.from_dict({**known, "hint": "look elsewhere"})
    assert error["hint"] == "look elsewhere"
    assert error == {**known, "hint": "look elsewhere"}


@pytest.mark.parametrize(
    "body", [{}, {"status": "404", "message": "no"}, {"status": 404, "message": None}]
)
def test_missing_or_mistyped_fields_are_refused(body: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        ErrorBody.from_dict(body)


def test_a_value_that_a_newer_server_added_is_kept() -> None:
    body = {"id": "beach", "rank": 0, "score": 0.9, "transform": "skewed"}
    result = SearchResult.from_dict(body)
    assert result.transform == "skewed"
    assert result == body


def test_a_parameter_that_is_not_given_is_not_sent() -> None:
    """So that an old client gets what a newer server takes by default."""
    assert images.list_images.build_request()["params"] == {}
    assert search.search_images.build_request(body=File(b""))["params"] == {}
    assert search.search_images_by_id.build_request("beach")["params"] == {}
    assert duplicates.list_duplicates.build_request()["params"] == {}
