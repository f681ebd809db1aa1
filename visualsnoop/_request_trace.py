"""Watching how far a request gets: is there a connection yet, has the first byte been sent?"""

from collections.abc import Mapping
from typing import Any

import httpx
from attrs import define, field

# HTTPX leaves the connection to a proxy open when this happens.
_SOCKS_FAILED = ".setup_socks5_connection.failed"


@define
class Sending:
    """One try to send a request, as the `trace` extension of HTTPX tells of it.

    With a proxy there is talk before the request is sent: it is asked for a connection to the
    server. That is a part of connecting, so the limit for connecting applies to it, and what goes
    wrong in it is a failed connection. To HTTPX it is a request like any other (CONNECT), or
    something without a limit (SOCKS, before HTTPX 2).

    Attributes:
        has_begun: Whether a part of the request itself may have been sent.
    """

    _extensions: Mapping[str, Any]
    has_begun: bool = False
    _is_asking_proxy: bool = False
    _to_proxy: Any = None
    _timeout: dict[str, float | None] = field(factory=dict)

    def watch(self, request: httpx.Request) -> None:
        """Watch what a transport does with a request."""
        others = self._extensions.get("trace")

        def trace(event: str, info: dict[str, Any]) -> None:
            self._note(event, info)
            if event.endswith(_SOCKS_FAILED):
                self._to_proxy.close()
            if others is not None:
                others(event, info)

        self._extend(request, trace)

    def watch_async(self, request: httpx.Request) -> None:
        """Watch what an asynchronous transport does with a request."""
        others = self._extensions.get("trace")

        async def trace(event: str, info: dict[str, Any]) -> None:
            self._note(event, info)
            if event.endswith(_SOCKS_FAILED):
                await self._to_proxy.aclose()
            if others is not None:
                await others(event, info)

        self._extend(request, trace)

    def meaning(self, error: BaseException) -> BaseException:
        """The error, or the failure to connect that it is when it comes of asking a proxy."""
        if self.has_begun or not self._is_asking_proxy:
            return error
        if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)):
            return error
        if isinstance(error, httpx.TimeoutException):
            return httpx.ConnectTimeout("the proxy took too long")
        if isinstance(error, Exception):
            # Not of HTTPX only, which lets pass what its SOCKS library raises.
            return httpx.ConnectError("the proxy did not answer as a proxy does")
        return error

    def _extend(self, request: httpx.Request, trace: object) -> None:
        self._timeout.update(self._extensions.get("timeout", {}))
        request.extensions = {**self._extensions, "timeout": self._timeout, "trace": trace}

    def _note(self, event: str, info: dict[str, Any]) -> None:
        """Take note of an event; HTTPX calls the step that begins with the arguments `info`."""
        if event.endswith(".setup_socks5_connection.started"):
            self._ask_proxy()
            self._to_proxy = info["stream"]
            info["stream"] = _Limited(self._to_proxy, self._timeout.get("connect"))
        elif event.endswith(".send_request_headers.started"):
            if info["request"].method == b"CONNECT":
                self._ask_proxy()
            else:
                self.has_begun = True
                self._timeout.update(self._extensions.get("timeout", {}))

    def _ask_proxy(self) -> None:
        self._is_asking_proxy = True
        limit = self._timeout.get("connect")
        self._timeout.update(read=limit, write=limit)


@define
class _Limited:
    """A stream of bytes, blocking or asynchronous, with a limit of seconds for each step."""

    _stream: Any
    _seconds: float | None

    def read(self, max_bytes: int, timeout: float | None = None) -> Any:
        return self._stream.read(max_bytes, timeout=self._seconds)

    def write(self, buffer: bytes, timeout: float | None = None) -> Any:
        return self._stream.write(buffer, timeout=self._seconds)
