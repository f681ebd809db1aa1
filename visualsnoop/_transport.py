"""Retrying failed connections, and nothing else."""

import random
import time
from collections.abc import Iterator
from types import TracebackType

import httpx

_FIRST_WAIT = 0.2  # seconds, doubled with each retry
_LONGEST_WAIT = 10.0


class ConnectRetryTransport(httpx.BaseTransport):
    """Sends requests by another transport, and again when no connection could be made.

    These failures happen before the first byte of a request is sent: a host name that does not
    resolve, a refused or unreachable socket, a connection or a TLS handshake that takes too long.
    Any other failure is not retried, for the server may have acted on the request.

    Args:
        transport: Sends the requests, through whatever proxy it knows.
        max_retries: How often to try again.
    """

    def __init__(self, transport: httpx.BaseTransport, max_retries: int) -> None:
        self._transport = transport
        self._max_retries = max_retries

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        for wait in waits(self._max_retries):
            try:
                return self._transport.handle_request(request)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                time.sleep(wait)
        return self._transport.handle_request(request)

    def __enter__(self) -> "ConnectRetryTransport":
        self._transport.__enter__()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self._transport.__exit__(exc_type, exc_value, traceback)

    def close(self) -> None:
        self._transport.close()


def waits(max_retries: int) -> Iterator[float]:
    """How many seconds to wait before each retry: exponential back-off with jitter.

    The jitter, half to whole of the wait, keeps clients that failed together from coming back
    together.
    """
    for attempt in range(max_retries):
        yield min(_FIRST_WAIT * 2**attempt, _LONGEST_WAIT) * random.uniform(0.5, 1)
