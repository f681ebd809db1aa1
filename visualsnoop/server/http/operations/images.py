"""The operations that add, replace, read, list and remove images."""

import logging
import secrets

import psycopg
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from visualsnoop_api.models.image import Image
from visualsnoop_api.models.image_list import ImageList

from ...errors import APIError, image_id_taken, image_not_found, thumbnail_not_found
from ...fingerprinting.messages import Fingerprinted
from ...storage.images import StoredImage
from ...storage.keys import Key, changing
from ...storage.parts import delete_parts, store_parts
from ...storage.pool import Connection
from ...storage.thumbnails import find_thumbnail, store_thumbnail
from ..dependencies import Dependencies
from ..disconnects import while_connected
from ..parameters import MAX_COUNT, checked_image_id, integer, path_image_id
from ..responses import list_response, listed_images, model_response

_log = logging.getLogger(__name__)


async def add_image(request: Request, key: Key, deps: Dependencies) -> JSONResponse:
    return await _add(request, key, deps, secrets.token_hex(16))


async def add_image_with_id(request: Request, key: Key, deps: Dependencies) -> JSONResponse:
    return await _add(request, key, deps, path_image_id(request))


async def _add(request: Request, key: Key, deps: Dependencies, image_id: str) -> JSONResponse:
    picture = await _fingerprinted_body(request, key, deps)
    async with changing(deps.pool, key) as connection:
        image = await deps.images.add(
            connection, key.collection_id, image_id, picture.fingerprints[0], picture.size
        )
        if image is None:
            raise image_id_taken(image_id)
        await _store_rest(connection, key.collection_id, image_id, picture)
    return _stored(key, deps, image, is_new=True)


async def add_or_replace_image(request: Request, key: Key, deps: Dependencies) -> JSONResponse:
    image_id = path_image_id(request)
    picture = await _fingerprinted_body(request, key, deps)
    async with changing(deps.pool, key) as connection:
        image, is_new = await deps.images.add_or_replace(
            connection, key.collection_id, image_id, picture.fingerprints[0], picture.size
        )
        if not is_new:
            await delete_parts(connection, key.collection_id, image_id)
        await _store_rest(connection, key.collection_id, image_id, picture)
    return _stored(key, deps, image, is_new=is_new)


async def _store_rest(
    connection: Connection, collection_id: str, image_id: str, picture: Fingerprinted
) -> None:
    """Store what some collections keep besides fingerprints."""
    await store_thumbnail(connection, collection_id, image_id, picture.thumbnail)
    parts = dict(zip(picture.windows, picture.fingerprints[1:], strict=True))
    await store_parts(connection, collection_id, image_id, parts)


async def _fingerprinted_body(request: Request, key: Key, deps: Dependencies) -> Fingerprinted:
    async with deps.bodies.read(request, key) as file:
        fingerprinting = deps.fingerprints.fingerprint(
            file,
            key.public_key,
            with_thumbnail=key.has_thumbnails,
            with_parts=key.has_parts,
        )
        return await while_connected(request, fingerprinting)


def _stored(key: Key, deps: Dependencies, image: StoredImage, *, is_new: bool) -> JSONResponse:
    status, message = (201, "Added") if is_new else (200, "Updated")
    # Looking for its copies need not keep the client waiting.
    compare = BackgroundTask(compare_later, deps, key.collection_id, image.image_id)
    return model_response(_model(key, image, status, message), background=compare)


async def compare_later(deps: Dependencies, collection_id: str, image_id: str) -> None:
    """Look for the copies of an image that was stored, after the response."""
    try:
        await deps.duplicates.compare(collection_id, image_id)
    except (psycopg.Error, APIError) as error:
        # It stays in the queue, and is compared when duplicates are asked for.
        _log.warning("The copies of an image will be looked for later: %s", error)


async def get_image(request: Request, key: Key, deps: Dependencies) -> JSONResponse:
    image = await find_image(key, deps, path_image_id(request))
    return model_response(_model(key, image, 200, "OK"))


async def get_thumbnail(request: Request, key: Key, deps: Dependencies) -> Response:
    image = await find_image(key, deps, path_image_id(request))
    webp = await find_thumbnail(deps.pool, key.collection_id, image.image_id)
    if webp is None:
        raise thumbnail_not_found(image.image_id)
    headers = {"Cache-Control": "private, max-age=86400", "X-Content-Type-Options": "nosniff"}
    return Response(webp, headers=headers, media_type="image/webp")


async def delete_image(request: Request, key: Key, deps: Dependencies) -> JSONResponse:
    image_id = path_image_id(request)
    async with changing(deps.pool, key) as connection:
        image = await deps.images.delete(connection, key.collection_id, image_id)
    if image is None:
        raise image_not_found(image_id)
    return model_response(_model(key, image, 200, "Deleted"))


def _model(key: Key, image: StoredImage, status: int, message: str) -> Image:
    return Image(
        status=status,
        message=message,
        collection_id=key.collection_id,
        image_id=image.image_id,
        image_time=image.image_time,
        quality=image.quality,
        width=image.width,
        height=image.height,
    )


async def list_images(request: Request, key: Key, deps: Dependencies) -> JSONResponse:
    count = integer(request, "count", least=1, most=MAX_COUNT, default=100)
    start = request.query_params.get("start")
    # One image more than wanted tells whether and where the next page begins.
    if start is None:
        found = await deps.images.newest(key.collection_id, count + 1)
    else:
        first = await find_image(key, deps, checked_image_id(start))
        found = await deps.images.newest_from(key.collection_id, first, count + 1)
    page, following = found[:count], found[count:]
    return await list_response(
        lambda: ImageList(
            status=200,
            message="OK",
            collection_id=key.collection_id,
            images=listed_images(page),
            next_image_id=following[0].image_id if following else None,
        ),
        len(page),
    )


async def find_image(key: Key, deps: Dependencies, image_id: str) -> StoredImage:
    """A stored image; raises `APIError` 404 if there is none of this ID."""
    image = await deps.images.get(key.collection_id, image_id)
    if image is None:
        raise image_not_found(image_id)
    return image
