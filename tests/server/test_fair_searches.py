"""One collection's searches keep neither other collections nor other requests waiting."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import psycopg
import pytest

from scripts.bench.scale import fill, image_id
from visualsnoop.server import search
from visualsnoop.server.errors import APIError
from visualsnoop.server.matching.fingerprint import Fingerprint
from visualsnoop.server.matching.similarity import Match
from visualsnoop.server.matching.steps import Steps
from visualsnoop.server.search import ranked, turn, with_others
from visualsnoop.server.settings import Settings
from visualsnoop.server.storage.images import Candidate, ImageStore
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


@pytest.fixture
def _every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others have their turn after each step, be it as short as with 40 images."""
    monkeypatch.setattr(search, "_AT_A_TIME", 0)


@pytest.mark.usefixtures("_every_step")
def test_other_requests_are_answered_while_a_search_compares(database: str, keys: NewKeys) -> None:
    answered = 0

    async def answer() -> None:
        nonlocal answered
        while True:
            await asyncio.sleep(0)
            answered += 1

    async def check(pool: Pool) -> None:
        query, candidates = await candidates_of_search(database, keys, pool)
        answering = asyncio.create_task(answer())
        # The keypoints of 32 are compared, of eight in each step.
        assert len(await with_others(ranked(query, candidates))) == 39
        assert answered >= 3
        answering.cancel()

    with_pool(database, check)


@pytest.mark.usefixtures("_every_step")
def test_search_that_nobody_waits_for_ends_at_its_next_step(database: str, keys: NewKeys) -> None:
    steps = 0

    def counted(work: Steps[list[tuple[Candidate, Match]]]) -> Steps[None]:
        nonlocal steps
        for _ in work:
            steps += 1
            yield

    async def check(pool: Pool) -> None:
        query, candidates = await candidates_of_search(database, keys, pool)
        comparing = asyncio.create_task(with_others(counted(ranked(query, candidates))))
        await asyncio.sleep(0)
        comparing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await comparing
        assert steps == 1

    with_pool(database, check)


async def candidates_of_search(
    database: str, keys: NewKeys, pool: Pool
) -> tuple[Fingerprint, list[Candidate]]:
    with psycopg.connect(database) as connection:
        fill(connection, keys.collection_id, 40)
    images = ImageStore(pool)
    found = await images.find_fingerprint(keys.collection_id, image_id(7))
    assert found is not None
    query = found[1]
    return query, await images.candidates(keys.collection_id, query, without=image_id(7))


def test_searches_that_are_too_many_are_refused(
    database: str, keys: NewKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("visualsnoop.server.storage.pool._MAX_WAITING", 0)

    async def check(pool: Pool) -> None:
        images = ImageStore(pool)
        async with images.search_turn("one"), images.search_turn("one"):
            with pytest.raises(APIError, match="Too many searches are waiting") as refused:
                async with turn(images, "one"):
                    pass
            assert refused.value.status == 503

    with_pool(database, check)
