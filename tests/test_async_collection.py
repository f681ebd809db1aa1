"""What only `AsyncCollection` does; what it shares with `Collection` is tested for both at once."""

import asyncio
import gc
import socket
import threading
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from visualsnoop import AsyncCollection, VisualSnoopError
from visualsnoop.exceptions import AuthenticationError, CollectionStateError
from visualsnoop.server.storage.keys import NewKeys

from .sockets import (
    Listener,
    after_session,
    closed_port,
    listening,
    read_head,
    response,
    serve_session,
)

KEYS = ("0f1e2d3c4b5a69788796", "s" * 40)


def test_making_one_sends_nothing() -> None:
    async def use() -> None:
        collection = AsyncCollection(*KEYS, f"http://127.0.0.1:{closed_port()}/api/v1")
        with pytest.raises(CollectionStateError, match="open"):
            _ = collection.name
        await collection.aclose()

    asyncio.run(use())


def test_it_is_opened_once(service: str, keys: NewKeys) -> None:
    async def use() -> None:
        collection = AsyncCollection(keys.public_key, keys.secret_key, service)
        assert await collection.open() is collection
        async with collection:
            assert (collection.id, collection.user) == (keys.collection_id, "ada")

    asyncio.run(use())


def test_refused_keys_raise_when_it_is_opened(service: str, keys: NewKeys) -> None:
    async def use() -> None:
        async with AsyncCollection(keys.public_key, "x" * 40, service):
            raise AssertionError("not reached")

    with pytest.raises(AuthenticationError):
        asyncio.run(use())


def test_asynchronous_iterable_is_an_image(service: str, keys: NewKeys, photo: Path) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        data = photo.read_bytes()
        for start in range(0, len(data), 1000):
            await asyncio.sleep(0)
            yield data[start : start + 1000]

    async def use() -> None:
        async with AsyncCollection(keys.public_key, keys.secret_key, service) as collection:
            assert (await collection.add_image(pieces(), "beach")).message == "Added"
            found = await collection.search_images(pieces())
            assert found.results[0].score == pytest.approx(1, abs=0.001)

    asyncio.run(use())


def test_asynchronous_iterable_without_bytes_is_an_error_before_sending() -> None:
    async def nothing() -> AsyncIterator[bytes]:
        yield b""

    async def words() -> AsyncIterator[str]:
        yield "words"

    async def use() -> None:
        collection = AsyncCollection(*KEYS, f"http://127.0.0.1:{closed_port()}/api/v1")
        with pytest.raises(ValueError, match="empty"):
            await collection.add_image(nothing())
        with pytest.raises(TypeError, match="bytes, not str"):
            # What type checkers refuse is refused at run time, too.
            await collection.add_image(words())  # type: ignore[arg-type]
        await collection.aclose()

    asyncio.run(use())


class SlowFile:
    """A file object each read of which takes a while, as on a disk of the network."""

    def __init__(self) -> None:
        self._remaining = 5
        self.threads: set[int] = set()

    def read(self, size: int = -1) -> bytes:
        if size == 0:
            return b""
        self.threads.add(threading.get_ident())
        time.sleep(0.1)
        self._remaining -= 1
        return b"piece" if self._remaining >= 0 else b""


def test_slow_file_does_not_block_the_loop() -> None:
    def add(connection: socket.socket) -> None:
        connection.sendall(response(500, b""))

    async def use() -> None:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.01)
                ticks += 1

        ticking = asyncio.create_task(tick())
        file = SlowFile()
        with listening(after_session(add)) as listener:
            async with AsyncCollection(*KEYS, listener.endpoint) as collection:
                await asyncio.gather(collection.add_image(file), return_exceptions=True)
        ticking.cancel()
        assert threading.get_ident() not in file.threads
        assert ticks >= 10

    asyncio.run(use())


def test_thousand_calls_at_once() -> None:
    def answer(listener: Listener, connection: socket.socket) -> None:
        while head := read_head(listener, connection):
            image_id = head.split(b" ", 2)[1].rpartition(b"/")[2]
            body = b'{"status": 404, "message": "%s"}' % image_id
            connection.sendall(response(404, body))

    async def use() -> None:
        with listening(answer) as listener:
            collection = AsyncCollection(*KEYS, listener.endpoint)
            errors = await asyncio.gather(
                *(collection.get_image(str(number)) for number in range(1000)),
                return_exceptions=True,
            )
            await collection.aclose()
            assert [getattr(error, "message", error) for error in errors] == [
                str(number) for number in range(1000)
            ]
            assert len(listener.requests) == 1000

    asyncio.run(use())


def test_cancelled_call_leaves_the_collection_usable(service: str, keys: NewKeys) -> None:
    async def use() -> None:
        async with AsyncCollection(keys.public_key, keys.secret_key, service) as collection:
            call = asyncio.create_task(collection.get_images())
            await asyncio.sleep(0)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert (await collection.get_images()).images == []

    asyncio.run(use())


def test_second_event_loop_is_a_clear_error() -> None:
    async def use() -> None:
        await collection.get_collection()

    with listening(serve_session) as listener:
        collection = AsyncCollection(*KEYS, listener.endpoint)
        asyncio.run(use())
        with pytest.raises(CollectionStateError, match="event loop in which it was first used"):
            asyncio.run(use())
        asyncio.run(collection.aclose())


def test_event_loop_of_another_thread_is_a_clear_error_and_disturbs_nothing() -> None:
    errors: list[object] = []

    async def use_elsewhere(collection: AsyncCollection) -> None:
        calls = (collection.get_collection() for _ in range(50))
        errors.extend(await asyncio.gather(*calls, return_exceptions=True))
        errors.extend(await asyncio.gather(collection.aclose(), return_exceptions=True))

    async def use() -> None:
        async with AsyncCollection(*KEYS, listener.endpoint) as collection:
            calls = asyncio.gather(*(collection.get_collection() for _ in range(100)))
            await asyncio.to_thread(lambda: asyncio.run(use_elsewhere(collection)))
            assert len(await calls) == 100
            assert (await collection.get_collection()).collection_name == "holidays"

    with listening(serve_session) as listener:
        asyncio.run(use())
    assert {type(error) for error in errors} == {CollectionStateError}


def test_closed_collection_is_a_clear_error() -> None:
    async def use() -> None:
        collection = AsyncCollection(*KEYS, listener.endpoint)
        await collection.open()
        await asyncio.gather(collection.aclose(), collection.aclose())
        with pytest.raises(CollectionStateError, match="closed"):
            await collection.get_collection()
        await collection.aclose()
        never_used = AsyncCollection(*KEYS, listener.endpoint)
        await never_used.aclose()
        with pytest.raises(CollectionStateError, match="closed"):
            await never_used.open()

    with listening(serve_session) as listener:
        asyncio.run(use())


@pytest.mark.parametrize("is_kept", [True, False], ids=["kept", "dropped"])
def test_collection_that_is_never_closed_leaves_no_connection_open(is_kept: bool) -> None:
    """A connection left open would be a ResourceWarning, which is an error in these tests."""
    closed = threading.Semaphore(0)

    def serve(listener: Listener, connection: socket.socket) -> None:
        serve_session(listener, connection)
        closed.release()

    async def use() -> AsyncCollection | None:
        collection: AsyncCollection | None = AsyncCollection(*KEYS, listener.endpoint)
        assert collection is not None
        await asyncio.gather(*(collection.get_collection() for _ in range(3)))
        if is_kept:
            return collection
        collection = None
        assert await asyncio.to_thread(closed.acquire, timeout=30)
        return None

    with listening(serve) as listener:
        kept = asyncio.run(use())
        assert closed.acquire(timeout=30)
        del kept
        gc.collect()


def test_outcomes_that_are_not_taken_to_the_end_leave_nothing_running() -> None:
    async def use() -> None:
        collection = AsyncCollection(*KEYS, listener.endpoint)
        async for _ in collection.search_many((str(n), b"picture") for n in range(100)):
            break
        async for _ in collection.iter_images():
            break

    def answer(connection: socket.socket) -> None:
        connection.sendall(response(404, b"{}"))

    with listening(after_session(answer)) as listener, suppress(VisualSnoopError):
        asyncio.run(use())
    gc.collect()
