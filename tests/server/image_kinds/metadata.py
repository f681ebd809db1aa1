"""Files whose metadata are broken: the picture is read all the same."""

import io
import struct
import zlib
from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image, ImageCms

# What it registers with Pillow is needed to write.
from pillow_jxl import JpegXLImagePlugin as JpegXLImagePlugin

from . import Kind, photo
from . import tiff_files as t
from .png_files import RGB, chunk, png
from .tiff_files import tiff

pillow_heif.register_heif_opener()

QUALITY: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "PNG": {},
    "WEBP": {"quality": 95},
    "AVIF": {"quality": 95},
    "HEIF": {"quality": 95},
    "JXL": {"quality": 95},
}
HEADER = b"Exif\0\0II*\0\x08\0\0\0"
ORIENTATION = 0x0112


def kinds() -> Iterator[Kind]:
    for name, exif in broken_exif().items():
        yield Kind(f"EXIF, {name}", partial(with_exif, exif), photo(), 5, vips=False)
    for name, profile in odd_profiles().items():
        yield Kind(f"ICC profile, {name}", partial(with_profile, profile), photo(), 5, vips=False)
    for name, chunks in broken_chunks().items():
        files = partial(with_chunks, chunks)
        yield Kind(f"PNG, {name}", files, photo(), vips=False)
    for tag in TAGS:
        files = partial(with_tag, tag)
        yield Kind(f"TIFF with a broken tag {tag}", files, photo(), vips=False)
    for name, file in broken_containers().items():
        yield Kind(name, partial(dict, {"": file}), photo(), 5, vips=False)


def broken_exif() -> dict[str, bytes]:
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    exif[0x8769] = {0x9003: "2020:01:01 00:00:00"}
    whole = exif.tobytes()
    return {
        "no EXIF": b"no EXIF at all, but words",
        "zeros": bytes(60),
        "ones": b"\xff" * 60,
        **{f"cut to {size} bytes": whole[:size] for size in (7, 8, 10, 12, 14, 16, 20, 30, 40)},
        "unknown version": b"Exif\0\0II\x2b\0" + whole[10:],
        "other byte order": b"Exif\0\0II" + whole[8:],
        "directory outside": b"Exif\0\0II*\0\xff\xff\xff\x7f",
        "directory in the header": b"Exif\0\0II*\0" + bytes(4),
        "65535 tags": HEADER + b"\xff\xff" + bytes(600),
        "a directory within itself": HEADER + struct.pack("<HHHIII", 1, 0x8769, 4, 1, 8, 8),
        "orientation 0": HEADER + entry(3, 1, b"\0\0\0\0"),
        "orientation 99": HEADER + entry(3, 1, b"\x63\0\0\0"),
        "orientation as text": HEADER + entry(2, 1, b"6\0\0\0"),
        "orientation as fraction outside": HEADER + entry(5, 1, b"\xff\xff\0\0"),
        "orientation as float": HEADER + entry(11, 1, struct.pack("<f", 6.5)),
        "orientation of no type": HEADER + entry(77, 1, b"\6\0\0\0"),
        "orientation of no values": HEADER + entry(3, 0, b"\6\0\0\0"),
        "orientation of 2^32 values": HEADER + entry(3, 2**32 - 1, b"\6\0\0\0"),
        "64 KB": whole + bytes(65_000 - len(whole)),
    }


def entry(kind: int, count: int, value: bytes) -> bytes:
    """A directory of one tag, the orientation."""
    return struct.pack("<HHHI", 1, ORIENTATION, kind, count) + value + bytes(4)


def with_exif(exif: bytes) -> dict[str, bytes]:
    files = {name: saved(name, exif=exif) for name in ("JPEG", "PNG", "WEBP", "JXL")}
    for name in ("AVIF", "HEIF"):
        # What writes these looks into it; so it is exchanged afterwards.
        file, place = with_long_exif(name)
        content = exif.removeprefix(b"Exif\0\0")[:LONG]
        files[name] = file[:place] + content + file[place + len(content) :]
    # The directories of EXIF and of the position.
    tags: t.Tags = {34665: ("I", [12]), 34853: ("bytes", exif)}
    files["TIFF"] = tiff(photo(), t.RGB, tags=tags)
    return files


LONG = 1000  # bytes


@cache
def with_long_exif(file_format: str) -> tuple[bytes, int]:
    """A file, and where its EXIF begins."""
    exif = Image.Exif()
    exif[0x010F] = "x" * LONG
    file = saved(file_format, exif=exif.tobytes())
    return file, file.index(exif.tobytes()[6:])


def odd_profiles() -> dict[str, bytes]:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    return {
        "no profile": b"no profile at all, but words",
        "zeros": bytes(200),
        "cut": srgb[: len(srgb) // 2],
        "of greater size than it has": struct.pack(">I", 2**31) + srgb[4:],
        "of Lab": lab,
        "of CMYK, by its head": srgb[:16] + b"CMYK" + srgb[20:],
        "of grey, by its head": srgb[:16] + b"GRAY" + srgb[20:],
        "of 100 tags": srgb[:128] + struct.pack(">I", 100) + srgb[132:],
        "sRGB, and 3 MB more": srgb + bytes(3_000_000),
    }


def with_profile(profile: bytes) -> dict[str, bytes]:
    # The others look at it when they write.
    files = {name: saved(name, icc_profile=profile) for name in ("JPEG", "PNG", "WEBP")}
    files["TIFF"] = tiff(photo(), t.RGB, tags={34675: ("bytes", profile)})
    return files


def broken_chunks() -> dict[str, list[bytes]]:
    whole = {
        b"iCCP": b"icc\0\0" + zlib.compress(b"profile"),
        b"pHYs": bytes(9),
        b"sRGB": b"\0",
        b"gAMA": bytes(4),
        b"cHRM": bytes(32),
        b"tEXt": b"Title\0text",
        b"zTXt": b"Title\0\0" + zlib.compress(b"text"),
        b"iTXt": b"Title\0\0\0\0\0text",
        b"eXIf": b"II*\0\x08\0\0\0\0\0",
        b"tIME": bytes(7),
        b"bKGD": bytes(6),
        b"sBIT": b"\x08" * 3,
        b"hIST": bytes(2),
        b"sPLT": bytes(20),
        b"acTL": struct.pack(">II", 5, 0),
        b"fcTL": bytes(26),
        b"tRNS": bytes(6),
        b"prIv": b"private",
    }
    bomb = zlib.compress(bytes(100_000_000))
    long = zlib.compress(np.random.default_rng(1).bytes(3_000_000))
    chunks = {}
    for kind, content in whole.items():
        name = kind.decode()
        chunks[f"{name} with a wrong check"] = [chunk(kind, content, check=1)]
        if kind != b"tRNS":  # that is a part of the picture
            chunks[f"{name} of no bytes"] = [chunk(kind, b"")]
            chunks[f"{name} of one byte"] = [chunk(kind, b"\xff")]
            chunks[f"{name} of ones"] = [chunk(kind, b"\xff" * 40)]
            chunks[f"{name} twice"] = [chunk(kind, content)] * 2
    for kind, head in (
        (b"iCCP", b"icc\0\0"),
        (b"zTXt", b"Title\0\0"),
        (b"zTXt", b"Raw profile type exif\0\0"),
        (b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0"),
        (b"iTXt", b"Title\0\1\0\0\0"),
    ):
        name = f"{kind.decode()} ({head.split(bytes(1))[0].decode()})"
        chunks[f"{name} of 100 MB, compressed"] = [chunk(kind, head + bomb)]
        chunks[f"{name} over 1 MB compressed"] = [chunk(kind, head + long)]
        chunks[f"{name} that is not compressed"] = [chunk(kind, head + b"words")]
        chunks[f"{name} by another method"] = [chunk(kind, head[:-1] + b"\7words")]
    chunks["tEXt of 3 MB"] = [chunk(b"tEXt", b"Title\0" + b"x" * 3_000_000)]
    chunks["100 MB of texts"] = [chunk(b"zTXt", b"Title\0\0" + zlib.compress(bytes(10**6)))] * 100
    chunks["10000 chunks"] = [chunk(b"tEXt", b"Title\0text")] * 10_000
    return chunks


def with_chunks(chunks: list[bytes]) -> dict[str, bytes]:
    return {
        "before the pixels": png(photo(), RGB, 8, before_pixels=chunks),
        "after the pixels": png(photo(), RGB, 8, after_pixels=chunks),
    }


# Tags that the picture does not need, or that have a value if they are broken: names and times,
# resolutions, profiles, EXIF, positions, and those of programs, microscopes and maps.
TAGS = (
    *(254, 255, 263, 264, 265, 266, 269, 270, 271, 272, 274, 280, 281, 282, 283, 285, 286, 287),
    *(288, 290, 291, 292, 296, 297, 301, 305, 306, 315, 316, 318, 319, 321, 328, 330, 333, 334),
    *(336, 337, 338, 340, 341, 342, 343, 347, 529, 530, 531, 532, 559, 700, 32781, 32995, 33300),
    *(33432, 33471, 33550, 33560, 33628, 33629, 33723, 33922, 33923, 34118, 34361, 34377, 34412),
    *(34665, 34675, 34680, 34735, 34853, 37706, 37724, 40965, 42112, 42113, 43314, 50288, 50838),
    *(50839, 51123, 65426, 65432, 65459),
)


def with_tag(tag: int) -> dict[str, bytes]:
    contents: dict[str, tuple[str, Any]] = {
        "a word": ("ascii", b"hello\0"),
        "no text": ("ascii", b"\0\xff\xfe\0"),
        "bytes": ("bytes", b"\xff" * 30),
        "0": ("H", [0]),
        "the greatest number": ("I", [2**32 - 1]),
        "many numbers": ("I", [2**32 - 1] * 50),
        "0 / 0": ("rational", [0, 0]),
        "NaN": ("d", [float("nan")] * 3),
        "XML": ("ascii", b"<xml>" * 20 + b"\0"),
        "JSON": ("ascii", b"{'a':\0"),
        "large numbers": ("Q", [2**64 - 1] * 4),
    }
    return {name: tiff(photo(), t.RGB, tags={tag: content}) for name, content in contents.items()}


def broken_containers() -> dict[str, bytes]:
    """Files that end or break within their metadata, after the picture."""
    exif = Image.Exif()
    exif[0x010F] = "Maker" * 100
    webp = saved("WEBP", exif=exif)
    jxl = saved("JXL", exif=exif.tobytes(), use_container=True)
    xml = struct.pack(">I4s", 5000, b"xml ")
    return {
        "WebP that ends within its EXIF": webp[:-200],
        "WebP with an EXIF of 4 GB": webp.replace(
            b"EXIF" + struct.pack("<I", len(webp) - webp.find(b"EXIF") - 8), b"EXIF\xff\xff\xff\xff"
        ),
        "WebP that is longer than it says": webp + b"more",
        "JPEG XL that ends within its XML": jxl + xml + b"<x",
        "PNG without an end": saved("PNG")[:-12],
        "PNG with more behind its end": saved("PNG") + b"more" * 1000,
        "PNG whose pixels lack their check": saved("PNG")[:-20],
    }


def saved(file_format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(photo()).save(file, file_format, **QUALITY[file_format], **options)
    return file.getvalue()
