"""Samples of any depth as a picture of eight bits."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Where all values range over more than ten times what all but one in a thousand at each end do,
# those are outliers, such as a broken pixel or the sun in a picture of radiances.
_OUTLYING = 10
_OUTLIERS = 0.001
# They are looked for among so many values: sorting all would take seconds.
_LOOKED_AT = 1_000_000

# So large are infinities, and the ends of float32, which often stand for missing data.
_INFINITE = 3.4e38


def picture_of(samples: NDArray[np.uint8], mode: str) -> Image.Image:
    """The picture of samples of eight bits.

    Args:
        samples: Of shape (height, width, channels).
        mode: Pillow's name of the channels. Those of `LAB` are as in a TIFF: a and b are signed.
    """
    if mode == "L":
        samples = samples[..., 0]
    return Image.frombuffer(mode, samples.shape[1::-1], np.ascontiguousarray(samples))


def eight_bits(samples: NDArray[Any], bits: int, no_data: float | None = None) -> NDArray[np.uint8]:
    """Samples scaled to eight bits.

    Unsigned whole numbers of up to 16 bits go from black to white. What has more bits, a sign or a
    fraction has no white that all agree on, and goes from the least to the greatest value that is
    data and no outlier: so whatever the unit, all of the picture is seen, and an ordinary photo
    comes out as it is. What is no data (NaN, infinities, and the value that stands for it) becomes
    black.

    Args:
        samples: Of any shape.
        bits: How many bits each has, where they are unsigned whole numbers.
        no_data: The value that stands for missing data.
    """
    if samples.dtype.kind in "bu" and bits <= 16:
        return _by_depth(samples, bits)
    values: NDArray[Any] = samples.astype(np.float64 if samples.itemsize > 4 else np.float32)
    is_data = np.abs(values) < _INFINITE
    if no_data is not None:
        is_data &= values != values.dtype.type(no_data)
    values[~is_data] = np.nan
    least, greatest = _range(values)
    values -= least
    values *= 255 / ((greatest - least) or 1)
    return rounded(values)


def by_depth(samples: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    """Amounts, such as alpha and ink, scaled to eight bits: from nothing to all.

    All is the greatest whole number of so many bits, or 1 if they are fractions.
    """
    if samples.dtype.kind in "bu" and bits <= 16:
        return _by_depth(samples, bits)
    most = {"u": 2.0**bits - 1, "i": 2.0 ** (bits - 1) - 1}.get(samples.dtype.kind, 1)
    return rounded(samples.astype(np.float32) * (255 / most))


def rounded(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Values as the nearest whole numbers from 0 to 255; 0 for NaN."""
    whole: NDArray[np.uint8] = np.rint(np.nan_to_num(values).clip(0, 255)).astype(np.uint8)
    return whole


def _by_depth(samples: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    if bits == 8:
        return samples.view(np.uint8)
    greatest = (1 << bits) - 1
    table = ((np.arange(greatest + 1) * 255 + greatest // 2) // greatest).astype(np.uint8)
    scaled: NDArray[np.uint8] = table[samples.view(np.uint8) if bits == 1 else samples]
    return scaled


def _range(values: NDArray[Any]) -> tuple[float, float]:
    """The least and the greatest value, outliers and NaN left out."""
    looked_at = values.reshape(-1)[:: max(1, values.size // _LOOKED_AT)]
    looked_at = looked_at[~np.isnan(looked_at)]
    if not looked_at.size:
        return 0.0, 0.0
    least, greatest = float(np.nanmin(values)), float(np.nanmax(values))
    low, high = np.quantile(looked_at, [_OUTLIERS, 1 - _OUTLIERS]).tolist()
    if low < high and greatest - least > _OUTLYING * (high - low):
        return low, high
    return least, greatest
