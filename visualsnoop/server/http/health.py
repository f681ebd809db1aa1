"""How the service is, for load balancers, supervisors and Prometheus."""

import asyncio
import shutil

import psycopg
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..errors import unavailable
from ..metrics import metrics_page
from ..settings import Settings
from ..storage.pool import database_problem
from .operations import Operations

# Seconds. Who asks does not wait long.
_WAIT = 2.0


def health_routes(settings: Settings) -> list[Route]:
    """The routes that need no keys; proxies should not offer them to everybody."""
    pages = [
        Route("/health/live", _live),
        Route("/health/ready", _ready),
        Route("/health", _ready),
    ]
    return [*pages, Route("/metrics", _metrics)] if settings.metrics else pages


async def _live(request: Request) -> Response:
    """The process answers; if it does not, starting it again helps."""
    _observe(request, "live")
    return JSONResponse({"status": 200, "message": "OK"})


async def _ready(request: Request) -> Response:
    """Everything that requests need is there; if not, they had better go elsewhere."""
    _observe(request, "ready")
    operations: Operations = request.app.state.operations
    try:
        async with asyncio.timeout(_WAIT):
            takes_changes = await operations.store.takes_changes()
    except TimeoutError:
        raise unavailable("The database does not answer") from None
    except psycopg.Error as error:
        raise await database_problem(error, request.app.state.pool) from None
    await operations.fingerprints.check()
    await asyncio.to_thread(_check_disk, operations.settings)
    return JSONResponse({"status": 200, "message": "OK", "takes_changes": takes_changes})


def _check_disk(settings: Settings) -> None:
    if settings.data is None:
        return
    free = shutil.disk_usage(settings.data).free
    if free < settings.least_disk:
        raise unavailable(f"The disk of the data has {free} bytes free only", 60)


async def _metrics(request: Request) -> Response:
    _observe(request, "metrics")
    operations: Operations = request.app.state.operations
    counts = []
    if operations.settings.metrics_per_collection:
        counts = await operations.store.image_counts()
    return metrics_page(counts)


def _observe(request: Request, operation: str) -> None:
    request.scope["observed"].operation = operation
