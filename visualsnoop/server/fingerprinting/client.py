"""Fingerprints of image files, for the processes that answer requests."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from ..errors import bad_request, busy, too_large, unavailable, unreadable_image
from ..matching.fingerprint import Fingerprint
from ..matching.windows import Box
from ..metrics import PICTURES_WAITING, STEP_SECONDS
from ..settings import Settings
from .messages import Fingerprinted, Wanted, receive, send


class Fingerprints:
    """The fingerprints of image files, from the pool that the main process runs.

    Args:
        settings: How the service is set up.
        path: The socket of the pool.
    """

    def __init__(self, settings: Settings, path: Path) -> None:
        self._models = range(len(settings.models))
        self._path = path

    async def fingerprint(
        self, file: bytes, key: str, *, with_thumbnail: bool, with_parts: bool
    ) -> Fingerprinted:
        """What to store of an image file: its fingerprint by the first model, and its size.

        If this is cancelled, the picture gives up its turn.

        Args:
            file: The image file.
            key: The public key of who has sent it. Keys take turns.
            with_thumbnail: Whether its thumbnail is wanted, too.
            with_parts: Whether the fingerprints of its panels are.

        Raises:
            APIError: 400, 413 or 415, if it is empty, too large or cannot be read; 503, if too many
                others wait, or none can be read now.
        """
        wanted = Wanted(self._models[:1], with_thumbnail, panels=with_parts)
        return await self._fingerprinted(file, key, wanted)

    async def queries(self, file: bytes, key: str) -> Sequence[Fingerprint]:
        """The fingerprints by which to search for copies of an image file, one for each model.

        Arguments and errors are those of `fingerprint`.
        """
        return (await self._fingerprinted(file, key, Wanted(self._models))).fingerprints

    async def of_windows(
        self, file: bytes, key: str, model: int, windows: Sequence[Box], *, embeddings: bool
    ) -> Mapping[Box, Fingerprint]:
        """The fingerprints of windows of an image file, by which to search for what it shows.

        Errors are those of `fingerprint`.

        Args:
            file, key: As for `fingerprint`.
            model: The index of the model.
            windows: Which windows.
            embeddings: Whether their embeddings are wanted, and those of the panels of the picture;
                or the rest of the fingerprints.
        """
        wanted = Wanted(
            *([model], False, windows),
            panels=embeddings,
            embeddings=embeddings,
            rest=not embeddings,
        )
        result = await self._fingerprinted(file, key, wanted)
        return dict(zip(result.windows, result.fingerprints, strict=True))

    async def check(self) -> None:
        """See whether there are fingerprint processes; raises `APIError` 503 if not."""
        async with self._connected() as (reader, writer):
            await send(writer, {"health": True})
            if not (await receive(reader)).head["is_running"]:
                raise unavailable("There are no processes to read pictures")

    async def _fingerprinted(self, file: bytes, key: str, wanted: Wanted) -> Fingerprinted:
        if not file:
            raise bad_request("The body is empty: send the bytes of an image file")
        with PICTURES_WAITING.track_inprogress():
            async with self._connected() as (reader, writer):
                await send(writer, {"key": key, **wanted.to_json()})
                response = (await receive(reader)).head
                if "go" in response:
                    await send(writer, {}, file)
                    response = (await receive(reader)).head
        if "error" in response:
            raise _error(response["error"], response.get("message", ""))
        result = Fingerprinted.from_json(response["result"])
        STEP_SECONDS.labels("decode").observe(result.decode_seconds)
        STEP_SECONDS.labels("embed").observe(result.embed_seconds)
        return result

    @asynccontextmanager
    async def _connected(
        self,
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        try:
            reader, writer = await asyncio.open_unix_connection(self._path)
            try:
                yield reader, writer
            finally:
                writer.close()
        except (OSError, EOFError):
            raise unavailable("No picture can be read now") from None


def _error(kind: str, message: str) -> Exception:
    match kind:
        case "unreadable":
            return unreadable_image(message)
        case "too_large":
            return too_large(message)
        case "full":
            return busy()
        case "unavailable":
            return unavailable(message)
        case _:
            return RuntimeError(f"a fingerprint process failed: {message}")
