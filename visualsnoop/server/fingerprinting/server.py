"""One pool of fingerprint processes for all processes of a service, reached by a Unix socket.

The process that looks after the others runs it: pools of their own would be idle in one process
while pictures wait in another, or be more than there are cores.
"""

import asyncio
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from ..matching.errors import ImageTooLarge, UnreadableImage
from ..settings import Settings
from .messages import CHECK, FULL, GO, Fingerprinted, receive, send
from .pool import FingerprintPool

_log = logging.getLogger(__name__)


@contextmanager
def serving_fingerprints(settings: Settings, path: Path) -> Iterator[None]:
    """Run the pool of a service, and let its processes use it.

    Args:
        settings: How the service is set up.
        path: Where the socket is created, in a folder that is open to the service's user only.
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
                if wish == CHECK:
                    writer.write(GO)
                elif self._places == 0:
                    writer.write(FULL)
                else:
                    await self._take(reader, writer)
            finally:
                writer.close()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._places -= 1
        try:
            async with self._turns:
                writer.write(GO)
                file, models = await receive(reader)
                await send(writer, await self._answer(file, models))
        finally:
            self._places += 1

    async def _answer(self, file: bytes, models: Sequence[Path]) -> Fingerprinted | Exception:
        try:
            return await self._pool.fingerprint(file, models)
        except (UnreadableImage, ImageTooLarge) as error:
            return error
        except Exception as error:
            _log.exception("A picture could not be fingerprinted")
            return RuntimeError(str(error))
