"""Work that is given up when the client that waits for it has gone."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request

_T = TypeVar("_T")


async def while_connected(request: Request, work: Coroutine[Any, Any, _T]) -> _T:
    """Wait for work, and cancel it when the client has gone.

    Args:
        request: The request, whose body has been read to its end.
        work: What is to be done for it.

    Raises:
        ClientDisconnect: If the client has gone.
    """
    working = asyncio.ensure_future(work)
    going = asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait([working, going], return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        for task in (working, going):
            task.cancel()
        await asyncio.gather(working, going, return_exceptions=True)


async def _disconnected(request: Request) -> None:
    # After the body there is only one thing to be told.
    while (await request.receive())["type"] != "http.disconnect":
        pass
