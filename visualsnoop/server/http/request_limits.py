"""The limits of requests that hold before they are routed: length, and TLS where it is required."""

import re

from starlette.types import ASGIApp, Receive, Scope, Send

from ..settings import Settings
from .error_responses import error_response
from .http1 import LARGEST_HEAD
from .routes import BASE_PATH

LONGEST_TARGET = 8 * 1024  # bytes of path and query


class RequestLimitsMiddleware:
    """ASGI middleware that refuses what is too long or not encrypted.

    It also has requests routed by the path exactly as it was sent: a decoded path cannot tell a
    slash within an image ID from one between segments.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._prefix = settings.path_prefix
        self._require_tls = settings.require_tls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # Proxies may send the whole URL instead of its path (RFC 9112, section 3.2.2).
        path = re.sub(rb"^https?://[^/]*", b"", scope["raw_path"])
        # The signature covers the path as it was sent; routes are without the prefix.
        route = path.removeprefix(self._prefix.encode()).decode("latin-1")
        scope = {**scope, "raw_path": path, "path": route}
        refusal = self._refusal(scope)
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        target = len(scope["raw_path"]) + len(scope["query_string"])
        if target > LONGEST_TARGET:
            return error_response(414, f"The URL is longer than {LONGEST_TARGET} bytes")
        # Each header has a colon, a space and the end of its line as well.
        headers = sum(len(name) + len(value) + 4 for name, value in scope["headers"])
        if target + headers > LARGEST_HEAD:
            return error_response(431, f"The headers have more than {LARGEST_HEAD} bytes")
        is_of_api = scope["path"].startswith(BASE_PATH)
        if self._require_tls and is_of_api and scope["scheme"] != "https":
            return error_response(
                403, "This service is used over TLS only: take https:// as endpoint"
            )
        return None
