"""Answers of the contract's schema `Error`, for everything that can go wrong."""

import logging
from collections.abc import Mapping

import psycopg
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from ..errors import Problem
from ..storage.pool import database_problem

_log = logging.getLogger(__name__)


def error_answer(
    status: int, message: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """An answer of the contract's schema `Error`."""
    return JSONResponse({"status": status, "message": message}, status, headers)


async def _problem_answer(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    return error_answer(problem.status, problem.message, problem.headers)


async def _http_answer(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = {
        404: "There is nothing at this path; a slash within an image ID is sent as %2F",
        405: f"{request.method} is not possible at this path",
    }.get(error.status_code, error.detail)
    return error_answer(error.status_code, message, error.headers)


async def _database_answer(request: Request, error: Exception) -> Response:
    assert isinstance(error, psycopg.Error)
    problem = await database_problem(error, request.app.state.pool)
    return error_answer(problem.status, problem.message, problem.headers)


async def _gone_answer(request: Request, error: Exception) -> Response:
    # Nobody reads it.
    return error_answer(400, "The request has ended early")


async def _failure_answer(request: Request, error: Exception) -> Response:
    return error_answer(500, "The service failed; its log has the details")


ERROR_ANSWERS = {
    Problem: _problem_answer,
    HTTPException: _http_answer,
    psycopg.Error: _database_answer,
    ClientDisconnect: _gone_answer,
    Exception: _failure_answer,
}
