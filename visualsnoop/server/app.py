"""The ASGI application: routes, authentication, and an answer for everything that goes wrong."""

import logging
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import psycopg
from pgvector.psycopg import register_vector_async
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from .fingerprinting import FingerprintPool
from .operations import Operations
from .pairs import Pairs
from .problems import Problem
from .routes import routes
from .settings import Settings
from .similarity import CANDIDATES
from .store import Pool, Store

_log = logging.getLogger(__name__)


def create_app(settings: Settings) -> ASGIApp:
    """The service as an ASGI application.

    Its tables must be there: see `schema.upgrade`. The database and the fingerprint processes are
    opened when the server that runs it starts it, and closed when it is stopped.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with _pool(settings) as pool:
            fingerprints = FingerprintPool(settings)
            store = Store(pool)
            app.state.operations = Operations(settings, store, Pairs(pool, store), fingerprints)
            try:
                yield
            finally:
                fingerprints.close()

    app = Starlette(
        routes=[*routes(), Route("/health", _health)],
        lifespan=lifespan,
        exception_handlers={
            Problem: _problem_answer,
            HTTPException: _http_answer,
            psycopg.OperationalError: _unavailable_answer,
            PoolTimeout: _unavailable_answer,
            Exception: _failure_answer,
        },
    )
    app.router.redirect_slashes = False
    return _RawPaths(app)


def _pool(settings: Settings) -> Pool:
    return AsyncConnectionPool(
        settings.database,
        configure=_prepare,
        kwargs={"autocommit": True},
        min_size=1,
        max_size=10,
        open=False,
        timeout=10,
    )


async def _prepare(connection: AsyncConnection[TupleRow]) -> None:
    await register_vector_async(connection)
    # The index goes on until it has enough images of the one collection that is searched.
    await connection.execute("SET hnsw.iterative_scan = strict_order")
    await connection.execute(f"SET hnsw.ef_search = {2 * CANDIDATES}")
    await connection.execute("SET hnsw.max_scan_tuples = 1000000")


async def _health(request: Request) -> JSONResponse:
    operations: Operations = request.app.state.operations
    await operations.store.check()
    return JSONResponse({"status": 200, "message": "OK"})


class _RawPaths:
    """Routes by the path exactly as it was sent.

    A decoded path cannot tell a slash within an image ID from one between segments.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            # Proxies may send the whole URL instead of its path (RFC 9112, section 3.2.2).
            path = re.sub(rb"^https?://[^/]*", b"", scope["raw_path"])
            scope = {**scope, "raw_path": path, "path": path.decode("latin-1")}
        await self._app(scope, receive, send)


async def _problem_answer(request: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, Problem)
    return _error(problem.status, problem.message, problem.headers)


async def _http_answer(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    message = {
        404: "There is nothing at this path; a slash within an image ID is sent as %2F",
        405: f"{request.method} is not possible at this path",
    }.get(error.status_code, error.detail)
    return _error(error.status_code, message, error.headers)


async def _unavailable_answer(request: Request, error: Exception) -> JSONResponse:
    _log.error("The database does not answer: %s", error)
    return _error(503, "The database does not answer: try again in 5 seconds", {"Retry-After": "5"})


async def _failure_answer(request: Request, error: Exception) -> JSONResponse:
    return _error(500, "The service failed; its log has the details")


def _error(status: int, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"status": status, "message": message}, status, headers)
