"""Making fingerprints in processes of their own, so that no picture can harm the service."""

import asyncio
import io
import multiprocessing
import os
import resource
import time
from collections.abc import Sequence
from concurrent.futures import TimeoutError as TookTooLong
from functools import cache
from pathlib import Path

from attrs import frozen
from pebble import ProcessExpired, ProcessPool

from .matching.decode import UnreadableImage, decode
from .matching.fingerprint import Fingerprint, Fingerprinter
from .settings import Settings

_MEMORY = 2**30  # bytes a worker may use for what does not grow with the picture


@frozen
class Made:
    """The fingerprints of a picture, one for each model, and how long they took."""

    fingerprints: Sequence[Fingerprint]
    decode_seconds: float
    embed_seconds: float


class FingerprintPool:
    """Processes that decode pictures and make their fingerprints.

    A picture that takes too long or brings its process down is refused. The process is replaced,
    and other pictures do not notice.
    """

    def __init__(self, settings: Settings) -> None:
        self.size = settings.fingerprint_processes or os.cpu_count() or 1
        self._max_pixels = settings.max_pixels
        self._decode_time = settings.decode_time
        self._pool = ProcessPool(
            max_workers=self.size,
            context=multiprocessing.get_context("spawn"),
            initializer=_load,
            initargs=[settings.models, settings.max_pixels],
        )
        # Asked this, it starts its processes now, and not when the first picture comes.
        self.is_alive()

    async def make(self, file: bytes, models: Sequence[Path]) -> Made:
        """The fingerprints of an image file by some of the models of the service.

        Raises:
            UnreadableImage: If it cannot be read.
            ImageTooLarge: If it has too many pixels.
        """
        future = self._pool.schedule(
            _make, [file, self._max_pixels, models], timeout=self._decode_time
        )
        try:
            made: Made = await asyncio.wrap_future(future)
            return made
        except (TookTooLong, ProcessExpired):
            raise UnreadableImage(
                "The image file takes too long or too much memory to read: save it anew"
            ) from None

    def is_alive(self) -> bool:
        """Whether processes can be had."""
        return bool(self._pool.active)

    def close(self) -> None:
        """Stop the processes; what they work on is given up."""
        # Pebble declares no types here.
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


def _make(file: bytes, max_pixels: int, models: Sequence[Path]) -> Made:
    started = time.perf_counter()
    picture = decode(io.BytesIO(file), max_pixels=max_pixels)
    decoded = time.perf_counter()
    fingerprints = [_fingerprinter(model).fingerprint(picture) for model in models]
    return Made(fingerprints, decoded - started, time.perf_counter() - decoded)
