"""Which operation answers which request, and who may make it."""

from collections.abc import Awaitable, Callable

from attrs import frozen
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..metrics import update_pool_metrics
from ..storage.keys import Key
from .authorization import authorized_key
from .dependencies import Dependencies, dependencies
from .operations import collection, duplicates, images, search
from .request_log import RequestRecord

BASE_PATH = "/api/v1"

_Handler = Callable[[Request, Key, Dependencies], Awaitable[Response]]


@frozen
class _Operation:
    """An operation of the contract.

    Attributes:
        handler: The function that answers it; its name is that in the log and the metrics.
        changes: Whether it changes the collection, which a read-only key pair must not.
        is_quick: Whether it does little but to ask the database. Others take turns at what is
            scarce for them, be it memory, processes or connections.
    """

    handler: _Handler
    changes: bool
    is_quick: bool


def _reads(handler: _Handler, *, is_quick: bool = False) -> _Operation:
    return _Operation(handler, False, is_quick)


def _changes(handler: _Handler, *, is_quick: bool = False) -> _Operation:
    return _Operation(handler, True, is_quick)


_PATHS: dict[str, dict[str, _Operation]] = {
    "/collection": {"GET": _reads(collection.get_collection, is_quick=True)},
    "/image": {"POST": _changes(images.add_image)},
    "/image/{image_id}": {
        "POST": _changes(images.add_image_with_id),
        "PUT": _changes(images.add_or_replace_image),
        "GET": _reads(images.get_image, is_quick=True),
        "DELETE": _changes(images.delete_image, is_quick=True),
    },
    "/image/{image_id}/thumbnail": {"GET": _reads(images.get_thumbnail, is_quick=True)},
    "/images": {"GET": _reads(images.list_images, is_quick=True)},
    "/search/{image_id}": {"GET": _reads(search.search_images_by_id)},
    "/search": {"POST": _reads(search.search_images)},
    "/compare/{image_id}": {"POST": _reads(search.compare_image)},
    "/compare/{image_id}/{other_id}": {"GET": _reads(search.compare_images_by_id)},
    "/duplicates": {"GET": _reads(duplicates.list_duplicates)},
    "/not-duplicates/{image_id}/{other_id}": {
        "PUT": _changes(duplicates.set_not_duplicates, is_quick=True),
        "DELETE": _changes(duplicates.unset_not_duplicates, is_quick=True),
    },
}


def routes() -> list[Route]:
    """The routes of all operations of the contract."""
    return [_route(path, by_method) for path, by_method in _PATHS.items()]


def _route(path: str, by_method: dict[str, _Operation]) -> Route:
    async def endpoint(request: Request) -> Response:
        # HEAD, which comes with GET, is answered by the same operation.
        operation = by_method.get(request.method) or by_method["GET"]
        record: RequestRecord = request.scope["request_record"]
        record.operation = operation.handler.__name__
        deps = dependencies(request)
        try:
            async with deps.request_turns.turn(request):
                key = await authorized_key(request, deps, changes=operation.changes)
                deps.request_turns.remember(request, key.public_key)
                if operation.is_quick:
                    return await operation.handler(request, key, deps)
            return await operation.handler(request, key, deps)
        finally:
            update_pool_metrics(deps.pool.get_stats())

    return Route(BASE_PATH + path, endpoint, methods=list(by_method))
