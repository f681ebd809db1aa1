"""Kinds of TIFF that are odd: tags that are missing or wrong, missing data, and what is refused."""

import itertools
import struct
from collections.abc import Iterator
from functools import partial
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from . import Kind, Pixels, alpha, grey_photo, of_depth, photo, rgb, seen
from . import tiff_files as t
from .tiff_files import assembled, tiff


def kinds() -> Iterator[Kind]:
    yield from missing_tags()
    yield from missing_data()
    yield from jpegs()
    yield from pages()
    yield from gaps()
    yield from refused()


def kind(name: str, expected: Pixels | str, *arguments: Any, **options: Any) -> Kind:
    """One file, written by `tiff`."""
    files = partial(alone, *arguments, **options)
    return Kind(f"TIFF, {name}", files, expected, vips=False)


def alone(*arguments: Any, **options: Any) -> dict[str, bytes]:
    return {"": tiff(*arguments, **options)}


def missing_tags() -> Iterator[Kind]:
    grey, colours = grey_photo(), photo()
    yield kind("grey, no photometric", rgb(grey), grey, None)
    yield kind("RGB, no photometric", colours, colours, None)
    no_depth = {258: None, 339: None}
    bilevel = of_depth(grey, 1)
    yield kind("grey, no depth", rgb(seen(grey, 1)), bilevel, t.GREY, bits=1, tags=no_depth)
    one_depth = {258: ("H", [8]), 339: ("H", [1])}
    yield kind("RGB, one depth for all", colours, colours, t.RGB, tags=one_depth)
    yield kind("RGB, no planes, no format", colours, colours, t.RGB, tags={284: None, 339: None})
    for name, rows in (("no", None), ("endless", ("I", [2**32 - 1]))):
        tags = {278: rows}
        yield kind(f"RGB, {name} rows of strips", colours, colours, t.RGB, rows=131, tags=tags)
    for name, sizes in (
        ("no", None),
        ("zero", ("I", [0] * 4)),
        ("small", ("I", [1] * 4)),
        ("huge", ("I", [10**9] * 4)),
    ):
        yield kind(f"RGB, {name} sizes of strips", colours, colours, t.RGB, tags={279: sizes})
    for name, size in (("no", None), ("zero", ("I", [0]))):
        options = {"rows": 131, "compression": "LZW", "tags": {279: size}}
        yield kind(f"RGB, LZW, {name} size of its strip", colours, colours, t.RGB, **options)
    many = np.repeat(grey, 13, axis=2)
    yield kind("grey, 12 unspecified samples", rgb(grey), many, t.GREY, extra=[0] * 12)
    yield kind("grey, 12 samples that no tag tells", rgb(grey), many, t.GREY)
    for orientation, upright in ((6, np.rot90(colours, 3)), (99, colours)):
        turned = {274: ("H", [orientation])}
        yield kind(f"RGB, orientation {orientation}", upright, colours, t.RGB, tags=turned)
    in_words = {274: ("ascii", b"top\0")}
    yield kind("RGB, orientation in words", colours, colours, t.RGB, tags=in_words)


def missing_data() -> Iterator[Kind]:
    """A part of the picture is no data: the others are scaled over what is."""
    is_missing = np.zeros(grey_photo().shape, bool)
    is_missing[:40, :60] = True
    there = grey_photo()[~is_missing].astype(float)
    scaled = (grey_photo() - there.min()) / (there.max() - there.min()) * 255
    expected = rgb(np.where(is_missing, 0, np.rint(scaled).clip(0, 255)).astype(np.uint8))
    values = grey_photo() / 255
    lowest = float(np.finfo(np.float32).min)
    for name, dtype, value, text in (
        ("NaN", "f4", np.nan, None),
        ("NaN", "f8", np.nan, None),
        ("infinity", "f4", np.inf, None),
        ("the lowest float32", "f4", lowest, None),
        ("-9999 by GDAL_NODATA", "f4", -9999, b"-9999\0"),
        ("the lowest float32 by GDAL_NODATA", "f4", lowest, b"-3.4028234663852886e+38\0"),
        ("NaN by GDAL_NODATA", "f4", np.nan, b"nan\0"),
    ):
        samples = np.where(is_missing, value, values).astype(dtype)
        tags = None if text is None else {42113: ("ascii", text)}
        options = {"sample_format": t.FLOAT, "tags": tags}
        yield kind(f"grey, {dtype}, {name} is no data", expected, samples, t.GREY, **options)
    samples = np.where(is_missing, -32768, grey_photo().astype("i2") * 30 - 500).astype("i2")
    options = {"sample_format": t.INT, "tags": {42113: ("ascii", b"-32768\0")}}
    yield kind("grey, i2, -32768 by GDAL_NODATA", expected, samples, t.GREY, **options)
    none = np.full(grey_photo().shape, np.nan, np.float32)
    black = np.zeros_like(photo())
    yield kind("grey, f4, no data at all", black, none, t.GREY, sample_format=t.FLOAT)
    outlier = values.astype("f4")
    outlier[5, 5] = 1e6
    files = partial(alone, outlier, t.GREY, sample_format=t.FLOAT)
    yield Kind("TIFF, grey, f4, one broken pixel", files, rgb(grey_photo()), 4, vips=False)


def jpegs() -> Iterator[Kind]:
    colours, grey = photo(), grey_photo()
    planes = [encoded(colours[..., plane]) for plane in range(3)]
    yield of_jpegs("JPEG, planar", colours, planes, {284: ("H", [2])})
    twelve = encoded(of_depth(grey, 12)[..., 0], bitspersample=12)
    of_twelve = {258: ("H", [12]), 262: ("H", [t.GREY]), 277: ("H", [1])}
    yield of_jpegs("JPEG, grey, 12 bits", rgb(grey), [twelve], of_twelve)
    yield of_jpegs("JPEG, YCbCr", colours, [encoded(colours)], {262: ("H", [t.YCBCR])})
    old = {259: ("H", [6]), 262: ("H", [t.YCBCR])}
    yield of_jpegs("old JPEG, whole in a strip", colours, [encoded(colours)], old)
    whole = (513, 514)
    yield of_jpegs("old JPEG, whole beside the strips", colours, [encoded(colours)], old, whole)
    headless = encoded(colours)[200:]
    yield of_jpegs("old JPEG, in parts", "old kind of JPEG is not read", [headless], old)
    larger = encoded(np.zeros((500, 500, 3), np.uint8))
    yield of_jpegs("JPEG that is larger than its strip", "a size of its own", [larger])


def encoded(samples: NDArray[Any], **options: Any) -> bytes:
    return bytes(imagecodecs.jpeg8_encode(np.ascontiguousarray(samples), level=95, **options))


def of_jpegs(
    name: str,
    expected: Pixels | str,
    strips: list[bytes],
    tags: t.Tags | None = None,
    places: tuple[int, int] = (273, 279),
) -> Kind:
    height, width, _ = photo().shape
    own = {
        256: ("I", [width]),
        257: ("I", [height]),
        258: ("H", [8, 8, 8]),
        259: ("H", [7]),
        262: ("H", [t.RGB]),
        277: ("H", [3]),
        278: ("I", [height]),
    }
    page = (own | dict(tags or {}), strips, places)
    return Kind(f"TIFF, {name}", lambda: {"": assembled([page])}, expected, 4, vips=False)


def pages() -> Iterator[Kind]:
    """The first page that is a whole picture counts."""
    other = np.zeros_like(photo())
    main, small = page(photo()), page(other, {254: ("I", [1])})
    for name, listed in (
        ("a second page", [main, page(other)]),
        ("a small one first", [small, main]),
        ("a mask first", [page(other[..., :1], {254: ("I", [4]), 262: ("H", [t.MASK])}), main]),
        ("an old small one first", [page(other, {255: ("H", [2])}), main]),
        ("only a small one", [page(photo(), {254: ("I", [1])})]),
        ("three small ones and a mask first", [small, small, small, small, main]),
    ):
        files = partial(assembled_alone, listed)
        yield Kind(f"TIFF, {name}", files, photo(), vips=False)
    raw = page(photo()[..., :1], {262: ("H", [32803])})
    for name, listed in (
        ("a raw picture behind a small one", [small, raw]),
        ("DNG", [page(other, {254: ("I", [1]), 50706: ("B", [1, 4, 0, 0])}), main]),
    ):
        files = partial(assembled_alone, listed)
        yield Kind(f"TIFF, {name}", files, "camera's raw file", vips=False)


def page(samples: Pixels, tags: t.Tags | None = None) -> t.Page:
    height, width, count = samples.shape
    own: t.Tags = {
        256: ("I", [width]),
        257: ("I", [height]),
        258: ("H", [8] * count),
        259: ("H", [1]),
        262: ("H", [t.RGB]),
        277: ("H", [count]),
        278: ("I", [height]),
    }
    return (dict(own) | dict(tags or {}), [samples.tobytes()], (273, 279))


def assembled_alone(listed: list[t.Page]) -> dict[str, bytes]:
    return {"": assembled(listed)}


def gaps() -> Iterator[Kind]:
    """Tiles that are left out, and files that end too early."""
    sparse = photo().copy()
    sparse[48:96, 64:128] = 0
    whole = tiff(sparse, t.RGB, tile=(48, 64))
    places, sizes = (listed(whole, tag) for tag in (324, 325))
    places[5] = sizes[5] = 0
    tags: t.Tags = {324: ("I", places), 325: ("I", sizes)}
    yield kind("RGB, a tile left out", sparse, sparse, t.RGB, tile=(48, 64), tags=tags)
    tags = {324: ("I", [0] * 12), 325: ("I", [0] * 12)}
    message = "no picture in it"
    yield kind("RGB, all tiles left out", message, sparse, t.RGB, tile=(48, 64), tags=tags)
    tags = {324: ("I", places[:6]), 325: ("I", sizes[:6])}
    message = "only 50 % of its rows"
    yield kind("RGB, half of the tiles listed", message, sparse, t.RGB, tile=(48, 64), tags=tags)
    for compression, tile in itertools.product(("none", "LZW", "deflate"), (None, (48, 64))):
        # The directory comes first where there are two pages, of which the other one is lost.
        file = tiff(photo(), t.RGB, compression=compression, tile=tile, rows=10)
        strips = "strips" if tile is None else "tiles"
        files = partial(with_lost_end, file, 324 if tile else 273)
        name = f"TIFF, RGB, {compression}, half of the {strips} behind its end"
        yield Kind(name, files, r"only [45]\d % of its rows", vips=False)


def with_lost_end(file: bytes, tag: int) -> dict[str, bytes]:
    """A file in which half of the strips or tiles lie behind its end."""
    places = listed(file, tag)
    half = len(places) // 2
    beyond = struct.pack(f"<{len(places) - half}I", *(len(file) + place for place in places[half:]))
    before = struct.pack(f"<{len(places)}I", *places)
    assert file.count(before) == 1
    return {"": file.replace(before, before[: 4 * half] + beyond)}


def listed(file: bytes, tag: int) -> list[int]:
    """The numbers of a tag of a little-endian TIFF."""
    (directory,) = struct.unpack_from("<I", file, 4)
    (count,) = struct.unpack_from("<H", file, directory)
    for place in range(directory + 2, directory + 2 + 12 * count, 12):
        number, _, values, offset = struct.unpack_from("<HHII", file, place)
        if number == tag:
            return list(struct.unpack_from(f"<{values}I", file, offset))
    raise AssertionError(tag)


def refused() -> Iterator[Kind]:
    grey, colours = grey_photo(), photo()
    complex_numbers = (grey / 255).astype("c8")
    yield kind("complex numbers", "COMPLEXIEEEFP", complex_numbers, t.GREY, sample_format=t.COMPLEX)
    for name, photometric in (
        ("transparency mask", t.MASK),
        ("CFA", 32803),
        ("LINEAR_RAW", 34892),
        ("ITULAB", 10),
        ("LOGLUV", 32845),
        ("999", 999),
    ):
        message = "camera's raw file" if "RAW" in name or "CFA" in name else f"colours {name}"
        message = message.replace("transparency mask", "MASK")
        yield kind(name, message, of_depth(colours, 16), photometric)
    for name, code in (("JPEG2000", 34712), ("WEBP", 50001), ("LERC", 34887), ("12345", 12345)):
        message = f"compressed by {name} is not read"
        yield kind(f"compressed by {name}", message, colours, t.RGB, tags={259: ("H", [code])})
    for bits, dtype in ((20, "u4"), (24, "u4")):
        samples = grey.astype(dtype)
        yield kind(f"grey, {bits} bits", f"TIFF of {bits} bits", samples, t.GREY, bits=bits)
    mixed = {258: ("H", [5, 6, 5])}
    yield kind("RGB, 5, 6 and 5 bits", r"\(5, 6, 5\) bits", colours, t.RGB, tags=mixed)
    for name, samples, predictor, bits in (
        ("HORIZONTAL", of_depth(grey, 4), 2, 4),
        ("FLOATINGPOINT", grey, 3, 8),
        ("FLOATINGPOINT", of_depth(grey, 16), 3, 16),
        ("9", grey, 9, 8),
    ):
        options = {"bits": bits, "tags": {317: ("H", [predictor])}}
        message = f"{bits} bits, with the predictor {name}"
        yield kind(f"grey, {bits} bits, predictor {name}", message, samples, t.GREY, **options)
    inks = np.concatenate([colours, grey], axis=2)
    yield kind("other inks", "other inks than CMYK", inks, t.CMYK, tags={332: ("H", [2])})
    yield kind("volume", "of a volume", colours, t.RGB, tags={32997: ("I", [4])})
    yield kind("RGB, two samples", "RGB with too few samples", colours[..., :2], t.RGB)
    for name, tags in (("no colours", None), ("10 colours", {320: ("H", [0] * 30)})):
        yield kind(f"palette, {name}", "lacks colours", grey, t.PALETTE, tags=tags)
    deep = of_depth(colours, 16)
    yield kind("YCbCr, 16 bits", "YCBCR and 16 bits", deep, t.YCBCR, tags={530: ("H", [1, 1])})
    with_alpha = np.concatenate([colours, alpha()], axis=2)
    message = "CIELAB with associated alpha"
    yield kind("CIELab with associated alpha", message, with_alpha, t.CIELAB, extra=[t.ASSOCIATED])
    message = "PALETTE with associated alpha"
    pair = np.concatenate([grey, alpha()], axis=2)
    yield kind("palette with associated alpha", message, pair, t.PALETTE, extra=[t.ASSOCIATED])
