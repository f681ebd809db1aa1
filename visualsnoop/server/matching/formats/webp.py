"""WebP, whatever is broken in it besides the picture.

Source: WebP Image Format (RFC 9649).
"""

import struct
from collections.abc import Iterator

from attrs import evolve

from ..cost_limits import check_size
from . import by_pillow
from .stored import StoredPicture, cut_off, orientation_of

_PICTURE = {b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"}
_NOTES = {b"ICCP", b"EXIF", b"XMP "}
_HAS_NOTES = 0x20 | 0x08 | 0x04  # flags of the chunk VP8X, one for each of them


def read(data: bytes, max_pixels: int) -> StoredPicture:
    """Read the picture, or the first frame of an animation."""
    picture: list[bytes] = []
    notes = dict.fromkeys(_NOTES, b"")
    for kind, content in _chunks(data):
        if kind == b"VP8X":
            content = bytes([content[0] & ~_HAS_NOTES]) + content[1:]
        if (size := _size(kind, content)) is not None:
            # The decoder takes memory for the whole picture in order to open it.
            check_size(size, max_pixels)
        if kind in _PICTURE:
            picture += [struct.pack("<4sI", kind, len(content)), content]
            picture += [b"\0"] * (len(content) % 2)
        elif kind in _NOTES:
            notes[kind] = notes[kind] or content
    body = b"".join(picture)
    stored = by_pillow.read(
        struct.pack("<4sI4s", b"RIFF", len(body) + 4, b"WEBP") + body, max_pixels, ["WEBP"]
    )
    orientation = orientation_of(notes[b"EXIF"], notes[b"XMP "])
    return evolve(stored, orientation=orientation, icc_profile=notes[b"ICCP"] or None)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 12
    while place + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, place)
        content = data[place + 8 : place + 8 + length]
        if kind in _PICTURE and len(content) < length:
            raise cut_off("WebP", len(content) / length, of="data")
        yield kind, content
        place += 8 + length + length % 2


def _size(kind: bytes, content: bytes) -> tuple[int, int] | None:
    """Width and height in a chunk that has them; RFC 6386 for what is not lossless."""
    match kind:
        case b"VP8X" if len(content) >= 10:
            sides = int.from_bytes(content[4:10], "little")
            return 1 + sides % 2**24, 1 + (sides >> 24)
        case b"VP8L" if len(content) >= 5:
            sides = int.from_bytes(content[1:5], "little")
            return 1 + sides % 2**14, 1 + (sides >> 14) % 2**14
        case b"VP8 " if len(content) >= 10:
            width, height = struct.unpack_from("<HH", content, 6)
            return width % 2**14, height % 2**14
    return None
