"""Whatever is sent, the service answers with a clear refusal in the form of the contract."""

import base64
import io
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scripts.proofs.fuzz import damaged_files
from visualsnoop import VisualSnoopHMACAuth
from visualsnoop.server.storage.keys import NewKeys

Call = Callable[..., httpx.Response]


@pytest.fixture
def call(service: str, keys: NewKeys) -> Iterator[Call]:
    """Makes a signed request and checks that the answer has the form that every answer has."""
    auth = VisualSnoopHMACAuth(keys.public_key, keys.secret_key)
    with httpx.Client(base_url=service, auth=auth, timeout=60) as client:

        def send(method: str, path: str, **arguments: Any) -> httpx.Response:
            response = client.request(method, path, **arguments)
            assert response.headers["content-type"] == "application/json"
            body = response.json()
            assert body["status"] == response.status_code
            assert body["message"]
            return response

        yield send


def message(response: httpx.Response) -> str:
    text: str = response.json()["message"]
    return text


def test_unknown_key_and_wrong_secret_get_the_same_answer(
    call: Call, service: str, keys: NewKeys
) -> None:
    unknown = call("GET", "/images", auth=VisualSnoopHMACAuth("0" * 20, keys.secret_key))
    wrong = call("GET", "/images", auth=VisualSnoopHMACAuth(keys.public_key, "x" * 40))
    assert unknown.status_code == wrong.status_code == 401
    assert unknown.json() == wrong.json()
    assert unknown.headers["WWW-Authenticate"] == "VSHMAC"


@pytest.mark.parametrize(
    "authorization",
    ["", "Basic abc", "VSHMAC", "VSHMAC abc", "VSHMAC :", "VSHMAC ключ:подпись", "VSHMAC a:b:c"],
)
def test_malformed_authorization_is_refused(service: str, authorization: str) -> None:
    headers = {
        b"Authorization": authorization.encode(),
        b"Date": format_datetime(datetime.now(UTC), usegmt=True).encode(),
    }
    response = httpx.get(f"{service}/images", headers=headers)
    assert response.status_code == 401


@pytest.mark.parametrize("minutes", [-16, 16])
def test_date_outside_the_window_is_refused(call: Call, minutes: int) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=minutes), usegmt=True)
    response = call("GET", "/images", headers={"Date": date})
    assert response.status_code == 401
    assert "clock" in message(response)


@pytest.mark.parametrize(
    "date",
    [
        "yesterday",
        "Thu, 99 Jan 2015 10:11:12 GMT",
        "Thu, 01 Jan 2015 10:11:12 +99999999999999999999",
        "0",
        "",
    ],
)
def test_date_that_is_none_is_refused(call: Call, date: str) -> None:
    assert call("GET", "/images", headers={"Date": date}).status_code == 401


def test_date_within_the_window_is_accepted(call: Call) -> None:
    date = format_datetime(datetime.now(UTC) - timedelta(minutes=14), usegmt=True)
    assert call("GET", "/images", headers={"Date": date}).status_code == 200


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_unknown_image_id_is_not_found(call: Call, method: str) -> None:
    response = call(method, "/image/nobody")
    assert response.status_code == 404
    assert "'nobody'" in message(response)


def test_search_by_unknown_image_id_is_not_found(call: Call) -> None:
    assert call("GET", "/search/nobody").status_code == 404


def test_list_from_unknown_image_id_is_not_found(call: Call) -> None:
    assert call("GET", "/images?start=nobody").status_code == 404


def test_taken_image_id_is_refused(call: Call, photo: Path) -> None:
    assert call("POST", "/image/beach", content=photo.read_bytes()).status_code == 201
    assert call("POST", "/image/beach", content=photo.read_bytes()).status_code == 409


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/image"), ("PUT", "/image/beach"), ("POST", "/search")]
)
def test_empty_body_is_refused(call: Call, method: str, path: str) -> None:
    response = call(method, path, content=b"")
    assert response.status_code == 400
    assert "empty" in message(response)


def test_body_that_is_no_image_is_refused(call: Call) -> None:
    response = call("POST", "/image", content=b"just a few words, no picture")
    assert response.status_code == 415
    assert "JPEG" in message(response)


def photo_in(form: str, photo: Path) -> dict[str, Any]:
    """A photo as it must not be sent, as arguments of httpx."""
    text = base64.b64encode(photo.read_bytes()).decode()
    arguments: dict[str, dict[str, Any]] = {
        "multipart": {"files": {"image": ("photo.jpg", photo.read_bytes(), "image/jpeg")}},
        "JSON": {"json": {"image": text}},
        "JSON string": {"json": text},
        "form": {"data": {"image": text}},
        "base64": {"content": text},
        "data URL": {"content": f"data:image/jpeg;base64,{text}"},
    }
    return arguments[form]


@pytest.mark.parametrize("form", ["multipart", "JSON", "JSON string", "form", "base64", "data URL"])
@pytest.mark.parametrize("path", ["/image", "/search"])
def test_picture_in_a_form_is_refused_with_how_to_send_it(
    path: str, form: str, call: Call, photo: Path
) -> None:
    response = call("POST", path, **photo_in(form, photo))
    assert response.status_code == 415
    assert "send the bytes of the file as the body" in message(response)


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/x-www-form-urlencoded", "text/plain"]
)
def test_picture_is_read_however_it_is_declared(content_type: str, call: Call, photo: Path) -> None:
    headers = {"Content-Type": content_type}
    response = call("POST", "/search", content=photo.read_bytes(), headers=headers)
    assert response.status_code == 200


def test_truncated_image_is_refused(call: Call, photo: Path) -> None:
    response = call("POST", "/image", content=photo.read_bytes()[:-1000])
    assert response.status_code == 415


@pytest.mark.parametrize("side", [100_000, 2**31 - 1])
def test_image_with_absurd_dimensions_is_refused(call: Call, side: int) -> None:
    response = call("POST", "/image", content=png_header(side, side))
    assert response.status_code in (413, 415)


def png_header(width: int, height: int) -> bytes:
    """A PNG file that claims these sides and has next to no data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * 100)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_damaged_image_is_read_or_refused_and_the_service_goes_on(call: Call, seed: int) -> None:
    data = next(damaged_files(random.Random(seed), seconds=60))
    assert call("POST", "/search", content=data).status_code in (200, 400, 413, 415)
    assert call("GET", "/collection").status_code == 200


def test_body_over_the_limit_is_refused(call: Call) -> None:
    response = call("POST", "/image", content=b"x" * (32 * 1024 * 1024 + 1))
    assert response.status_code == 413
    assert "33554432" in message(response)


def test_body_over_the_limit_without_announced_length_is_refused(call: Call) -> None:
    pieces = io.BytesIO(b"x" * (33 * 1024 * 1024))
    response = call("POST", "/image", content=iter(lambda: pieces.read(65536), b""))
    assert response.status_code == 413


@pytest.mark.parametrize("count", ["-1", "0", "1001", "many", "1.5", "", "٣", "1e2", "9" * 30])
def test_count_out_of_range_is_refused(call: Call, count: str) -> None:
    response = call("GET", "/images", params={"count": count})
    assert response.status_code == 400
    assert "1 to 1000" in message(response)


@pytest.mark.parametrize("image_id", ["x" * 101, "🏖" * 101])
def test_over_long_image_id_is_refused(call: Call, image_id: str, photo: Path) -> None:
    response = call("POST", f"/image/{image_id}", content=photo.read_bytes())
    assert response.status_code == 400
    assert "100 characters" in message(response)


@pytest.mark.parametrize("path", ["/image/%FF", "/image/%00", "/image/a%C3"])
def test_image_id_that_is_no_text_is_refused(call: Call, path: str) -> None:
    assert call("GET", path).status_code == 400


@pytest.mark.parametrize("path", ["/image/a/b", "/nothing", "/image/", "/search/a/b"])
def test_unknown_path_is_not_found(call: Call, path: str) -> None:
    assert call("GET", path).status_code == 404


@pytest.mark.parametrize("path", ["/image/beach", "/api", "/api/v2/images", "/collection"])
def test_path_without_the_base_path_is_told_what_that_is(service: str, path: str) -> None:
    response = httpx.get(service.removesuffix("/api/v1") + path)
    assert response.status_code == 404
    assert "/api/v1" in message(response)


def test_wrong_method_is_refused_with_those_allowed(call: Call) -> None:
    response = call("PATCH", "/image/beach")
    assert response.status_code == 405
    assert {"GET", "PUT", "POST", "DELETE"} <= set(response.headers["Allow"].split(", "))


def test_session_other_than_init_is_refused(call: Call) -> None:
    assert call("GET", "/collection?session=other").status_code == 400
