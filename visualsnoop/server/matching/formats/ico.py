"""ICO and CUR: the largest of the pictures in an icon or a cursor."""

import struct

from ..cost_limits import check_size
from . import by_pillow, png
from .stored import StoredPicture

_ICON, _CURSOR = 1, 2


def is_icon(data: bytes) -> bool:
    """Whether the data can be an icon or a cursor."""
    if len(data) < 22:
        return False
    zero, kind, count = struct.unpack_from("<HHH", data)
    return zero == 0 and kind in (_ICON, _CURSOR) and count > 0


def read(data: bytes, max_pixels: int) -> StoredPicture:
    """Read the largest picture, and of several the one of the most bytes."""
    count = int.from_bytes(data[4:6], "little")
    places = range(6, min(6 + 16 * count, len(data) - 15), 16)
    entries = [struct.unpack_from("<BBBBHHII", data, place) for place in places]
    # A side of 0 stands for 256.
    largest = max(entries, key=lambda entry: ((entry[0] or 256) * (entry[1] or 256), entry[6]))
    width, height, colours, _, _, _, size, offset = largest
    content = data[offset : offset + size]
    if content.startswith(png.SIGNATURE):
        return png.read(content, max_pixels)
    # It is a BMP without its head, and as high again as the icon, for its transparency.
    sides = struct.unpack_from("<ii", content, 4)
    check_size((abs(sides[0]), abs(sides[1]) // 2), max_pixels)
    # What the entry says of colours is often wrong, and of cursors it is something else.
    planes, bits = struct.unpack_from("<HH", content, 12)
    entry = struct.pack(
        "<BBBBHHII", width, height, colours, 0, planes, bits, len(content), _HEAD_SIZE
    )
    alone = struct.pack("<HHH", 0, _ICON, 1) + entry + content
    return by_pillow.read(alone, max_pixels, ["ICO"], may_lack_alpha=True)


_HEAD_SIZE = 22
