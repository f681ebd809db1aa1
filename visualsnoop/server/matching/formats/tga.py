"""TGA, which has no signature: a file is one if nothing in its header says that it is not."""

import struct

from . import by_pillow
from .stored import StoredPicture

_DEPTHS = {1: (8,), 2: (16, 24, 32), 3: (8, 16), 9: (8,), 10: (16, 24, 32), 11: (8, 16)}
_WITH_PALETTE = (1, 9)
_COMPRESSED = 8


def is_tga(data: bytes) -> bool:
    """Whether the data can be a TGA."""
    if len(data) < 18:
        return False
    id_size, has_palette, kind, _, colours, colour_depth, _, _, width, height, depth, flags = (
        struct.unpack_from("<BBBHHBHHHHBB", data)
    )
    if depth not in _DEPTHS.get(kind, ()) or not width or not height or flags & 0xC0:
        return False
    if has_palette != (kind in _WITH_PALETTE) or (has_palette and colour_depth not in (16, 24, 32)):
        return False
    pixels = 0 if kind & _COMPRESSED else width * height * depth // 8
    palette = colours * colour_depth // 8 if has_palette else 0
    return bool(len(data) >= 18 + id_size + palette + pixels)


def read(data: bytes, max_pixels: int) -> StoredPicture:
    """Read the picture."""
    # Pillow looks for a footer, which the smallest files have no place for.
    return by_pillow.read(data + bytes(26), max_pixels, ["TGA"], may_lack_alpha=True)
