"""One pool of fingerprint processes for all processes of a service, reached by a Unix socket.

The main process runs it: pools of their own would be idle in one process while pictures wait in
another, or be more than there are cores.

A connection is for one picture. The client says which key pair has sent it (`key`) and what it
wants of the picture (`Wanted`). The server answers `go` when a fingerprint process is free, so
that pictures wait where they are counted and hold memory once. Then the client sends the picture,
and gets the response of the pool. A client that goes away gives up its turn. Who asks for `health`
is answered at once.
"""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from ..settings import Settings
from ..turns import QueueFull
from .messages import Wanted, receive, send
from .pool import FingerprintPool, Response
from .process import CannotStart

_log = logging.getLogger(__name__)

_BACKLOG = 1024

_T = TypeVar("_T")

_Models = Sequence[tuple[int, int]]


@contextmanager
def serving_fingerprints(settings: Settings, path: Path) -> Iterator[_Models]:
    """Run the pool of a service, and let its processes use it.

    Args:
        settings: How the service is set up.
        path: Where the socket is created, in a folder that is open to the service's user only.

    Returns:
        Version and dimensions of the embeddings of each model.

    Raises:
        ValueError: If the processes cannot be started with the models of the service.
    """
    models: Future[_Models] = Future()
    loop = asyncio.new_event_loop()
    serving = loop.create_task(_serve(settings, path, models))
    thread = threading.Thread(target=_run, args=(loop, serving, models), name="fingerprints")
    thread.start()
    try:
        yield models.result()
    finally:
        loop.call_soon_threadsafe(serving.cancel)
        thread.join()
        loop.close()


def _run(
    loop: asyncio.AbstractEventLoop, serving: "asyncio.Task[None]", models: "Future[_Models]"
) -> None:
    """Serve until that is cancelled. If it fails, the service ends, so that it is started again."""
    try:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(serving)
    except Exception as error:
        if not models.done():
            models.set_exception(error)
            return
        _log.critical("The fingerprint pool has failed: the service ends", exc_info=error)
        os.kill(os.getpid(), signal.SIGTERM)


async def _serve(settings: Settings, path: Path, models: "Future[_Models]") -> None:
    try:
        async with FingerprintPool(settings) as pool:
            server = await asyncio.start_unix_server(
                _FingerprintServer(pool).respond, path, backlog=_BACKLOG
            )
            models.set_result(pool.models)
            async with server:
                await server.serve_forever()
    except CannotStart as error:
        raise ValueError(f"No fingerprint process can be started: {error}") from error


class _FingerprintServer:
    def __init__(self, pool: FingerprintPool) -> None:
        self._pool = pool

    async def respond(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer a connection, of which the other end may be gone at any time."""
        with suppress(OSError, EOFError):
            try:
                request = (await receive(reader)).head
                if "health" in request:
                    await send(writer, {"is_running": self._pool.is_running})
                else:
                    await send(writer, await self._response(request, reader, writer))
            finally:
                writer.close()

    async def _response(
        self, request: Response, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Response:
        try:
            turn = await _unless_gone(reader, self._pool.turn(request["key"]))
            try:
                await send(writer, {"go": True})
                file = (await receive(reader)).body
            except BaseException:
                turn.give_up()
                raise
            return await _unless_gone(reader, turn.response(file, Wanted.from_json(request)))
        except QueueFull:
            return {"error": "full"}
        except CannotStart:
            return {"error": "unavailable", "message": "There are no processes to read pictures"}


async def _unless_gone(reader: asyncio.StreamReader, work: Coroutine[Any, Any, _T]) -> _T:
    """Wait for work, or cancel it when the client, which has nothing to say meanwhile, is gone."""
    working = asyncio.create_task(work)
    going = asyncio.create_task(reader.read(1))
    try:
        await asyncio.wait([working, going], return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise EOFError
        return working.result()
    finally:
        for task in (going, working):
            task.cancel()
        await asyncio.gather(going, working, return_exceptions=True)
