"""The detail of a picture: where fine dark and light strokes are, and how strong, at three scales.

A picture and its copy have the same strokes at the same places; pictures that only look alike, as
two letters on the same paper or two shots of one scene, do not. A coarse layout of its colours
tells what has no strokes, as a sky, or the same ones in other colours, as two flags. Only the data
and their format are here: `filtering` computes them, `alignment` lays one picture on another, and
`agreement` tells how far they are the same.
"""

import zlib
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

Level: TypeAlias = NDArray[np.floating[Any]]
Colours: TypeAlias = NDArray[np.uint8]

LEVELS = 3
"""Each level has half as many cells each way as the one before it."""

PHOTO, PLAIN = 0.6, 0.75
"""Up to which plainness a picture is a photo, and from which on a document, a screen or a flag."""

COLOUR_SIDE = 8
"""So many cells each way has the layout of colours."""

_MOST_CELLS, _LEAST_CELLS = 128 * 128, 48 * 48  # of the finest level
_LEAST_SIDE = 4  # cells
_EFFORT = 6  # of deflating: 9 takes four times as long, for 1 % less
_HEAD = np.dtype([("width", "<u2"), ("height", "<u2"), ("plainness", "u1")])


@frozen(eq=False)
class Detail:
    """The detail of a picture.

    Attributes:
        width, height: Of the picture, in pixels.
        plainness: Which share of the picture is in its three most frequent tones, 0 to 1: nearly
            all of a page, a screen or a flag, and far less of a photo.
        colours: The mean red, green and blue around each of 8 x 8 cells, of shape (8, 8, 3).
        levels: From fine to coarse, arrays of float32 of shape (rows, columns), with -2 for cells
            that are much darker than what is around them, -1 darker, 0 alike, 1 lighter, 2 much
            lighter.
        data: The same as bytes.
    """

    width: int
    height: int
    plainness: float
    colours: Colours
    levels: Sequence[Level]
    data: bytes


def level_shapes(width: int, height: int) -> list[tuple[int, int]]:
    """Rows and columns of each level of a picture.

    The finest has no more cells than there are pixels, but of icons, which are enlarged.
    """
    area = width * height
    factor = min((_MOST_CELLS / area) ** 0.5, max((_LEAST_CELLS / area) ** 0.5, 1))
    return [
        (
            max(_LEAST_SIDE, round(height * factor / 2**level)),
            max(_LEAST_SIDE, round(width * factor / 2**level)),
        )
        for level in range(LEVELS)
    ]


def detail_bytes(
    width: int, height: int, plainness: float, colours: Colours, levels: Sequence[Level]
) -> bytes:
    """Detail as it is stored: a head of 5 bytes; colours, and three cells a byte, deflated."""
    head = np.array((width, height, round(255 * plainness)), _HEAD)
    digits = np.concatenate([level.ravel() for level in levels]) + 2
    triples = np.pad(digits, (0, -len(digits) % 3)).reshape(-1, 3)
    packed = (triples @ np.array([25, 5, 1])).astype(np.uint8)
    return head.tobytes() + zlib.compress(colours.tobytes() + packed.tobytes(), _EFFORT)


def is_plain(plainness: float) -> bool:
    """Whether a picture of such plainness is a document or the like, and no photo."""
    return plainness >= PLAIN


def read_plainness(data: bytes) -> float:
    """`Detail.plainness` from bytes of `detail_bytes`, without reading the rest."""
    plainness: int = np.frombuffer(data[: _HEAD.itemsize], _HEAD)[0]["plainness"].item()
    return plainness / 255


# More than any detail has: what is crafted does not unfold to more.
_MOST_BYTES = 64 * 1024


def read_detail(data: bytes) -> Detail:
    """Detail from bytes of `detail_bytes`.

    Raises:
        ValueError: If they are none.
    """
    try:
        return _read_detail(data)
    except (zlib.error, ArithmeticError, IndexError, ValueError) as error:
        raise ValueError(f"this is no detail of a picture: {error}") from None


def _read_detail(data: bytes) -> Detail:
    width, height, plainness = np.frombuffer(data[: _HEAD.itemsize], _HEAD)[0].item()
    body = np.frombuffer(
        zlib.decompressobj().decompress(data[_HEAD.itemsize :], _MOST_BYTES), np.uint8
    )
    colours = body[: COLOUR_SIDE**2 * 3].reshape(COLOUR_SIDE, COLOUR_SIDE, 3)
    cells = _TRIPLES[body[colours.size :]].ravel()
    levels, start = [], 0
    for rows, columns in level_shapes(width, height):
        levels.append(cells[start : start + rows * columns].reshape(rows, columns))
        start += rows * columns
    return Detail(width, height, plainness / 255, colours, levels, data)


_TRIPLES = np.stack(np.unravel_index(np.arange(125), (5, 5, 5)), axis=1).astype(np.float32) - 2
