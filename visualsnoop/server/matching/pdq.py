"""PDQ: a hash of a picture that stays nearly the same however it is scaled or compressed.

Source: "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm", Facebook 2019,
and the reference implementation in github.com/facebook/ThreatExchange, from which this differs only
in bits whose coefficient equals the median but for rounding: 0 to 2 of 256 in photos.
"""

from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_Floats: TypeAlias = NDArray[np.floating[Any]]

_LEAST_SIDE = 5  # pixels; of less no hash is computed

_SIDE = 64  # of the picture that is hashed, in pixels
_FREQUENCIES = 16  # of its cosine transform that count, each way; the mean, 0, is not among them
_PASSES = 2  # of the box filter
_DECIMALS = 2  # of coefficients up to 8,160, of which single precision keeps three
_FULL_QUALITY = 90  # differences of neighbours, in units of the range of brightness


def pdq_hash(picture: Image.Image) -> tuple[bytes, int]:
    """The PDQ hash of a picture, and its quality.

    Args:
        picture: In any mode that Pillow converts to greyscale.

    Returns:
        The hash, 32 bytes, and how much there is to recognise, from 0 (one colour) to 100. Hashes
        of pictures with a quality below 50 should not be trusted, says the paper. Pictures of less
        than 5 pixels in width or height have a hash of zeros, and no quality.
    """
    if min(picture.size) < _LEAST_SIDE:
        return bytes(_FREQUENCIES**2 // 8), 0
    small = _reduced(picture)
    # A picture of 16 columns has nothing of the frequency 16: zeros, but for the rounding of sums,
    # which differs between processors. Rounded more coarsely they are equal, and set no bit.
    coefficients = np.round(_coefficients(small), _DECIMALS)
    # From the highest frequency down, as the text form of these hashes is written.
    bits = (coefficients > _median(coefficients))[::-1, ::-1]
    return np.packbits(bits).tobytes(), _quality(small)


def distance_to_median(picture: Image.Image) -> _Floats:
    """How far each bit of a picture's hash is from being the other, of shape (256,).

    In units of brightness, from 0 to 255, times the gain of the cosine transform, 32. Bits that are
    nearer than half a unit may differ: the reference implementation does not round brightness to
    whole levels, and processors round sums in different orders.
    """
    coefficients = _coefficients(_reduced(picture))
    distances: _Floats = np.abs(coefficients - _median(coefficients))[::-1, ::-1].ravel()
    return distances


def _reduced(picture: Image.Image) -> _Floats:
    brightness = np.asarray(picture.convert("L"), np.float32)
    height, width = brightness.shape
    small: _Floats = _reduction(height) @ brightness @ _reduction(width).T
    return small


def _coefficients(small: _Floats) -> _Floats:
    coefficients: _Floats = _COSINES @ small @ _COSINES.T
    return coefficients


def _median(coefficients: _Floats) -> np.floating[Any]:
    # The upper of the two in the middle would be the median as well: no bit may be set at both.
    median: np.floating[Any] = np.sort(coefficients, axis=None)[coefficients.size // 2 - 1]
    return median


def _quality(small: _Floats) -> int:
    differences = sum(
        int(np.abs(np.trunc(np.diff(small, axis=axis) * (100 / 255))).sum()) for axis in (0, 1)
    )
    return min(100, differences // _FULL_QUALITY)


@lru_cache(maxsize=64)
def _reduction(size: int) -> _Floats:
    """The matrix that smooths a line of so many pixels and takes every n-th, of shape (64, size).

    It smooths by a box filter as wide as half a pixel of the result, twice, which counts only what
    lies within the picture.
    """
    width = (size + 2 * _SIDE - 1) // (2 * _SIDE)
    places = np.arange(size)
    reach = places - places[:, np.newaxis]
    box = (reach >= -((width - 1) // 2)) & (reach <= width // 2)
    smoothing = box / box.sum(axis=1, keepdims=True)
    taken = ((np.arange(_SIDE) + 0.5) * size / _SIDE).astype(int)
    matrix = smoothing[taken]
    for _ in range(_PASSES - 1):
        matrix = matrix @ smoothing
    reduction: _Floats = matrix.astype(np.float32)
    return reduction


def _cosines() -> _Floats:
    """The rows of the discrete cosine transform (DCT-II) that count, of shape (16, 64)."""
    frequencies = np.arange(1, _FREQUENCIES + 1)[:, np.newaxis]
    angles = np.pi / (2 * _SIDE) * frequencies * (2 * np.arange(_SIDE) + 1)
    cosines: _Floats = ((2 / _SIDE) ** 0.5 * np.cos(angles)).astype(np.float32)
    return cosines


_COSINES = _cosines()
