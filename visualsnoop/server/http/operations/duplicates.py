"""The operations on duplicates, and on decisions about them."""

import psycopg
from starlette.requests import Request
from starlette.responses import JSONResponse
from visualsnoop_api.models.decision import Decision
from visualsnoop_api.models.duplicate_group import DuplicateGroup
from visualsnoop_api.models.duplicate_list import DuplicateList

from ...duplicates import MIN_SCORE
from ...errors import bad_request, image_not_found
from ...storage.duplicates import set_not_duplicates as store_decision
from ...storage.duplicates import unset_not_duplicates as remove_decision
from ...storage.keys import Key, changing
from ..dependencies import Dependencies
from ..disconnects import while_connected
from ..parameters import MAX_COUNT, MAX_OFFSET, integer, number, path_image_id
from ..responses import list_response, listed_images, model_response
from .images import find_image

_COPY_SCORE = 0.7


async def list_duplicates(request: Request, key: Key, deps: Dependencies) -> JSONResponse:
    min_score = number(request, "min_score", least=MIN_SCORE, most=1, default=_COPY_SCORE)
    count = integer(request, "count", least=1, most=MAX_COUNT, default=100)
    offset = integer(request, "offset", least=0, most=MAX_OFFSET, default=0)
    groups = deps.duplicates.groups(key.collection_id, min_score, offset, count)
    page = await while_connected(request, groups)
    return await list_response(
        lambda: DuplicateList(
            status=200,
            message="OK",
            collection_id=key.collection_id,
            groups=[
                DuplicateGroup(
                    score=group.score,
                    images=listed_images(group.images),
                    image_count=group.image_count,
                )
                for group in page.groups
            ],
            group_count=page.group_count,
        ),
        sum(len(group.images) for group in page.groups),
    )


async def set_not_duplicates(request: Request, key: Key, deps: Dependencies) -> JSONResponse:
    one, other = await _two_images(request, key, deps)
    try:
        async with changing(deps.pool, key) as connection:
            await store_decision(connection, key.collection_id, one, other)
    except psycopg.errors.ForeignKeyViolation:
        raise image_not_found(other) from None
    return _decision(key, "Not duplicates", one, other)


async def unset_not_duplicates(request: Request, key: Key, deps: Dependencies) -> JSONResponse:
    one, other = await _two_images(request, key, deps)
    async with changing(deps.pool, key) as connection:
        await remove_decision(connection, key.collection_id, one, other)
    return _decision(key, "Taken back", one, other)


async def _two_images(request: Request, key: Key, deps: Dependencies) -> tuple[str, str]:
    """The IDs of the two images in the path; raises `APIError` if they are not two that exist."""
    one = await find_image(key, deps, path_image_id(request))
    other = await find_image(key, deps, path_image_id(request, "other_id"))
    if one == other:
        raise bad_request("An image is always a duplicate of itself: give two images")
    return one.image_id, other.image_id


def _decision(key: Key, message: str, image_id: str, other_id: str) -> JSONResponse:
    return model_response(
        Decision(
            status=200,
            message=message,
            collection_id=key.collection_id,
            image_id=image_id,
            other_id=other_id,
        )
    )
