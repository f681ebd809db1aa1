"""One pool of fingerprint processes for all processes of a service, reached by a Unix socket.

The process that looks after the others runs it: pools of their own would be idle in one process
while pictures wait in another, or be more than there are cores.

A connection is for one picture. The client says that it has one (`_PICTURE`). The server says that
it takes it (`_GO`) when a process of the pool is free, so that pictures wait where they are counted
and hold memory once; or it says that too many wait (`_FULL`). Then the picture is sent, and what
was made of it, or what was wrong with it, is sent back. Both are pickles, for the folder of the
socket is open to the service's user only. To a client that only asks whether all is well
(`_CHECK`), the server says `_GO` at once. If the pool is broken, the connection is closed.
"""

import asyncio
import logging
import pickle
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

from .errors import bad_request, busy, too_large, unavailable, unreadable_image
from .fingerprint_pool import FingerprintPool, Made
from .matching.decode import ImageTooLarge, UnreadableImage
from .matching.fingerprint import Fingerprint
from .metrics import PICTURES_WAITING, STEP_SECONDS
from .settings import Settings

_log = logging.getLogger(__name__)

_CHECK = b"?"
_PICTURE = b"!"
_GO = b"+"
_FULL = b"-"
_SIZE = 8  # bytes that say how long a message is


@contextmanager
def serving_fingerprints(settings: Settings, path: Path) -> Iterator[None]:
    """Run the pool of a service, and let its processes use it.

    Args:
        settings: How the service is set up.
        path: Where the socket is made, in a folder that is open to the service's user only.
    """
    pool = FingerprintPool(settings)
    loop = asyncio.new_event_loop()
    server = _FingerprintServer(pool, settings.queue)
    loop.run_until_complete(asyncio.start_unix_server(server.answer, path))
    thread = threading.Thread(target=loop.run_forever, name="fingerprints")
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        pool.close()


class _FingerprintServer:
    def __init__(self, pool: FingerprintPool, queue: int) -> None:
        self._pool = pool
        self._places = pool.size + queue
        self._turns = asyncio.Semaphore(pool.size)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer a connection, of which the other end may be gone at any time."""
        with suppress(OSError, asyncio.IncompleteReadError):
            try:
                wish = await reader.readexactly(1)
                if not self._pool.is_alive():
                    return
                if wish == _CHECK:
                    writer.write(_GO)
                elif self._places == 0:
                    writer.write(_FULL)
                else:
                    await self._take(reader, writer)
            finally:
                writer.close()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._places -= 1
        try:
            async with self._turns:
                writer.write(_GO)
                file, models = await _receive(reader)
                await _send(writer, await self._made(file, models))
        finally:
            self._places += 1

    async def _made(self, file: bytes, models: Sequence[Path]) -> Made | Exception:
        try:
            return await self._pool.make(file, models)
        except (UnreadableImage, ImageTooLarge) as error:
            return error
        except Exception as error:
            _log.exception("A fingerprint could not be made")
            return RuntimeError(str(error))


class Fingerprints:
    """The fingerprints of image files, for a process that answers requests."""

    def __init__(self, settings: Settings, path: Path) -> None:
        # New images get the fingerprint of the first model; queries those of all.
        self._models = settings.models
        self._path = path

    async def fingerprint(self, file: bytes) -> Fingerprint:
        """The fingerprint by which to store an image file.

        Raises:
            Problem: 400, 413 or 415, if it is empty, too large or cannot be read; 503, if too many
                others wait.
        """
        (fingerprint,) = await self._make(file, self._models[:1])
        return fingerprint

    async def queries(self, file: bytes) -> Sequence[Fingerprint]:
        """The fingerprints by which to search for copies of an image file, one for each model.

        Raises:
            Problem: As `fingerprint` does.
        """
        return await self._make(file, self._models)

    async def check(self) -> None:
        """See whether there are processes that make fingerprints; raises `Problem` 503 if not."""
        async with self._connected(_CHECK):
            pass

    async def _make(self, file: bytes, models: Sequence[Path]) -> Sequence[Fingerprint]:
        if not file:
            raise bad_request("The body is empty: send the bytes of an image file")
        try:
            with PICTURES_WAITING.track_inprogress():
                made = await self._made(file, models)
        except UnreadableImage as error:
            raise unreadable_image(str(error)) from None
        except ImageTooLarge as error:
            raise too_large(str(error)) from None
        STEP_SECONDS.labels("decode").observe(made.decode_seconds)
        STEP_SECONDS.labels("embed").observe(made.embed_seconds)
        return made.fingerprints

    async def _made(self, file: bytes, models: Sequence[Path]) -> Made:
        async with self._connected(_PICTURE) as (reader, writer):
            await _send(writer, (file, models))
            made = await _receive(reader)
        if isinstance(made, Exception):
            raise made
        assert isinstance(made, Made)
        return made

    @asynccontextmanager
    async def _connected(
        self, wish: bytes
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A connection whose turn it is."""
        try:
            reader, writer = await asyncio.open_unix_connection(self._path)
            try:
                writer.write(wish)
                if await reader.readexactly(1) == _FULL:
                    raise busy()
                yield reader, writer
            finally:
                writer.close()
        except (OSError, asyncio.IncompleteReadError):
            raise unavailable("No picture can be read now") from None


async def _send(writer: asyncio.StreamWriter, message: Any) -> None:
    pickled = pickle.dumps(message)
    writer.write(len(pickled).to_bytes(_SIZE))
    writer.write(pickled)
    await writer.drain()


async def _receive(reader: asyncio.StreamReader) -> Any:
    size = int.from_bytes(await reader.readexactly(_SIZE))
    return pickle.loads(await reader.readexactly(size))
