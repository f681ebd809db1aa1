"""The fingerprint processes of a service: started, given pictures in fair turns, and replaced.

Written by hand, as no pool that is kept does all that is needed here: `concurrent.futures` and
loky are broken for good by one process that dies; pebble is so by one that dies idle, and measures
its timeouts by a clock that can be set; none shares turns out fairly or bounds memory together.
"""

import asyncio
import logging
import os
import signal
import time
from collections import deque
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Self

from attrs import frozen

from ..matching.cost_limits import memory_needed
from ..settings import MIB, Settings
from ..turns import FairTurns
from .memory import MemoryBudget
from .messages import Wanted
from .process import CannotStart, FingerprintProcess, ProcessDied, ending

_log = logging.getLogger(__name__)

# For pictures, unless one says otherwise; a photo of 12 megapixels takes about as much.
_PROCESS_MEMORY = 256 * MIB

# What the pictures of a key leave to those of others: enough for a photo of 24 megapixels.
_RESERVE = 640 * MIB

# A new process costs about so many seconds. Work that nobody waits for is let end that long.
_START_SECONDS = 2.0

# The time for a picture is that of a processor, of which on a busy machine it gets a part.
_MOST_STARVED = 4

# Seconds until a process that could not be started is tried again: at first, and at most.
_FIRST_WAIT = 1.0
_LONGEST_WAIT = 30.0

# A picture is tried again if its process has ended, and more often if that had not begun with it.
_TRIES = 2
_MOST_TRIES = 5

# Signals that a process gets for what its own code did. Others come from outside.
_CRASHES = (
    *(signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL),
    *(signal.SIGSYS, signal.SIGTRAP),
)

_UNREADABLE = "unreadable"
_UNAVAILABLE = "unavailable"

Response = Mapping[str, Any]
"""`result` with what `Fingerprinted.to_json` gives, or `error` with a `message`."""


class FingerprintPool:
    """Processes that fingerprint pictures.

    There is one more than one key can use at a time, so that nobody waits for the work of a single
    other one.

    Attributes:
        models: Version and dimensions of the embeddings of each model.
    """

    def __init__(self, settings: Settings) -> None:
        per_key = settings.fingerprint_processes or os.cpu_count() or 1
        self._size = per_key + 1
        self._longest = _MOST_STARVED * settings.decode_time + _START_SECONDS
        self._memory = _memory_budget(settings, per_key)
        self._turns = FairTurns[FingerprintProcess](per_key, settings.queue)
        self._setup = {
            "models": [str(model) for model in settings.models],
            "max_pixels": settings.max_pixels,
            "decode_time": settings.decode_time,
            "decode_memory": self._memory.size,
        }
        self._running: set[FingerprintProcess] = set()
        # Keys whose work has ended a process, and what that has cost: it is as if they still had
        # it until there is another.
        self._owed: deque[tuple[str, float]] = deque()
        self._failure: str | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self.models: Sequence[tuple[int, int]] = ()

    async def __aenter__(self) -> Self:
        """Start the processes; the first of them is ready then.

        Raises:
            CannotStart: If it does not start.
        """
        first = await FingerprintProcess.start(self._setup)
        self.models = first.models
        if first.missing:
            _log.warning(
                "This system has no %s: a decoder that a picture has taken over could do more",
                " and no ".join(first.missing),
            )
        self._start_task(self._keep_running(first))
        for _ in range(self._size - 1):
            self._start_task(self._keep_running())
        return self

    async def __aexit__(self, *error: object) -> None:
        """Stop the processes; what they work on is given up."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start_task(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        def forget(task: asyncio.Task[Any]) -> None:
            self._tasks.discard(task)
            # Perhaps nobody waits any more for what has become of it.
            if not task.cancelled():
                task.exception()

        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(forget)
        return task

    @property
    def is_running(self) -> bool:
        """Whether there is a process."""
        return bool(self._running)

    async def _keep_running(self, process: FingerprintProcess | None = None) -> None:
        """Have one process, started by now or not, and another whenever it has ended."""
        wait = _FIRST_WAIT
        while True:
            try:
                await self._run(process or await FingerprintProcess.start(self._setup))
                wait = _FIRST_WAIT
            except Exception as error:
                _log.error(
                    "A fingerprint process cannot be started: %s; trying again in %.0f seconds",
                    error,
                    wait,
                )
                self._failure = str(error)
                if not self._running:
                    self._turns.refuse(CannotStart(self._failure))
                await asyncio.sleep(wait)
                wait = min(2 * wait, _LONGEST_WAIT)
            process = None

    async def _run(self, process: FingerprintProcess) -> None:
        self._failure = None
        if self._owed:
            self._turns.done(*self._owed.popleft())
        self._running.add(process)
        self._turns.put(process)
        try:
            status = await process.wait()
        finally:
            self._running.discard(process)
            self._turns.discard(process)
            process.kill()
            await process.wait()
        if not process.was_killed:
            _log.warning("A fingerprint process has %s; another one is started", ending(status))

    async def turn(self, key: str) -> "Turn":
        """The turn of a key pair to have a picture read.

        Raises:
            QueueFull: If too many pictures wait.
            CannotStart: If there are no processes.
        """
        if self._failure is not None and not self._running:
            raise CannotStart(self._failure)
        return Turn(self, key, await self._turns.get(key))

    async def _work(
        self, key: str, process: FingerprintProcess, file: bytes, wanted: Wanted
    ) -> Response:
        """Have a process work on a picture, and another one if it dies of it."""
        statuses: list[int] = []
        for number in range(_MOST_TRIES):
            if number > 0:
                process = await self._turns.get(key)
            started = time.monotonic()
            try:
                async with asyncio.timeout(self._longest):
                    return await process.response(file, wanted, self._memory, key)
            except TimeoutError:
                return _error(_UNAVAILABLE, "A picture was not read in time")
            except ProcessDied as death:
                if death.has_begun:
                    statuses.append(death.status)
            finally:
                self._give_back(key, process, time.monotonic() - started)
            if -signal.SIGXCPU in statuses:
                return _error(_UNREADABLE, "The image file takes too long to read: save it anew")
            if len(statuses) == _TRIES:
                break
        if len(statuses) == _TRIES and all(-status in _CRASHES for status in statuses):
            return _error(
                _UNREADABLE, "The image file cannot be read, as its decoder fails: save it anew"
            )
        return _error(_UNAVAILABLE, "The processes that read pictures have ended")

    def _give_back(self, key: str, process: FingerprintProcess, seconds: float = 0) -> None:
        if process.is_running:
            self._turns.done(key, seconds)
            self._turns.put(process)
        else:
            self._owed.append((key, seconds + _START_SECONDS))


@frozen
class Turn:
    """The turn of a key pair: it has a process, until it gives that up or has used it once."""

    _pool: FingerprintPool
    _key: str
    _process: FingerprintProcess

    def give_up(self) -> None:
        """Let the next one have the process."""
        self._pool._give_back(self._key, self._process)

    async def response(self, file: bytes, wanted: Wanted) -> Response:
        """What the process has to say of an image file.

        If this is cancelled, as nobody waits for it any more, the work is ended once it has taken
        longer than a new process takes to start.

        Args:
            file: The image file.
            wanted: What is wanted of it.

        Raises:
            QueueFull, CannotStart: If the process died, and there is no other.
        """
        started = time.monotonic()
        work = self._pool._start_task(self._pool._work(self._key, self._process, file, wanted))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            left = max(0, started + _START_SECONDS - time.monotonic())
            asyncio.get_running_loop().call_later(left, work.cancel)
            raise


def _memory_budget(settings: Settings, processes: int) -> MemoryBudget:
    most = memory_needed(settings.max_pixels)
    reserve = min(_RESERVE, most)
    if settings.decode_memory is not None:
        return MemoryBudget(settings.decode_memory, min(reserve, settings.decode_memory // 4))
    return MemoryBudget(max(processes * _PROCESS_MEMORY, most + reserve), reserve)


def _error(kind: str, message: str) -> Response:
    return {"error": kind, "message": message}
