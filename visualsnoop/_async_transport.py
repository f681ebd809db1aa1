"""Retrying failed connections in asyncio; apart, as programs without it need not load it."""

import asyncio

import httpx

from ._transport import AttemptHook, attempts


class AsyncConnectRetryTransport(httpx.AsyncBaseTransport):
    """`ConnectRetryTransport` for asyncio.

    Args:
        transport: Sends the requests, proxies included.
        is_direct: Whether it surely asks no proxy.
        max_retries: How often to try again.
        on_attempt: Is told of each attempt.
    """

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        is_direct: bool,
        max_retries: int,
        on_attempt: AttemptHook | None = None,
    ) -> None:
        self._transport = transport
        self._is_direct = is_direct
        self._max_retries = max_retries
        self._on_attempt = on_attempt

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        for attempt in attempts(request, self._is_direct, self._max_retries, self._on_attempt):
            with attempt:
                if attempt.trace is not None:
                    attempt.trace.attach_async(request)
                return attempt.answered(await self._transport.handle_async_request(request))
            await asyncio.sleep(attempt.wait_after)
        raise AssertionError("the last attempt returns or raises")

    async def aclose(self) -> None:
        await self._transport.aclose()
