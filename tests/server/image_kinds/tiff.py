"""Kinds of TIFF: depths, colours, alphas and compressions, each in all layouts."""

import io
import itertools
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

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
from . import tiff_files as t
from .tiff_files import tiff

BYTE_ORDERS: tuple[t.ByteOrder, ...] = ("<", ">")


def kinds() -> Iterator[Kind]:
    yield from depths()
    yield from numbers()
    yield from colours()
    yield from alphas()
    yield from floats_with_alpha()
    yield from chroma()
    yield from compressions()
    yield from pictures_in_a_tiff()


def depths() -> Iterator[Kind]:
    for bits in (1, 2, 3, 4, 6, 8, 10, 12, 14, 16):
        # libvips takes other depths for something else, or does not read them.
        vips = bits in (1, 2, 4, 8, 16)
        samples, expected = of_depth(grey_photo(), bits), rgb(seen(grey_photo(), bits))
        files = layouts(samples, t.GREY, bits=bits)
        yield Kind(f"TIFF, grey, {bits} bits", files, expected, vips=vips)
        inverted = 2**bits - 1 - samples
        files = layouts(inverted, t.WHITE_IS_ZERO, bits=bits)
        yield Kind(f"TIFF, grey, white is zero, {bits} bits", files, expected, vips=vips)
    for bits in (2, 4, 8, 12, 16):
        files = layouts(of_depth(photo(), bits), t.RGB, bits=bits)
        expected = seen(photo(), bits)
        yield Kind(f"TIFF, RGB, {bits} bits", files, expected, vips=bits in (8, 16))


def numbers() -> Iterator[Kind]:
    """Those that have no white that all agree on, and are scaled to their range."""
    for name, stored, photometric in (("grey", grey_photo(), t.GREY), ("RGB", photo(), t.RGB)):
        expected = in_range(stored)
        expected = rgb(expected) if photometric == t.GREY else expected
        for dtype in ("u4", "u8"):
            samples = of_depth(stored, 8 * int(dtype[1]))
            files = layouts(samples, photometric)
            yield Kind(f"TIFF, {name}, {dtype}", files, expected, vips=False)
        for dtype in ("i1", "i2", "i4", "i8"):
            samples = (stored.astype(np.int64) - 128).astype(dtype)
            files = layouts(samples, photometric, sample_format=t.INT)
            yield Kind(f"TIFF, {name}, {dtype}", files, expected, vips=False)
        for dtype in ("f2", "f4", "f8"):
            samples = (stored / 255).astype(dtype)
            files = layouts(samples, photometric, sample_format=t.FLOAT)
            yield Kind(f"TIFF, {name}, {dtype}", files, expected, vips=False)


def colours() -> Iterator[Kind]:
    for bits in (8, 16):
        files = layouts(of_depth(inks(), bits), t.CMYK)
        yield Kind(f"TIFF, CMYK, {bits} bits", files, photo())
    for bits in (1, 2, 4, 8):
        indexes, palette = with_palette(2**bits)
        files = layouts(indexes, t.PALETTE, bits=bits, tags=colour_map(palette.astype(int) * 257))
        yield Kind(f"TIFF, palette, {bits} bits", files, palette[indexes[..., 0]])
    indexes, palette = with_palette(256)
    files = layouts(indexes, t.PALETTE, tags=colour_map(palette))
    yield Kind("TIFF, palette of 8-bit colours", files, palette[indexes[..., 0]])
    lab = lab_of(photo())
    for name, photometric, dtype, factors, offset in (
        ("CIELab, 8 bits", t.CIELAB, "u1", (2.55, 1, 1), 0),
        ("CIELab, 16 bits", t.CIELAB, "u2", (655.35, 256, 256), 0),
        ("ICCLab, 8 bits", t.ICCLAB, "u1", (2.55, 1, 1), 128),
        ("ICCLab, 16 bits", t.ICCLAB, "u2", (652.8, 256, 256), 32768),
    ):
        whole = np.rint(lab * factors + [0, offset, offset]).astype(np.int32).astype(dtype)
        yield Kind(f"TIFF, {name}", layouts(whole, photometric), photo(), 3, vips=False)
    files = layouts(lab.astype(np.float32), t.CIELAB, sample_format=t.FLOAT)
    yield Kind("TIFF, CIELab, f4", files, photo(), 3, vips=False)


def inks() -> Pixels:
    return np.concatenate([255 - photo(), np.zeros_like(grey_photo())], axis=2)


def colour_map(palette: NDArray[Any]) -> t.Tags:
    return {320: ("H", palette.astype(np.uint16).T.ravel().tolist())}


def alphas() -> Iterator[Kind]:
    for (name, stored, photometric, opaque), bits in itertools.product(
        (
            ("grey", grey_photo(), t.GREY, rgb(grey_photo())),
            ("RGB", photo(), t.RGB, photo()),
            ("CMYK", inks(), t.CMYK, photo()),
        ),
        (8, 16),
    ):
        multiplied = np.rint(stored * (alpha() / 255)).astype(np.uint8)
        nothing, visible = np.zeros_like(alpha()), on_white(opaque)
        for extra_name, samples, extra, expected, tolerance in (
            ("alpha", [stored, alpha()], [t.UNASSOCIATED], visible, 0.6),
            ("associated alpha", [multiplied, alpha()], [t.ASSOCIATED], visible, 1.5),
            ("an unspecified sample", [stored, nothing], [t.UNSPECIFIED], opaque, 0.6),
            ("alpha that no tag tells", [stored, alpha()], None, visible, 0.6),
            (
                "an unspecified sample and alpha",
                [stored, nothing, alpha()],
                [t.UNSPECIFIED, t.UNASSOCIATED],
                visible,
                0.6,
            ),
        ):
            together = of_depth(np.concatenate(samples, axis=2), bits)
            yield Kind(
                f"TIFF, {name} with {extra_name}, {bits} bits",
                layouts(together, photometric, extra=extra),
                expected,
                tolerance,
                # libvips takes any sample that it does not know for an alpha.
                vips=extra == [t.UNASSOCIATED] and photometric != t.CMYK,
            )
    indexes, palette = with_palette(256)
    files = layouts(
        np.concatenate([indexes, alpha()], axis=2),
        t.PALETTE,
        extra=[t.UNASSOCIATED],
        tags=colour_map(palette.astype(int) * 257),
    )
    expected = on_white(palette[indexes[..., 0]])
    yield Kind("TIFF, palette with alpha, 8 bits", files, expected, vips=False)


def floats_with_alpha() -> Iterator[Kind]:
    shares = np.concatenate([photo(), alpha()], axis=2) / 255
    multiplied = shares * np.concatenate([np.repeat(shares[..., 3:], 3, 2), alpha() > -1], axis=2)
    for name, samples, extra in (
        ("alpha", shares, t.UNASSOCIATED),
        ("associated alpha", multiplied, t.ASSOCIATED),
    ):
        files = layouts(samples.astype("f4"), t.RGB, sample_format=t.FLOAT, extra=[extra])
        expected = on_white(in_range(photo()))
        yield Kind(f"TIFF, RGB with {name}, f4", files, expected, 1.5, vips=False)


def chroma() -> Iterator[Kind]:
    # Smooth enough that it does not matter how chroma is spread.
    coarse = Image.fromarray(photo()).resize((51, 33))
    smooth = coarse.resize((203, 131), Image.Resampling.BICUBIC)
    expected, full = np.asarray(smooth), np.asarray(smooth.convert("YCbCr"))
    video = np.rint(full * [219 / 255, 224 / 255, 224 / 255] + [16, 16, 16]).astype(np.uint8)
    levels = {532: ("rational", [16, 1, 235, 1, 128, 1, 240, 1, 128, 1, 240, 1])}
    for (across, down), (name, samples, more) in itertools.product(
        ((1, 1), (2, 1), (2, 2), (4, 2), (4, 4)),
        (("", full, {}), (", video levels", video, levels)),
    ):
        tags = {530: ("H", [across, down]), **more}
        files = partial(in_all_compressions, samples, across, down, tags)
        # libvips does not take it for YCbCr where there is no subsampling.
        vips = (across, down) != (1, 1)
        yield Kind(f"TIFF, YCbCr, {across} x {down}{name}", files, expected, 3, vips=vips)
    files = layouts(full, t.YCBCR, tags={530: ("H", [1, 1])})
    yield Kind("TIFF, YCbCr, not subsampled", files, expected, 1, vips=False)
    untold = {
        "subsampled": partial(subsampled, full, 2, 2, "none", {}),
        "not subsampled": partial(tiff, full, t.YCBCR),
    }
    for name, file in untold.items():
        files = partial(only, file)
        yield Kind(f"TIFF, YCbCr, {name}, no tag tells", files, expected, 3, vips=False)


def only(file: partial[bytes]) -> dict[str, bytes]:
    return {"strips": file()}


def in_all_compressions(samples: Pixels, across: int, down: int, tags: t.Tags) -> dict[str, bytes]:
    return {
        name: subsampled(samples, across, down, name, tags)
        for name in ("none", "LZW", "deflate", "PackBits")
    }


def subsampled(samples: Pixels, across: int, down: int, compression: str, tags: t.Tags) -> bytes:
    """A TIFF whose pixels share their chroma (TIFF 6.0, section 21)."""
    height, width, _ = samples.shape
    rows = 48
    code, compress = t.COMPRESSIONS[compression]
    strips = []
    for top in range(0, height, rows):
        strip = samples[top : top + rows]
        missing = [(0, -len(strip) % down), (0, -width % across), (0, 0)]
        strip = np.pad(strip, missing, mode="edge")
        units = strip.reshape(len(strip) // down, down, strip.shape[1] // across, across, 3)
        units = units.swapaxes(1, 2)
        luma = units[..., 0].reshape(*units.shape[:2], -1)
        shared = np.rint(units[..., 1:].mean(axis=(2, 3))).astype(np.uint8)
        strips.append(bytes(compress(np.concatenate([luma, shared], axis=2).tobytes())))
    own = {
        256: ("I", [width]),
        257: ("I", [height]),
        258: ("H", [8, 8, 8]),
        259: ("H", [code]),
        262: ("H", [t.YCBCR]),
        277: ("H", [3]),
        278: ("I", [rows]),
        284: ("H", [1]),
    }
    return t.assembled([(own | dict(tags), strips, (273, 279))])


def compressions() -> Iterator[Kind]:
    grey = grey_photo()
    for name, samples, photometric, expected, predictors, options in (
        ("grey, 1 bit", of_depth(grey, 1), t.GREY, rgb(seen(grey, 1)), (1,), {"bits": 1}),
        ("grey, 12 bits", of_depth(grey, 12), t.GREY, rgb(grey), (1,), {"bits": 12}),
        ("RGB, 8 bits", photo(), t.RGB, photo(), (1, 2), {}),
        ("RGB, 16 bits", of_depth(photo(), 16), t.RGB, photo(), (1, 2), {}),
        (
            *("RGB, f4", (photo() / 255).astype("f4"), t.RGB, in_range(photo()), (1, 3)),
            {"sample_format": t.FLOAT},
        ),
    ):
        files = partial(compressed, samples, photometric, predictors, options)
        yield Kind(f"TIFF, compressions of {name}", files, expected, vips=False)
    for bits in (4, 8, 16):
        files = layouts(of_depth(grey, bits), t.GREY, bits=bits, is_bit_order_reversed=True)
        expected = rgb(seen(grey, bits))
        yield Kind(f"TIFF, grey, {bits} bits, bits reversed", files, expected)


def compressed(
    samples: NDArray[Any],
    photometric: int,
    predictors: tuple[int, ...],
    options: Mapping[str, Any],
) -> dict[str, bytes]:
    return {
        f"{name}, predictor {predictor}, {order}{', planar' if is_planar else ''}": tiff(
            samples,
            photometric,
            compression=name,
            predictor=predictor,
            byte_order=order,
            is_planar=is_planar,
            tile=(48, 64) if is_planar else None,
            **options,
        )
        for name, predictor, order, is_planar in itertools.product(
            t.COMPRESSIONS, predictors, BYTE_ORDERS, (False, True)
        )
        if not is_planar or samples.shape[2] > 1
    }


def pictures_in_a_tiff() -> Iterator[Kind]:
    """Those that are compressed as pictures, as libtiff writes them."""
    bilevel = Image.fromarray(photo()).convert("1")
    files = partial(by_libtiff, [bilevel], ("tiff_ccitt", "group3", "group4"))
    yield Kind("TIFF, fax", files, np.asarray(bilevel.convert("RGB")))
    for mode in ("L", "RGB", "YCbCr", "CMYK"):
        picture = Image.fromarray(photo()).convert(mode)
        files = partial(by_libtiff, [picture], ("jpeg",), quality=95)
        yield Kind(f"TIFF, JPEG of {mode}", files, np.asarray(picture.convert("RGB")), 4)


def by_libtiff(
    pictures: list[Image.Image], compressions: tuple[str, ...], **options: Any
) -> dict[str, bytes]:
    files = {}
    for picture, name in itertools.product(pictures, compressions):
        file = io.BytesIO()
        picture.save(file, "TIFF", compression=name, **options)
        files[name] = file.getvalue()
    return files


def layouts(samples: NDArray[Any], photometric: int, **options: Any) -> partial[dict[str, bytes]]:
    """In strips and tiles, chunky and planar, both byte orders, classic and big."""
    return partial(written, samples, photometric, **options)


def written(samples: NDArray[Any], photometric: int, **options: Any) -> dict[str, bytes]:
    return {
        ", ".join(
            (
                "tiles" if tile else "strips",
                "planar" if is_planar else "chunky",
                "little-endian" if order == "<" else "big-endian",
                "BigTIFF" if is_big else "TIFF",
            )
        ): tiff(
            samples,
            photometric,
            tile=tile,
            is_planar=is_planar,
            byte_order=order,
            is_big=is_big,
            **options,
        )
        for tile, is_planar, order, is_big in itertools.product(
            (None, (48, 64)), (False, True), BYTE_ORDERS, (False, True)
        )
        if not is_planar or samples.shape[2] > 1
    }
