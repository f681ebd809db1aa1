"""Pictures of luma and chroma in a TIFF (TIFF 6.0, section 21), if JPEG has not compressed them."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tifffile import COMPRESSION, PHOTOMETRIC, TIFF, TiffPage

from .samples import picture_of
from .stored import not_read

_LUMA = 529
_SUBSAMPLING = 530
_REFERENCE_BLACK_WHITE = 532

# What holds where these tags are missing.
_FULL_RANGE = (0, 255, 128, 255, 128, 255)
_BT_601 = (0.299, 0.587, 0.114)


def is_subsampled(page: TiffPage) -> bool:
    """Whether pixels share their chroma, in a way that `tifffile` does not unpack."""
    is_jpeg = page.compression in (COMPRESSION.JPEG, COMPRESSION.OJPEG)
    return page.photometric == PHOTOMETRIC.YCBCR and page.is_subsampled and not is_jpeg


def upsampled(page: TiffPage, content: bytes, rows: int, columns: int) -> NDArray[np.uint8]:
    """The samples of a strip or tile, of shape (rows, columns, 3)."""
    if page.planarconfig != 1 or page.bitspersample != 8 or page.predictor != 1:
        raise not_read("A TIFF of subsampled YCBCR in planes, with a predictor or not of 8 bits")
    whole = rows * columns * 3
    if page.compression != COMPRESSION.NONE:
        content = TIFF.DECOMPRESSORS[page.compression](content, out=whole)
    across, down = page.subsampling or (2, 2)
    if page.subsampling is None and len(content) >= whole:
        # Without the tag it should be 2 x 2, but some programs mean that there is none.
        across = down = 1
    units = math.ceil(rows / down), math.ceil(columns / across)
    blocks = np.frombuffer(content, np.uint8, math.prod(units) * (across * down + 2))
    blocks = blocks.reshape(*units, -1)
    luma = blocks[..., :-2].reshape(*units, down, across)
    luma_rows = luma.swapaxes(1, 2).reshape(units[0] * down, units[1] * across)
    chroma = blocks[..., -2:].repeat(down, axis=0).repeat(across, axis=1)
    return np.dstack([luma_rows, chroma])[:rows, :columns]


def subsampled_size(page: TiffPage, rows: int, columns: int) -> int:
    """How many bytes a strip or tile has when it is not compressed; 0 if that cannot be told."""
    if page.subsampling is None:
        return 0
    across, down = page.subsampling
    return math.ceil(rows / down) * math.ceil(columns / across) * (across * down + 2)


def ycbcr_picture(page: TiffPage, samples: NDArray[Any], bits: int) -> Image.Image:
    """The picture of samples of shape (height, width, 3)."""
    if bits != 8:
        raise not_read(f"A TIFF of the colours YCBCR and {bits} bits")
    matrix = _matrix(
        _numbers(page, _LUMA, _BT_601), _numbers(page, _REFERENCE_BLACK_WHITE, _FULL_RANGE)
    )
    if not np.isfinite(matrix).all():
        raise not_read("A TIFF of the colours YCBCR with damaged tags")
    picture = picture_of(samples.view(np.uint8), "RGB")
    return picture.convert("RGB", tuple(matrix.ravel().tolist()))


def _numbers(page: TiffPage, tag: int, default: Sequence[float]) -> NDArray[np.float64]:
    values = np.array(page.tags.valueof(tag, default), float)
    if len(values) == 2 * len(default):
        # They are fractions, which come in pairs.
        values = values[::2] / values[1::2]
    if len(values) != len(default):
        raise not_read("A TIFF of the colours YCBCR with damaged tags")
    return values


def _matrix(luma: NDArray[np.float64], levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """What brings Y, Cb, Cr and 1 to red, green and blue."""
    black, white = levels.reshape(3, 2).T

    def rgb(ycbcr: NDArray[np.float64]) -> NDArray[np.float64]:
        y, cb, cr = (ycbcr - black) * [255, 127, 127] / (white - black)
        red = y + cr * (2 - 2 * luma[0])
        blue = y + cb * (2 - 2 * luma[2])
        green = (y - luma[0] * red - luma[2] * blue) / luma[1]
        return np.array([red, green, blue])

    # As it is linear, it is told by what it makes of zero and of ones.
    with np.errstate(divide="ignore", invalid="ignore"):
        origin = rgb(np.zeros(3))
        return np.column_stack([*(rgb(one) - origin for one in np.eye(3)), origin])
