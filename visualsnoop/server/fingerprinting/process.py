"""A fingerprint process as its pool sees it."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from .memory import MemoryBudget
from .messages import Wanted, receive, send

_START_TIME = 60.0  # seconds
_NICE = 5  # what answers requests, and the database, have processors first

# Variables that a process needs in order to run Python at all, or that say where it is.
_ENVIRONMENT = (
    *("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH"),
    *("PYTHONHOME", "PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"),
)
# One thread each: there are as many processes as are wanted.
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
# Up to so much free memory is kept for the next picture: to give it back to the system and to get
# it again, page by page, takes a tenth of the time of a fingerprint (glibc).
_KEPT_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(32 << 20), "MALLOC_MMAP_THRESHOLD_": str(16 << 20)}


class ProcessDied(Exception):
    """A process has ended before it had an answer.

    Attributes:
        status: Its exit status, or the negative number of the signal that ended it.
        has_begun: Whether it had begun to work.
    """

    def __init__(self, status: int, has_begun: bool) -> None:
        super().__init__(ending(status))
        self.status = status
        self.has_begun = has_begun


class CannotStart(Exception):
    """A process could not be started, or could not use a model; says why."""


class FingerprintProcess:
    """A process that fingerprints one picture at a time.

    Attributes:
        models: Version and dimensions of the embeddings of each model.
        missing: What the system has not by which it would have given up rights.
        is_at_work: Whether it has begun with a picture.
        was_killed: Whether `kill` has ended it.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._requests = process.stdin
        self._responses = process.stdout
        self.is_at_work: bool = False
        self.was_killed: bool = False
        self.models: Sequence[tuple[int, int]] = ()
        self.missing: Sequence[str] = ()

    @classmethod
    async def start(cls, setup: Mapping[str, Any]) -> "FingerprintProcess":
        """Start a process; it is ready for pictures then.

        Args:
            setup: What it is set up with.

        Raises:
            CannotStart: If it does not start.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                # Nothing is imported from where it happens to be started.
                "-P",
                "-m",
                "visualsnoop.server.fingerprinting.process_main",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=_environment(),
                cwd="/",
                # A terminal's Ctrl-C is for the main process, which ends the others.
                start_new_session=True,
            )
        except OSError as error:
            raise CannotStart(str(error)) from error
        # From the beginning, for to start takes seconds of a processor.
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, os.getpriority(os.PRIO_PROCESS, 0) + _NICE)
        started = cls(process)
        try:
            async with asyncio.timeout(_START_TIME):
                await started._set_up(setup)
        except TimeoutError:
            raise CannotStart(f"it was not ready within {_START_TIME:.0f} seconds") from None
        finally:
            if not started.models:
                started.kill()
                await started.wait()
        return started

    async def _set_up(self, setup: Mapping[str, Any]) -> None:
        try:
            await send(self._requests, setup)
            hello = (await receive(self._responses)).head
        except (OSError, EOFError, ValueError):
            self.kill()
            raise CannotStart(f"it has {ending(await self._process.wait())}") from None
        if "error" in hello:
            raise CannotStart(hello["error"])
        self.models = [(version, dimensions) for version, dimensions in hello["models"]]
        self.missing = hello["missing"]

    @property
    def is_running(self) -> bool:
        return self._process.returncode is None and not self.was_killed

    async def wait(self) -> int:
        """The exit status, or the negative number of a signal, once it has ended."""
        return await self._process.wait()

    def kill(self) -> None:
        """End it, whatever it is doing."""
        if self.is_running:
            self.was_killed = True
            self._process.kill()

    async def response(
        self, file: bytes, wanted: Wanted, memory: MemoryBudget, key: str
    ) -> Mapping[str, Any]:
        """What it has to say of an image file: see `process_main`.

        If this is cancelled, the process is killed.

        Args:
            file: The image file.
            wanted: What is wanted of it.
            memory: Where memory for the picture is had from.
            key: Who gets it.

        Raises:
            ProcessDied: If it ended.
        """
        granted = 0
        try:
            await send(self._requests, wanted.to_json(), file)
            self.is_at_work = "begun" in (await receive(self._responses)).head
            while "memory" in (message := await receive(self._responses)).head:
                memory.release(key, granted)
                granted = 0
                needed = int(message.head["memory"])
                is_granted = await memory.acquire(key, needed)
                granted = needed if is_granted else 0
                await send(self._requests, {"granted": is_granted})
            return message.head
        except (OSError, EOFError):
            raise ProcessDied(await self._process.wait(), self.is_at_work) from None
        except ValueError:
            # It sends nonsense.
            self.kill()
            raise ProcessDied(await self._process.wait(), self.is_at_work) from None
        except BaseException:
            # It is busy with something that nobody waits for.
            self.kill()
            raise
        finally:
            self.is_at_work = False
            memory.release(key, granted)


def ending(status: int) -> str:
    """An exit status, as a sentence goes on after "it has"."""
    if status >= 0:
        return f"ended with status {status}"
    return f"been ended by {signal.Signals(-status).name}"


def _environment() -> dict[str, str]:
    """The environment without the settings of the service, its master key and its passwords."""
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    # What this process can import, that one can as well.
    paths = os.pathsep.join(filter(None, sys.path))
    return {**kept, **_ONE_THREAD, **_KEPT_MEMORY, "PYTHONPATH": paths}
