"""PSD: the merged picture, which Photoshop stores beside the layers.

Source: Adobe Photoshop File Formats Specification.
"""

import struct
from collections.abc import Iterator

from PIL import ImageChops

from ..cost_limits import check_size
from ..errors import UnreadableImage
from . import by_pillow
from .stored import StoredPicture, not_read

_HEADER = 26
_CHANNELS = {0: 1, 1: 1, 2: 1, 3: 3, 4: 4, 8: 1, 9: 3}  # of each kind of colours that is read
_RAW, _RUN_LENGTHS = 0, 1  # kinds of compression

# Image resources.
_ICC_PROFILE = 1039
_VERSION_INFO = 1057


def read(data: bytes, max_pixels: int) -> StoredPicture:
    """Read the merged picture."""
    version, channels, height, width, bits, colours = struct.unpack_from(">H6xHIIHH", data, 4)
    if version != 1:
        raise not_read("A PSB, the large kind of PSD,")
    if bits not in (1, 8):
        raise not_read(f"A PSD of {bits} bits a channel")
    if colours not in _CHANNELS:
        raise not_read("A PSD of channels that are no colours")
    check_size((width, height), max_pixels)
    palette, resources, pixels = _sections(data)
    icc_profile = None
    for number, content in _resources(resources):
        if number == _VERSION_INFO and content[4:5] == b"\0":
            raise UnreadableImage(
                "The PSD file has no merged picture: save it with 'Maximize compatibility', "
                "or as PNG or JPEG"
            )
        if number == _ICC_PROFILE:
            icc_profile = content
    needed = _CHANNELS[colours]
    # Without what the picture does not need, nothing else can be broken. Alpha is not needed, as
    # the merged picture has been put on white; other channels are selections that were saved.
    plain = b"".join(
        [
            struct.pack(">4sH6xHIIHH", b"8BPS", 1, needed, height, width, bits, colours),
            struct.pack(">I", len(palette)),
            palette,
            bytes(8),
            _of_channels(pixels, needed, channels, height),
        ]
    )
    picture = by_pillow.read(plain, max_pixels, ["PSD"]).pixels
    if picture.mode == "1":
        # A bit is ink.
        picture = ImageChops.invert(picture)
    return StoredPicture(picture, icc_profile=icc_profile)


def _of_channels(pixels: bytes, needed: int, channels: int, height: int) -> bytes:
    """The merged picture without the channels after those that are needed."""
    compression = int.from_bytes(pixels[:2])
    if compression == _RAW:
        return pixels  # what comes after them does no harm
    if compression != _RUN_LENGTHS:
        raise not_read("A PSD whose merged picture is compressed by ZIP")
    # First come the lengths of all rows, of two bytes each.
    start = 2 + 2 * channels * height
    lengths = pixels[2 : 2 + 2 * needed * height]
    size = sum(length for (length,) in struct.iter_unpack(">H", lengths))
    return pixels[:2] + lengths + pixels[start : start + size]


def _sections(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Palette, image resources and the merged picture; not the layers before it."""
    sections, place = [], _HEADER
    for _ in range(3):
        size = int.from_bytes(data[place : place + 4])
        sections.append(data[place + 4 : place + 4 + size])
        place += 4 + size
    return sections[0], sections[1], data[place:]


def _resources(section: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place + 12 <= len(section) and section[place : place + 4] == b"8BIM":
        number = int.from_bytes(section[place + 4 : place + 6])
        place += 6 + (section[place + 6] + 2) // 2 * 2  # a name, of even length with its own
        size = int.from_bytes(section[place : place + 4])
        yield number, section[place + 4 : place + 4 + size]
        place += 4 + (size + 1) // 2 * 2
