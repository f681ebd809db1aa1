"""JPEG XL: what its head says, and the codestream apart from the metadata around it.

Source: ISO/IEC 18181-1 (the head of the codestream) and 18181-2 (the boxes around it).
"""

import struct
from collections.abc import Callable, Iterator

from attrs import evolve, frozen

from ..cost_limits import check_size
from . import by_pillow
from .stored import StoredPicture, orientation_of

STREAM = b"\xff\x0a"
CONTAINER = b"\0\0\0\x0cJXL \r\n\x87\n"

# Width to height, by the number that stands for it in a file.
_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}


def read(data: bytes, max_pixels: int) -> StoredPicture:
    """Read the picture, or the first frame of an animation."""
    stream, exif = (data, b"") if data.startswith(STREAM) else _parts(data)
    head = _head(stream)
    # Pillow's plug-in decodes the whole picture in order to open it.
    check_size(head.size, max_pixels)
    stored = by_pillow.read(stream, max_pixels, ["JXL"])
    # The decoder has turned what the codestream says to turn, and EXIF says the same then.
    return evolve(stored, orientation=1 if head.is_turned else orientation_of(exif))


def _parts(data: bytes) -> tuple[bytes, bytes]:
    """The codestream, which may lie in several boxes, and EXIF."""
    pieces, exif = [], b""
    for kind, content in _boxes(data):
        if kind == b"jxlc":
            pieces = [content]
        elif kind == b"jxlp":
            pieces.append(content[4:])  # without its number
        elif kind == b"Exif":
            exif = exif or content
    return b"".join(pieces), exif


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(CONTAINER)
    while place + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, place)
        start = place + 8
        if size == 1:
            size, start = int.from_bytes(data[start : start + 8]), start + 8
        end = place + size if size else len(data)
        yield kind, data[start:end]
        place = max(end, start)


@frozen
class _Head:
    """What stands at the beginning of a codestream."""

    size: tuple[int, int]
    is_turned: bool


def _head(stream: bytes) -> _Head:
    take = _bits(stream[2:16])
    is_small = take(1)

    def side() -> int:
        return 8 * (take(5) + 1) if is_small else take((9, 13, 18, 30)[take(2)]) + 1

    height, ratio = side(), take(3)
    if ratio:
        across, down = _RATIOS[ratio]
        width = height * across // down
    else:
        width = side()
    has_fields, has_more_fields = not take(1), take(1)
    return _Head((width, height), bool(has_fields and has_more_fields and take(3)))


def _bits(data: bytes) -> Callable[[int], int]:
    """A function that takes so many bits, from the lowest up."""
    bits = int.from_bytes(data, "little")

    def take(count: int) -> int:
        nonlocal bits
        value = bits & ((1 << count) - 1)
        bits >>= count
        return value

    return take
