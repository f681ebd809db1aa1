"""Thumbnails, for collections that keep them."""

import io

from PIL import Image

LONGEST_SIDE = 256
_QUALITY = 75


def thumbnail_of(picture: Image.Image) -> bytes:
    """A WebP file of a picture, no side of which is longer than `LONGEST_SIDE` pixels.

    Args:
        picture: An RGB picture as `decode` gives it.
    """
    small = picture.copy()
    small.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    small.save(file, "WEBP", quality=_QUALITY, method=2)
    return file.getvalue()
