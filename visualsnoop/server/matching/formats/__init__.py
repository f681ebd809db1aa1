"""Reading image files: what each format needs besides its decoder, a module for each."""

from collections.abc import Callable, Mapping
from functools import partial

from . import by_pillow, ico, isobmff, jpeg, jpeg_2000, jpeg_xl, png, psd, tga, tiff, webp
from .signatures import identify as identify
from .stored import StoredPicture

READERS: Mapping[str, Callable[[bytes, int], StoredPicture]] = {
    "JPEG": jpeg.read,
    "PNG": png.read,
    "WebP": webp.read,
    "GIF": partial(by_pillow.read, formats=["GIF"]),
    "BMP": partial(by_pillow.read, formats=["BMP"], may_lack_alpha=True),
    "TIFF": tiff.read,
    "AVIF": isobmff.read,
    "HEIC": isobmff.read,
    "JPEG XL": jpeg_xl.read,
    "JPEG 2000": jpeg_2000.read,
    "ICO": ico.read,
    "PSD": psd.read,
    "TGA": tga.read,
    "PNM": partial(by_pillow.read, formats=["PPM"]),
    "DDS": partial(by_pillow.read, formats=["DDS"], may_lack_alpha=True),
}
"""What reads a file, by the name of its format.

Each takes the data, and how many pixels the picture may have, which is checked before they are
decoded. It raises `UnreadableImage` and `ImageTooLarge`; and for damaged data whatever the decoder
raises.
"""
