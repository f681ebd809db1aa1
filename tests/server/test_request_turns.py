"""Requests of one key pair, however many, wait for each other and not before those of others."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

import pytest
from starlette.requests import Request

from visualsnoop.server.errors import APIError
from visualsnoop.server.http import request_turns
from visualsnoop.server.http.request_turns import RequestTurns


def asynchronous(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @wraps(test)
    def run(*arguments: Any, **named: Any) -> None:
        asyncio.run(test(*arguments, **named))

    return run


def request_of(public_key: str) -> Request:
    headers = [(b"authorization", f"VSHMAC {public_key}:signature".encode())]
    return Request({"type": "http", "headers": headers})


async def flood(turns: RequestTurns, *public_keys: str) -> list["asyncio.Task[None]"]:
    """Requests that never end, one of each of these key pairs."""

    async def stay(public_key: str) -> None:
        async with turns.turn(request_of(public_key)):
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(stay(public_key)) for public_key in public_keys]
    await asyncio.sleep(0.01)
    return tasks


@asynchronous
async def test_key_pair_passes_by_the_many_requests_of_another() -> None:
    turns = RequestTurns(4)
    turns.remember(request_of("honest"), "honest")
    turns.remember(request_of("busy"), "busy")
    flooding = await flood(turns, *["busy"] * 50)
    async with asyncio.timeout(5), turns.turn(request_of("honest")):
        pass
    for task in flooding:
        task.cancel()


@asynchronous
async def test_key_pair_passes_by_those_that_say_something_else_each_time() -> None:
    turns = RequestTurns(4)
    turns.remember(request_of("honest"), "honest")
    flooding = await flood(turns, *(f"unknown {number}" for number in range(50)))
    async with asyncio.timeout(5), turns.turn(request_of("honest")):
        pass
    for task in flooding:
        task.cancel()


@asynchronous
async def test_of_too_many_requests_those_of_the_greediest_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(request_turns, "_MOST_WAITING", 10)
    turns = RequestTurns(2)
    turns.remember(request_of("honest"), "honest")
    turns.remember(request_of("busy"), "busy")
    flooding = await flood(turns, *["busy"] * 50)
    refused = [task.exception() for task in flooding if task.done()]
    assert len(refused) == 50 - 1 - 10
    assert all(isinstance(error, APIError) and error.status == 503 for error in refused)
    async with asyncio.timeout(5), turns.turn(request_of("honest")):
        pass
    for task in flooding:
        task.cancel()


def test_only_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_turns, "_MOST_KNOWN", 3)
    turns = RequestTurns(2)
    for number in (1, 2, 3, 1, 4):
        turns.remember(request_of(f"{number}"), f"{number}")
    assert list(turns._known.values()) == ["3", "1", "4"]
