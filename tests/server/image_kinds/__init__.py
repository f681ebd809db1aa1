"""Every kind of TIFF and PNG, with what it is to be read as.

    python -m tests.server.image_kinds

prints what the service makes of each, as a table: right or refused by name, how far its pixels are
from the picture, how it scores against it, and how it scores against what libvips reads.
"""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray
from PIL import Image

PHOTO = Path(__file__).parents[2] / "photos" / "coffee.jpg"

Pixels = NDArray[np.uint8]


@frozen
class Kind:
    """A kind of file, in all its layouts.

    Attributes:
        name: What it is.
        files: What writes the files, by their layout.
        expected: The picture, RGB; or a pattern of the message by which all are refused.
        tolerance: By how much pixels may differ in the mean, of 255.
        vips: Whether libvips takes it for the same.
    """

    name: str
    files: Callable[[], Mapping[str, bytes]]
    expected: Pixels | str
    tolerance: float = 0.6
    vips: bool = True


@cache
def photo() -> Pixels:
    """A photo whose sides are no multiples of anything."""
    with Image.open(PHOTO) as opened:
        return np.asarray(opened.convert("RGB").resize((203, 131)))


@cache
def grey_photo() -> Pixels:
    return np.asarray(Image.fromarray(photo()).convert("L"))[..., None]


@cache
def alpha() -> Pixels:
    """From transparent to opaque, from left to right."""
    height, width, _ = photo().shape
    return np.tile(np.linspace(0, 255, width).astype(np.uint8), (height, 1))[..., None]


def on_white(colours: Pixels, opacity: Pixels | None = None) -> Pixels:
    share = (alpha() if opacity is None else opacity) / 255
    return np.rint(colours * share + 255 * (1 - share)).astype(np.uint8)


def rgb(grey: Pixels) -> Pixels:
    return np.repeat(grey, 3, axis=2)


def of_depth(samples: Pixels, bits: int) -> NDArray[Any]:
    """Samples of so many bits."""
    if bits in (32, 64):
        # Floating-point numbers do not tell all of these.
        whole: NDArray[Any] = samples.astype(f"u{bits // 8}")
        whole *= whole.dtype.type((2**bits - 1) // 255)
        return whole
    scaled: NDArray[Any] = np.rint(samples / 255 * (2.0**bits - 1))
    return scaled.astype(np.uint8 if bits <= 8 else np.uint16)


def seen(samples: Pixels, bits: int) -> Pixels:
    """What can be seen of samples when they have so many bits."""
    if bits >= 8:
        return samples
    most = 2**bits - 1
    levels: Pixels = np.rint(np.rint(samples / 255 * most) / most * 255).astype(np.uint8)
    return levels


def in_range(samples: Pixels) -> Pixels:
    """What can be seen of samples that are scaled to their range."""
    low, high = int(samples.min()), int(samples.max())
    return np.rint((samples.astype(float) - low) / (high - low) * 255).astype(np.uint8)


def with_palette(count: int) -> tuple[Pixels, Pixels]:
    """The photo as indexes into a palette, and the palette."""
    few = Image.fromarray(photo()).quantize(count)
    colours = np.zeros((count, 3), np.uint8)
    palette = np.array(few.getpalette(), np.uint8).reshape(-1, 3)[:count]
    colours[: len(palette)] = palette
    colours[0] = 255
    return np.asarray(few)[..., None], colours


def lab_of(picture: Pixels) -> NDArray[np.float64]:
    """CIE L*a*b* of D50 (IEC 61966-2-1 and ICC.1, with the Bradford transform)."""
    shares = picture / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array(
        [
            [0.4360747, 0.3850649, 0.1430804],
            [0.2225045, 0.7168786, 0.0606169],
            [0.0139322, 0.0971045, 0.7141733],
        ]
    )
    xyz = linear @ to_xyz.T / [0.9642, 1, 0.8249]
    roots = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    x, y, z = np.moveaxis(roots, 2, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=2)
