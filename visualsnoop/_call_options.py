"""What may be different from call to call: `Collection.with_options`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

from ._calls import Call
from ._request_attempts import REQUEST_ID
from ._timeouts import TimeoutInput, httpx_timeout

_TAKEN_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")


@dataclass(frozen=True)
class CallOptions:
    """The options of calls.

    Attributes:
        request_retries: How often to send a request again.
    """

    request_retries: int = 0
    _headers: Mapping[str, str] = field(default_factory=dict)
    _timeout: TimeoutInput = None

    def changed(
        self,
        headers: Mapping[str, str] | None = None,
        request_id: str | None = None,
        request_retries: int | None = None,
        timeout: TimeoutInput = None,
    ) -> Self:
        """The options with those that are not None in the place of what was before.

        Raises:
            ValueError: If an option cannot be right.
        """
        if request_id is not None:
            if not _TAKEN_REQUEST_ID.fullmatch(request_id):
                raise ValueError(
                    "request_id must have 1 to 128 characters, of ASCII letters, digits and ._:/+=-"
                )
            headers = {**(headers or {}), REQUEST_ID: request_id}
        if request_retries is None:
            request_retries = self.request_retries
        elif request_retries < 0:
            raise ValueError(f"request_retries must be at least 0, not {request_retries}")
        if timeout is None:
            timeout = self._timeout
        httpx_timeout(timeout, _ANY_TIMEOUT)
        headers = httpx.Headers({**self._headers, **httpx.Headers(headers)})
        return type(self)(request_retries, headers, timeout)

    def request(self, call: Call[Any], endpoint: str, timeout: TimeoutInput) -> dict[str, Any]:
        """The arguments of `httpx.Client.stream` for a call.

        Args:
            call: The call.
            endpoint: The URL of the API.
            timeout: The timeout that was given to the call.
        """
        # HTTPX is told only what its client does not know, and a whole URL: to put one together
        # it parses one more.
        request = {**call.request, "url": endpoint + call.request["url"]}
        if self._headers:
            request["headers"] = {**request.get("headers", {}), **self._headers}
        if timeout is None:
            timeout = self._timeout
        if timeout is not None:
            request["timeout"] = httpx_timeout(timeout, _ANY_TIMEOUT)
        return request


_ANY_TIMEOUT = httpx.Timeout(None)
