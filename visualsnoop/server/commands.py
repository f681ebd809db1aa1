"""Opening the database of a service, and serving."""

import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import uvicorn

from .app import create_app
from .embedded import embedded_postgres
from .fingerprint import MODEL, Fingerprinter
from .routes import BASE_PATH
from .schema import index_embeddings, upgrade
from .settings import Settings, default_data_folder


@contextmanager
def opened_database(data: Path | None, database: str | None) -> Iterator[str]:
    """How to connect to the database of a service, whose tables are brought up to date.

    Args:
        data: The folder of the embedded database; None for the platform's usual place.
        database: A PostgreSQL server to use instead.

    Raises:
        ValueError: If both are given.
        OSError: If the folder cannot be used, or the server not be reached.
    """
    if data is not None and database is not None:
        raise ValueError("give either a data folder or a database, not both")
    with ExitStack() as stack:
        if database is None:
            folder = data or default_data_folder()
            database = stack.enter_context(embedded_postgres(folder))
        try:
            upgrade(database)
        except psycopg.OperationalError as error:
            raise ConnectionError(f"The database cannot be reached: {error}") from error
        yield database


def models_with(model: Path | None) -> tuple[Path, ...]:
    """The models of a service: the shipped one, after the one of the user if there is any."""
    return (MODEL,) if model is None else (model.absolute(), MODEL)


def run(settings: Settings, host: str, port: int) -> None:
    """Serve until interrupted; the URL is printed once connections are accepted.

    Args:
        settings: How the service is set up; its tables must be there.
        host: The address to listen on.
        port: The port; 0 for any free one.
    """
    for fingerprinter in map(Fingerprinter, settings.models):
        index_embeddings(settings.database, fingerprinter.version, fingerprinter.dimensions)
    listener = socket.create_server((host, port), backlog=2048)
    # Connections inherit it. Without it the body of an answer waits 40 ms for its head to arrive.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config = uvicorn.Config(create_app(settings), log_level="warning", lifespan="on")
    server = _AnnouncingServer(config)
    # Uvicorn sends itself the signal again when it has stopped, which must not skip the clean-up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.run(sockets=[listener])


class _AnnouncingServer(uvicorn.Server):
    """Prints where it listens, in the form in which clients want it."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.should_exit or not sockets:
            return
        host, port = sockets[0].getsockname()[:2]
        host = f"[{host}]" if ":" in host else host
        print(f"VisualSnoop listens on http://{host}:{port}{BASE_PATH}", flush=True)
