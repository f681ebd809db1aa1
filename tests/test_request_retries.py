"""What is sent again where `request_retries` allows it, and what never is."""

import asyncio
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from visualsnoop import AsyncCollection, Collection
from visualsnoop.exceptions import (
    ConnectionLostError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    VisualSnoopError,
)

from .scripted_transport import IMAGE, Answer, ScriptedTransport, refusal
from .sync_and_async import Connect

CALLS: dict[str, Callable[[Collection], Any]] = {
    "GET": lambda c: c.get_image("beach"),
    "PUT": lambda c: c.add_image(b"picture", "beach", update_existing=True),
    "DELETE": lambda c: c.delete_image("beach"),
    "POST": lambda c: c.add_image(b"picture", "beach"),
}


def opened(connect: Connect, *answers: Answer, retries: int = 2) -> tuple[Collection, Any]:
    transport = ScriptedTransport(*answers)
    return connect("a1", "b2", "http://test", transport=transport, request_retries=retries), (
        transport
    )


@pytest.mark.parametrize("method", CALLS)
@pytest.mark.parametrize(
    ("status", "headers"), [(429, {}), (429, {"Retry-After": "3"}), (503, {"Retry-After": "3"})]
)
def test_what_was_put_off_is_sent_again(
    method: str, headers: dict[str, str], status: int, connect: Connect, waits: list[float]
) -> None:
    collection, transport = opened(connect, (status, headers), IMAGE)
    with collection:
        assert CALLS[method](collection).image_id == "beach"
    assert len(transport.requests) == 2
    assert transport.bodies[0] == transport.bodies[1]
    (wait,) = waits
    asked = float(headers.get("Retry-After", 0))
    assert asked < wait <= asked + 0.2


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("error", [httpx.ReadTimeout("late"), httpx.ReadError("reset")])
def test_what_can_be_done_twice_is_sent_again_when_no_response_came(
    method: str, error: Exception, connect: Connect, waits: list[float]
) -> None:
    collection, transport = opened(connect, error, error, IMAGE)
    with collection:
        CALLS[method](collection)
    assert len(transport.requests) == 3
    first, second = waits
    assert 0.1 <= first <= 0.2 <= second <= 0.4


@pytest.mark.parametrize(
    ("method", "answer", "expected"),
    [
        ("POST", httpx.ReadTimeout("late"), RequestTimeoutError),
        ("POST", httpx.ReadError("reset"), ConnectionLostError),
        ("GET", refusal(500), ServerError),
        ("GET", refusal(503), ServerError),
        ("GET", refusal(500, retry_after="1"), ServerError),
        ("GET", refusal(503, retry_after="301"), ServerError),
        ("GET", refusal(404), VisualSnoopError),
    ],
)
def test_what_may_not_be_done_twice_or_would_fail_again_is_not_sent_again(
    method: str,
    answer: Answer,
    expected: type[Exception],
    connect: Connect,
    waits: list[float],
) -> None:
    collection, transport = opened(connect, answer, IMAGE)
    with collection, pytest.raises(expected):
        CALLS[method](collection)
    assert (len(transport.requests), waits) == (1, [])


def test_last_failure_is_raised(connect: Connect, waits: list[float]) -> None:
    collection, transport = opened(connect, *[refusal(429) for _ in range(3)], retries=2)
    with collection, pytest.raises(RateLimitError):
        CALLS["GET"](collection)
    assert (len(transport.requests), len(waits)) == (3, 2)


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_nothing_is_sent_again_unless_that_is_wanted(
    method: str, connect: Connect, waits: list[float]
) -> None:
    transport = ScriptedTransport(refusal(429, retry_after="0"), IMAGE)
    with (
        connect("a1", "b2", "http://test", transport=transport) as collection,
        pytest.raises(RateLimitError),
    ):
        CALLS[method](collection)
    assert len(transport.requests) == 1


def test_file_is_sent_again_from_where_it_stood(
    connect: Connect, waits: list[float], tmp_path: Path
) -> None:
    path = tmp_path / "large.jpg"
    path.write_bytes(bytes(range(256)) * 1000)
    file = io.BytesIO(b"head" + path.read_bytes())
    file.seek(4)
    for image in (path, file, path.read_bytes()):
        collection, transport = opened(connect, refusal(429), refusal(429), IMAGE)
        with collection:
            collection.add_image(image)
        assert transport.bodies == [path.read_bytes()] * 3


def test_image_that_can_be_read_once_is_not_sent_again(
    connect: Connect, waits: list[float]
) -> None:
    collection, transport = opened(connect, refusal(429), IMAGE)
    with collection, pytest.raises(RateLimitError):
        collection.add_image(iter([b"picture"]))
    assert len(transport.requests) == 1


def test_asynchronous_image_is_not_sent_again(waits: list[float]) -> None:
    async def pieces() -> Any:
        yield b"picture"

    async def main() -> None:
        transport = ScriptedTransport(refusal(429), IMAGE)
        async with AsyncCollection(
            "a1", "b2", "http://test", transport=transport, request_retries=2
        ) as collection:
            with pytest.raises(RateLimitError):
                await collection.add_image(pieces())
        assert transport.bodies == [b"picture"]

    asyncio.run(main())


def test_negative_number_is_refused(connect: Connect) -> None:
    with pytest.raises(ValueError, match="request_retries must be at least 0"):
        connect("a1", "b2", "http://test", request_retries=-1)
