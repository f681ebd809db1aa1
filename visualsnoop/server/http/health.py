"""Health and metrics, for load balancers, supervisors and Prometheus."""

import asyncio
import shutil
from contextlib import suppress

import psycopg
from attrs import asdict, frozen
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..errors import unavailable
from ..metrics import metrics_response
from ..settings import Settings
from ..storage.collections import collection_ids
from ..storage.data_folder import disk_is_full
from ..storage.fingerprint_versions import count_unsearchable
from .dependencies import Dependencies, dependencies
from .error_responses import database_error

# Seconds. Who asks does not wait long.
_TIMEOUT = 2.0


@frozen
class _Live:
    """The body of the response to `/health/live`; health is no part of the contract."""

    status: int = 200
    message: str = "OK"


@frozen
class _Ready:
    """The body of the response to `/health/ready`.

    Attributes:
        takes_changes: False while the database can only be read.
    """

    takes_changes: bool
    status: int = 200
    message: str = "OK"


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
    _name_operation(request, "live")
    return JSONResponse(asdict(_Live()))


async def _ready(request: Request) -> Response:
    """Everything that requests need is there; if not, they had better go elsewhere."""
    _name_operation(request, "ready")
    deps = dependencies(request)
    # A full disk is why the database does not answer, and not the other way round.
    await asyncio.to_thread(_check_disk, deps.settings)
    takes_changes = await _takes_changes(deps)
    await deps.fingerprints.check()
    return JSONResponse(asdict(_Ready(takes_changes)))


async def _takes_changes(deps: Dependencies) -> bool:
    try:
        async with asyncio.timeout(_TIMEOUT):
            return await deps.pool.takes_changes()
    except TimeoutError:
        raise unavailable("The database does not answer") from None
    except psycopg.Error as error:
        raise await database_error(error, deps.pool) from None


def _check_disk(settings: Settings) -> None:
    if settings.data is None:
        return
    free = shutil.disk_usage(settings.data).free
    if free < settings.least_disk or disk_is_full(settings.data):
        raise unavailable(f"The disk of the data is nearly full: it has {free} bytes free", 60)


async def _metrics(request: Request) -> Response:
    _name_operation(request, "metrics")
    deps = dependencies(request)
    ids = await collection_ids(deps.pool) if deps.settings.metrics_per_collection else []
    counts = [(each, await deps.images.count(each)) for each in ids]
    return metrics_response(counts, await _unsearchable(deps))


async def _unsearchable(deps: Dependencies) -> int | None:
    # The other metrics are needed most while the database does not answer.
    with suppress(TimeoutError, psycopg.Error):
        async with asyncio.timeout(_TIMEOUT):
            return await count_unsearchable(deps.pool, deps.versions)
    return None


def _name_operation(request: Request, name: str) -> None:
    """Say what the request is called in the log and the metrics."""
    request.scope["request_record"].operation = name
