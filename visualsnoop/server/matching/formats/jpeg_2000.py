"""JPEG 2000, decoded at a lower resolution where it is much larger than is needed."""

import io

from PIL import Image, Jpeg2KImagePlugin

from ..cost_limits import check_size
from ..scaling import fitted_size
from .by_pillow import in_eight_bits
from .stored import StoredPicture

STREAM = b"\xff\x4f\xff\x51"
CONTAINER = b"\0\0\0\x0cjP  \r\n\x87\n"

_CODING_STYLE = b"\xff\x52"


def read(data: bytes, max_pixels: int) -> StoredPicture:
    """Read the picture."""
    with Image.open(io.BytesIO(data), formats=["JPEG2000"]) as opened:
        size = opened.size
        check_size(size, max_pixels)
        halvings = _halvings(data, opened.size)
    try:
        return StoredPicture(_loaded(data, halvings), size=size)
    except OSError:
        # A part of the picture may have fewer resolutions than its head says.
        return StoredPicture(_loaded(data, 0), size=size)


def _loaded(data: bytes, halvings: int) -> Image.Image:
    with Image.open(io.BytesIO(data), formats=["JPEG2000"]) as opened:
        assert isinstance(opened, Jpeg2KImagePlugin.Jpeg2KImageFile)
        opened.reduce = halvings
        opened.load()
        return in_eight_bits(opened)


def _halvings(data: bytes, size: tuple[int, int]) -> int:
    """How often the decoder can halve the picture, and it still is as large as is needed."""
    start = data.find(STREAM)
    place = data.find(_CODING_STYLE, start)
    # Source: ITU-T T.800, A.6.1; the number of halvings comes after the style, the order of
    # progression, the layers and the colour transform.
    most = data[place + 9] if 0 <= start < place < len(data) - 9 else 0
    halvings, needed = 0, max(fitted_size(size))
    while halvings < most and max(size) >> (halvings + 1) >= needed:
        halvings += 1
    return halvings
