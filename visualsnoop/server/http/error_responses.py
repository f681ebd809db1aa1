"""Responses of the contract's schema `ErrorBody`, for everything that can go wrong."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import psycopg
from psycopg_pool import PoolTimeout, TooManyRequests
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from visualsnoop_api.models.error_body import ErrorBody

from ..errors import APIError, invalid_key, unauthorized, unavailable
from ..storage.fingerprint_columns import DamagedFingerprint
from ..storage.keys import KeyNotValid
from ..storage.pool import Pool
from .dependencies import dependencies
from .routes import BASE_PATH

_log = logging.getLogger(__name__)


def error_response(
    status: int, message: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """A response of the contract's schema `ErrorBody`."""
    return JSONResponse(ErrorBody(status=status, message=message), status, headers)


async def database_error(error: psycopg.Error, pool: Pool) -> APIError:
    """What to respond when the database has failed."""
    match error:
        case psycopg.errors.ReadOnlySqlTransaction():
            await pool.find_another_server()
            _log.warning("The database takes no changes: %s", _line(error))
            return unavailable("The database takes no changes now, only searches")
        case psycopg.errors.ForeignKeyViolation():
            # Only a collection can be gone: images are asked for before.
            return unauthorized("The collection of these keys has been deleted")
        case TooManyRequests():
            _log.warning("Too many statements wait for the database")
            return unavailable("Too many requests are waiting for the database", 2)
        case psycopg.errors.QueryCanceled() | psycopg.errors.LockNotAvailable():
            _log.warning("A statement took too long: %s", _line(error))
            return unavailable("The database takes too long to answer")
        case psycopg.errors.DiskFull():
            return _disk_full(error, pool)
        case psycopg.OperationalError() | PoolTimeout() | psycopg.InterfaceError():
            if pool.disk_is_full():
                return _disk_full(error, pool)
            _log.error("The database does not answer: %s", _line(error))
            return unavailable("The database does not answer")
        case _:
            _log.error("The database has failed", exc_info=error)
            return unavailable("The database has failed")


def _disk_full(error: psycopg.Error, pool: Pool) -> APIError:
    _log.error("The disk of %s is full: %s", pool.data or "the database", _line(error))
    return unavailable("The disk of the database is full, and nothing can be stored", 60)


def _line(error: psycopg.Error) -> str:
    return " ".join(str(error).split())


async def _api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, APIError)
    return error_response(error.status, error.message, error.headers)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = error.detail
    if error.status_code == 405:
        message = f"{request.method} is not possible at this path"
    elif error.status_code == 404:
        # The path as it was sent: with what comes before the base path, if it is to be there.
        base_path = dependencies(request).settings.path_prefix + BASE_PATH
        message = "There is nothing at this path; a slash within an image ID is sent as %2F"
        if not request.scope["raw_path"].startswith(f"{base_path}/".encode()):
            message = f"The API is at {base_path}: end the endpoint of your client with that"
    return error_response(error.status_code, message, error.headers)


async def _database_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, psycopg.Error)
    return await _api_error(request, await database_error(error, dependencies(request).pool))


async def _key_not_valid(request: Request, error: Exception) -> Response:
    return await _api_error(request, invalid_key())


async def _damaged_fingerprint(request: Request, error: Exception) -> Response:
    _log.error("The fingerprint of an image is damaged: %s", error)
    return error_response(
        500, "What is stored of this image is damaged: replace it, or delete and add it"
    )


async def _client_gone(request: Request, error: Exception) -> Response:
    # Nobody reads it.
    return error_response(400, "The request has ended early")


async def _internal_error(request: Request, error: Exception) -> Response:
    return error_response(500, "The service failed; its log has the details")


EXCEPTION_HANDLERS: dict[Any, Callable[[Request, Any], Awaitable[Response]]] = {
    APIError: _api_error,
    HTTPException: _http_error,
    KeyNotValid: _key_not_valid,
    DamagedFingerprint: _damaged_fingerprint,
    psycopg.Error: _database_error,
    ClientDisconnect: _client_gone,
    Exception: _internal_error,
}
