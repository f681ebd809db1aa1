"""Fair turns of key pairs at the database, for what each request looks up there.

The requests of one key pair, however many come at once, wait for each other, and those of others
pass them by. Who has sent a request is known only when it has been looked up, so until then what
counts is who it says to be from: if somebody who has proved to be that has come before. All others
share one place in the queue, so that nobody gains by saying something else each time.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256

from starlette.requests import Request

from ..errors import unavailable
from ..turns import FairTurns, QueueFull

_MOST_WAITING = 1000
_MOST_KNOWN = 10_000
_UNKNOWN = ""


class RequestTurns:
    """Turns at looking something up in the database.

    Args:
        connections: How many requests do that at a time; those of a key pair get half of them.
    """

    def __init__(self, connections: int) -> None:
        self._turns = FairTurns[int](max(1, connections // 2), _MOST_WAITING)
        for number in range(connections):
            self._turns.put(number)
        # The public key of each claim, in the order in which they have come last.
        self._known: dict[bytes, str] = {}

    @asynccontextmanager
    async def turn(self, request: Request) -> AsyncIterator[None]:
        """Wait until it is the turn of a request.

        Raises:
            APIError: 503, if too many wait, of which most are from the same key pair.
        """
        name = self._known.get(_claim(request), _UNKNOWN)
        try:
            async with self._turns.turn(name):
                yield
        except QueueFull:
            raise unavailable("Too many requests are waiting", 1) from None

    def remember(self, request: Request, public_key: str) -> None:
        """Note that a request has proved to be from a key pair."""
        claim = _claim(request)
        self._known.pop(claim, None)
        self._known[claim] = public_key
        if len(self._known) > _MOST_KNOWN:
            del self._known[next(iter(self._known))]


def _claim(request: Request) -> bytes:
    """A digest of whom a request says to be from: the public key, or the cookies of a session."""
    _, _, credentials = request.headers.get("authorization", "").partition(" ")
    said = credentials.strip().partition(":")[0] or request.headers.get("cookie", "")
    return sha256(said.encode()).digest()
