"""What can go wrong.

VisualSnoopError
├── AnswerError                 the server answered, but not with what was wanted
│   ├── BadRequestError         400, or another refusal that has no class of its own
│   ├── AuthenticationError     401: the keys, the signature or the date were refused
│   ├── ForbiddenError          403: the keys are read-only
│   ├── NotFoundError           404: the collection has no image of this ID
│   ├── ImageIDTakenError       409: there is an image of this ID already
│   ├── ImageRefusedError       415: not an image that can be read
│   │   └── TooLargeError       413: too many bytes or pixels
│   ├── RateLimitedError        429: too many requests
│   ├── ServerError             5xx: the service failed
│   └── UnexpectedAnswerError   an answer that is not what the API describes
├── CannotConnectError          no connection; nothing was sent
│   └── ConnectTimedOutError    not in time, that is (also a TimedOutError)
├── TimedOutError               the server took too long; it may or may not have acted
├── ConnectionLostError         the connection broke after it was made; likewise
└── InvalidImageIDError         an image ID that cannot be used (also a ValueError)
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from ._dates import http_date

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class VisualSnoopError(Exception):
    """A VisualSnoop error occurred; every other error of this package is a kind of it.

        try:
            collection.get_image("nobody")
        except VisualSnoopError as error:
            print(error.status, error.message, error.request_id)

    What HTTPX raised is its `__cause__`. It can be pickled, without that.

    Attributes:
        message: What went wrong and what to do about it.
        status: The HTTP status of the answer; None where there was no answer.
        headers: The headers of the answer, named in lower case; empty where there was none.
        body: The JSON object of the answer; None where it was not one.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        headers: Mapping[str, str] = _NO_HEADERS,
        body: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.body = None if body is None else dict(body)

    @property
    def request_id(self) -> str | None:
        """The ID under which the service has logged the request, or None."""
        return self.headers.get("x-request-id")

    def __str__(self) -> str:
        details = [f"status {self.status}"] if self.status is not None else []
        if self.request_id is not None:
            details.append(f"request {self.request_id}")
        return f"{self.message} ({', '.join(details)})" if details else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions are pickled as their class and `args`, which leaves out keyword arguments.
        return _restore, (type(self), self.message, dict(vars(self)))


def _restore(kind: type[VisualSnoopError], message: str, state: dict[str, Any]) -> VisualSnoopError:
    error = kind(message)
    vars(error).update(state)
    return error


class AnswerError(VisualSnoopError):
    """The server answered, but not with what was wanted."""

    @property
    def retry_after(self) -> float | None:
        """How many seconds the server asks to wait before the next try, or None."""
        value = self.headers.get("retry-after", "")
        if value.isdecimal():
            return float(value)
        now = http_date(self.headers.get("date", "")) or datetime.now(UTC)
        until = http_date(value)
        return None if until is None else max((until - now).total_seconds(), 0.0)


class BadRequestError(AnswerError):
    """The server did not accept the request as it was made."""


class AuthenticationError(AnswerError):
    """The keys, the signature or the date were refused."""


class ForbiddenError(AnswerError):
    """The keys are read-only, and cannot change the collection."""


class NotFoundError(AnswerError):
    """The collection has no image of this ID."""


class ImageIDTakenError(AnswerError):
    """There is an image of this ID already; it was not changed."""


class ImageRefusedError(AnswerError):
    """The data are not an image that the service can read."""


class TooLargeError(ImageRefusedError):
    """The image file has too many bytes, or the picture too many pixels."""


class RateLimitedError(AnswerError):
    """Too many requests were made with these keys; `retry_after` says how long to wait."""


class ServerError(AnswerError):
    """The service failed, or something in front of it did."""


class UnexpectedAnswerError(AnswerError):
    """The answer is not what the API describes: a page of some proxy, perhaps, or cut JSON."""


class CannotConnectError(VisualSnoopError):
    """No connection could be made, `max_retries` retries included; nothing was sent."""


class TimedOutError(VisualSnoopError):
    """The server took too long. Whether it has acted on the request is not known."""


class ConnectTimedOutError(CannotConnectError, TimedOutError):
    """No connection was made in time, `max_retries` retries included; nothing was sent."""


class ConnectionLostError(VisualSnoopError):
    """The connection broke. Whether the server has acted on the request is not known."""


class InvalidImageIDError(VisualSnoopError, ValueError):
    """An image ID that cannot be used; nothing was sent."""
