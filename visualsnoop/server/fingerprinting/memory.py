"""Memory that is shared by processes, and asked for before it is used."""

import asyncio
from collections import Counter, deque

from attrs import frozen


@frozen(eq=False)
class _Waiting:
    """A key that waits for memory."""

    key: str
    size: int
    turn: "asyncio.Future[None]"


class MemoryBudget:
    """So many bytes, given out to keys that ask for them, first come first served.

    Of a key that has some, and would leave others less than the reserve, only those behind it pass
    by: so the large pictures of one key, however many, keep nobody else's waiting.

    Args:
        size: How many there are in all.
        reserve: How many of them a key leaves to others, unless what it asks for is all it has.

    Attributes:
        size: How many there are in all.
    """

    def __init__(self, size: int, reserve: int = 0) -> None:
        self.size = size
        self._reserve = reserve
        self._free = size
        self._held: Counter[str] = Counter()
        self._waiting: deque[_Waiting] = deque()

    async def acquire(self, key: str, size: int) -> bool:
        """Wait until there are so many bytes; false, at once, if there never will be."""
        if size > self.size:
            return False
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(key, size, turn))
        self._give()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self.release(key, size)
            else:
                self._give()
            raise
        return True

    def release(self, key: str, size: int) -> None:
        """Give bytes back."""
        self._free += size
        self._held[key] -= size
        if not self._held[key]:
            del self._held[key]
        self._give()

    def _give(self) -> None:
        for one in list(self._waiting):
            if one.turn.cancelled():
                self._waiting.remove(one)
            elif self._may_have(one):
                if one.size > self._free:
                    # Nobody passes it by, or it might wait for ever.
                    return
                self._waiting.remove(one)
                self._free -= one.size
                self._held[one.key] += one.size
                one.turn.set_result(None)

    def _may_have(self, one: _Waiting) -> bool:
        held = self._held[one.key]
        return not held or held + one.size <= self.size - self._reserve
