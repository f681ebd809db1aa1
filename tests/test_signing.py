"""The signer against the test vectors of the contract, and against the service."""

import base64
import hmac
import json
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import TypedDict
from urllib.parse import quote, unquote

import httpx
import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from visualsnoop import Collection, VisualSnoopHMACAuth, __version__
from visualsnoop.auth import signature, string_to_sign
from visualsnoop.exceptions import NotFoundError
from visualsnoop.server.storage.keys import NewKeys, create_keys

from .sockets import Listener, listening, read_head, response, session_response

VECTORS = Path(__file__).parent.parent / "spec" / "signing-vectors.json"


class Vector(TypedDict):
    name: str
    method: str
    url: str
    date: str
    public_key: str
    secret_key: str
    string_to_sign: str
    signature: str
    authorization: str


def vectors() -> list[Vector]:
    loaded: list[Vector] = json.loads(VECTORS.read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(params=vectors(), ids=lambda vector: vector["name"])
def vector(request: pytest.FixtureRequest) -> Vector:
    chosen: Vector = request.param
    return chosen


def test_string_to_sign_is_that_of_the_vector(vector: Vector) -> None:
    path = httpx.URL(vector["url"]).raw_path.partition(b"?")[0].decode()
    assert string_to_sign(vector["method"], path, vector["date"]) == vector["string_to_sign"]


def test_httpx_request_is_signed_as_the_vector_says(vector: Vector) -> None:
    auth = VisualSnoopHMACAuth(vector["public_key"], vector["secret_key"])
    request = httpx.Request(vector["method"], vector["url"], headers={"Date": vector["date"]})
    signed = next(auth.auth_flow(request))
    assert signed.headers["Authorization"] == vector["authorization"]


# Requests writes escapes in capitals before it sends them, and so signs another path.
@pytest.mark.parametrize("vector", [v for v in vectors() if "%2f" not in v["url"]], indirect=True)
def test_requests_request_is_signed_as_the_vector_says(vector: Vector) -> None:
    auth = VisualSnoopHMACAuth(vector["public_key"], vector["secret_key"])
    prepared = requests.Request(
        vector["method"], vector["url"], headers={"Date": vector["date"]}, auth=auth
    ).prepare()
    assert prepared.headers["Authorization"] == vector["authorization"]


def test_there_are_at_least_twenty_vectors() -> None:
    assert len(vectors()) >= 20


@pytest.mark.parametrize("get", [httpx.get, requests.get])
def test_service_accepts_the_signer_of_either_library(
    get: Callable[..., httpx.Response], service: str, keys: NewKeys
) -> None:
    auth = VisualSnoopHMACAuth(keys.public_key, keys.secret_key)
    assert get(f"{service}/collection?session=init", auth=auth).status_code == 200


def test_date_and_version_that_are_there_already_are_kept() -> None:
    date = format_datetime(datetime(2015, 1, 29, tzinfo=UTC), usegmt=True)
    headers = {"Date": date, "X-Visualsnoop-Client-Version": "mine"}
    request = httpx.Request("GET", "http://host/images", headers=headers)
    next(VisualSnoopHMACAuth("abc", "secret").auth_flow(request))
    assert request.headers["Date"] == date
    assert request.headers["X-Visualsnoop-Client-Version"] == "mine"
    signed = signature("secret", "GET", "/images", date)
    assert request.headers["Authorization"] == f"VSHMAC abc:{signed}"


def test_version_of_the_client_is_sent() -> None:
    request = next(VisualSnoopHMACAuth("abc", "s").auth_flow(httpx.Request("GET", "http://host")))
    assert request.headers["X-Visualsnoop-Client-Version"] == __version__


def test_secret_key_is_not_in_the_repr() -> None:
    assert repr(VisualSnoopHMACAuth("abc", "hidden")) == "VisualSnoopHMACAuth(public_key='abc')"


@pytest.mark.parametrize("public_key", ["", "with space", "line\nend", "ключ"])
def test_public_key_that_cannot_travel_is_refused(public_key: str) -> None:
    with pytest.raises(ValueError, match="public_key"):
        VisualSnoopHMACAuth(public_key, "secret")


def test_empty_secret_key_is_refused() -> None:
    with pytest.raises(ValueError, match="secret_key"):
        VisualSnoopHMACAuth("abc", " \n")


@pytest.fixture(scope="module")
def wire() -> Iterator[tuple[Listener, list[bytes]]]:
    """A server that has no image, and the heads of the requests that it got."""
    heads: list[bytes] = []

    def serve(listener: Listener, connection: socket.socket) -> None:
        while head := read_head(listener, connection):
            heads.append(head)
            is_first = b"session=init" in head
            missing = response(404, b'{"status": 404, "message": "no"}')
            connection.sendall(session_response() if is_first else missing)

    with listening(serve) as listener:
        yield listener, heads


@pytest.fixture(scope="module")
def signer(database: str) -> VisualSnoopHMACAuth:
    keys = create_keys(database, "signing", "ada")
    return VisualSnoopHMACAuth(keys.public_key, keys.secret_key)


image_ids = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=100
).filter(lambda image_id: image_id not in (".", ".."))


@settings(deadline=None, max_examples=50)
@given(image_id=image_ids, other_id=image_ids, secret_key=st.text("aZ09/+é", min_size=1))
def test_signature_is_made_over_what_is_sent(
    wire: tuple[Listener, list[bytes]], image_id: str, other_id: str, secret_key: str
) -> None:
    listener, heads = wire
    with Collection("abc", secret_key, listener.endpoint) as collection:
        heads.clear()
        with pytest.raises(NotFoundError):
            collection.set_not_duplicates(image_id, other_id)
    (head,) = heads
    method, path, _ = head.split(b"\r\n")[0].decode("ascii").split(" ")
    headers = dict(line.split(": ", 1) for line in head.decode("ascii").split("\r\n")[1:] if line)
    assert [unquote(segment) for segment in path.split("/")[-2:]] == [image_id, other_id]
    assert path.count("/") == 5
    message = f"{method}\n{path}\n{headers['Date']}"
    digest = hmac.new(secret_key.encode(), message.encode(), "sha1").digest()
    assert headers["Authorization"] == f"VSHMAC abc:{base64.b64encode(digest).decode()}"


@settings(deadline=None, max_examples=50)
@given(image_id=image_ids)
def test_requests_signs_any_image_id_as_the_service_sees_it(
    service: str, signer: VisualSnoopHMACAuth, image_id: str
) -> None:
    answer = requests.get(f"{service}/image/{quote(image_id, safe='')}", auth=signer, timeout=60)
    assert answer.status_code == 404
    assert repr(image_id) in answer.json()["message"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(image_id=image_ids)
def test_any_image_id_reaches_the_service_as_it_is(collection: Collection, image_id: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        collection.get_image(image_id)
    assert repr(image_id) in caught.value.message
