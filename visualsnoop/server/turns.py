"""Fair turns at what is scarce: nobody gets more of it than others who want it.

Source: P. Goyal, H. Vin, H. Cheng, "Start-time Fair Queuing" (1996). Each key has a clock, which
runs on by what its work has cost, and of those that wait the one whose clock is behind comes first.
The clock of a key that did not want anything is set to where the others are: nothing is saved up.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Generic, TypeVar

from attrs import define, field

_T = TypeVar("_T")


class QueueFull(Exception):
    """Too many wait for their turn."""


@define(eq=False)
class _Key(Generic[_T]):
    """A key that wants things.

    Attributes:
        clock: By what it has cost, and since when it has wanted them.
        waiting: Those who wait for one, first come first served.
        held: How many it has.
    """

    clock: float
    waiting: "deque[asyncio.Future[_T]]" = field(factory=deque)
    held: int = 0

    @property
    def is_idle(self) -> bool:
        return not self.waiting and not self.held


class FairTurns(Generic[_T]):
    """Gives things out to keys in fair turns.

    Args:
        per_key: How many of the things one key can have at a time.
        queue: How many can wait. If more do, the key of which most wait has to give up the last.
    """

    def __init__(self, per_key: int, queue: int) -> None:
        self._per_key = per_key
        self._queue = queue
        self._free: deque[_T] = deque()
        self._keys: dict[str, _Key[_T]] = {}
        self._clock = 0.0

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[_T]:
        """Have a thing for a key for the time being, which is what that costs; raises as `get`."""
        thing = await self.get(name)
        started = time.monotonic()
        try:
            yield thing
        finally:
            self.done(name, time.monotonic() - started)
            self.put(thing)

    def put(self, thing: _T) -> None:
        """Give a thing, new or given back, to whose turn it is."""
        self._free.append(thing)
        self._give()

    def discard(self, thing: _T) -> None:
        """Take away a thing that nobody has."""
        with suppress(ValueError):
            self._free.remove(thing)

    async def get(self, name: str) -> _T:
        """A thing for a key, when it is its turn: to be given back by `done`, and `put` again.

        Raises:
            QueueFull: If too many wait already, or others have come for keys of which fewer do.
        """
        key = self._keys.setdefault(name, _Key(self._clock))
        if key.is_idle:
            key.clock = max(key.clock, self._clock)
        turn: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
        key.waiting.append(turn)
        self._give()
        if sum(len(each.waiting) for each in self._keys.values()) > self._queue:
            greediest = max(self._keys.values(), key=lambda each: (len(each.waiting), each is key))
            last = greediest.waiting.pop()
            if not last.cancelled():
                last.set_exception(QueueFull())
        try:
            return await turn
        except asyncio.CancelledError:
            if turn in key.waiting:
                key.waiting.remove(turn)
            elif not turn.cancelled() and turn.exception() is None:
                # It was given at the moment when nobody wanted it any more.
                self.done(name)
                self.put(turn.result())
            raise

    def done(self, name: str, cost: float = 0) -> None:
        """Note that a key has given up a thing, and what its work has cost."""
        key = self._keys[name]
        key.held -= 1
        key.clock += cost
        for other, state in list(self._keys.items()):
            if state.is_idle and state.clock <= self._clock:
                del self._keys[other]

    def refuse(self, error: Exception) -> None:
        """Raise an error for all who wait."""
        for key in self._keys.values():
            while key.waiting:
                turn = key.waiting.popleft()
                if not turn.cancelled():
                    turn.set_exception(error)

    def _give(self) -> None:
        while self._free:
            wanting = [
                key for key in self._keys.values() if key.waiting and key.held < self._per_key
            ]
            if not wanting:
                return
            key = min(wanting, key=lambda each: each.clock)
            turn = key.waiting.popleft()
            if turn.cancelled():
                continue
            self._clock = max(self._clock, key.clock)
            key.held += 1
            turn.set_result(self._free.popleft())
