"""How far a request got: whether a connection was made, and whether a byte was sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

# HTTPX leaves the connection to a proxy open when this happens.
_SOCKS_FAILED = ".setup_socks5_connection.failed"


@dataclass
class RequestTrace:
    """The progress of one attempt to send a request, told by the `trace` extension of HTTPX.

    A proxy is asked for a connection to the server first. That is a part of connecting: the connect
    timeout applies to it, and a failure in it is a failed connection. To HTTPX it is a request like
    any other (CONNECT), or something without a timeout (SOCKS, before HTTPX 2).

    Attributes:
        has_sent: Whether a part of the request itself may have been sent.
    """

    _extensions: Mapping[str, Any]
    has_sent: bool = False
    _is_asking_proxy: bool = False
    _to_proxy: Any = None
    _timeout: dict[str, float | None] = field(default_factory=dict)

    def attach(self, request: httpx.Request) -> None:
        """Follow what a transport does with a request."""
        others = self._extensions.get("trace")

        def trace(event: str, info: dict[str, Any]) -> None:
            self._record(event, info)
            if event.endswith(_SOCKS_FAILED):
                self._to_proxy.close()
            if others is not None:
                others(event, info)

        self._extend(request, trace)

    def attach_async(self, request: httpx.Request) -> None:
        """Follow what an asynchronous transport does with a request."""
        others = self._extensions.get("trace")

        async def trace(event: str, info: dict[str, Any]) -> None:
            self._record(event, info)
            if event.endswith(_SOCKS_FAILED):
                await self._to_proxy.aclose()
            if others is not None:
                await others(event, info)

        self._extend(request, trace)

    def classified(self, error: BaseException) -> BaseException:
        """The error, or the connect error that it is when it came while a proxy was asked."""
        if self.has_sent or not self._is_asking_proxy:
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

    def _record(self, event: str, info: dict[str, Any]) -> None:
        """Record an event; HTTPX calls the step that begins with the arguments `info`."""
        if event.endswith(".setup_socks5_connection.started"):
            self._ask_proxy()
            self._to_proxy = info["stream"]
            info["stream"] = _TimeLimitedStream(self._to_proxy, self._timeout.get("connect"))
        elif event.endswith(".send_request_headers.started"):
            if info["request"].method == b"CONNECT":
                self._ask_proxy()
            else:
                self.has_sent = True
                self._timeout.update(self._extensions.get("timeout", {}))

    def _ask_proxy(self) -> None:
        self._is_asking_proxy = True
        limit = self._timeout.get("connect")
        self._timeout.update(read=limit, write=limit)


@dataclass
class _TimeLimitedStream:
    """A network stream, blocking or asynchronous, with a timeout for each read and write."""

    _stream: Any
    _seconds: float | None

    def read(self, max_bytes: int, timeout: float | None = None) -> Any:
        return self._stream.read(max_bytes, timeout=self._seconds)

    def write(self, buffer: bytes, timeout: float | None = None) -> Any:
        return self._stream.write(buffer, timeout=self._seconds)
