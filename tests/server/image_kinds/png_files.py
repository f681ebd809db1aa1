"""Writing PNG files of every kind, byte by byte, so that they owe nothing to what reads them."""

import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .tiff_files import packed

GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6

# Where each pass of an interlaced picture begins, and its steps: left, top, across, down.
ADAM7 = [
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
]


def png(
    samples: NDArray[Any],
    colours: int,
    depth: int,
    *,
    is_interlaced: bool = False,
    before_pixels: Sequence[bytes] = (),
    after_pixels: Sequence[bytes] = (),
) -> bytes:
    """A PNG file.

    Args:
        samples: Of shape (height, width, samples).
        colours: What they mean.
        depth: How many bits each has.
        is_interlaced: Whether it is stored coarsely first.
        before_pixels: More chunks, such as the palette.
        after_pixels: Chunks that come behind the pixels.
    """
    height, width, _ = samples.shape
    header = struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, is_interlaced)
    passes = [samples]
    if is_interlaced:
        passes = [samples[top::down, left::across] for left, top, across, down in ADAM7]
    rows = b"".join(row for one in passes if one.size for row in filtered(one, depth))
    chunks = [
        chunk(b"IHDR", header),
        *before_pixels,
        chunk(b"IDAT", zlib.compress(rows)),
        *after_pixels,
        chunk(b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def filtered(samples: NDArray[Any], depth: int) -> Iterator[bytes]:
    """The rows, every other one as the differences from the one above."""
    above = None
    for number, row in enumerate(samples):
        data = np.frombuffer(packed(row[None], depth, ">"), np.uint8)
        if number % 2 and above is not None:
            yield b"\2" + (data - above).tobytes()
        else:
            yield b"\0" + data.tobytes()
        above = data


def chunk(kind: bytes, content: bytes, check: int | None = None) -> bytes:
    """A chunk, with a check of its own if one is given."""
    if check is None:
        check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)
