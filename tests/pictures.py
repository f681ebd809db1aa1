"""Pictures as files."""

import io
import random

from PIL import Image


def encoded(picture: Image.Image) -> bytes:
    """The picture as a JPEG file."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=85)
    return file.getvalue()


def different_picture(number: int) -> bytes:
    """A picture of coloured clouds, like no other."""
    colours = random.Random(number).randbytes(8 * 8 * 3)
    return encoded(
        Image.frombytes("RGB", (8, 8), colours).resize((128, 128), Image.Resampling.BICUBIC)
    )
