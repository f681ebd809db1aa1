"""The detail of a picture, by the band-pass filters of OpenCV.

A difference of Gaussians shows strokes of one width (D. Marr and E. Hildreth, "Theory of Edge
Detection", 1980). It is divided by how strong such strokes are around it, so that faint print
counts beside bold print, and rounded to five values.
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .detail import COLOUR_SIDE, Colours, Level, detail_bytes, level_shapes

# Of the difference of Gaussians and of what is around, in cells.
_INNER, _OUTER, _AROUND = 0.9, 2.2, 12.0

# What is no stroke: noise of few levels of brightness, and what is weak beside the strongest tenth.
_NOISE = 2.0
_WEAK = 0.3

_FAINT, _STRONG = 0.4, 1.0  # from which values on cells are 1 and 2

# Tones: how many are counted, and how many levels to each side belong to one.
_TONES, _WIDTH = 3, 5

# One thread: there are as many processes as are wanted.
cv2.setNumThreads(1)


def find_detail(picture: Image.Image) -> bytes:
    """The detail of a picture as `decode` gives it, as bytes that `detail.read_detail` reads."""
    grey = np.asarray(picture.convert("L"))
    height, width = grey.shape
    scaled: Level = grey.astype(np.float32)
    levels = []
    for rows, columns in level_shapes(width, height):
        is_enlarged = rows * columns > scaled.size
        method = cv2.INTER_CUBIC if is_enlarged else cv2.INTER_AREA
        scaled = np.asarray(cv2.resize(scaled, (columns, rows), interpolation=method))
        levels.append(_strokes(scaled))
    return detail_bytes(width, height, _plainness(grey), _colours(picture), levels)


def _strokes(scaled: Level) -> Level:
    difference = _blurred(scaled, _INNER) - _blurred(scaled, _OUTER)
    strength = np.abs(difference)
    around = np.sqrt(_blurred(difference * difference, _AROUND))
    tenth = strength.size * 9 // 10
    strong = float(np.partition(strength, tenth, axis=None)[tenth])
    relative = strength / (around + max(_WEAK * strong, _NOISE))
    cells = np.sign(difference) * ((relative > _FAINT).astype(np.float32) + (relative > _STRONG))
    strokes: Level = cells.astype(np.float32)
    return strokes


def _blurred(values: Level, sigma: float) -> Level:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma), np.float32)


def _colours(picture: Image.Image) -> Colours:
    """The mean colours of cells and those around them, so that a shift by half a cell is small."""
    cells = picture.convert("RGB").resize((COLOUR_SIDE, COLOUR_SIDE), Image.Resampling.BOX)
    blurred = cv2.blur(np.asarray(cells), (3, 3), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred, np.uint8)


def _plainness(grey: NDArray[np.uint8]) -> float:
    counts = np.bincount(grey.ravel(), minlength=256)
    share = 0.0
    for _ in range(_TONES):
        around = np.convolve(counts, np.ones(2 * _WIDTH + 1, int), "same")
        tone = int(around.argmax())
        share += float(around[tone]) / grey.size
        counts[max(0, tone - _WIDTH) : tone + _WIDTH + 1] = 0
    return share
