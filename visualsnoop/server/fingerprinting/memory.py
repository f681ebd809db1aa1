"""Memory that is shared by processes, and asked for before it is used."""

import asyncio
from collections import deque


class MemoryBudget:
    """So many bytes, given out to those who ask for them, first come first served.

    Attributes:
        size: How many there are in all.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._free = size
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def acquire(self, size: int) -> bool:
        """Wait until there are so many bytes; false, at once, if there never will be."""
        if size > self.size:
            return False
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        self._give()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self.release(size)
            else:
                self._give()
            raise
        return True

    def release(self, size: int) -> None:
        """Give bytes back."""
        self._free += size
        self._give()

    def _give(self) -> None:
        while self._waiting:
            size, turn = self._waiting[0]
            if turn.cancelled():
                self._waiting.popleft()
                continue
            if size > self._free:
                return
            self._waiting.popleft()
            self._free -= size
            turn.set_result(None)
