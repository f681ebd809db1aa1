"""Making fingerprints in processes of their own, so that no picture can harm the service."""

import asyncio
import io
import multiprocessing
import os
import resource
from collections.abc import Sequence
from concurrent.futures import TimeoutError as TookTooLong
from functools import cache
from pathlib import Path

from pebble import ProcessExpired, ProcessPool

from .decode import ImageTooLarge, UnreadableImage, decode
from .fingerprint import Fingerprint, Fingerprinter
from .problems import bad_request, too_large, unreadable_image
from .settings import Settings

_MEMORY = 2**30  # bytes a worker may use for what does not grow with the picture


class FingerprintPool:
    """Processes that decode pictures and make their fingerprints.

    A picture that takes too long or brings its process down is refused. The process is replaced,
    and other pictures do not notice.
    """

    def __init__(self, settings: Settings) -> None:
        self._max_pixels = settings.max_pixels
        self._decode_time = settings.decode_time
        # New images get the fingerprint of the first model; queries those of all.
        self._models = settings.models
        self._pool = ProcessPool(
            max_workers=settings.workers or os.cpu_count() or 1,
            context=multiprocessing.get_context("spawn"),
            initializer=_load,
            initargs=[self._models, self._max_pixels],
        )

    async def fingerprint(self, file: bytes) -> Fingerprint:
        """The fingerprint by which to store an image file.

        Raises:
            Problem: 400, 413 or 415, if it is empty, too large or cannot be read.
        """
        (fingerprint,) = await self._run(file, self._models[:1])
        return fingerprint

    async def queries(self, file: bytes) -> list[Fingerprint]:
        """The fingerprints by which to search for copies of an image file, one for each model.

        Raises:
            Problem: As `fingerprint` does.
        """
        return await self._run(file, self._models)

    async def _run(self, file: bytes, models: Sequence[Path]) -> list[Fingerprint]:
        if not file:
            raise bad_request("The body is empty: send the bytes of an image file")
        future = self._pool.schedule(
            _fingerprints, [file, self._max_pixels, models], timeout=self._decode_time
        )
        try:
            made: list[Fingerprint] = await asyncio.wrap_future(future)
            return made
        except UnreadableImage as error:
            raise unreadable_image(str(error)) from None
        except ImageTooLarge as error:
            raise too_large(str(error)) from None
        except (TookTooLong, ProcessExpired):
            raise unreadable_image(
                "The image file takes too long or too much memory to read: save it anew"
            ) from None

    def close(self) -> None:
        """Stop the processes; what they work on is given up."""
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()


def _load(models: Sequence[Path], max_pixels: int) -> None:
    for model in models:
        _fingerprinter(model)
    # Decoders write there what they think of damaged files, which anybody can send.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    _bound_memory(max_pixels)


def _bound_memory(max_pixels: int) -> None:
    # A picture that needs more is refused before the system has to end a process of its choice.
    # Decoders need up to 16 bytes a pixel.
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    most = used + _MEMORY + 20 * max_pixels
    _, allowed = resource.getrlimit(resource.RLIMIT_DATA)
    if allowed == resource.RLIM_INFINITY or allowed > most:
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


@cache
def _fingerprinter(model: Path) -> Fingerprinter:
    """A model of this worker process, loaded once."""
    return Fingerprinter(model)


def _fingerprints(file: bytes, max_pixels: int, models: Sequence[Path]) -> list[Fingerprint]:
    picture = decode(io.BytesIO(file), max_pixels=max_pixels)
    return [_fingerprinter(model).fingerprint(picture) for model in models]
