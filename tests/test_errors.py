"""Errors: their kinds, what they carry, and what they say."""

import pickle
import re
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from visualsnoop import exceptions
from visualsnoop.exceptions import (
    AuthenticationError,
    BadRequestError,
    ConnectError,
    ForbiddenError,
    ImageExistsError,
    ImageRefusedError,
    ImageTooLargeError,
    NotFoundError,
    RateLimitError,
    ResponseError,
    ServerError,
    VisualSnoopError,
)
from visualsnoop.server.storage.keys import create_keys

from .sockets import after_session, closed_port, listening, response
from .sync_and_async import Connect

KEYS = ("0f1e2d3c4b5a69788796", "s" * 40)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def answered(connect: Connect, status: int, *headers: str) -> ResponseError:
    """The error that an answer of a server is raised as."""

    def answer(connection: socket.socket) -> None:
        body = b'{"status": %d, "message": "no", "hint": "ask Ada"}' % status
        connection.sendall(response(status, body, *headers))

    with (
        listening(after_session(answer)) as listener,
        connect(*KEYS, listener.endpoint) as collection,
        pytest.raises(ResponseError) as caught,
    ):
        collection.get_image("beach")
    return caught.value


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequestError),
        (401, AuthenticationError),
        (403, ForbiddenError),
        (404, NotFoundError),
        (409, ImageExistsError),
        (413, ImageTooLargeError),
        (415, ImageRefusedError),
        (418, BadRequestError),
        (429, RateLimitError),
        (500, ServerError),
        (503, ServerError),
    ],
)
def test_each_status_is_an_error_of_its_kind(
    connect: Connect, status: int, kind: type[ResponseError]
) -> None:
    error = answered(connect, status, "X-Request-ID: 5eed")
    assert type(error) is kind
    assert (error.status, error.request_id) == (status, "5eed")
    assert error.body == {"status": status, "message": "no", "hint": "ask Ada"}
    # That of a taken ID says what to do in Python, which the server does not know.
    assert error.message == "no" if status != 409 else "update_existing=True" in error.message
    assert str(error) == f"{error.message} (status {status}, request 5eed)"
    assert type(error.__cause__).__name__ == "HTTPStatusError"


def test_read_only_keys_cannot_change_a_collection(
    connect: Connect, service: str, database: str, photo: Path
) -> None:
    keys = create_keys(database, "read only", "ada", is_read_only=True)
    with connect(keys.public_key, keys.secret_key, service) as collection:
        assert collection.search_images(photo).results == []
        with pytest.raises(ForbiddenError, match="read-only"):
            collection.add_image(photo)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "5"}, 5),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": format_datetime(NOW + timedelta(seconds=90), usegmt=True)}, 90),
        ({"Retry-After": format_datetime(NOW - timedelta(seconds=90), usegmt=True)}, 0),
        ({"Retry-After": "Thu, 01 Jan 2026 00:00:30 -0000"}, 30),
        ({"Retry-After": "Thu, 01 Jan 2026 01:00:30 +0100"}, 30),
    ],
)
def test_wait_is_read_in_seconds_and_as_a_date(
    headers: dict[str, str], seconds: float | None
) -> None:
    date = format_datetime(NOW, usegmt=True)
    error = RateLimitError("slower", status=429, headers={"Date": date, **headers})
    assert error.retry_after == seconds


def test_date_to_wait_for_is_compared_with_the_clock_where_the_answer_has_no_date() -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    error = RateLimitError("slower", status=429, headers={"Retry-After": until})
    assert error.retry_after == pytest.approx(3600, abs=60)


@pytest.mark.parametrize(("minutes", "direction"), [(121, "ahead of"), (-119, "behind")])
def test_refusal_of_a_date_says_how_far_the_clocks_are_apart(
    connect: Connect, minutes: int, direction: str
) -> None:
    theirs = format_datetime(datetime.now(UTC) + timedelta(minutes=minutes), usegmt=True)
    message = answered(connect, 401, f"Date: {theirs}").message
    assert re.search(rf"clock of the server is [12]:\d\d:\d\d {direction} yours", message)


def test_refusal_with_equal_clocks_says_nothing_of_clocks(connect: Connect) -> None:
    theirs = format_datetime(datetime.now(UTC), usegmt=True)
    assert "clock" not in answered(connect, 401, f"Date: {theirs}").message


def test_errors_are_errors_of_the_operating_system_as_in_earlier_versions(connect: Connect) -> None:
    with pytest.raises(IOError, match="Cannot connect") as caught:
        connect("a1", "b2", f"http://127.0.0.1:{closed_port()}", max_retries=0)
    assert isinstance(caught.value, ConnectError)
    assert (caught.value.errno, caught.value.args) == (None, (caught.value.message,))


def test_every_error_survives_pickling_with_all_it_carries() -> None:
    kinds = [
        kind
        for kind in vars(exceptions).values()
        if isinstance(kind, type) and issubclass(kind, VisualSnoopError)
    ]
    assert len(kinds) > 10
    for kind in kinds:
        error = kind("no", status=400, headers={"X-Request-ID": "5eed"}, body={"status": 400})
        twin = pickle.loads(pickle.dumps(error))
        assert (type(twin), str(twin), vars(twin)) == (kind, str(error), vars(error))
