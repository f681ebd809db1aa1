"""Measure what it costs to read a large picture and to make its fingerprint, format by format.

    python -m scripts.bench.decoding [--megapixels 24]

A picture is saved in every format, and read in three ways: in full by Pillow, as any program would
that then scales it down; as a thumbnail by libvips, which is known to be fast at that, where it
knows the format; and as the service does, whose JPEG decoder scales while it decodes. Printed is
the time of each, in milliseconds of one core.
"""

import argparse
import io
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pyvips
from PIL import Image

from visualsnoop.server.matching.decode import decode
from visualsnoop.server.matching.fingerprinter import Fingerprinter
from visualsnoop.server.matching.scaling import LONGEST_SIDE

WAYS_TO_SAVE: dict[str, tuple[str, dict[str, Any]]] = {
    "JPEG": ("JPEG", {"quality": 90}),
    "JPEG, progressive": ("JPEG", {"quality": 90, "progressive": True}),
    "PNG": ("PNG", {"compress_level": 1}),
    "WebP": ("WEBP", {"quality": 80, "method": 0}),
    "GIF": ("GIF", {}),
    "BMP": ("BMP", {}),
    "TIFF": ("TIFF", {}),
    "AVIF": ("AVIF", {"quality": 60, "speed": 10}),
    "HEIC": ("HEIF", {"quality": 60}),
    "JPEG XL": ("JXL", {"quality": 80, "effort": 1}),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megapixels", type=float, default=24)
    arguments = parser.parse_args()
    picture = large_picture(arguments.megapixels)
    print(f"{picture.width} x {picture.height} pixels" + "Pillow    libvips    service".rjust(44))
    for name in WAYS_TO_SAVE:
        data = saved(picture, name)
        row = f"{name:40}"
        for read in (read_in_full, read_by_libvips, read_by_service):
            try:
                row += f"{milliseconds(partial(read, data)):10.0f}"
            except pyvips.Error:
                row += "-".rjust(10)
        print(row, flush=True)
    fingerprinter, small = Fingerprinter(), read_by_service(data)
    print(f"{'fingerprint':40}{milliseconds(lambda: fingerprinter.fingerprint(small)):30.0f}")


def large_picture(megapixels: float) -> Image.Image:
    """Clouds of several sizes and some grain, about as hard to compress as a photo."""
    height = round((megapixels * 1e6 / 1.5) ** 0.5)
    size = (round(1.5 * height), height)
    bands = []
    for number in range(3):
        band = Image.effect_noise((12 + number, 8), 90).resize(size, Image.Resampling.BICUBIC)
        for width in (100, 800):
            finer = Image.effect_noise((width, width * 2 // 3), 60).resize(size)
            band = Image.blend(band, finer, 0.3)
        bands.append(Image.blend(band, Image.effect_noise(size, 30), 0.1))
    return Image.merge("RGB", bands)


def saved(picture: Image.Image, name: str) -> bytes:
    """The bytes of a picture, saved in one of the formats."""
    file_format, options = WAYS_TO_SAVE[name]
    file = io.BytesIO()
    picture.save(file, file_format, **options)
    return file.getvalue()


def read_by_libvips(data: bytes) -> bytes:
    """Raises `pyvips.Error` if libvips does not know the format."""
    options = {"height": LONGEST_SIDE, "size": "down", "no_rotate": True}
    pixels: bytes = pyvips.Image.thumbnail_buffer(data, LONGEST_SIDE, **options).write_to_memory()
    return pixels


def read_by_service(data: bytes) -> Image.Image:
    return decode(io.BytesIO(data))


def read_in_full(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as opened:
        picture = opened.convert("RGB")
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return picture


def milliseconds(
    work: Callable[[], object], times: int = 3, clock: Callable[[], float] = time.process_time
) -> float:
    """How long some work takes of the processor, the least of several tries."""
    taken = []
    for _ in range(times):
        started = clock()
        work()
        taken.append(1000 * (clock() - started))
    return min(taken)


if __name__ == "__main__":
    main()
