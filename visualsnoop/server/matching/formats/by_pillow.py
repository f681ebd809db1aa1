"""What Pillow and its plug-ins read well as it is."""

import io
from collections.abc import Collection

import numpy as np
import pillow_heif
from PIL import AvifImagePlugin, Image
from pillow_jxl import JpegXLImagePlugin

from ..cost_limits import check_size
from .samples import eight_bits
from .stored import StoredPicture, orientation_of

pillow_heif.register_heif_opener()

# One process uses one core: there are as many processes as are wanted.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
pillow_heif.options.DECODE_THREADS = 1
JpegXLImagePlugin.DECODE_THREADS = 0  # none besides the one that asks


def read(
    data: bytes, max_pixels: int, formats: Collection[str], *, may_lack_alpha: bool = False
) -> StoredPicture:
    """Read the picture, or the first frame of an animation.

    Args:
        data: The file.
        max_pixels: How many pixels it may have.
        formats: Pillow's names of the formats that it may have.
        may_lack_alpha: Whether programs write such files with an alpha that they leave empty.
    """
    with Image.open(io.BytesIO(data), formats=list(formats)) as opened:
        check_size(opened.size, max_pixels)
        opened.load()
        picture, info = in_eight_bits(opened), opened.info
        if may_lack_alpha and picture.mode == "RGBA" and not picture.getchannel("A").getbbox():
            picture = picture.convert("RGB")
        return StoredPicture(
            picture,
            orientation_of(info.get("exif") or b"", info.get("xmp") or b""),
            info.get("icc_profile"),
        )


def in_eight_bits(picture: Image.Image) -> Image.Image:
    """The picture, of eight bits a sample where Pillow has read it as grey of more."""
    if not picture.mode.startswith(("I", "F")):
        return picture
    samples = np.asarray(picture)
    if picture.mode != "F":
        # Whole numbers of 16 bits, in 32 or not.
        samples = samples.clip(0, 65535).astype(np.uint16)
    return Image.fromarray(eight_bits(samples, 16))
