"""Blocking calls and iterators in asyncio."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TypeVar

T = TypeVar("T")


async def iterate_in_threads(iterator: Iterator[T]) -> AsyncIterator[T]:
    """Iterate without blocking the event loop: each step runs in a thread."""
    end = object()
    while (element := await asyncio.to_thread(next, iterator, end)) is not end:
        yield element  # type: ignore[misc]  # It is not `end`.


async def open_in_thread(opening: Callable[[], T], close: Callable[[T], object]) -> T:
    """Open something in a thread; if that is cancelled meanwhile, it is closed when it is open."""

    def close_late(future: asyncio.Future[T]) -> None:
        if not future.cancelled() and future.exception() is None:
            close(future.result())

    future = asyncio.get_running_loop().run_in_executor(None, opening)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        future.add_done_callback(close_late)
        raise
