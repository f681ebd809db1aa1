"""JPEG and PNG that are cut off, or have something odd between, before or behind their parts."""

import io
import re
from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import numpy as np
from PIL import Image

from . import Kind, Pixels, grey_photo, rgb
from .png_files import RGB, png

WAYS: dict[str, dict[str, Any]] = {
    "sequential": {},
    "progressive": {"progressive": True},
    "sequential, grey": {"mode": "L"},
    "progressive, grey": {"progressive": True, "mode": "L"},
    "with restarts": {"restart_marker_rows": 1},
}
UNIT = 16  # rows that are coded together


def kinds() -> Iterator[Kind]:
    yield from jpeg_segments()
    yield from jpeg_surroundings()
    yield from jpeg_ends()
    yield from png_ends()


def jpeg_segments() -> Iterator[Kind]:
    for name, inserted in (
        ("bytes between segments", b"\0\1\2words"),
        ("many bytes between segments", b"\x11" * 5000),
        ("fill between segments", b"\xff" * 50),
        ("an empty JFIF segment", b"\xff\xe0\0\2"),
        ("a JFIF segment of its name", b"\xff\xe0\0\7JFIF\0"),
        ("a second JFIF segment", b"\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"),
        ("an empty EXIF segment", b"\xff\xe1\0\2"),
        ("an EXIF segment of its name", b"\xff\xe1\0\x08Exif\0\0"),
        ("an empty profile segment", b"\xff\xe2\0\2"),
        ("a profile segment of its name", b"\xff\xe2\0\x0eICC_PROFILE\0"),
        ("a profile of which parts are missing", b"\xff\xe2\0\x14ICC_PROFILE\0\3\7abcd"),
        ("an empty Adobe segment", b"\xff\xee\0\2"),
        ("an empty Photoshop segment", b"\xff\xed\0\2"),
        ("a segment of length 0", b"\xff\xe5\0\0"),
        ("a segment of length 1", b"\xff\xe5\0\1"),
        ("an empty comment", b"\xff\xfe\0\2"),
        ("a second start", b"\xff\xd8"),
        ("a restart marker", b"\xff\xd3"),
        ("a broken index of several pictures", b"\xff\xe2\0\x08MPF\0\xff\xff"),
    ):
        yield Kind(f"JPEG with {name}", partial(with_insert, inserted), small(), 5, vips=False)


def with_insert(inserted: bytes) -> dict[str, bytes]:
    files = {}
    for name, whole in jpegs(203).items():
        after_jfif = 4 + int.from_bytes(whole[4:6])
        files[f"{name}, first"] = whole[:2] + inserted + whole[2:]
        files[f"{name}, second"] = whole[:after_jfif] + inserted + whole[after_jfif:]
    return files


def jpeg_surroundings() -> Iterator[Kind]:
    for name, before, behind in (
        ("line ends before it", b"\r\n\r\n", b""),
        ("a head before it", b"Content-Type: image/jpeg\r\n\r\n", b""),
        ("zeros before it", bytes(512), b""),
        ("bytes behind it", b"", b"more" * 1000),
        ("zeros behind it", b"", bytes(5000)),
        ("another one behind it", b"", jpegs(203)["sequential, grey"]),
    ):
        yield Kind(f"JPEG with {name}", partial(between, before, behind), small(), 5, vips=False)


def between(before: bytes, behind: bytes) -> dict[str, bytes]:
    return {name: before + whole + behind for name, whole in jpegs(203).items()}


def jpeg_ends() -> Iterator[Kind]:
    for name, lost in (("no end", 2), ("half an end", 1), ("no end and 4 bytes less", 6)):
        yield cut(name, lost=lost)
        yield cut(f"{name}, and zeros instead", lost=lost, instead=bytes(1000))
    yield cut("99.9 % of its bytes", share=0.999)
    for share in (0.9, 0.5, 0.1):
        name = f"{share:.0%} of its bytes"
        yield cut(name, r"only \d\d? % of its rows", share=share)
        yield cut(f"{name}, and zeros instead", "of its rows", share=share, instead=bytes(10_000))
    yield cut("only its first 300 bytes", "only 0 % of its rows", share=0, lost=-300)
    yield cut("only its first 3 bytes", "only 0 % of its rows", share=0, lost=-3)
    units = -(-LARGE[1] // UNIT)
    for count in (1, 10, units - 1):
        message = f"only {100 * count // units} % of its rows"
        for name, end in (("", b""), (", and an end", b"\xff\xd9")):
            files = partial(of_rows, count, end)
            kind = f"JPEG with {count} of {units} rows of units{name}"
            yield Kind(kind, files, message, vips=False)


def cut(
    name: str,
    expected: Pixels | str | None = None,
    *,
    share: float = 1,
    lost: int = 0,
    instead: bytes = b"",
) -> Kind:
    """A JPEG of which only a share is there, less some bytes, with others instead."""
    files = partial(shortened, share, lost, instead)
    return Kind(
        f"JPEG with {name}", files, large() if expected is None else expected, 6, vips=False
    )


def shortened(share: float, lost: int, instead: bytes) -> dict[str, bytes]:
    wholes = jpegs(LARGE[0])
    return {name: all[: int(len(all) * share) - lost] + instead for name, all in wholes.items()}


def of_rows(count: int, end: bytes) -> dict[str, bytes]:
    """Where there is a restart after each row of units, it can be cut off there."""
    whole = jpegs(LARGE[0])["with restarts"]
    restarts = [match.start() for match in re.finditer(rb"\xff[\xd0-\xd7]", whole)]
    return {"with restarts": whole[: restarts[count - 1]] + end}


def png_ends() -> Iterator[Kind]:
    whole = png(small(), RGB, 8)
    for name, file, expected in (
        ("no end", whole[:-12], small()),
        ("no check of its pixels", whole[:-16], small()),
        ("no check within its pixels", whole[:-20], small()),
        ("half of its bytes", whole[: len(whole) // 2], r"only [45]\d % of its rows"),
        ("only its first 60 bytes", whole[:60], "only 0 % of its rows"),
        ("no pixels", png(small(), RGB, 8)[:33], "PNG"),
        ("zeros instead of its end", whole[: len(whole) // 2] + bytes(9999), "of its rows"),
    ):
        yield Kind(f"PNG with {name}", partial(dict, {"": file}), expected, vips=False)
    interlaced = png(small(), RGB, 8, is_interlaced=True)
    half = {"": interlaced[: len(interlaced) // 2]}
    yield Kind("PNG, interlaced, with half of its bytes", partial(dict, half), "% of its data")


LARGE = (640, 413)


def small() -> Pixels:
    """The photo without its colours, so that it is the same in all ways."""
    return rgb(grey_photo())


@cache
def large() -> Pixels:
    return np.asarray(Image.fromarray(small()).resize(LARGE, Image.Resampling.BICUBIC))


@cache
def jpegs(width: int) -> dict[str, bytes]:
    """The photo of this width, in every way."""
    picture = Image.fromarray(large() if width == LARGE[0] else small())
    files = {}
    for name, options in WAYS.items():
        file = io.BytesIO()
        way = {key: value for key, value in options.items() if key != "mode"}
        picture.convert(options.get("mode", "RGB")).save(file, "JPEG", quality=95, **way)
        files[name] = file.getvalue()
    return files
