"""Turning refusals and broken connections into the errors of `visualsnoop.exceptions`."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx

from ._dates import http_date
from .exceptions import (
    AuthenticationError,
    BadRequestError,
    ConnectError,
    ConnectionLostError,
    ConnectTimeoutError,
    ForbiddenError,
    ImageExistsError,
    ImageRefusedError,
    ImageTooLargeError,
    NotFoundError,
    RateLimitError,
    RequestTimeoutError,
    ResponseError,
    ServerError,
    UnexpectedResponseError,
)

_ERRORS_BY_STATUS: dict[int, type[ResponseError]] = {
    401: AuthenticationError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ImageExistsError,
    413: ImageTooLargeError,
    415: ImageRefusedError,
    429: RateLimitError,
}

# What HTTPX says, as of a mistake in the protocol, when a connection ends too early.
_BROKEN_OFF = re.compile("disconnected|closed|ConnectionTerminated")

_NOTABLE_CLOCK_DIFFERENCE = timedelta(seconds=60)


def response_error(response: httpx.Response) -> ResponseError:
    """The error that an answer without success stands for."""
    body = _json_object(response)
    status = response.status_code
    if status >= 500:
        kind: type[ResponseError] = ServerError
    elif status >= 400:
        kind = _ERRORS_BY_STATUS.get(status, BadRequestError)
    else:
        kind = UnexpectedResponseError
    message = body.get("message") if body else None
    if not isinstance(message, str) or not message:
        message = _without_message(response)
    if status == 401:
        message += _clock_hint(response)
    return kind(message, status=status, headers=response.headers, body=body)


def unexpected_response(response: httpx.Response) -> UnexpectedResponseError:
    """The error for an answer of success that is not the JSON it should be."""
    media_type = response.headers.get("content-type", "no content type")
    return UnexpectedResponseError(
        f"{response.request.url} did not answer as the VisualSnoop API does ({media_type}, "
        f"{len(response.content)} bytes): check that the endpoint is right, with its base path, "
        "and what proxies are on the way",
        status=response.status_code,
        headers=response.headers,
        body=_json_object(response),
    )


@contextmanager
def connection_errors(endpoint: str) -> Iterator[None]:
    """Raise what HTTPX raises within as errors of this package."""
    try:
        yield
    except (httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise ConnectTimeoutError(
            f"No connection to {endpoint} in time: check the endpoint, the network and proxies, "
            "or allow more time"
        ) from error
    except (httpx.ConnectError, httpx.ProxyError, httpx.UnsupportedProtocol) as error:
        raise ConnectError(
            f"Cannot connect to {endpoint}: {error}. Check that the service runs there, and that "
            "proxies are set right"
        ) from error
    except httpx.TimeoutException as error:
        raise RequestTimeoutError(
            f"{endpoint} took too long; whether it has acted on the request is not known"
        ) from error
    except httpx.DecodingError as error:
        raise UnexpectedResponseError(f"The answer of {endpoint} is damaged: {error}") from error
    except httpx.RemoteProtocolError as error:
        if _BROKEN_OFF.search(str(error)) is None:
            raise UnexpectedResponseError(
                f"{endpoint} does not speak HTTP ({error}): check that the endpoint is right, and "
                "what proxies are on the way"
            ) from error
        raise _connection_lost(endpoint, error) from error
    except httpx.TransportError as error:
        raise _connection_lost(endpoint, error) from error


def _connection_lost(endpoint: str, error: httpx.TransportError) -> ConnectionLostError:
    return ConnectionLostError(
        f"The connection to {endpoint} broke ({error}); whether the server has acted on the "
        "request is not known"
    )


def _json_object(response: httpx.Response) -> dict[str, Any] | None:
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _without_message(response: httpx.Response) -> str:
    if response.has_redirect_location:
        return (
            f"The server redirects to {response.headers['location']!r}, which is not followed: "
            "set the endpoint to where the service really is"
        )
    if response.status_code == 407:
        return "The proxy wants another user name and password: give them in its URL"
    return f"The server answered {response.status_code} {response.reason_phrase}".rstrip()


def _clock_hint(response: httpx.Response) -> str:
    """How far the clocks are apart, if they are: the usual reason why a date is refused."""
    ours = http_date(response.request.headers.get("date", ""))
    theirs = http_date(response.headers.get("date", ""))
    if ours is None or theirs is None or abs(theirs - ours) < _NOTABLE_CLOCK_DIFFERENCE:
        return ""
    direction = "ahead of" if theirs > ours else "behind"
    return f" (the clock of the server is {abs(theirs - ours)} {direction} yours)"
