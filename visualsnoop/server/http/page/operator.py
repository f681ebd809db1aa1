"""The Keys page: what an operator's session may do with collections and key pairs.

The statements are those of the commands `keys` and `collections`, which block: they run in threads.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from attrs import asdict
from starlette.requests import Request
from starlette.responses import JSONResponse

from ...errors import bad_request, forbidden
from ...storage.collections import keep_with_images, list_collections
from ...storage.keys import KeyPair, change_keys, create_keys, list_keys, revoke_keys, rotate_keys
from ..dependencies import Dependencies, dependencies
from ..sessions import current_session
from .json_bodies import flag_field, json_object, text_field

_Handler = Callable[[Request, Dependencies], Awaitable[JSONResponse]]


def operators_only(handler: _Handler) -> Callable[[Request], Awaitable[JSONResponse]]:
    """A route that only an operator's session may use; mistakes in what is asked for are 400."""

    async def route(request: Request) -> JSONResponse:
        deps = dependencies(request)
        session = await current_session(request, deps)
        if session.key is not None:
            raise forbidden("Only an operator may: sign in by 'visualsnoop look --admin'")
        try:
            return await handler(request, deps)
        except ValueError as error:
            raise bad_request(str(error)) from None

    return route


@operators_only
async def show_collections(request: Request, deps: Dependencies) -> JSONResponse:
    """All collections with their key pairs."""
    database = deps.settings.database
    collections, pairs = await asyncio.gather(
        asyncio.to_thread(list_collections, database), asyncio.to_thread(list_keys, database)
    )
    return _answer(
        collections=[
            {
                "collection_id": collection.collection_id,
                "name": collection.name,
                "user": collection.user,
                "image_count": collection.image_count,
                "has_thumbnails": collection.has_thumbnails,
                "keys": [
                    _described(pair)
                    for pair in pairs
                    if pair.collection_id == collection.collection_id
                ],
            }
            for collection in collections
        ]
    )


def _described(pair: KeyPair) -> dict[str, Any]:
    expires = None if pair.expires is None else pair.expires.isoformat()
    return {
        "public_key": pair.public_key,
        "is_read_only": pair.is_read_only,
        "expires": expires,
    }


@operators_only
async def create(request: Request, deps: Dependencies) -> JSONResponse:
    """Create a key pair, and its collection if there is none of this name and user."""
    fields = await json_object(request, deps)
    new_keys = await asyncio.to_thread(
        create_keys,
        deps.settings.database,
        text_field(fields, "name"),
        text_field(fields, "user"),
        deps.settings.vault,
        is_read_only=flag_field(fields, "is_read_only"),
        with_thumbnails=flag_field(fields, "with_thumbnails"),
        expires=_time_field(fields, "expires"),
    )
    return _answer(**asdict(new_keys))


@operators_only
async def change(request: Request, deps: Dependencies) -> JSONResponse:
    """Make a key pair read-only or read-write, or change when it expires."""
    fields = await json_object(request, deps)
    changes: dict[str, Any] = {}
    if "is_read_only" in fields:
        changes["is_read_only"] = flag_field(fields, "is_read_only")
    if "expires" in fields:
        changes["expires"] = _time_field(fields, "expires")
    await asyncio.to_thread(
        change_keys, deps.settings.database, request.path_params["public_key"], **changes
    )
    return _answer()


@operators_only
async def rotate(request: Request, deps: Dependencies) -> JSONResponse:
    """Replace a key pair by a new one of the same rights."""
    new_keys = await asyncio.to_thread(
        rotate_keys,
        deps.settings.database,
        request.path_params["public_key"],
        deps.settings.vault,
    )
    return _answer(**asdict(new_keys))


@operators_only
async def revoke(request: Request, deps: Dependencies) -> JSONResponse:
    """Revoke a key pair."""
    await asyncio.to_thread(revoke_keys, deps.settings.database, request.path_params["public_key"])
    return _answer()


@operators_only
async def switch_thumbnails(request: Request, deps: Dependencies) -> JSONResponse:
    """Have a collection keep thumbnails, or delete those that it has and keep none."""
    fields = await json_object(request, deps)
    await asyncio.to_thread(
        keep_with_images,
        deps.settings.database,
        request.path_params["collection_id"],
        "thumbnails",
        flag_field(fields, "on"),
    )
    return _answer()


def _time_field(fields: dict[str, Any], name: str) -> datetime | None:
    if fields.get(name) is None:
        return None
    time = datetime.fromisoformat(text_field(fields, name))
    if time.tzinfo is None:
        raise ValueError(f"{name} must have a time zone, as in 2030-01-31T18:00Z")
    return time


def _answer(**fields: Any) -> JSONResponse:
    return JSONResponse({"status": 200, "message": "OK", **fields})
