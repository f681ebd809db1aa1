"""Authentication: the key pair that has signed a request."""

import hmac
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from starlette.requests import Request

from visualsnoop._dates import http_date
from visualsnoop.auth import SCHEME, signature

from ..errors import invalid_key, unauthorized
from ..storage.keys import Key
from ..vault import CannotOpen, Vault

_log = logging.getLogger(__name__)


async def authenticate(
    request: Request,
    find_key: Callable[[str], Awaitable[Key | None]],
    vault: Vault,
    window: timedelta,
) -> Key:
    """The key that has signed a request.

    A public key that is not known, or not valid any more, and a wrong signature get the same answer
    after the same work, so that nobody can find out which public keys exist. Nothing is remembered
    from one request to the next, so that a key that is revoked is refused at once.

    Args:
        request: The request, of which the method, the path as it was sent, and the headers count.
        find_key: Gives the key pair of a public key; None if there is none that is valid.
        vault: What opens the secret key of the pair.
        window: How far the date of the request may be from now, either way.

    Raises:
        APIError: 401, if it is not signed, not by a known key, or not at about this time.
    """
    public_key, given = _credentials(request.headers.get("authorization", ""))
    date = request.headers.get("date", "")
    _check_date(date, window)
    key = await find_key(public_key)
    path = request.scope["raw_path"].decode("latin-1")
    secret_key = secret_key_of(vault, public_key, key)
    wanted = signature(secret_key, request.method, path, date)
    is_right = hmac.compare_digest(wanted.encode(), given.encode())
    if key is None or not is_right:
        raise invalid_key()
    return key


def secret_key_of(vault: Vault, public_key: str, key: Key | None) -> str:
    """The secret key; where there is none, one that nobody knows, after the same work."""
    if key is None:
        return vault.open_decoy()
    try:
        return vault.open(public_key, key.sealed_secret)
    except CannotOpen as error:
        _log.error("Requests with a key pair are refused. %s", error)
        return vault.open_decoy()


def _credentials(authorization: str) -> tuple[str, str]:
    scheme, _, credentials = authorization.partition(" ")
    public_key, colon, given = credentials.strip().partition(":")
    if scheme.lower() != SCHEME.lower() or not colon:
        raise unauthorized(
            f"Sign the request: 'Authorization: {SCHEME} <public key>:<signature>' is missing"
        )
    return public_key, given


def _check_date(date: str, window: timedelta) -> None:
    if not date:
        raise unauthorized("The Date header is missing; it is part of what is signed")
    sent = http_date(date)
    if sent is None:
        raise unauthorized("The Date header is not a date as RFC 1123 has it")
    difference = abs(datetime.now(UTC) - sent)
    if difference > window:
        raise unauthorized(
            f"The Date header is {difference.total_seconds():.0f} seconds from the clock of the "
            f"server, more than {window.total_seconds():.0f}: set the clock"
        )
