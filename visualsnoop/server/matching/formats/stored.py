"""A picture as its file has it, and the words in which a file is refused."""

import re
from contextlib import suppress

from attrs import frozen
from PIL import ExifTags, Image

from ..errors import UnreadableImage


@frozen
class StoredPicture:
    """A picture as its file has it: not yet upright, and in colours of its own.

    Attributes:
        pixels: The picture, of any mode that Pillow can convert to RGB, or CMYK or LAB.
        orientation: How it is to be turned, 1 to 8, as in EXIF.
        icc_profile: The profile of its colours, if it has one.
        size: Width and height before the decoder scaled it; None if it did not.
    """

    pixels: Image.Image
    orientation: int = 1
    icc_profile: bytes | None = None
    size: tuple[int, int] | None = None

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height of the picture as people see it, in pixels."""
        width, height = self.size or self.pixels.size
        return (height, width) if self.orientation >= 5 else (width, height)


def not_read(kind: str) -> UnreadableImage:
    """The refusal of a kind of picture, such as "A TIFF of complex numbers"."""
    return UnreadableImage(f"{kind} is not read: save it as PNG or JPEG")


def cut_off(name: str, share: float, of: str = "rows") -> UnreadableImage:
    """The refusal of a file of which only a share, 0 to 1, can be read."""
    percent = min(99, int(100 * share))
    return UnreadableImage(
        f"The {name} file is cut off or damaged: only {percent} % of its {of} can be read in "
        "full. Send it again, whole"
    )


def orientation_of(exif: bytes, xmp: bytes = b"") -> int:
    """The orientation that EXIF or, if that has none, XMP says; 1 where they are damaged."""
    # Before its header there may be its name, or the offset of the header.
    if header := re.search(rb"II\*\0|MM\0\*", exif[:64]):
        with suppress(Exception):
            tags = Image.Exif()
            tags.load(exif[header.start() :])
            orientation = tags.get(ExifTags.Base.Orientation)
            if orientation is not None:
                return orientation if orientation in range(1, 9) else 1
    if match := re.search(rb'tiff:Orientation(?:=["\']|>)([1-8])', xmp):
        return int(match[1])
    return 1
