"""Pictures for tests, and what can be told of an image file without decoding it."""

import hashlib
import re
import struct
import zlib

from attrs import frozen

from ._refusals import Refusal, bad_request, unreadable

MAX_BODY = 32 * 2**20  # bytes

_PNG = b"\x89PNG\r\n\x1a\n"


def picture(name: str = "", width: int = 64, height: int = 48) -> bytes:
    """A small PNG file: always the same for a name, and another one for any other name.

        collection.add_image(picture("beach"), "beach")

    Args:
        name: What tells it from other pictures.
        width: How many pixels wide it is.
        height: How many pixels high it is.
    """
    colours = hashlib.shake_256(name.encode()).digest(3 * width)
    rows = b"".join(
        b"\0" + colours[3 * y % width :] + colours[: 3 * y % width] for y in range(height)
    )
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"".join(
        [_PNG, _chunk(b"IHDR", head), _chunk(b"IDAT", zlib.compress(rows)), _chunk(b"IEND", b"")]
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


@frozen
class PictureFile:
    """An image file that was sent.

    Attributes:
        digest: What is equal for equal files only.
        size: Its width and height in pixels; None where only decoding would tell.
    """

    digest: bytes
    size: tuple[int, int] | None


def read_picture(file: bytes) -> PictureFile:
    """What is known of an image file.

    Raises:
        Refusal: 400, 413 or 415, if it is empty, too large, no image, or cut.
    """
    if not file:
        raise bad_request("The body is empty: send the bytes of an image file")
    if len(file) > MAX_BODY:
        raise Refusal(413, f"The image file is larger than {MAX_BODY} bytes")
    kind = next((kind for kind, start in _STARTS.items() if re.match(start, file, re.DOTALL)), None)
    if kind is None:
        raise unreadable("The body is not an image file: send the bytes of the file as the body")
    if not _is_whole(kind, file):
        raise unreadable(f"The {kind} file is truncated")
    return PictureFile(hashlib.sha256(file).digest(), _size(kind, file))


# By the beginnings of files: those of the formats that the service reads.
_STARTS = {
    "JPEG": rb"\xff\xd8\xff",
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "GIF": rb"GIF8[79]a",
    "WebP": rb"RIFF....WEBP",
    "BMP": rb"BM.{12}",
    "TIFF": rb"II[*+]\x00|MM\x00[*+]",
    "HEIC or AVIF": rb"....ftyp(hei|hev|mif|msf|avi)",
    "JPEG XL": rb"\xff\x0a|\x00\x00\x00\x0cJXL ",
    "JPEG 2000": rb"\x00\x00\x00\x0cjP  |\xff\x4f\xff\x51",
    "PSD": rb"8BPS",
    "ICO": rb"\x00\x00\x01\x00",
    "PNM": rb"P[1-6]\s",
    "DDS": rb"DDS ",
}


def _is_whole(kind: str, file: bytes) -> bool:
    if kind == "JPEG":
        return b"\xff\xd9" in file[-64:]
    if kind == "PNG":
        return b"IEND" in file[-64:]
    if kind == "WebP":
        return len(file) >= 8 + int.from_bytes(file[4:8], "little")
    return True


def _size(kind: str, file: bytes) -> tuple[int, int] | None:
    if kind == "PNG":
        width, height = struct.unpack_from(">II", file, 16)
        return width, height
    if kind == "GIF":
        width, height = struct.unpack_from("<HH", file, 6)
        return width, height
    return _jpeg_size(file) if kind == "JPEG" else None


def _jpeg_size(file: bytes) -> tuple[int, int] | None:
    """The size of a JPEG file, by the marker of its frame (ITU-T T.81, B.2.2)."""
    position = 2
    while position + 9 <= len(file) and file[position] == 0xFF:
        marker = file[position + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", file, position + 5)
            return width, height
        position += 2 + int.from_bytes(file[position + 2 : position + 4], "big")
    return None
