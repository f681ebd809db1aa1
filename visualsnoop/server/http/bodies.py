"""Reading the bodies of requests, within limits of size, speed and memory."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import APIError, body_too_slow, busy, invalid_key, too_large, unreadable_image
from ..settings import Settings
from ..storage.keys import Key
from .upload_quota import UploadQuota

_MAX_BODIES = 1000
_MAX_TIME = 600.0  # seconds
_CHECK_INTERVAL = 5.0  # seconds


class BodyReader:
    """Reads bodies into memory, of which all of them together get a fixed amount.

    Args:
        settings: How the service is set up.
        is_valid: Says whether a key pair is still valid. A body that takes long is not read to its
            end when it is not.
    """

    def __init__(self, settings: Settings, is_valid: Callable[[Key], Awaitable[bool]]) -> None:
        self._max_body = settings.max_body
        self._send_time = settings.send_time
        self._rate = settings.body_rate
        self._is_valid = is_valid
        self._checks: dict[str, asyncio.Task[bool]] = {}
        self._quota = UploadQuota(settings.upload_memory, _MAX_BODIES)

    @asynccontextmanager
    async def read(self, request: Request, key: Key) -> AsyncIterator[bytes]:
        """The body of a request, which counts as held until the context is left.

        Raises:
            APIError: 401, 408, 413, 415 or 503, if the key pair is revoked meanwhile, the body
                comes too slowly, is too large or is a form, or too much of other bodies is held.
        """
        announced = int(request.headers.get("content-length", "0"))
        self._check_size(announced)
        if not self._quota.begin(key.public_key):
            raise busy()
        held = 0
        try:
            # It is set aside, so that a body that was let in can come to its end.
            held += self._take(key, announced)
            body = bytearray()
            async for piece in self._pieces(request, key):
                self._check_size(len(body) + len(piece))
                held += self._take(key, max(0, len(body) + len(piece) - held))
                body += piece
            file = bytes(body)
            # It may wait for long, and is held once.
            body.clear()
            _check_is_no_form(file)
            yield file
        finally:
            self._quota.end(key.public_key, held)

    def _check_size(self, size: int) -> None:
        if size > self._max_body:
            raise too_large(f"The image file is larger than {self._max_body} bytes")

    def _take(self, key: Key, size: int) -> int:
        if not self._quota.take(key.public_key, size):
            raise busy()
        return size

    async def _pieces(self, request: Request, key: Key) -> AsyncIterator[bytes]:
        clock = asyncio.get_running_loop().time
        end = clock() + _MAX_TIME
        deadline = clock() + self._send_time
        next_check = clock() + _CHECK_INTERVAL
        is_more_to_come = True
        while is_more_to_come:
            wake = min(deadline, end, next_check)
            try:
                async with asyncio.timeout_at(wake):
                    message = await request.receive()
            except TimeoutError:
                if wake < next_check:
                    raise self._too_slow(wake == end) from None
            else:
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                piece: bytes = message.get("body", b"")
                is_more_to_come = message.get("more_body", False)
                # Each byte gives time for the next ones, but nobody can save it up.
                deadline = min(deadline + len(piece) / self._rate, clock() + self._send_time)
                yield piece
            if clock() >= next_check:
                if not await self._is_still_valid(key):
                    raise invalid_key()
                next_check = clock() + _CHECK_INTERVAL

    async def _is_still_valid(self, key: Key) -> bool:
        """Whether a key pair is, by one look for all bodies that ask at this moment."""
        check = self._checks.get(key.public_key)
        if check is None:
            check = asyncio.ensure_future(self._is_valid(key))
            self._checks[key.public_key] = check
            check.add_done_callback(lambda _: self._checks.pop(key.public_key))
        return await asyncio.shield(check)

    def _too_slow(self, is_at_end: bool) -> APIError:
        if is_at_end:
            return body_too_slow(f"The body did not come within {_MAX_TIME:.0f} seconds")
        return body_too_slow(
            f"The body came at less than {self._rate} bytes a second, or paused for longer than "
            f"{self._send_time:g} seconds"
        )


# What no image file begins with, however it is declared.
_FORMS = {
    "a multipart form": re.compile(rb"(\r\n)?--[^\r\n]{1,100}\r\nContent-", re.IGNORECASE),
    "JSON": re.compile(rb"\s*([\[{]\s*[\"\[{\]}\d]|\")"),
    "a form": re.compile(rb"[\w.%+-]{1,100}=[\w.%+*&=/:-]*\Z"),
    "base64 text": re.compile(rb"\s*(data:[^,]{0,100},|[\w+/-]{64})", re.ASCII),
}


def _check_is_no_form(body: bytes) -> None:
    start = body[:1000]
    for kind, pattern in _FORMS.items():
        if pattern.match(start):
            raise unreadable_image(
                f"The body is {kind}: send the bytes of the file as the body, and nothing else "
                "(curl --data-binary @photo.jpg)"
            )


class UnreadBodyMiddleware:
    """ASGI middleware that has connections closed whose body nobody has read to its end."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        is_read = False

        async def receive_noted() -> Message:
            nonlocal is_read
            message = await receive()
            is_read = not message.get("more_body", False)
            return message

        async def send_closing(message: Message) -> None:
            if message["type"] == "http.response.start" and not is_read:
                headers = [each for each in message.get("headers", ()) if each[0] != b"connection"]
                message["headers"] = [*headers, (b"connection", b"close")]
            await send(message)

        await self._app(scope, receive_noted, send_closing)


def _has_body(scope: Scope) -> bool:
    headers = dict(scope["headers"])
    return b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0"
