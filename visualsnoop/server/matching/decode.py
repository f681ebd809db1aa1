"""Reading an image file as a picture, whatever it is and whoever sent it."""

import warnings
from typing import BinaryIO

from PIL import Image

from .errors import ImageTooLarge, UnreadableImage
from .formats import READERS, identify
from .formats.stored import StoredPicture, not_read
from .scaling import fitted
from .srgb import to_srgb
from .transparency import flattened

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What brings a picture upright, by its orientation in EXIF."""


ORIGINAL_SIZE = "original_size"
"""Where a picture that was decoded has the size that it had."""


def decode(file: BinaryIO, *, max_pixels: int = 100_000_000) -> Image.Image:
    """Read an image file as an upright RGB picture with no side over 640 pixels.

    Its width and height before it was scaled are in its `info`, as `ORIGINAL_SIZE`.

    The format is found by looking at the data. Of an animation the first frame counts; colours
    are brought to sRGB, and transparent pictures put on a ground on which they can be seen.

    Args:
        file: The image file.
        max_pixels: How many pixels the picture may have; checked before they are decoded.

    Raises:
        UnreadableImage: If the data cannot be read as an image.
        ImageTooLarge: If the picture has too many pixels.
    """
    data = file.read()
    name = identify(data)
    try:
        # What decoders think of odd files is nothing to the operator.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            stored = READERS[name](data, max_pixels)
            picture = _prepared(stored)
            picture.info = {ORIGINAL_SIZE: stored.upright_size}
            return picture
    except (UnreadableImage, ImageTooLarge):
        raise
    except MemoryError as error:
        raise ImageTooLarge("The picture needs too much memory: scale it down") from error
    except Image.DecompressionBombError as error:
        raise ImageTooLarge("The picture has far too many pixels: scale it down") from error
    except NotImplementedError as error:
        raise not_read(f"A {name} of this kind ({error})") from error
    except Exception as error:
        # Decoders raise whatever comes to their mind.
        raise UnreadableImage(
            f"The {name} file is damaged or incomplete: send it again, whole"
        ) from error


def _prepared(stored: StoredPicture) -> Image.Image:
    """The picture as it is compared: upright, scaled down, in sRGB and on a ground."""
    # Scaled as early as can be: what comes after it costs next to nothing.
    picture = fitted(_in_scalable_mode(stored.pixels))
    if stored.orientation in _UPRIGHT:
        picture = picture.transpose(_UPRIGHT[stored.orientation])
    if picture.mode not in ("LA", "RGBA"):
        return to_srgb(picture, stored.icc_profile)
    colours = to_srgb(picture.convert(picture.mode.removesuffix("A")), stored.icc_profile)
    colours.putalpha(picture.getchannel("A"))
    return flattened(colours)


def _in_scalable_mode(picture: Image.Image) -> Image.Image:
    """The picture in a mode that can be scaled, with its transparency."""
    if picture.has_transparency_data:
        return picture if picture.mode in ("LA", "RGBA") else picture.convert("RGBA")
    if picture.mode == "1":
        return picture.convert("L")
    return picture if picture.mode in ("L", "RGB", "CMYK", "LAB") else picture.convert("RGB")
