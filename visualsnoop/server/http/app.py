"""The ASGI application of one process of the service."""

import logging
import multiprocessing
import os
import threading
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, closing
from pathlib import Path

from starlette.applications import Starlette
from starlette.types import ASGIApp

from ..duplicates import Pairs
from ..fingerprinting.client import Fingerprints
from ..settings import Settings
from ..storage.images import Store
from ..storage.pool import connections
from .bodies import Bodies
from .error_responses import ERROR_ANSWERS
from .health import health_routes
from .operations import Operations
from .rate_limit import Rates
from .request_limits import Entrance
from .request_log import Observation
from .routes import routes

# In the folder that the processes of a service share while it runs.
SOCKET = "fingerprints.sock"
_RATES = "rates"

_log = logging.getLogger(__name__)


def create_app(settings: Settings, folder: Path) -> ASGIApp:
    """The application of one process of the service.

    The database's tables must be there (see `schema.upgrade`), and the fingerprint pool must run
    (see `server.serving_fingerprints`).

    Args:
        settings: How the service is set up.
        folder: What the processes of the service share while it runs.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        _end_with_parent()
        with ExitStack() as stack:
            rates = None
            if settings.rate:
                rates = stack.enter_context(closing(Rates(folder / _RATES, settings.rate)))
            async with connections(settings) as pool:
                store = Store(pool)
                fingerprints = Fingerprints(settings, folder / SOCKET)
                app.state.pool = pool
                app.state.rates = rates
                app.state.operations = Operations(
                    settings, store, Pairs(pool, store), fingerprints, Bodies(settings)
                )
                yield

    app = Starlette(
        routes=[*routes(), *health_routes(settings)],
        lifespan=lifespan,
        exception_handlers=ERROR_ANSWERS,
    )
    app.router.redirect_slashes = False
    return Observation(Entrance(app, settings))


def _end_with_parent() -> None:
    """End this process when the one that looks after it has been killed.

    It would hold the port, and nobody would stop it.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        # A parent that stops in good order waits for this process.
        _log.error("The process that looks after this one has been killed: ending")
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="parent").start()
