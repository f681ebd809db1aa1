"""Retrying failed connections, and nothing else."""

import os
import random
import re
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from logging import DEBUG
from types import TracebackType
from typing import Any, Self, TypeAlias
from weakref import WeakSet

import httpx

from ._logging import logger
from ._request_attempts import REQUEST_ID, RequestAttempt, sent_path
from ._request_trace import RequestTrace

AttemptHook: TypeAlias = Callable[[RequestAttempt], object]
"""Called after each attempt to send a request."""

_MIN_WAIT = 0.2  # seconds, doubled with each retry
_MAX_WAIT = 10.0

# What a proxy says when it was asked for a connection and could not make it: by SOCKS, by CONNECT.
_PROXY_COULD_NOT_CONNECT = re.compile(
    r"Proxy Server could not connect: (?!.*(not allowed|not supported))|50[234]\b"
)


class ConnectRetryTransport(httpx.BaseTransport):
    """Sends requests by another transport, and again when no connection could be made.

    These failures happen before the first byte of a request is sent: a host name that does not
    resolve, a refused or unreachable socket, a TLS handshake that breaks, either of them taking
    too long, a proxy that says so of what is behind it or does not answer. Any other failure is
    not retried, for the server may have acted on the request.

    A forked process gets a new transport, as two processes cannot share a connection.

    Args:
        transport_factory: Returns the transport that sends the requests, proxies included.
        is_direct: Whether it surely asks no proxy.
        max_retries: How often to try again.
        on_attempt: Is told of each attempt.
    """

    def __init__(
        self,
        transport_factory: Callable[[], httpx.BaseTransport],
        is_direct: bool,
        max_retries: int,
        on_attempt: AttemptHook | None = None,
    ) -> None:
        self._transport_factory = transport_factory
        self._transport = transport_factory()
        self._is_direct = is_direct
        self._max_retries = max_retries
        self._on_attempt = on_attempt
        self._inherited: list[httpx.BaseTransport] = []
        _instances.add(self)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        for attempt in attempts(request, self._is_direct, self._max_retries, self._on_attempt):
            with attempt:
                if attempt.trace is not None:
                    attempt.trace.attach(request)
                return attempt.answered(self._transport.handle_request(request))
            time.sleep(attempt.wait_after)
        raise AssertionError("the last attempt returns or raises")

    def close(self) -> None:
        self._transport.close()

    def reset_after_fork(self) -> None:
        """Use a new transport, as the connections belong to the parent process."""
        # Kept, as closing them here could wait for a lock that no thread of this process holds.
        self._inherited.append(self._transport)
        self._transport = self._transport_factory()


@dataclass
class Attempt:
    """One attempt to send a request: tells its outcome, and swallows a failure that is retried.

    Attributes:
        trace: How far the request got; None where no connection is made but to the server itself,
            of which the errors tell whether it was made.
        wait_after: The seconds to wait before the next attempt.
    """

    _request: httpx.Request
    trace: RequestTrace | None
    _number: int
    _is_last: bool
    _on_attempt: AttemptHook | None
    wait_after: float = field(default=0.0, init=False)
    _started: float = field(default_factory=time.monotonic, init=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if exc_value is None:
            return False
        error = exc_value if self.trace is None else self.trace.classified(exc_value)
        self._tell(error=error)
        has_sent = self.trace is not None and self.trace.has_sent
        if not self._is_last and not has_sent and is_retryable(error):
            self.wait_after = backoff_delay(self._number - 1)
            return True
        if error is not exc_value:
            raise error from exc_value
        return False

    def answered(self, response: httpx.Response) -> httpx.Response:
        self._tell(status=response.status_code, request_id=response.headers.get(REQUEST_ID))
        return response

    def _tell(self, **outcome: Any) -> None:
        if self._on_attempt is None and not logger.isEnabledFor(DEBUG):
            return
        seconds = time.monotonic() - self._started
        told = RequestAttempt(
            self._request.method, sent_path(self._request), self._number, seconds, **outcome
        )
        logger.debug("%s", told)
        if self._on_attempt is not None:
            try:
                self._on_attempt(told)
            except Exception:
                logger.exception("on_attempt has failed")


def attempts(
    request: httpx.Request, is_direct: bool, max_retries: int, on_attempt: AttemptHook | None
) -> Iterator[Attempt]:
    extensions = request.extensions
    for number in range(1, max_retries + 2):
        trace = None if is_direct else RequestTrace(extensions)
        yield Attempt(request, trace, number, number > max_retries, on_attempt)


def backoff_delay(retries_before: int) -> float:
    """The seconds to wait before a retry: exponential back-off with jitter.

    The jitter, half to whole of the wait, spreads the retries of clients that failed together.
    """
    return min(_MIN_WAIT * 2.0**retries_before, _MAX_WAIT) * random.uniform(0.5, 1)


def is_retryable(error: BaseException) -> bool:
    """Whether no connection was made, for a reason that may be gone at the next attempt."""
    if isinstance(error, httpx.ConnectError):
        return not _is_refused_certificate(error)
    if isinstance(error, httpx.ProxyError):
        return _PROXY_COULD_NOT_CONNECT.match(str(error)) is not None
    return isinstance(error, httpx.ConnectTimeout)


def _is_refused_certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        # The pool of HTTPX raises anew, which leaves the reason to the context.
        error = error.__cause__ or error.__context__
    return False


_instances: WeakSet[ConnectRetryTransport] = WeakSet()


def _reset_all_after_fork() -> None:
    for transport in _instances:
        transport.reset_after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_all_after_fork)
