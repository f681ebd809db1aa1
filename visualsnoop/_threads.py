"""Blocking iterators in asyncio."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import TypeVar

T = TypeVar("T")


async def iterate_in_threads(iterator: Iterator[T]) -> AsyncIterator[T]:
    """Iterate without blocking the event loop: each step is made in a thread."""
    end = object()
    while (element := await asyncio.to_thread(next, iterator, end)) is not end:
        yield element  # type: ignore[misc]  # It is not `end`.
