"""Memory that is asked for before it is used."""

import asyncio

import pytest

from visualsnoop.server.fingerprinting.memory import MemoryBudget


def test_memory_is_given_out_in_the_order_in_which_it_was_asked_for() -> None:
    async def test() -> None:
        budget = MemoryBudget(10)
        assert await budget.acquire("key", 6)
        order = []

        async def ask(size: int) -> None:
            assert await budget.acquire(str(size), size)
            order.append(size)

        # The last one would fit in at once, and must not pass the others by for ever.
        asking = [asyncio.create_task(ask(size)) for size in (8, 5, 1)]
        await asyncio.sleep(0)
        assert order == []
        budget.release("key", 6)
        await asking[0]
        assert order == [8]
        budget.release("8", 8)
        await asyncio.gather(*asking)
        assert order == [8, 5, 1]

    asyncio.run(test())


def test_more_than_there_is_is_refused_at_once() -> None:
    async def test() -> None:
        budget = MemoryBudget(10)
        assert await budget.acquire("key", 10)
        assert not await budget.acquire("key", 11)

    asyncio.run(test())


@pytest.mark.parametrize("has_come", [False, True])
def test_memory_of_who_has_gone_is_free(has_come: bool) -> None:
    async def test() -> None:
        budget = MemoryBudget(10)
        assert await budget.acquire("key", 10)
        asking = asyncio.create_task(budget.acquire("key", 7))
        await asyncio.sleep(0)
        if has_come:
            budget.release("key", 10)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        if not has_come:
            budget.release("key", 10)
        assert await budget.acquire("key", 10)

    asyncio.run(test())


def test_large_pictures_of_one_key_leave_memory_to_others() -> None:
    async def test() -> None:
        budget = MemoryBudget(10, reserve=3)
        assert await budget.acquire("one", 7)
        more = asyncio.create_task(budget.acquire("one", 7))
        await asyncio.sleep(0)
        # What one key may not have yet keeps no other waiting.
        assert await budget.acquire("other", 3)
        assert not more.done()
        budget.release("one", 7)
        assert await more

    asyncio.run(test())


def test_all_memory_can_be_had_by_what_needs_it() -> None:
    async def test() -> None:
        budget = MemoryBudget(10, reserve=3)
        assert await budget.acquire("one", 10)
        budget.release("one", 10)
        assert await budget.acquire("one", 5)
        assert await budget.acquire("other", 5)

    asyncio.run(test())
