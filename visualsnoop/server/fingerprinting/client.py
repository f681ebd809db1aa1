"""Fingerprints of image files, for the processes that answer requests."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from ..errors import bad_request, busy, too_large, unavailable, unreadable_image
from ..matching.errors import ImageTooLarge, UnreadableImage
from ..matching.fingerprint import Fingerprint
from ..metrics import PICTURES_WAITING, STEP_SECONDS
from ..settings import Settings
from .messages import CHECK, FULL, PICTURE, Fingerprinted, receive, send


class Fingerprints:
    """The fingerprints of image files, from the pool that the main process runs.

    Args:
        settings: How the service is set up.
        path: The socket of the pool.
    """

    def __init__(self, settings: Settings, path: Path) -> None:
        # New images get the fingerprint of the first model; queries those of all.
        self._models = settings.models
        self._path = path

    async def fingerprint(self, file: bytes) -> Fingerprint:
        """The fingerprint by which to store an image file.

        Raises:
            APIError: 400, 413 or 415, if it is empty, too large or cannot be read; 503, if too many
                others wait.
        """
        (fingerprint,) = await self._fingerprints(file, self._models[:1])
        return fingerprint

    async def queries(self, file: bytes) -> Sequence[Fingerprint]:
        """The fingerprints by which to search for copies of an image file, one for each model.

        Raises:
            APIError: As `fingerprint` does.
        """
        return await self._fingerprints(file, self._models)

    async def check(self) -> None:
        """See whether there are fingerprint processes; raises `APIError` 503 if not."""
        async with self._connected(CHECK):
            pass

    async def _fingerprints(self, file: bytes, models: Sequence[Path]) -> Sequence[Fingerprint]:
        if not file:
            raise bad_request("The body is empty: send the bytes of an image file")
        try:
            with PICTURES_WAITING.track_inprogress():
                answer = await self._answer(file, models)
        except UnreadableImage as error:
            raise unreadable_image(str(error)) from None
        except ImageTooLarge as error:
            raise too_large(str(error)) from None
        STEP_SECONDS.labels("decode").observe(answer.decode_seconds)
        STEP_SECONDS.labels("embed").observe(answer.embed_seconds)
        return answer.fingerprints

    async def _answer(self, file: bytes, models: Sequence[Path]) -> Fingerprinted:
        async with self._connected(PICTURE) as (reader, writer):
            await send(writer, (file, models))
            answer = await receive(reader)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Fingerprinted)
        return answer

    @asynccontextmanager
    async def _connected(
        self, wish: bytes
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A connection whose turn it is."""
        try:
            reader, writer = await asyncio.open_unix_connection(self._path)
            try:
                writer.write(wish)
                if await reader.readexactly(1) == FULL:
                    raise busy()
                yield reader, writer
            finally:
                writer.close()
        except (OSError, asyncio.IncompleteReadError):
            raise unavailable("The fingerprint processes cannot be reached") from None
