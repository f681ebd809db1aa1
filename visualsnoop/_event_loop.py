"""The one event loop in which an `AsyncCollection` is used."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import httpx

from .exceptions import CollectionStateError


@dataclass
class LoopBinding:
    """Binds an HTTPX client, whose connections belong to an event loop, to the first that uses it.

    The client is closed when it is not needed any more: by `aclose`, else when the event loop ends
    (as `asyncio.run` does) or when this object is garbage. So no connection is ever left open.
    """

    _client: httpx.AsyncClient
    _loop: asyncio.AbstractEventLoop | None = None
    _closing: AsyncGenerator[None, None] | None = None

    async def check(self) -> None:
        """Bind the client to the running event loop, if it is not bound yet.

        Raises:
            CollectionStateError: If it is bound to another one, or closed.
        """
        loop = asyncio.get_running_loop()
        if self._loop not in (None, loop):
            raise CollectionStateError(
                "an AsyncCollection belongs to the event loop in which it was first used, and is "
                "closed with it: open another one in this event loop, by 'async with'"
            )
        if self._client.is_closed:
            raise CollectionStateError("the AsyncCollection is closed: open another one")
        if self._loop is None:
            self._loop = loop
            # An event loop closes the asynchronous generators that have begun in it: when they are
            # garbage, and at its own end (`loop.shutdown_asyncgens`).
            self._closing = _close_at_the_end(self._client)
            await anext(self._closing)

    async def aclose(self) -> None:
        """Close the client.

        Raises:
            CollectionStateError: If it belongs to another event loop, which has not ended.
        """
        if self._client.is_closed:
            return
        if self._closing is None:
            await self._client.aclose()
        elif self._loop is asyncio.get_running_loop():
            await self._closing.aclose()
        elif self._loop is not None and not self._loop.is_closed():
            raise CollectionStateError(
                "an AsyncCollection can only be closed in the event loop in which it was used"
            )


async def _close_at_the_end(client: httpx.AsyncClient) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await client.aclose()
