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
    """

    handler: _Handler
    changes: bool


def _reads(handler: _Handler) -> _Operation:
    return _Operation(handler, changes=False)


def _changes(handler: _Handler) -> _Operation:
    return _Operation(handler, changes=True)


_PATHS: dict[str, dict[str, _Operation]] = {
    "/collection": {"GET": _reads(collection.get_collection)},
    "/image": {"POST": _changes(images.add_image)},
    "/image/{image_id}": {
        "POST": _changes(images.add_image_with_id),
        "PUT": _changes(images.add_or_replace_image),
        "GET": _reads(images.get_image),
        "DELETE": _changes(images.delete_image),
    },
    "/image/{image_id}/thumbnail": {"GET": _reads(images.get_thumbnail)},
    "/images": {"GET": _reads(images.list_images)},
    "/search/{image_id}": {"GET": _reads(search.search_images_by_id)},
    "/search": {"POST": _reads(search.search_images)},
    "/compare/{image_id}": {"POST": _reads(search.compare_image)},
    "/compare/{image_id}/{other_id}": {"GET": _reads(search.compare_images_by_id)},
    "/duplicates": {"GET": _reads(duplicates.list_duplicates)},
    "/not-duplicates/{image_id}/{other_id}": {
        "PUT": _changes(duplicates.set_not_duplicates),
        "DELETE": _changes(duplicates.unset_not_duplicates),
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
        key = await authorized_key(request, deps, changes=operation.changes)
        try:
            return await operation.handler(request, key, deps)
        finally:
            update_pool_metrics(deps.pool.get_stats())

    return Route(BASE_PATH + path, endpoint, methods=list(by_method))
