"""The errors of the SDK.

Whatever goes wrong with the service or with an image is one of these, and an OSError, as all that
fails in a network is in Python:

    VisualSnoopError
    ├── ResponseError                   the server answered with an error status
    │   ├── BadRequestError             400, or another 4xx that has no class of its own
    │   ├── AuthenticationError         401: the keys, the signature or the date were refused
    │   ├── ForbiddenError              403: the keys are read-only
    │   ├── NotFoundError               404: the collection has no image of this ID
    │   ├── ImageExistsError            409: the collection has an image of this ID already
    │   ├── ImageRefusedError           415: not an image that the service can read
    │   │   └── ImageTooLargeError      413: too many bytes or pixels
    │   ├── RateLimitError              429: too many requests
    │   ├── ServerError                 5xx: the service failed
    │   └── UnexpectedResponseError     not what the API describes
    ├── ConnectError                    no connection; nothing was sent
    │   └── ConnectTimeoutError         no connection in time (also a RequestTimeoutError)
    ├── RequestTimeoutError             no response in time; the server may or may not have acted
    ├── ConnectionLostError             the connection broke; the server may or may not have acted
    ├── ImageInputError                 what was given is no image (also a ValueError)
    │   ├── ImageTypeError              it is of another type (also a TypeError)
    │   └── ImageReadError              reading it failed
    ├── InvalidImageIDError             an image ID that cannot be used (also a ValueError)
    │   └── DuplicateImageIDError       an image ID that comes twice in one run of `add_images`
    └── CollectionStateError            closed, not open yet, or of another event loop (also a
                                        RuntimeError)

Errors of Python are raised for the rest: TypeError and ValueError for an argument that cannot be
right, such as a timeout of -1, and OSError for a path that cannot be opened: FileNotFoundError,
PermissionError and the like.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from ._dates import http_date

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class VisualSnoopError(OSError):
    """The base class of all errors of the SDK.

        try:
            collection.get_image("nobody")
        except VisualSnoopError as error:
            print(error.status, error.message, error.request_id)

    The error of HTTPX is its `__cause__`, which is left out when it is pickled.

    Attributes:
        message: What went wrong and what to do about it.
        status: The HTTP status of the response; None where there was none.
        headers: The headers of the response, in lower case; empty where there was none.
        body: The JSON object of the response; None where it was none.
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
        self.headers: dict[str, str] = {name.lower(): value for name, value in headers.items()}
        self.body: dict[str, Any] | None = None if body is None else dict(body)

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


class ResponseError(VisualSnoopError):
    """The server answered with an error status, or with something that cannot be read."""

    @property
    def retry_after(self) -> float | None:
        """The seconds that the server asks to wait before the next request, or None."""
        value = self.headers.get("retry-after", "")
        if value.isdecimal():
            return float(value)
        now = http_date(self.headers.get("date", "")) or datetime.now(UTC)
        until = http_date(value)
        return None if until is None else max((until - now).total_seconds(), 0.0)


class BadRequestError(ResponseError):
    """The server refused the request: a parameter is out of range, for example."""


class AuthenticationError(ResponseError):
    """The keys, the signature or the date were refused."""


class ForbiddenError(ResponseError):
    """The keys are read-only, and cannot change the collection."""


class NotFoundError(ResponseError):
    """The collection has no image of this ID."""


class ImageExistsError(ResponseError):
    """The collection has an image of this ID already, which was not changed."""


class ImageRefusedError(ResponseError):
    """The data are not an image that the service can read."""


class ImageTooLargeError(ImageRefusedError):
    """The image file has too many bytes, or the picture too many pixels."""


class RateLimitError(ResponseError):
    """Too many requests were sent with these keys; `retry_after` says how long to wait."""


class ServerError(ResponseError):
    """The service failed, or something in front of it did."""


class UnexpectedResponseError(ResponseError):
    """The response is not what the API describes: a page of some proxy, perhaps, or cut JSON."""


class ConnectError(VisualSnoopError):
    """No connection, after `max_retries` retries; nothing was sent."""


class RequestTimeoutError(VisualSnoopError):
    """No response in time. Whether the server has acted on the request is not known."""


class ConnectTimeoutError(ConnectError, RequestTimeoutError):
    """No connection in time, after `max_retries` retries; nothing was sent."""


class ConnectionLostError(VisualSnoopError):
    """The connection broke. Whether the server has acted on the request is not known."""


class InvalidImageIDError(VisualSnoopError, ValueError):
    """An image ID that cannot be used; nothing was sent."""


class DuplicateImageIDError(InvalidImageIDError):
    """The image ID of an item before in the same run; this item was not sent."""


class ImageInputError(VisualSnoopError, ValueError):
    """What was given as an image cannot be one: it is empty, a URL, or base64, for example."""


class ImageTypeError(ImageInputError, TypeError):
    """What was given as an image is of a type that cannot be sent; nothing was sent."""


class ImageReadError(ImageInputError):
    """Reading the image failed; the service has stored nothing. `__cause__` is what it raised."""


class CollectionStateError(VisualSnoopError, RuntimeError):
    """The collection is closed, is not open yet, or is used in another event loop."""
