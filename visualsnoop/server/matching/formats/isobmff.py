"""AVIF and HEIC, whatever is broken in their metadata.

Source: ISO/IEC 14496-12 (ISO base media file format), 8.11.6 (items and their names).
"""

import re

from . import by_pillow
from .stored import StoredPicture

# An item that is EXIF, as the list of items has it: version 2 or 3 of the box, two or four bytes
# of flags, its number, its protection.
_EXIF = re.compile(rb"(infe[\2\3].{7,9})Exif", re.DOTALL)


def read(data: bytes, max_pixels: int) -> StoredPicture:
    """Read the picture, or the first frame of an animation.

    How it is turned is told by the container: the decoders need no EXIF, and stumble when it is
    broken. So they are told that it is something else.
    """
    return by_pillow.read(_EXIF.sub(rb"\1____", data), max_pixels, ["AVIF", "HEIF"])
