"""One collection's searches keep neither other collections nor other requests waiting."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import psycopg
import pytest

from scripts.bench.scale import fill, image_id
from visualsnoop.server import search
from visualsnoop.server.errors import APIError
from visualsnoop.server.matching.similarity import rank
from visualsnoop.server.settings import Settings
from visualsnoop.server.storage.images import ImageStore
from visualsnoop.server.storage.keys import NewKeys
from visualsnoop.server.storage.pool import Pool, connection_pool
from visualsnoop.server.vault import Vault

CONNECTIONS = 10


def with_pool(database: str, act: Callable[[Pool], Awaitable[None]]) -> None:
    async def run() -> None:
        settings = Settings(database, Vault(bytes(32), "a test"), database_connections=CONNECTIONS)
        async with connection_pool(settings) as pool:
            await act(pool)

    asyncio.run(run())


def test_searches_of_one_collection_leave_connections_to_others(database: str) -> None:
    async def check(pool: Pool) -> None:
        asked: list[asyncio.Task[int]] = []
        async with AsyncExitStack() as stack:

            def ask(collection_id: str) -> asyncio.Task[int]:
                entering = stack.enter_async_context(pool.slow_turn(collection_id))
                asked.append(asyncio.ensure_future(entering))
                return asked[-1]

            of_one = [ask("one") for _ in range(CONNECTIONS)]
            other = await asyncio.wait_for(ask("other"), 5)
            assert other not in {task.result() for task in of_one if task.done()}
            assert sum(task.done() for task in of_one) == 2
            # Nor can all of them together take the last ones, which look up keys.
            of_more = [ask(f"{number}") for number in range(CONNECTIONS)]
            await asyncio.sleep(0)
            assert sum(task.done() for task in of_one + of_more) + 1 == CONNECTIONS - 2
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)

    with_pool(database, check)


def test_search_that_nobody_waits_for_keeps_its_turn_until_its_thread_has_ended(
    database: str, keys: NewKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_begun, may_end = threading.Event(), threading.Event()

    def slow_rank(*arguments: Any, **options: Any) -> Any:
        has_begun.set()
        assert threading.current_thread() is not threading.main_thread()
        assert may_end.wait(60)
        return rank(*arguments, **options)

    monkeypatch.setattr(search, "rank", slow_rank)
    with psycopg.connect(database) as connection:
        fill(connection, keys.collection_id, 20)

    async def check(pool: Pool) -> None:
        images = ImageStore(pool)
        found = await images.find_fingerprint(keys.collection_id, image_id(7))
        assert found is not None
        searching = asyncio.create_task(
            search.find_similar(images, keys.collection_id, found[1], stop=10)
        )
        await asyncio.to_thread(has_begun.wait, 60)
        searching.cancel()
        await asyncio.wait([searching], timeout=0.2)
        assert not searching.done()
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await searching

    with_pool(database, check)


def test_searches_that_are_too_many_are_refused(
    database: str, keys: NewKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("visualsnoop.server.storage.pool._MAX_WAITING", 0)

    async def check(pool: Pool) -> None:
        images = ImageStore(pool)
        async with images.search_turn("one"), images.search_turn("one"):
            with pytest.raises(APIError, match="Too many searches are waiting") as refused:
                async with search.turn(images, "one"):
                    pass
            assert refused.value.status == 503

    with_pool(database, check)
