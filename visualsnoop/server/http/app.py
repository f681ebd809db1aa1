"""The ASGI application of one process of the service."""

import logging
import multiprocessing
import os
import threading
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, closing
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.types import ASGIApp

from ..duplicates import Duplicates
from ..fingerprinting.client import Fingerprints
from ..matching.calibration import use_calibration
from ..matching.embedding_models import calibration_of
from ..matching.fingerprint import model_version
from ..settings import Settings
from ..storage.images import ImageStore
from ..storage.keys import is_valid
from ..storage.pool import connection_pool
from .bodies import BodyReader, UnreadBodyMiddleware
from .dependencies import Dependencies
from .error_responses import EXCEPTION_HANDLERS
from .health import health_routes
from .page.routes import page_routes
from .rate_limit import RateLimiter
from .request_limits import RequestLimitsMiddleware
from .request_log import RequestLogMiddleware
from .request_turns import RequestTurns
from .routes import routes

# In the folder that the processes of a service share while it runs.
SOCKET = "fingerprints.sock"
_RATE_LIMIT_FILE = "rate-limit"

_log = logging.getLogger(__name__)


def create_app(settings: Settings, folder: Path) -> ASGIApp:
    """The application of one process of the service.

    The database's tables must be there (see `schema.upgrade`), and the fingerprint pool must run
    (see `fingerprinting.server.serving_fingerprints`).

    Args:
        settings: How the service is set up.
        folder: What the processes of the service share while it runs.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        _end_with_parent()
        for model in settings.models:
            use_calibration(model_version(model), calibration_of(model))
        with ExitStack() as stack:
            limiter = None
            if settings.rate:
                limiter = RateLimiter(folder / _RATE_LIMIT_FILE, settings.rate)
                stack.enter_context(closing(limiter))
            async with connection_pool(settings) as pool:
                images = ImageStore(pool)
                app.state.dependencies = Dependencies(
                    settings=settings,
                    versions=[model_version(model) for model in settings.models],
                    pool=pool,
                    images=images,
                    duplicates=Duplicates(pool, images),
                    fingerprints=Fingerprints(settings, folder / SOCKET),
                    bodies=BodyReader(settings, partial(is_valid, pool)),
                    rate_limiter=limiter,
                    request_turns=RequestTurns(settings.database_connections),
                )
                yield

    app = Starlette(
        routes=[
            *routes(),
            *health_routes(settings),
            *(page_routes() if settings.page else ()),
        ],
        lifespan=lifespan,
        exception_handlers=EXCEPTION_HANDLERS,
    )
    app.router.redirect_slashes = False
    return RequestLogMiddleware(UnreadBodyMiddleware(RequestLimitsMiddleware(app, settings)))


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
