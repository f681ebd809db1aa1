"""Signing in to the page and out of it."""

import hmac
from functools import partial
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse

from ...errors import too_many_requests, unauthorized
from ...storage.keys import find_key
from ...storage.sessions import (
    SESSION_TIME,
    create_code_of_key,
    create_session,
    end_session,
    take_code,
)
from ..authentication import authenticate, secret_key_of
from ..dependencies import Dependencies, dependencies
from ..sessions import check_origin, cookie_name, find_current_session
from .json_bodies import json_object, text_field


async def begin(request: Request) -> JSONResponse:
    """Sign in by a key pair, or by a code that works once."""
    check_origin(request)
    deps = dependencies(request)
    fields = await json_object(request, deps)
    if "code" in fields:
        public_key = await _public_key_of_code(deps, text_field(fields, "code"))
    else:
        public_key = await _checked_public_key(
            deps, text_field(fields, "public_key"), text_field(fields, "secret_key")
        )
    if (token := request.cookies.get(cookie_name(request))) is not None:
        await end_session(deps.pool, token)
    # Always a new token: one that somebody else has set in the browser is of no use to them.
    token = await create_session(deps.pool, public_key)
    response = JSONResponse({"status": 200, "message": "Signed in"})
    response.set_cookie(
        cookie_name(request),
        token,
        max_age=int(SESSION_TIME.total_seconds()),
        path=_cookie_path(deps),
        # The browser knows whether there is TLS, also where a proxy has taken it off.
        secure=urlsplit(request.headers["origin"]).scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return response


async def _public_key_of_code(deps: Dependencies, code: str) -> str | None:
    taken = await take_code(deps.pool, code)
    if taken is None:
        raise unauthorized("This link has been used already, or is too old: make another one")
    (public_key,) = taken
    return public_key


async def _checked_public_key(deps: Dependencies, public_key: str, secret_key: str) -> str:
    # Guesses have a bucket of their own: who knows a public key cannot use up that of the pair.
    if deps.rate_limiter and (wait := deps.rate_limiter.take(f"sign-in {public_key}")):
        raise too_many_requests(wait)
    key = await find_key(deps.pool, public_key)
    right = secret_key_of(deps.settings.vault, public_key, key)
    is_right = hmac.compare_digest(right.encode(), secret_key.strip().encode())
    if key is None or not is_right:
        raise unauthorized("The key pair is not known or not valid any more: check both keys")
    return key.public_key


async def show(request: Request) -> JSONResponse:
    """Who is signed in, and what the page has to know of their collection."""
    deps = dependencies(request)
    session = await find_current_session(request, deps)
    fields = {
        "status": 200,
        "message": "OK",
        "is_signed_in": session is not None,
        "is_operator": session is not None and session.key is None,
    }
    if session is None or session.key is None:
        return JSONResponse(fields)
    return JSONResponse(
        {
            **fields,
            "collection_id": session.key.collection_id,
            "collection_name": session.key.collection_name,
            "user": session.key.user,
            "image_count": await deps.images.count(session.key.collection_id),
            "is_read_only": session.key.is_read_only,
            "has_thumbnails": session.key.has_thumbnails,
        }
    )


async def end(request: Request) -> JSONResponse:
    """Sign out."""
    check_origin(request)
    deps = dependencies(request)
    if (token := request.cookies.get(cookie_name(request))) is not None:
        await end_session(deps.pool, token)
    response = JSONResponse({"status": 200, "message": "Signed out"})
    response.delete_cookie(
        cookie_name(request), path=_cookie_path(deps), httponly=True, samesite="strict"
    )
    return response


async def create_code(request: Request) -> JSONResponse:
    """A code for the key pair that has signed the request, as `visualsnoop look` asks for it."""
    deps = dependencies(request)
    key = await authenticate(
        request, partial(find_key, deps.pool), deps.settings.vault, deps.settings.date_window
    )
    code = await create_code_of_key(deps.pool, key.public_key)
    return JSONResponse({"status": 201, "message": "Created", "code": code}, 201)


def _cookie_path(deps: Dependencies) -> str:
    return f"{deps.settings.path_prefix}/"
