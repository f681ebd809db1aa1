"""Reading an image file as a picture, whatever it is and whoever sent it."""

import io
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

import numpy as np
import pillow_heif
from PIL import AvifImagePlugin, Image, ImageCms, ImageOps, UnidentifiedImageError
from pillow_jxl import JpegXLImagePlugin

from .cost_limits import check_scans, check_size
from .errors import ImageTooLarge, UnreadableImage

pillow_heif.register_heif_opener()

# One process uses one core: there are as many processes as are wanted.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
pillow_heif.options.DECODE_THREADS = 1
JpegXLImagePlugin.DECODE_THREADS = 0  # none besides the one that asks

# Nothing else is tried: some of Pillow's other formats run programs or are rarely examined.
FORMATS = {
    "JPEG": "JPEG",
    "PNG": "PNG",
    "WEBP": "WebP",
    "GIF": "GIF",
    "BMP": "BMP",
    "TIFF": "TIFF",
    "AVIF": "AVIF",
    "HEIF": "HEIC",
    "JXL": "JPEG XL",
}
"""The formats that are read: Pillow's name, and what people call it."""

LONGEST_SIDE = 640
"""Pictures are scaled down to this many pixels; more does not help any fingerprint."""

_SRGB = ImageCms.createProfile("sRGB")


def decode(file: BinaryIO, *, max_pixels: int = 100_000_000) -> Image.Image:
    """Read an image file as an upright RGB picture with no side over `LONGEST_SIDE` pixels.

    The format is found by looking at the data. Of an animation the first frame counts; colours
    are brought to sRGB, and what is transparent gets a white ground.

    Args:
        file: The image file.
        max_pixels: How many pixels the picture may have; checked before they are decoded.

    Raises:
        UnreadableImage: If the data cannot be read as an image.
        ImageTooLarge: If the picture has too many pixels.
    """
    with _refusing_damage():
        # Some decoders take memory for the whole picture in order to open it.
        if (size := _jpeg_xl_size(file) or _webp_size(file)) is not None:
            check_size(size, max_pixels)
        return _decode(file, max_pixels)


def _decode(file: BinaryIO, max_pixels: int) -> Image.Image:
    with Image.open(file, formats=list(FORMATS)) as opened:
        check_size(opened.size, max_pixels)
        if opened.format == "JPEG":
            check_scans(_whole(file), opened.size)
        # A JPEG decoder can scale by 2, 4 or 8 at a fraction of the cost of doing so afterwards.
        opened.draft(None, _fitted_size(opened.size))
        opened.load()
        ImageOps.exif_transpose(opened, in_place=True)
        # Scaled as early as can be: what comes after it costs next to nothing.
        picture = fitted(_in_scalable_mode(opened))
        if picture.mode == "F":
            picture = _to_eight_bits(picture, is_whole=opened.mode != "F")
        return _to_srgb(_without_alpha(picture), opened.info.get("icc_profile"))


def fitted(picture: Image.Image) -> Image.Image:
    """The picture, scaled down where a side is longer than `LONGEST_SIDE`."""
    size = _fitted_size(picture.size)
    if size == picture.size:
        return picture
    return picture.resize(size, Image.Resampling.BICUBIC, reducing_gap=2)


def _fitted_size(size: tuple[int, int]) -> tuple[int, int]:
    factor = min(LONGEST_SIDE / max(size), 1)
    width, height = (max(1, round(side * factor)) for side in size)
    return width, height


def _in_scalable_mode(picture: Image.Image) -> Image.Image:
    """The picture in a mode that can be scaled, with its transparency."""
    if picture.mode in ("L", "RGB", "RGBA", "CMYK") and "transparency" not in picture.info:
        return picture
    if picture.has_transparency_data:
        return picture.convert("RGBA")
    # Greyscale of more than 8 bits, which Pillow would otherwise cut off at 255.
    return picture.convert("F" if picture.mode.startswith(("I", "F")) else "RGB")


def _without_alpha(picture: Image.Image) -> Image.Image:
    """The picture, on a white ground where it is transparent."""
    if picture.mode != "RGBA":
        return picture
    ground = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(ground, picture).convert("RGB")


def _to_eight_bits(picture: Image.Image, *, is_whole: bool) -> Image.Image:
    """Greyscale of 8 bits, from whole numbers of 16 bits or from any range of others."""
    values = np.nan_to_num(np.asarray(picture))
    if not is_whole:
        darkest, brightest = float(values.min()), float(values.max())
        values = (values - darkest) / ((brightest - darkest) or 1) * 65535
    return Image.fromarray((values / 257).clip(0, 255).astype(np.uint8))


def _to_srgb(picture: Image.Image, icc_profile: bytes | None) -> Image.Image:
    if icc_profile:
        # A profile that is damaged or of another kind of colour is as good as none.
        with suppress(ImageCms.PyCMSError, OSError, TypeError, ValueError):
            profile = ImageCms.ImageCmsProfile(io.BytesIO(icc_profile))
            converted = ImageCms.profileToProfile(picture, profile, _SRGB, outputMode="RGB")
            assert converted is not None
            return converted
    return picture.convert("RGB")


def _whole(file: BinaryIO) -> bytes:
    start = file.tell()
    file.seek(0)
    data = file.read()
    file.seek(start)
    return data


def _webp_size(file: BinaryIO) -> tuple[int, int] | None:
    """Width and height as the head of a WebP file has them; None of any other file.

    Source: WebP Image Format (RFC 9649), and RFC 6386 for what is not lossless.
    """
    start = file.tell()
    head = file.read(30)
    file.seek(start)
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP" or len(head) < 30:
        return None
    match head[12:16]:
        case b"VP8X":
            return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(
                head[27:], "little"
            )
        case b"VP8L":
            sides = int.from_bytes(head[21:25], "little")
            return 1 + sides % 2**14, 1 + (sides >> 14) % 2**14
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", head, 26)
            return width % 2**14, height % 2**14
        case _:
            return None


_JPEG_XL_STREAM = b"\xff\x0a"
_JPEG_XL_BOX = b"\0\0\0\x0cJXL "
# Width to height, by the number that stands for it in a file.
_JPEG_XL_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}


def _jpeg_xl_size(file: BinaryIO) -> tuple[int, int] | None:
    """Width and height as the head of a JPEG XL file has them; None of any other file.

    Source: ISO/IEC 18181-1 (the head of the codestream) and 18181-2 (the boxes around it).
    """
    start = file.tell()
    try:
        head = file.read(16)
        if head.startswith(_JPEG_XL_BOX):
            file.seek(start)
            head = _jpeg_xl_stream(file)
        return _size_in(head) if head.startswith(_JPEG_XL_STREAM) else None
    finally:
        file.seek(start)


def _jpeg_xl_stream(file: BinaryIO) -> bytes:
    """The first bytes of the codestream, which may lie in pieces in several boxes."""
    stream = b""
    while len(stream) < 16 and len(head := file.read(8)) == 8:
        size, kind = struct.unpack(">I4s", head)
        left = size - 8 if size != 1 else int.from_bytes(file.read(8)) - 16
        if kind == b"jxlp":
            file.read(4)  # which piece it is
            left -= 4
        if kind in (b"jxlc", b"jxlp"):
            piece = file.read(16 if size == 0 else max(0, min(left, 16)))
            stream += piece
            left -= len(piece)
        if size == 0 or left < 0:
            break
        file.seek(left, io.SEEK_CUR)
    return stream


def _size_in(stream: bytes) -> tuple[int, int]:
    """Width and height in the head of a codestream, whose bits are read from the lowest up."""
    bits = int.from_bytes(stream[2:16], "little")

    def take(count: int) -> int:
        nonlocal bits
        value = bits & ((1 << count) - 1)
        bits >>= count
        return value

    is_small = take(1)

    def side() -> int:
        return 8 * (take(5) + 1) if is_small else take((9, 13, 18, 30)[take(2)]) + 1

    height = side()
    ratio = take(3)
    if ratio == 0:
        return side(), height
    across, down = _JPEG_XL_RATIOS[ratio]
    return height * across // down, height


@contextmanager
def _refusing_damage() -> Iterator[None]:
    """Raise whatever Pillow and its plug-ins raise for damaged data as `UnreadableImage`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (UnreadableImage, ImageTooLarge):
        raise
    except Image.DecompressionBombError as error:
        raise ImageTooLarge("The picture has far too many pixels: scale it down") from error
    except UnidentifiedImageError as error:
        names = ", ".join(FORMATS.values())
        raise UnreadableImage(f"This is not an image in one of the formats {names}") from error
    except MemoryError as error:
        raise ImageTooLarge("The picture needs too much memory: scale it down") from error
    except Exception as error:
        raise UnreadableImage(
            f"The image file is damaged or incomplete ({error}): send it again, whole"
        ) from error
