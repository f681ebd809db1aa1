"""Scaling pictures down to the size at which they are compared."""

from PIL import Image

LONGEST_SIDE = 640
"""Pictures are scaled down to this many pixels; more does not help any fingerprint."""


def fitted(picture: Image.Image) -> Image.Image:
    """The picture, scaled down where a side is longer than `LONGEST_SIDE`."""
    size = fitted_size(picture.size)
    if size == picture.size:
        return picture
    return picture.resize(size, Image.Resampling.BICUBIC, reducing_gap=2)


def fitted_size(size: tuple[int, int]) -> tuple[int, int]:
    """Width and height of a picture of some size once it has been scaled down."""
    factor = min(LONGEST_SIDE / max(size), 1)
    width, height = (max(1, round(side * factor)) for side in size)
    return width, height
