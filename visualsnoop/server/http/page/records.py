"""Deleting an image so that the page can take it back, for as long as it is open.

The page gets everything that was stored of the image, encrypted for its session, and the service
keeps nothing: what is deleted is deleted.
"""

import base64

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse

from ...errors import APIError, bad_request, image_id_taken, image_not_found
from ...storage.deleted_images import put_back, take_image
from ...storage.keys import Key, changing
from ..authorization import authorized_key
from ..dependencies import Dependencies, dependencies
from ..operations.images import compare_later
from ..parameters import path_image_id
from ..sessions import current_session
from .json_bodies import json_object

# With a thumbnail and 16 parts, twice encoded.
_MAX_BYTES = 4 * 1024 * 1024


async def remove(request: Request) -> JSONResponse:
    """Delete an image; its record, by which it can be restored, is in the response."""
    deps = dependencies(request)
    key = await authorized_key(request, deps, changes=True)
    image_id = path_image_id(request)
    async with changing(deps.pool, key) as connection:
        record = await take_image(connection, key.collection_id, image_id)
    if record is None:
        raise image_not_found(image_id)
    sealed = deps.settings.vault.encrypt(record.encode(), await _context(request, key, deps))
    encoded = base64.b64encode(sealed).decode()
    return JSONResponse({"status": 200, "message": "Deleted", "record": encoded})


async def restore(request: Request) -> JSONResponse:
    """Store an image again as it was, unless its ID is taken by now."""
    deps = dependencies(request)
    key = await authorized_key(request, deps, changes=True)
    fields = await json_object(request, deps, _MAX_BYTES)
    record = await _opened(request, key, deps, fields.get("record"))
    async with changing(deps.pool, key) as connection:
        image_id, is_restored = await put_back(connection, record)
    if not is_restored:
        raise image_id_taken(image_id)
    compare = BackgroundTask(compare_later, deps, key.collection_id, image_id)
    return JSONResponse({"status": 200, "message": "Restored"}, background=compare)


async def _opened(request: Request, key: Key, deps: Dependencies, sealed: object) -> str:
    try:
        decoded = base64.b64decode(sealed if isinstance(sealed, str) else "", validate=True)
        context = await _context(request, key, deps)
        return deps.settings.vault.decrypt(decoded, context).decode()
    except ValueError:
        raise bad_request("This record is damaged, or of another session") from None


async def _context(request: Request, key: Key, deps: Dependencies) -> bytes:
    """What a record is bound to: the session, and the collection."""
    session = await current_session(request, deps)
    if session.key is None:
        raise APIError(403, "An operator's session sees no images")
    return session.token_hash + key.collection_id.encode()
