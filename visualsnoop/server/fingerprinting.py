"""Making fingerprints in processes of their own, so that no picture can harm the service."""

import asyncio
import io
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import TimeoutError as TookTooLong
from functools import cache
from pathlib import Path

from pebble import ProcessExpired, ProcessPool

from .decode import ImageTooLarge, UnreadableImage, decode
from .fingerprint import Fingerprint, Fingerprinter
from .problems import bad_request, too_large, unreadable_image
from .settings import Settings


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
            initargs=[self._models],
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


def _load(models: Sequence[Path]) -> None:
    for model in models:
        _fingerprinter(model)


@cache
def _fingerprinter(model: Path) -> Fingerprinter:
    """A model of this worker process, loaded once."""
    return Fingerprinter(model)


def _fingerprints(file: bytes, max_pixels: int, models: Sequence[Path]) -> list[Fingerprint]:
    picture = decode(io.BytesIO(file), max_pixels=max_pixels)
    return [_fingerprinter(model).fingerprint(picture) for model in models]
