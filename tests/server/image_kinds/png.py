"""Kinds of PNG: depths and colours, with and without transparency, in rows and interlaced."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import Kind, alpha, grey_photo, of_depth, on_white, photo, rgb, seen, with_palette
from .png_files import GREY, GREY_ALPHA, PALETTE, RGB, RGB_ALPHA, chunk, png


def kinds() -> Iterator[Kind]:
    yield from grey()
    yield from colours()
    yield from palettes()


def grey() -> Iterator[Kind]:
    for bits in (1, 2, 4, 8, 16):
        samples, expected = of_depth(grey_photo(), bits), rgb(seen(grey_photo(), bits))
        yield Kind(f"PNG, grey, {bits} bits", layouts(samples, GREY, bits), expected)
        # One of its shades is transparent; of two, white is, for white alone is put on black.
        shade = 1 if bits == 1 else int(np.median(samples))
        is_clear = np.where(samples == shade, 0, 255).astype(np.uint8)
        files = layouts(samples, GREY, bits, chunk(b"tRNS", shade.to_bytes(2)))
        yield Kind(f"PNG, grey with tRNS, {bits} bits", files, on_white(expected, is_clear))
    for bits in (8, 16):
        samples = of_depth(np.concatenate([grey_photo(), alpha()], axis=2), bits)
        files = layouts(samples, GREY_ALPHA, bits)
        yield Kind(f"PNG, grey with alpha, {bits} bits", files, on_white(rgb(grey_photo())))


def colours() -> Iterator[Kind]:
    for bits in (8, 16):
        samples = of_depth(photo(), bits)
        yield Kind(f"PNG, RGB, {bits} bits", layouts(samples, RGB, bits), photo())
        with_alpha = of_depth(np.concatenate([photo(), alpha()], axis=2), bits)
        files = layouts(with_alpha, RGB_ALPHA, bits)
        yield Kind(f"PNG, RGB with alpha, {bits} bits", files, on_white(photo()))
        samples = samples.copy()
        samples[20:60, 30:90] = colour = samples[100, 100]
        if bits == 16:
            # One that is the same but for what eight bits cannot tell.
            samples[70:100, 30:90] = colour ^ 1
        is_clear = (samples == colour).all(axis=2, keepdims=True)
        visible = (samples >> (bits - 8)).astype(np.uint8)
        expected = on_white(visible, np.where(is_clear, 0, 255).astype(np.uint8))
        files = layouts(samples, RGB, bits, chunk(b"tRNS", colour.astype(">u2").tobytes()))
        yield Kind(f"PNG, RGB with tRNS, {bits} bits", files, expected)


def palettes() -> Iterator[Kind]:
    for bits in (1, 2, 4, 8):
        indexes, palette = with_palette(2**bits)
        stored, expected = chunk(b"PLTE", palette.tobytes()), palette[indexes[..., 0]]
        files = layouts(indexes, PALETTE, bits, stored)
        yield Kind(f"PNG, palette, {bits} bits", files, expected)
        for name, opacity in (
            ("one transparent colour", np.array([0] + [255] * (2**bits - 1), np.uint8)),
            ("alpha", np.linspace(0, 255, 2**bits).astype(np.uint8)),
        ):
            files = layouts(indexes, PALETTE, bits, stored, chunk(b"tRNS", opacity.tobytes()))
            visible = on_white(expected, opacity[indexes])
            yield Kind(f"PNG, palette with {name}, {bits} bits", files, visible)


def layouts(
    samples: NDArray[Any], colours: int, bits: int, *before_pixels: bytes
) -> partial[dict[str, bytes]]:
    return partial(written, samples, colours, bits, before_pixels)


def written(
    samples: NDArray[Any], colours: int, bits: int, before_pixels: tuple[bytes, ...]
) -> dict[str, bytes]:
    ways = {"in rows": False, "interlaced": True}
    return {
        name: png(samples, colours, bits, is_interlaced=way, before_pixels=before_pixels)
        for name, way in ways.items()
    }
