"""Which operation answers which request, and who may make it."""

from collections.abc import Awaitable, Callable

from attrs import frozen
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from ..errors import read_only, too_many_requests
from ..metrics import note_connections
from ..storage.images import Key
from .authentication import authenticate
from .operations import Operations
from .rate_limit import Rates
from .request_log import Observed

BASE_PATH = "/api/v1"

_Run = Callable[[Operations, Request, Key], Awaitable[JSONResponse]]


@frozen
class _Operation:
    """An operation of the contract.

    Attributes:
        run: What it does.
        changes: Whether it changes the collection, which a read-only key pair must not.
    """

    run: _Run
    changes: bool

    @property
    def name(self) -> str:
        """What it is called in the log and the metrics."""
        return self.run.__name__


def _reads(run: _Run) -> _Operation:
    return _Operation(run, changes=False)


def _changes(run: _Run) -> _Operation:
    return _Operation(run, changes=True)


_PATHS: dict[str, dict[str, _Operation]] = {
    "/collection": {"GET": _reads(Operations.get_collection)},
    "/image": {"POST": _changes(Operations.add_image)},
    "/image/{image_id}": {
        "POST": _changes(Operations.add_image_with_id),
        "PUT": _changes(Operations.add_or_replace_image),
        "GET": _reads(Operations.get_image),
        "DELETE": _changes(Operations.delete_image),
    },
    "/images": {"GET": _reads(Operations.list_images)},
    "/search/{image_id}": {"GET": _reads(Operations.search_images_by_id)},
    "/search": {"POST": _reads(Operations.search_images)},
    "/compare/{image_id}": {"POST": _reads(Operations.compare_image)},
    "/compare/{image_id}/{other_id}": {"GET": _reads(Operations.compare_images_by_id)},
    "/duplicates": {"GET": _reads(Operations.list_duplicates)},
    "/not-duplicates/{image_id}/{other_id}": {
        "PUT": _changes(Operations.set_not_duplicates),
        "DELETE": _changes(Operations.unset_not_duplicates),
    },
}


def routes() -> list[Route]:
    """The routes of all operations of the contract."""
    return [_route(path, by_method) for path, by_method in _PATHS.items()]


def _route(path: str, by_method: dict[str, _Operation]) -> Route:
    async def endpoint(request: Request) -> JSONResponse:
        operations: Operations = request.app.state.operations
        # HEAD, which comes with GET, is answered by the same operation.
        operation = by_method.get(request.method) or by_method["GET"]
        settings = operations.settings
        observed: Observed = request.scope["observed"]
        observed.operation = operation.name
        key = await authenticate(
            request, operations.store.find_key, settings.vault, settings.date_window
        )
        observed.public_key = key.public_key
        rates: Rates | None = request.app.state.rates
        if rates and (wait := rates.take(key.public_key)):
            raise too_many_requests(wait)
        if key.is_read_only and operation.changes:
            raise read_only()
        try:
            return await operation.run(operations, request, key)
        finally:
            note_connections(request.app.state.pool.get_stats())

    return Route(BASE_PATH + path, endpoint, methods=list(by_method))
