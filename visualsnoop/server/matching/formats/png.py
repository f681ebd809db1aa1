"""PNG, whatever is broken in it besides the picture.

Only the chunks that the picture needs are handed to the decoder; the others can be of any size and
any shape. Source: Portable Network Graphics (PNG) Specification, third edition.
"""

import io
import itertools
import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress

import numpy as np
from attrs import define, field
from PIL import Image

from ..cost_limits import check_size
from ..errors import UnreadableImage
from .samples import eight_bits
from .stored import StoredPicture, cut_off, orientation_of

SIGNATURE = b"\x89PNG\r\n\x1a\n"

# Kinds of colours, and how many samples a pixel of each has.
_GREY, _RGB, _PALETTE = 0, 2, 3
_SAMPLES = {_GREY: 1, _RGB: 3, _PALETTE: 1, 4: 2, 6: 4}

# More than profiles and texts have: it is a bomb.
_LARGEST_PROFILE = 2**24
_LARGEST_TEXT = 2**20

# Of a file that is cut off, so much of the rows must be there.
_ENOUGH = 0.995


@define
class _Png:
    """What matters of a file: the chunks that the picture needs, and some of the others."""

    header: bytes = b""
    palette: bytes = b""
    transparency: bytes = b""
    pixels: list[memoryview] = field(factory=list)
    icc_profile: bytes | None = None
    exif: bytes = b""
    xmp: bytes = b""

    @property
    def size(self) -> tuple[int, int]:
        width, height = struct.unpack_from(">II", self.header)
        return width, height

    @property
    def depth(self) -> int:
        return self.header[8]

    @property
    def colours(self) -> int:
        return self.header[9]

    @property
    def is_interlaced(self) -> bool:
        return bool(self.header[12])


def read(data: bytes, max_pixels: int) -> StoredPicture:
    """Read the picture; of an animation, the one that is shown where animations are not."""
    png = _parsed(data)
    check_size(png.size, max_pixels)
    pixels = b"".join(png.pixels)
    try:
        picture = _decoded(png, pixels)
    except OSError:
        pixels = _completed(png, pixels)
        picture = _decoded(png, pixels)
    if png.transparency and png.colours in (_GREY, _RGB):
        alpha = _alpha(png, pixels, picture)
        picture = _in_eight_bits(picture)
        picture.putalpha(alpha)
    return StoredPicture(
        _in_eight_bits(picture), orientation_of(png.exif, png.xmp), png.icc_profile
    )


def _parsed(data: bytes) -> _Png:
    png = _Png()
    for kind, content in _chunks(data):
        match kind:
            case b"IHDR":
                png.header = bytes(content)
            case b"PLTE":
                png.palette = bytes(content)
            case b"IDAT":
                png.pixels.append(content)
            case b"tRNS":
                png.transparency = bytes(content)
            case b"iCCP":
                png.icc_profile = _icc_profile(bytes(content))
            case b"eXIf":
                png.exif = bytes(content)
            case b"tEXt" | b"zTXt" | b"iTXt":
                _note_text(png, kind, bytes(content))
    if len(png.header) != 13 or png.colours not in _SAMPLES:
        raise UnreadableImage("The PNG file is damaged where it begins: send it again, whole")
    if png.colours in (_GREY, _RGB) and len(png.transparency) != 2 * _SAMPLES[png.colours]:
        png.transparency = b""
    return png


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """The chunks that are looked at; of those that may be missing, the ones that are whole."""
    view, place = memoryview(data), len(SIGNATURE)
    while place + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        content, check = view[place + 8 : place + 8 + length], view[place + 8 + length :][:4]
        if kind == b"IDAT":
            yield kind, content
        elif kind in _LOOKED_AT:
            if zlib.crc32(content, zlib.crc32(kind)) == int.from_bytes(check):
                yield kind, content
        elif kind == b"IEND":
            return
        place += 12 + length


_LOOKED_AT = {b"IHDR", b"PLTE", b"tRNS", b"iCCP", b"eXIf", b"tEXt", b"zTXt", b"iTXt"}


def _icc_profile(content: bytes) -> bytes | None:
    _, _, rest = content.partition(b"\0")
    return _inflated(rest[1:], _LARGEST_PROFILE) or None


def _note_text(png: _Png, kind: bytes, content: bytes) -> None:
    """Keep EXIF and XMP that a text has."""
    keyword, _, text = content.partition(b"\0")
    if keyword not in (b"Raw profile type exif", b"XML:com.adobe.xmp"):
        return
    is_compressed = kind == b"zTXt"
    if kind == b"iTXt":
        is_compressed = text[:1] == b"\1"
        text = text[2:].split(b"\0", 2)[-1]  # after the method, language and keyword
    elif is_compressed:
        text = text[1:]
    if is_compressed:
        text = _inflated(text, _LARGEST_TEXT)
    if keyword == b"XML:com.adobe.xmp":
        png.xmp = text
    elif not png.exif:
        # Its name and length stand on lines of their own before it.
        with suppress(ValueError):
            png.exif = bytes.fromhex(b"".join(text.split(b"\n")[3:]).decode("latin-1"))


def _inflated(data: bytes, most: int) -> bytes:
    """What has been compressed, or nothing if it is damaged or larger than can be."""
    with suppress(zlib.error):
        inflating = zlib.decompressobj()
        inflated = inflating.decompress(data, most)
        return b"" if inflating.unconsumed_tail else inflated
    return b""


def _decoded(png: _Png, pixels: bytes, rawmode: str | None = None) -> Image.Image:
    """The picture by Pillow; with `rawmode`, other bytes of its samples than it takes."""
    transparency = png.transparency if png.colours == _PALETTE else b""
    chunks = (
        (b"IHDR", png.header),
        (b"PLTE", png.palette),
        (b"tRNS", transparency[: len(png.palette) // 3]),
        (b"IDAT", pixels),
    )
    needed = [(kind, content) for kind, content in chunks if content]
    parts = (_chunk(kind, content) for kind, content in (*needed, (b"IEND", b"")))
    file = b"".join([SIGNATURE, *itertools.chain.from_iterable(parts)])
    with Image.open(io.BytesIO(file), formats=["PNG"]) as opened:
        if rawmode:
            opened.tile = [tile._replace(args=rawmode) for tile in opened.tile]
        opened.load()
        return opened


def _chunk(kind: bytes, content: bytes) -> Iterator[bytes]:
    yield struct.pack(">I4s", len(content), kind)
    yield content
    yield struct.pack(">I", zlib.crc32(content, zlib.crc32(kind)))


def _completed(png: _Png, pixels: bytes) -> bytes:
    """The pixels of a file that ends early or is damaged, if next to nothing of them is lost."""
    width, height = png.size
    bytes_in_row = 1 + math.ceil(width * _SAMPLES[png.colours] * png.depth / 8)
    rows = _inflated_so_far(pixels, height * bytes_in_row)
    there = len(rows) // bytes_in_row
    if png.is_interlaced:
        raise cut_off("PNG", len(rows) / (height * bytes_in_row), of="data")
    if there < _ENOUGH * height:
        raise cut_off("PNG", there / height)
    # A row that adds nothing to the one above.
    rows = rows[: there * bytes_in_row] + (height - there) * b"\2".ljust(bytes_in_row, b"\0")
    return zlib.compress(rows, 1)


def _inflated_so_far(data: bytes, most: int) -> bytes:
    inflating, inflated = zlib.decompressobj(), bytearray()
    with suppress(zlib.error):
        for place in range(0, len(data), 2**14):
            piece = data[place : place + 2**14]
            inflated += inflating.decompress(piece, most - len(inflated) or 1)
            if len(inflated) >= most:
                break
    return bytes(inflated[:most])


def _alpha(png: _Png, pixels: bytes, picture: Image.Image) -> Image.Image:
    """The alpha of a picture in which one colour is transparent."""
    colour = np.frombuffer(png.transparency, ">u2")
    samples = np.asarray(picture.convert("L") if picture.mode == "1" else picture)
    if png.colours == _RGB and png.depth == 16:
        # Pillow takes the higher bytes; these are the lower ones.
        lower = np.asarray(_decoded(png, pixels, rawmode="RGB;16L"))
        samples = samples.astype(np.uint16) << 8 | lower
    elif png.depth < 8:
        samples = samples // (255 // ((1 << png.depth) - 1))
    is_transparent = (samples.reshape(*samples.shape[:2], -1) == colour).all(axis=2)
    return Image.fromarray(np.where(is_transparent, 0, 255).astype(np.uint8))


def _in_eight_bits(picture: Image.Image) -> Image.Image:
    if not picture.mode.startswith("I"):
        return picture
    return Image.fromarray(eight_bits(np.asarray(picture), 16))
