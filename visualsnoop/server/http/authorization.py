"""Authorization: may this request be made, and by whom?"""

from functools import partial

from starlette.requests import Request

from ..errors import read_only_key, too_many_requests
from ..storage.keys import Key, find_key
from .authentication import authenticate
from .dependencies import Dependencies
from .request_log import RequestRecord
from .sessions import has_session, session_key


async def authorized_key(request: Request, deps: Dependencies, *, changes: bool) -> Key:
    """The key pair that has signed a request, or whose session it has, and that may make it.

    Args:
        request: The request.
        deps: What the routes work with.
        changes: Whether the request changes the collection, which a read-only key pair must not.

    Raises:
        APIError: 401, 403 or 429, if it must not be made, or not now.
    """
    if has_session(request):
        key = await session_key(request, deps)
    else:
        key = await authenticate(
            request,
            partial(find_key, deps.pool),
            deps.settings.vault,
            deps.settings.date_window,
        )
    record: RequestRecord = request.scope["request_record"]
    record.public_key = key.public_key
    if deps.rate_limiter and (wait := deps.rate_limiter.take(key.public_key)):
        raise too_many_requests(wait)
    if key.is_read_only and changes:
        raise read_only_key()
    return key
