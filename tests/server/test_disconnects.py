"""Work is given up when the client that waits for it has gone."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from visualsnoop.server.http.disconnects import while_connected


def request(receive: Callable[[], Awaitable[Message]]) -> Request:
    return Request({"type": "http", "headers": []}, receive)


async def stays() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


async def goes() -> Message:
    await asyncio.sleep(0.01)
    return {"type": "http.disconnect"}


def test_result_of_work_is_given_to_who_waits() -> None:
    async def work(seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "done"

    async def check() -> None:
        for seconds in (0, 0.1):
            assert await while_connected(request(stays), work(seconds)) == "done"
        # Nobody waits for what the client does any more.
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(check())


def test_work_of_who_has_gone_is_cancelled() -> None:
    is_cancelled = False

    async def work() -> None:
        nonlocal is_cancelled
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            is_cancelled = True
            raise

    with pytest.raises(ClientDisconnect):
        asyncio.run(while_connected(request(goes), work()))
    assert is_cancelled


def test_error_of_work_is_raised_even_if_it_is_about_time() -> None:
    async def work() -> None:
        raise TimeoutError("the database")

    with pytest.raises(TimeoutError, match="the database"):
        asyncio.run(while_connected(request(stays), work()))


def test_request_that_is_cancelled_ends_its_work() -> None:
    async def check() -> None:
        waiting = asyncio.create_task(while_connected(request(stays), asyncio.sleep(60)))
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(check())
