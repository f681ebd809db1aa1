"""Sessions of the page: a cookie that no script can read stands for a key pair.

Whatever holds for the key pair holds for the session: it ends when the pair is revoked or expires,
and it is read-only and limited in its rate as the pair is.
"""

from urllib.parse import urlsplit

from starlette.requests import Request

from ..errors import forbidden, unauthorized
from ..storage.keys import Key
from ..storage.sessions import Session, find_session
from .dependencies import Dependencies

_SAFE_METHODS = ("GET", "HEAD")


async def session_key(request: Request, deps: Dependencies) -> Key:
    """The key pair of the session of a request to an operation of the contract.

    Raises:
        APIError: 401, if there is no session; 403, if it is an operator's, or another site asks.
    """
    session = await current_session(request, deps)
    if session.key is None:
        raise forbidden("An operator's session manages keys only: sign in by a key pair")
    return session.key


async def current_session(request: Request, deps: Dependencies) -> Session:
    """The session of a request; raises as `session_key` does."""
    if request.method not in _SAFE_METHODS:
        check_origin(request)
    session = await find_current_session(request, deps)
    if session is None:
        raise unauthorized("Nobody is signed in, or not any more")
    return session


async def find_current_session(request: Request, deps: Dependencies) -> Session | None:
    """The session of a request; None if nobody is signed in."""
    token = request.cookies.get(cookie_name(request))
    return None if token is None else await find_session(deps.pool, token)


def has_session(request: Request) -> bool:
    """Whether a request comes with a session, and not with a signature."""
    return "authorization" not in request.headers and cookie_name(request) in request.cookies


def check_origin(request: Request) -> None:
    """Refuse what another site has a browser send; raises `APIError` 403.

    Browsers name the origin of each request that may change something, and let no script set it.
    """
    origin = request.headers.get("origin", "")
    if urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower() or not origin:
        raise forbidden("Only the page of this service may ask for this")


def cookie_name(request: Request) -> str:
    # Browsers send the cookies of one port of a machine to all others, too.
    _, _, port = request.headers.get("host", "").rpartition(":")
    return f"visualsnoop_{port if port.isdecimal() else request.url.scheme}"
