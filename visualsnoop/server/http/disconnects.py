"""Work that is given up when the client that waits for it has gone."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request

_T = TypeVar("_T")

_SOON = 0.02  # seconds, in which most of it is done


async def while_connected(request: Request, work: Awaitable[_T]) -> _T:
    """Wait for work, and cancel it when the client has gone.

    Args:
        request: The request, whose body has been read to its end.
        work: What is to be done for it.

    Raises:
        ClientDisconnect: If the client has gone.
    """
    loop = asyncio.get_running_loop()
    watcher: asyncio.Task[None] | None = None

    def watch() -> None:
        nonlocal watcher
        watcher = loop.create_task(end_when_gone())

    async def end_when_gone() -> None:
        # After the body there is only one thing to be told.
        while (await request.receive())["type"] != "http.disconnect":
            pass
        end.reschedule(loop.time())

    start = loop.call_later(_SOON, watch)
    try:
        async with asyncio.timeout(None) as end:
            try:
                return await work
            finally:
                start.cancel()
                if watcher:
                    watcher.cancel()
    except TimeoutError:
        if end.expired():
            raise ClientDisconnect from None
        raise
