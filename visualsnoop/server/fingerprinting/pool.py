"""Processes that fingerprint pictures, so that no picture can harm the service."""

import asyncio
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import TimeoutError as TookTooLong
from pathlib import Path

from pebble import ProcessExpired, ProcessPool

from ..matching.errors import UnreadableImage
from ..settings import Settings
from .messages import Fingerprinted
from .process import fingerprint_file, load


class FingerprintPool:
    """Processes that decode pictures and compute their fingerprints.

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
            initializer=load,
            initargs=[settings.models, settings.max_pixels],
        )
        # Asked this, it starts its processes now, and not when the first picture comes.
        self.is_alive()

    async def fingerprint(self, file: bytes, models: Sequence[Path]) -> Fingerprinted:
        """The fingerprints of an image file by some of the models of the service.

        Raises:
            UnreadableImage: If it cannot be read.
            ImageTooLarge: If it has too many pixels.
        """
        future = self._pool.schedule(
            fingerprint_file, [file, self._max_pixels, models], timeout=self._decode_time
        )
        try:
            fingerprinted: Fingerprinted = await asyncio.wrap_future(future)
            return fingerprinted
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
