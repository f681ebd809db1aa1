"""Fair turns at what is scarce."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

import pytest

from visualsnoop.server.turns import FairTurns, QueueFull


def asynchronous(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    @wraps(test)
    def run() -> None:
        asyncio.run(test())

    return run


def things(count: int, per_key: int = 99, queue: int = 1000) -> FairTurns[int]:
    turns = FairTurns[int](per_key, queue)
    for thing in range(count):
        turns.put(thing)
    return turns


async def ask(turns: FairTurns[int], key: str) -> "asyncio.Task[int]":
    """Somebody who waits."""
    asking = asyncio.create_task(turns.get(key))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return asking


@asynchronous
async def test_key_that_asks_once_comes_before_the_rest_of_one_that_asks_often() -> None:
    turns = things(1)
    order: list[str] = []

    async def work(key: str) -> None:
        thing = await turns.get(key)
        order.append(key)
        await asyncio.sleep(0)
        turns.done(key, 1)
        turns.put(thing)

    await asyncio.gather(*(work("often") for _ in range(10)), work("once"))
    assert order.index("once") <= 2


@asynchronous
async def test_keys_get_equal_shares_of_time_not_of_turns() -> None:
    turns = things(1)
    spent: Counter[str] = Counter()

    async def work(key: str, cost: int) -> None:
        while sum(spent.values()) < 1000:
            thing = await turns.get(key)
            await asyncio.sleep(0)
            spent[key] += cost
            turns.done(key, cost)
            turns.put(thing)

    await asyncio.gather(*(work("slow", 20) for _ in range(4)), work("quick", 1), work("other", 1))
    # By turns, it would be twenty times as much.
    assert max(spent.values()) < 1.5 * min(spent.values())


@asynchronous
async def test_key_that_paused_has_saved_nothing_up() -> None:
    turns = things(1)
    order: list[str] = []

    async def work(key: str) -> None:
        thing = await turns.get(key)
        order.append(key)
        await asyncio.sleep(0)
        turns.done(key, 1)
        turns.put(thing)

    await work("late")
    for _ in range(100):
        await work("busy")
    order.clear()
    await asyncio.gather(*(work(key) for key in ("busy", *["late"] * 10)))
    assert order.index("busy") <= 2


@asynchronous
async def test_key_has_no_more_than_its_share_though_something_is_free() -> None:
    turns = things(3, per_key=2)
    await turns.get("greedy")
    await turns.get("greedy")
    third = await ask(turns, "greedy")
    assert not third.done()
    assert await turns.get("other") == 2
    turns.done("greedy")
    turns.put(0)
    assert await third == 0


@asynchronous
async def test_queue_is_shortened_at_the_cost_of_who_fills_it() -> None:
    turns = things(0, queue=3)
    greedy = [await ask(turns, "greedy") for _ in range(3)]
    other = await ask(turns, "other")
    assert not other.done()
    with pytest.raises(QueueFull):
        await greedy[-1]
    assert [each.done() for each in greedy] == [False, False, True]
    # Of two that have as many, the one that came last has come in vain.
    for _ in range(2):
        with pytest.raises(QueueFull):
            await (await ask(turns, "greedy"))
    for each in [*greedy, other]:
        each.cancel()


@asynchronous
async def test_who_has_gone_is_passed_over() -> None:
    turns = things(0)
    gone, next_one = await ask(turns, "key"), await ask(turns, "key")
    gone.cancel()
    turns.put(7)
    assert await next_one == 7


@asynchronous
async def test_what_somebody_gets_at_the_moment_of_going_is_not_lost() -> None:
    turns = things(0)
    going = await ask(turns, "key")
    turns.put(7)
    going.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going
    assert await turns.get("another") == 7


@asynchronous
async def test_thing_that_is_discarded_is_given_to_nobody() -> None:
    turns = things(2)
    turns.discard(0)
    turns.discard(0)
    assert await turns.get("key") == 1
    assert not (await ask(turns, "key")).done()


@asynchronous
async def test_all_who_wait_are_refused_when_there_is_nothing_to_wait_for() -> None:
    turns = things(0)
    waiting = [await ask(turns, key) for key in "aab"]
    turns.refuse(OSError("nothing"))
    for each in waiting:
        with pytest.raises(OSError, match="nothing"):
            await each
    turns.put(1)
    assert await turns.get("a") == 1
