"""Responses and failures of HTTPX as the errors of `visualsnoop.exceptions`."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
from visualsnoop_api import models

from ._dates import http_date
from ._messages import shortened
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
    VisualSnoopError,
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

_MAX_MESSAGE_LENGTH = 1000

# What HTTPX says, as of a mistake in the protocol, when a connection ends too early.
_BROKEN_OFF = re.compile("disconnected|closed|ConnectionTerminated")

_NOTABLE_CLOCK_DIFFERENCE = timedelta(seconds=60)


def response_error(response: httpx.Response, image_id: str | None = None) -> ResponseError:
    """The error of a response without success.

    Args:
        response: The response; it has been read.
        image_id: The ID of an image in the URL of the request.
    """
    body = _json_object(response)
    status = response.status_code
    message = body.get("message") if body else None
    if not isinstance(message, str) or not message:
        message = _default_message(response)
    kind = _kind(status)
    if status == 401:
        message += _clock_hint(response)
    elif status == 404 and (image_id is None or not _is_of_api(body)):
        # Not NotFoundError, by which an image would be taken for missing.
        kind = UnexpectedResponseError
        message = (
            f"There is no VisualSnoop API at {_url(response)}: check the endpoint, which ends with "
            "a base path such as /api/v1"
        )
    elif status == 409 and image_id is not None:
        message = (
            f"There is an image {image_id!r} already, which was not changed: pass "
            "update_existing=True to replace it, or choose another ID"
        )
    message = shortened(message, _MAX_MESSAGE_LENGTH)
    return kind(message, status=status, headers=response.headers, body=body)


def unexpected_response(response: httpx.Response) -> UnexpectedResponseError:
    """The error of a response of success that is not the JSON it should be."""
    return UnexpectedResponseError(
        f"{_url(response)} did not answer as the VisualSnoop API does ({_media_type(response)}, "
        f"{len(response.content)} bytes): check that the endpoint is right, with its base path, "
        "and what proxies are on the way",
        status=response.status_code,
        headers=response.headers,
        body=_json_object(response),
    )


@contextmanager
def connection_errors(endpoint: str, proxy: str | None) -> Iterator[None]:
    """Raise the errors of HTTPX within as errors of this package.

    Args:
        endpoint: The URL of the API.
        proxy: The URL of the proxy through which it is reached, without its password.
    """
    by_proxy = f" through the proxy {proxy}" if proxy else ""
    try:
        yield
    except (httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise ConnectTimeoutError(
            f"No connection to {endpoint}{by_proxy} in time: check the endpoint, the network and "
            "proxies, or allow more time"
        ) from error
    except (httpx.ConnectError, httpx.ProxyError, httpx.UnsupportedProtocol) as error:
        what_runs = "the proxy runs and may connect to it" if proxy else "the service runs there"
        raise ConnectError(
            f"Cannot connect to {endpoint}{by_proxy}: {shortened(str(error))}. Check that "
            f"{what_runs}, and that proxies are set right"
        ) from error
    except httpx.TimeoutException as error:
        raise RequestTimeoutError(
            f"{endpoint} took too long; whether it has acted on the request is not known"
        ) from error
    except httpx.DecodingError as error:
        raise UnexpectedResponseError(f"The response of {endpoint} is damaged: {error}") from error
    except httpx.RemoteProtocolError as error:
        if _BROKEN_OFF.search(str(error)) is None:
            raise UnexpectedResponseError(
                f"{endpoint} does not speak HTTP ({error}): check that the endpoint is right, and "
                "what proxies are on the way"
            ) from error
        raise _connection_lost(endpoint, error) from error
    except httpx.LocalProtocolError as error:
        raise VisualSnoopError(f"The request cannot be sent: {error}") from error
    except httpx.TransportError as error:
        raise _connection_lost(endpoint, error) from error


def _connection_lost(endpoint: str, error: httpx.TransportError) -> ConnectionLostError:
    return ConnectionLostError(
        f"The connection to {endpoint} broke ({error}); whether the server has acted on the "
        "request is not known"
    )


def _kind(status: int) -> type[ResponseError]:
    if status >= 500:
        return ServerError
    if status >= 400:
        return _ERRORS_BY_STATUS.get(status, BadRequestError)
    return UnexpectedResponseError


def _json_object(response: httpx.Response) -> dict[str, Any] | None:
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _is_of_api(body: dict[str, Any] | None) -> bool:
    """Whether the body of an error is one of the API, and not of a proxy or of another service."""
    try:
        return body is not None and models.ErrorBody.from_dict(body) is not None
    except (TypeError, ValueError, KeyError):
        return False


def _default_message(response: httpx.Response) -> str:
    if response.has_redirect_location:
        return (
            f"The server redirects to {response.headers['location']!r}, which is not followed: "
            "set the endpoint to where the service really is"
        )
    if response.status_code == 407:
        return "The proxy wants another user name and password: give them in its URL"
    status = f"{response.status_code} {response.reason_phrase}".rstrip()
    if response.status_code >= 500:
        return f"The server answered {status}"
    return (
        f"{_url(response)} answered {status} ({_media_type(response)}), not as the VisualSnoop API "
        "does: check the endpoint, and what proxies are on the way"
    )


def _url(response: httpx.Response) -> str:
    return shortened(str(response.request.url))


def _media_type(response: httpx.Response) -> str:
    return shortened(response.headers.get("content-type", "no content type"))


def _clock_hint(response: httpx.Response) -> str:
    """How far the clocks are apart, if they are, which is why most dates are refused."""
    ours = http_date(response.request.headers.get("date", ""))
    theirs = http_date(response.headers.get("date", ""))
    if ours is None or theirs is None or abs(theirs - ours) < _NOTABLE_CLOCK_DIFFERENCE:
        return ""
    direction = "ahead of" if theirs > ours else "behind"
    return f" (the clock of the server is {abs(theirs - ours)} {direction} yours)"
