"""Making fingerprints in processes of their own, so that no picture can harm the service."""

import asyncio
import io
import multiprocessing
import os
from concurrent.futures import TimeoutError as TookTooLong
from functools import cache

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
        self._pool = ProcessPool(
            max_workers=settings.workers or os.cpu_count() or 1,
            context=multiprocessing.get_context("spawn"),
            initializer=_fingerprinter,
        )

    async def fingerprint(self, file: bytes) -> Fingerprint:
        """The fingerprint of an image file.

        Raises:
            Problem: 400, 413 or 415, if it is empty, too large or cannot be read.
        """
        if not file:
            raise bad_request("The body is empty: send the bytes of an image file")
        future = self._pool.schedule(
            _fingerprint, [file, self._max_pixels], timeout=self._decode_time
        )
        try:
            made: Fingerprint = await asyncio.wrap_future(future)
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


@cache
def _fingerprinter() -> Fingerprinter:
    """The model of this worker process, loaded once."""
    return Fingerprinter()


def _fingerprint(file: bytes, max_pixels: int) -> Fingerprint:
    return _fingerprinter().fingerprint(decode(io.BytesIO(file), max_pixels=max_pixels))
