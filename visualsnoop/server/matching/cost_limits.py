"""What a picture may cost, by its size, which is checked and announced before it is decoded.

A small file can hold a picture that is large, or costly, or larger than it says. So whatever
decodes calls `check_size` first, with the size that the file claims. A process that reads pictures
of everybody listens, and gives itself as much memory and time as a picture of that size needs, by
`memory_needed` and `seconds_needed`: a file that claims less than it has runs out of them.
"""

import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from .errors import ImageTooLarge, UnreadableImage

# The decoders of JPEG XL take most: 16 bytes for each pixel, and 0.3 seconds for a million of them
# without loss (measured on one core of an EPYC). Slower machines get three times as long.
_MEMORY = 96 * 1024 * 1024  # bytes, for what does not grow with the picture
_MEMORY_OF_PIXEL = 20  # bytes
_SECONDS = 2.0
_SECONDS_OF_MEGAPIXEL = 1.0

# Each scan of a JPEG goes through the whole picture, which takes 0.7 ms for a million pixels even
# if the scan has no data. Encoders write up to a dozen scans.
_MOST_SCANS = 20  # of a picture of 100 million pixels, and more of a smaller one
_MOST_SCANNED = _MOST_SCANS * 100_000_000  # pixels
_MOST_SEGMENTS = 20_000

_listener: ContextVar[Callable[[int], None] | None] = ContextVar("listener", default=None)


def check_size(size: tuple[int, int], max_pixels: int) -> None:
    """See that a picture is small enough to be decoded.

    Args:
        size: The width and height that the file claims.
        max_pixels: How many pixels the picture may have.

    Raises:
        ImageTooLarge: If it has more.
    """
    width, height = size
    if width * height > max_pixels:
        raise ImageTooLarge(
            f"The picture has {width} x {height} pixels, more than {max_pixels} in all: "
            "scale it down"
        )
    if (listener := _listener.get()) is not None:
        listener(width * height)


@contextmanager
def announcing_sizes(listener: Callable[[int], None]) -> Iterator[None]:
    """Tell the sizes that `check_size` has let pass, in pixels, before they are decoded."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def check_scans(jpeg: bytes, size: tuple[int, int]) -> None:
    """See that a JPEG goes through its picture only so often that it can be decoded.

    Args:
        jpeg: The file, or what of it the decoder gets.
        size: The width and height of its picture.

    Raises:
        UnreadableImage: If it does so too often.
    """
    width, height = size
    scans = _count_scans(jpeg)
    if scans > _MOST_SCANS and scans * width * height > _MOST_SCANNED:
        raise UnreadableImage(f"The JPEG file has {scans} scans, far too many: save it anew")


def _count_scans(jpeg: bytes) -> int:
    """The number of scans before the end of the picture (ITU-T T.81, annex B)."""
    scans, place = 0, 0
    for _ in range(_MOST_SEGMENTS):
        marker = _MARKER.search(jpeg, place)
        if marker is None or marker[0] == _END_OF_IMAGE:
            return scans
        scans += marker[0] == _START_OF_SCAN
        place = marker.end()
        if marker[0] != _START_OF_IMAGE:
            place += int.from_bytes(jpeg[place : place + 2])
    raise UnreadableImage("The JPEG file is in too many pieces: save it anew")


# Other than in data (0), for filling (255), without data of its own (1) and for restarts.
_MARKER = re.compile(rb"\xff[\x02-\xcf\xd8-\xfe]")
_START_OF_IMAGE, _END_OF_IMAGE, _START_OF_SCAN = b"\xff\xd8", b"\xff\xd9", b"\xff\xda"


def memory_needed(pixels: int) -> int:
    """How many bytes the process needs in order to decode a picture, besides what it has."""
    return _MEMORY + _MEMORY_OF_PIXEL * pixels


def seconds_needed(pixels: int) -> int:
    """How many seconds of a processor it takes at most to decode a picture and to describe it."""
    return math.ceil(_SECONDS + _SECONDS_OF_MEGAPIXEL * pixels / 1_000_000)
