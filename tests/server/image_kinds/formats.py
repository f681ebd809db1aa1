"""The less usual formats, and what is refused by its name."""

import io
import struct
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from . import (
    Kind,
    Pixels,
    alpha,
    grey_photo,
    in_range,
    lab_of,
    of_depth,
    on_white,
    photo,
    rgb,
    seen,
    with_palette,
)
from .png_files import RGB_ALPHA, png


def kinds() -> Iterator[Kind]:
    yield from icons()
    yield from photoshop()
    yield from portable()
    yield from by_pillow()
    yield from refused()


def one(name: str, file: bytes, expected: Pixels | str, tolerance: float = 0.6) -> Kind:
    return Kind(name, partial(dict, {"": file}), expected, tolerance, vips=False)


def icons() -> Iterator[Kind]:
    with_alpha = np.concatenate([photo(), alpha()], axis=2)
    opaque = np.concatenate([photo(), np.full_like(alpha(), 255)], axis=2)
    no_alpha = np.concatenate([photo(), np.zeros_like(alpha())], axis=2)
    is_seen = np.where(alpha() > 127, 255, 0).astype(np.uint8)
    small = bitmap(opaque[:16, :16], 32)
    whole = bitmap(with_alpha, 32)
    as_png = png(with_alpha, RGB_ALPHA, 8)
    for kind, name in ((1, "ICO"), (2, "CUR")):
        yield one(f"{name}, PNG", icon(kind, as_png), on_white(photo()))
        yield one(f"{name}, 32 bits", icon(kind, whole), on_white(photo()))
        yield one(f"{name}, 32 bits, alpha is empty", icon(kind, bitmap(no_alpha, 32)), photo())
        masked = on_white(photo(), is_seen)
        yield one(f"{name}, 24 bits and a mask", icon(kind, bitmap(with_alpha, 24)), masked)
        yield one(
            f"{name}, a small one and a large one", icon(kind, small, whole), on_white(photo())
        )
    huge = bytearray(whole)
    struct.pack_into("<ii", huge, 4, 60_000, 120_000)
    yield one("ICO that is larger than it says", icon(1, bytes(huge)), "60000 x 60000 pixels")
    larger = png(np.zeros((1, 1, 4), np.uint8), RGB_ALPHA, 8).replace(
        struct.pack(">II", 1, 1), struct.pack(">II", 60_000, 60_000)
    )
    yield one("ICO whose PNG has no right head", icon(1, larger), "damaged")


def icon(kind: int, *contents: bytes) -> bytes:
    """An ICO (1) or CUR (2) of PNGs and bitmaps; its list is as careless as usual."""
    place = 6 + 16 * len(contents)
    entries = b""
    for content in contents:
        side = 0 if len(content) > 5000 else 16
        entries += struct.pack("<BBBBHHII", side, side, 0, 0, 3, 5, len(content), place)
        place += len(content)
    return struct.pack("<HHH", 0, kind, len(contents)) + entries + b"".join(contents)


def bitmap(samples: Pixels, bits: int) -> bytes:
    """The bitmap of an icon: from below, and with a mask."""
    height, width, _ = samples.shape
    head = struct.pack("<IiiHHIIiiII", 40, width, 2 * height, 1, bits, 0, 0, 0, 0, 0, 0)
    colours = samples[::-1, :, [2, 1, 0, 3][: bits // 8]]
    mask = np.packbits(samples[::-1, :, 3] <= 127, axis=1)
    return head + b"".join(
        row.tobytes() + bytes(-row.nbytes % 4) for plane in (colours, mask) for row in plane
    )


def photoshop() -> Iterator[Kind]:
    planes = list(np.moveaxis(photo(), 2, 0))
    grey, opacity = grey_photo()[..., 0], alpha()[..., 0]
    indexes, palette = with_palette(256)
    lab = lab_of(photo()) * [2.55, 1, 1] + [0, 128, 128]
    lab_planes = list(np.moveaxis(np.rint(lab).clip(0, 255).astype(np.uint8), 2, 0))
    yield psd_kind("RGB", photo(), planes, 3)
    yield psd_kind("RGB and two saved selections", photo(), [*planes, opacity, opacity], 3)
    yield psd_kind("grey", rgb(grey_photo()), [grey], 1)
    yield psd_kind("grey and a saved selection", rgb(grey_photo()), [grey, opacity], 1)
    yield psd_kind("duotone", rgb(grey_photo()), [grey], 8, palette=bytes(500))
    yield psd_kind("CMYK", photo(), [*planes, np.full_like(grey, 255)], 4)
    yield psd_kind("Lab", photo(), lab_planes, 9, tolerance=3)
    colours = palette.T.tobytes()
    yield psd_kind("indexed", palette[indexes[..., 0]], [indexes[..., 0]], 2, palette=colours)
    grey = grey[:, :200]
    ink = np.packbits(grey <= 127, axis=1)
    expected = rgb(np.where(grey <= 127, 0, 255).astype(np.uint8)[..., None])
    yield psd_kind("bitmap", expected, [ink], 0, bits=1)
    yield psd_kind("merged", photo(), planes, 3, resources=resource(1057, b"\0\0\0\1\1"))
    not_merged = resource(1057, b"\0\0\0\1\0")
    yield psd_kind("not merged", "no merged picture", planes, 3, resources=not_merged)
    broken = b"8BIM\0\0\xff\xff\xff\xff and more"
    yield psd_kind("broken resources", photo(), planes, 3, resources=broken)
    yield psd_kind("broken layers", photo(), planes, 3, layers=b"\xff" * 77)
    yield psd_kind("16 bits", "PSD of 16 bits", [of_depth(grey, 16)], 1, bits=16)
    yield psd_kind("multichannel", "no colours", planes, 7)
    yield one("PSB", psd(planes, 3).replace(b"8BPS\0\1", b"8BPS\0\2"), "PSB")


def psd_kind(
    name: str,
    expected: Pixels | str,
    planes: Sequence[NDArray[Any]],
    colours: int,
    tolerance: float = 0.6,
    **options: Any,
) -> Kind:
    def files() -> dict[str, bytes]:
        return {
            way: psd(planes, colours, is_packed=way == "packed", **options)
            for way in ("not packed", "packed")
        }

    return Kind(f"PSD, {name}", files, expected, tolerance, vips=False)


def psd(
    planes: Sequence[NDArray[Any]],
    colours: int,
    *,
    bits: int = 8,
    palette: bytes = b"",
    resources: bytes = b"",
    layers: bytes = b"",
    is_packed: bool = False,
) -> bytes:
    """A PSD whose merged picture has these channels."""
    height, width = planes[0].shape
    width = width * 8 if bits == 1 else width
    file = struct.pack(">4sH6xHIIHH", b"8BPS", 1, len(planes), height, width, bits, colours)
    for section in (palette, resources, layers):
        file += struct.pack(">I", len(section)) + section
    rows = [row.astype(row.dtype.newbyteorder(">")).tobytes() for plane in planes for row in plane]
    if not is_packed:
        return file + b"\0\0" + b"".join(rows)
    packed = [bytes(imagecodecs.packbits_encode(row)) for row in rows]
    lengths = struct.pack(f">{len(packed)}H", *map(len, packed))
    return file + b"\0\1" + lengths + b"".join(packed)


def resource(number: int, content: bytes) -> bytes:
    length = struct.pack(">I", len(content))
    return b"8BIM" + struct.pack(">HH", number, 0) + length + content + bytes(len(content) % 2)


def portable() -> Iterator[Kind]:
    """PNM: bitmaps, grey and colours, as text and as bytes."""
    grey, colours = grey_photo(), photo()
    ink = (grey <= 127).astype(np.uint8)
    expected = rgb(np.where(ink, 0, 255).astype(np.uint8))
    yield one("PNM, P1", pnm(1, as_text(ink), None), expected)
    yield one("PNM, P4", pnm(4, np.packbits(ink[..., 0], axis=1).tobytes(), None), expected)
    for most in (100, 255, 1000, 4095, 65535):
        for text, binary, samples, wanted in ((2, 5, grey, rgb(grey)), (3, 6, colours, colours)):
            scaled = np.rint(samples / 255 * most).astype(int)
            as_bytes = scaled.astype(">u2" if most > 255 else "u1").tobytes()
            tolerance = 1.5 if most < 255 else 0.6
            yield one(f"PNM, P{text}, {most}", pnm(text, as_text(scaled), most), wanted, tolerance)
            yield one(f"PNM, P{binary}, {most}", pnm(binary, as_bytes, most), wanted, tolerance)
    for order, scale in (("<", b"-1.0"), (">", b"1.0")):
        values = (grey[::-1] / 255).astype(f"{order}f4").tobytes()
        height, width, _ = grey.shape
        file = b"Pf\n%d %d\n%s\n" % (width, height, scale) + values
        yield one(f"PFM, {order}", file, rgb(in_range(grey)))


def pnm(kind: int, content: bytes, most: int | None) -> bytes:
    height, width, _ = photo().shape
    levels = b"" if most is None else b"%d\n" % most
    return b"P%d\n# comment\n%d %d\n" % (kind, width, height) + levels + content


def as_text(samples: NDArray[Any]) -> bytes:
    rows = samples.reshape(len(samples), -1).tolist()
    return b"\n".join(b" ".join(b"%d" % level for level in row) for row in rows)


def by_pillow() -> Iterator[Kind]:
    """What Pillow writes."""
    colours, grey = Image.fromarray(photo()), Image.fromarray(grey_photo()[..., 0])
    opacity = Image.fromarray(alpha()[..., 0])
    few = colours.quantize(64)
    with_alpha, grey_alpha = colours.copy(), grey.copy()
    with_alpha.putalpha(opacity)
    grey_alpha.putalpha(opacity)
    deep = Image.fromarray(of_depth(grey_photo(), 16)[..., 0])
    pictures = {
        "RGB": (colours, photo()),
        "L": (grey, rgb(grey_photo())),
        "RGBA": (with_alpha, on_white(photo())),
        "LA": (grey_alpha, on_white(rgb(grey_photo()))),
        "P": (few, np.asarray(few.convert("RGB"))),
        "1": (colours.convert("1"), np.asarray(colours.convert("1").convert("RGB"))),
        "I;16": (deep, rgb(grey_photo())),
    }
    for file_format, modes, ways in (
        ("TGA", ("RGB", "L", "RGBA", "LA", "P"), {"": {}, "packed": {"compression": "tga_rle"}}),
        ("JPEG2000", ("RGB", "L", "RGBA", "LA", "I;16"), {"": {}, "raw": {"no_jp2": True}}),
        ("DDS", ("RGB", "L", "RGBA", "LA"), {"": {}}),
        ("BMP", ("RGB", "L", "P", "1"), {"": {}}),
        ("PPM", ("RGB", "L", "1"), {"": {}}),
    ):
        for mode in modes:
            picture, expected = pictures[mode]
            files = partial(written, picture, file_format, ways)
            yield Kind(f"{file_format}, {mode}", files, expected, vips=False)
    opaque = partial(written, with_alpha, "DDS", {"": {"pixel_format": "DXT5"}})
    yield Kind("DDS, DXT5", opaque, on_white(photo()), 5, vips=False)
    blocks = partial(written, colours, "DDS", {"": {"pixel_format": "DXT1"}})
    yield Kind("DDS, DXT1", blocks, photo(), 6, vips=False)
    large = colours.resize((203 * 8, 131 * 8), Image.Resampling.BICUBIC)
    expected = np.asarray(colours.resize((640, 413), Image.Resampling.BICUBIC))
    resolutions: dict[str, dict[str, Any]] = {
        "": {},
        "three resolutions": {"num_resolutions": 3},
        "tiles": {"tile_size": (200, 200)},
    }
    yield Kind(
        "JPEG2000, large", partial(written, large, "JPEG2000", resolutions), expected, 4, vips=False
    )
    no_alpha = colours.copy()
    no_alpha.putalpha(0)
    for file_format in ("TGA", "DDS"):
        files = partial(written, no_alpha, file_format, {"": {}})
        yield Kind(f"{file_format}, RGBA, alpha is empty", files, photo(), vips=False)
    pixel = struct.pack("<BBBHHBHHHHBB", 0, 0, 2, 0, 0, 0, 0, 0, 1, 1, 24, 0) + b"\1\2\3"
    yield one("TGA, 1 x 1", pixel, np.array([[[3, 2, 1]]], np.uint8))
    five = (photo() >> 3).astype("<u2") @ np.array([1 << 10, 1 << 5, 1], "<u2")
    head = struct.pack("<BBBHHBHHHHBB", 0, 0, 2, 0, 0, 0, 0, 0, 203, 131, 16, 0x20)
    yield one("TGA, 16 bits", head + five.astype("<u2").tobytes(), seen(photo(), 5), 4)


def written(
    picture: Image.Image, file_format: str, ways: Mapping[str, Mapping[str, Any]]
) -> dict[str, bytes]:
    files = {}
    for name, options in ways.items():
        file = io.BytesIO()
        picture.save(file, file_format, **options)
        files[name] = file.getvalue()
    return files


def refused() -> Iterator[Kind]:
    """What is no picture, or one of a format that is not read."""
    for name, file, message in (
        ("nothing", b"", "not an image in one of the formats JPEG, PNG"),
        ("zeros", bytes(1000), "not an image in one of the formats JPEG, PNG"),
        ("ones", b"\xff" * 1000, "not an image in one of the formats JPEG, PNG"),
        ("SVG", b'<?xml version="1.0"?>\n<!-- by us -->\n<svg xmlns="http:">', "an SVG drawing"),
        ("SVG without a declaration", b"<svg width='9'/>", "an SVG drawing"),
        ("HTML", b"\n<!DOCTYPE html>\n<title>404</title>", "an HTML page"),
        ("HTML with an SVG", b"<html><body><svg/></body></html>", "an HTML page"),
        ("XML", b"<?xml version='1.0'?><a/>", "an XML document"),
        ("JSON", b' {"image": "/9j/4AAQSkZJRg=="}', "JSON"),
        ("words", "wörds".encode(), "text"),
        ("words in UTF-16", "words".encode("utf-16"), "text"),
        ("data URL", b"data:image/png;base64,iVBORw0KGgo=", "a data URL"),
        ("Base64", b"/9j/4AAQSkZJRgABAQ==", "a JPEG as Base64"),
        (
            "form",
            b"--b\r\nContent-Disposition: form-data\r\n\r\n\xff\xd8\xff\xe0\0\x10JFIF\0",
            "a multipart form",
        ),
        ("pointer of Git LFS", b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        ("AppleDouble", b"\0\5\x16\7\0\2\0\0Mac OS X        ", r"without the '\._'"),
        ("PDF", b"%PDF-1.7\n%\xe2\xe3", "a PDF document"),
        ("PostScript", b"%!PS-Adobe-3.0 EPSF-3.0\n", "a PostScript or EPS file"),
        ("EPS with a preview", b"\xc5\xd0\xd3\xc6\x20\0\0\0", "an EPS file"),
        ("ZIP", b"PK\3\4\x14\0", "a ZIP archive"),
        ("gzip", b"\x1f\x8b\x08\0", "a gzip archive"),
        ("tar", bytes(257) + b"ustar\0", "a tar archive"),
        ("MP4", b"\0\0\0\x20ftypisom\0\0\2\0isomiso2", "a video"),
        ("QuickTime", b"\0\0\0\x14ftypqt  \0\0\2\0qt  ", "a video"),
        ("WebM", b"\x1aE\xdf\xa3\x01\0", "a video"),
        ("AVI", b"RIFF\0\0\0\0AVI LIST", "a video"),
        ("WAV", b"RIFF\0\0\0\0WAVEfmt ", "a sound"),
        ("MP3", b"ID3\3\0", "a sound"),
        ("CR2", b"II*\0\x10\0\0\0CR\2\0", "a camera's raw file"),
        ("CR3", b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "a camera's raw file"),
        ("RAF", b"FUJIFILMCCD-RAW 0201", "a camera's raw file"),
        ("ORF", b"IIRO\x08\0\0\0", "a camera's raw file"),
        ("RW2", b"IIU\0\x18\0\0\0", "a camera's raw file"),
        ("OpenEXR", b"v/1\1\2\0\0\0", "an OpenEXR picture"),
        ("Radiance", b"#?RADIANCE\n", "a Radiance HDR picture"),
        ("JPEG XR", b"II\xbc\1", "a JPEG XR picture"),
        ("JPEG-LS", b"\xff\xd8\xff\xf7\0\x0b", "a JPEG-LS picture"),
        ("GIMP", b"gimp xcf v011\0", "an XCF file"),
        ("QOI", b"qoif\0\0\0\1", "a QOI picture"),
        ("PAM", b"P7\nWIDTH 1\n", "a PAM picture"),
        ("DICOM", bytes(128) + b"DICM", "a DICOM picture"),
        ("FITS", b"SIMPLE  =                    T", "a FITS picture"),
        ("WMF", b"\xd7\xcd\xc6\x9a\0\0", "a WMF drawing"),
        ("DjVu", b"AT&TFORM\0\0", "a DjVu document"),
    ):
        yield one(f"refused: {name}", file, message)
    for name, content in (("lossless", lossless_jpeg()), ("of 12 bits", jpeg_of_12_bits())):
        yield one(f"refused: JPEG, {name}", content, "A (lossless )?JPEG (of 12 bits|is not read)")


def lossless_jpeg() -> bytes:
    return bytes(imagecodecs.ljpeg_encode(grey_photo()[..., 0].copy(), bitspersample=8))


def jpeg_of_12_bits() -> bytes:
    samples = of_depth(grey_photo(), 12)[..., 0]
    return bytes(imagecodecs.jpeg8_encode(samples, bitspersample=12))
