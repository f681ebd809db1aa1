"""Reading the bodies of requests, within limits of size, speed and memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from ..errors import body_too_slow, busy, too_large
from ..settings import Settings


class BodyReader:
    """Reads bodies into memory, of which all of them together get a fixed amount."""

    def __init__(self, settings: Settings) -> None:
        self._max_body = settings.max_body
        self._send_time = settings.send_time
        self._rate = settings.body_rate
        self._free = settings.upload_memory

    @asynccontextmanager
    async def read(self, request: Request) -> AsyncIterator[bytes]:
        """The body of a request, which counts as held until the context is left.

        Raises:
            APIError: 408, 413 or 503, if it comes too slowly, is too large, or too much of other
                bodies is held.
        """
        announced = int(request.headers.get("content-length", "0"))
        self._check_size(announced)
        if announced > self._free:
            raise busy()
        body = bytearray()
        held = 0
        try:
            async for piece in self._pieces(request):
                self._check_size(held + len(piece))
                if len(piece) > self._free:
                    raise busy()
                self._free -= len(piece)
                held += len(piece)
                body += piece
            file = bytes(body)
            # It may wait for long, and is held once.
            body.clear()
            yield file
        finally:
            self._free += held

    def _check_size(self, size: int) -> None:
        if size > self._max_body:
            raise too_large(f"The image file is larger than {self._max_body} bytes")

    async def _pieces(self, request: Request) -> AsyncIterator[bytes]:
        deadline = asyncio.get_running_loop().time() + self._send_time
        pieces = request.stream()
        try:
            while True:
                async with asyncio.timeout_at(deadline):
                    piece = await anext(pieces)
                # Each byte gives time for the next ones.
                deadline += len(piece) / self._rate
                yield piece
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise body_too_slow(f"The body came at less than {self._rate} bytes a second") from None
