"""Sending requests again that are safe to repeat, where the user has asked for that.

Failed connections are none of this: `_transport` retries them, below.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from ._calls import Call
from ._logging import logger
from ._transport import backoff_delay
from .exceptions import (
    ConnectError,
    ConnectionLostError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    VisualSnoopError,
)

MAX_RETRY_AFTER = 300.0  # seconds

_IDEMPOTENT_METHODS = ("GET", "PUT", "DELETE")


@dataclass
class RepeatableAttempt:
    """One attempt at a call: swallows a failure after which the request is sent again.

    Attributes:
        wait_after: The seconds to wait before the next attempt.
    """

    _call: Call[Any]
    _retries_before: int
    _is_last: bool
    wait_after: float = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if self._is_last or not isinstance(exc_value, VisualSnoopError):
            return False
        wait = self._wait_after(exc_value)
        if wait is None or not self._call.rewind():
            return False
        self.wait_after = wait
        logger.info(
            "%s %s: sent again in %.1f s, after %s",
            self._call.request["method"],
            self._call.request["url"],
            wait,
            type(exc_value).__name__,
        )
        return True

    def _wait_after(self, error: VisualSnoopError) -> float | None:
        """The seconds to wait after an error; None where the request is not to be repeated."""
        backoff = backoff_delay(self._retries_before)
        if isinstance(error, (RateLimitError, ServerError)):
            # Nothing was done, whatever the method is.
            asked = error.retry_after
            if asked is None:
                return backoff if isinstance(error, RateLimitError) else None
            is_busy = error.status in (429, 503) and asked <= MAX_RETRY_AFTER
            # Later rather than earlier, and not all clients at the same moment.
            return asked + backoff if is_busy else None
        is_uncertain = isinstance(error, (RequestTimeoutError, ConnectionLostError))
        if isinstance(error, ConnectError) or not is_uncertain:
            return None
        return backoff if self._call.request["method"] in _IDEMPOTENT_METHODS else None


def repeatable_attempts(call: Call[Any], request_retries: int) -> Iterator[RepeatableAttempt]:
    for number in range(request_retries + 1):
        yield RepeatableAttempt(call, number, number == request_retries)
