"""What the samples of a TIFF mean: which are colours of which kind, and which transparency.

Sources: TIFF 6.0; Adobe Photoshop TIFF Technical Notes (16-bit CIELab, ICCLab, associated alpha);
libtiff where those are silent (colour maps of 8 bits, missing tags).
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray
from PIL import Image
from tifffile import COMPRESSION, EXTRASAMPLE, PHOTOMETRIC, TiffPage

from ..srgb import to_srgb
from .samples import by_depth, eight_bits, picture_of, rounded
from .stored import not_read
from .tiff_ycbcr import ycbcr_picture

_COLOURS = {
    PHOTOMETRIC.MINISWHITE: 1,
    PHOTOMETRIC.MINISBLACK: 1,
    PHOTOMETRIC.RGB: 3,
    PHOTOMETRIC.PALETTE: 1,
    PHOTOMETRIC.SEPARATED: 4,
    PHOTOMETRIC.YCBCR: 3,
    PHOTOMETRIC.CIELAB: 3,
    PHOTOMETRIC.ICCLAB: 3,
}
# Those whose samples are amounts, which can be divided by the alpha.
_DISSOCIABLE = (
    PHOTOMETRIC.MINISWHITE,
    PHOTOMETRIC.MINISBLACK,
    PHOTOMETRIC.RGB,
    PHOTOMETRIC.SEPARATED,
)

_PHOTOMETRIC = 262
_COLOUR_MAP = 320
_INK_SET = 332
_EXTRA_SAMPLES = 338
_ICC_PROFILE = 34675
_GDAL_NODATA = 42113
_CMYK = 1


@frozen
class Channels:
    """Which samples of a pixel are looked at: first the colours, then the alpha, if it has one.

    Attributes:
        photometric: What the colours are.
        colours: How many samples they are.
        alpha: Which sample is the alpha, or None.
        is_associated: Whether the colours have been multiplied by it.
    """

    photometric: PHOTOMETRIC
    colours: int
    alpha: int | None = None
    is_associated: bool = False

    @property
    def wanted(self) -> Sequence[int]:
        """The samples that are looked at."""
        colours = range(self.colours)
        return colours if self.alpha is None else [*colours, self.alpha]


def channels_of(page: TiffPage) -> Channels:
    """The channels of a page; raises `UnreadableImage` where it has colours that are not read."""
    photometric = _photometric(page)
    is_jpeg = page.compression in (COMPRESSION.JPEG, COMPRESSION.OJPEG)
    if photometric == PHOTOMETRIC.YCBCR and is_jpeg and page.planarconfig == 1:
        photometric = PHOTOMETRIC.RGB  # the decoder has brought it to these
    colours = _COLOURS.get(photometric)
    if colours is None:
        raise not_read(f"A TIFF of the colours {photometric.name}")
    if photometric == PHOTOMETRIC.SEPARATED and page.tags.valueof(_INK_SET, _CMYK) != _CMYK:
        raise not_read("A TIFF of other inks than CMYK")
    if page.samplesperpixel < colours:
        raise not_read(f"A TIFF of the colours {photometric.name} with too few samples")
    extra = tuple(page.extrasamples)
    if _EXTRA_SAMPLES not in page.tags and page.samplesperpixel == colours + 1:
        # As most programs take it that write no such tag.
        extra = (EXTRASAMPLE.UNASSALPHA,)
    for place, kind in enumerate(extra[: page.samplesperpixel - colours]):
        if kind in (EXTRASAMPLE.ASSOCALPHA, EXTRASAMPLE.UNASSALPHA):
            is_associated = kind == EXTRASAMPLE.ASSOCALPHA
            if is_associated and photometric not in _DISSOCIABLE:
                raise not_read(f"A TIFF of the colours {photometric.name} with associated alpha")
            return Channels(photometric, colours, colours + place, is_associated)
    return Channels(photometric, colours)


def _photometric(page: TiffPage) -> PHOTOMETRIC:
    """What the page says, or what its number of samples tells where it says nothing."""
    if _PHOTOMETRIC in page.tags or page.compression == COMPRESSION.OJPEG:
        try:
            return PHOTOMETRIC(page.photometric)
        except ValueError:
            raise not_read(f"A TIFF of the colours {page.photometric}") from None
    if page.samplesperpixel >= 3:
        return PHOTOMETRIC.RGB
    is_fax = page.compression in (
        COMPRESSION.CCITTRLE,
        COMPRESSION.CCITT_T4,
        COMPRESSION.CCITT_T6,
    )
    return PHOTOMETRIC.MINISWHITE if is_fax else PHOTOMETRIC.MINISBLACK


def coloured(
    page: TiffPage, channels: Channels, samples: NDArray[Any]
) -> tuple[Image.Image, bytes | None]:
    """The picture of the samples, and the profile that its colours have still.

    Args:
        page: The page, for its tags.
        channels: What the samples are.
        samples: Those that are wanted, of shape (height, width, channels).
    """
    icc_profile = page.tags.valueof(_ICC_PROFILE)
    if not isinstance(icc_profile, bytes):
        icc_profile = None
    colours, bits = samples[..., : channels.colours], page.bitspersample
    if channels.alpha is None:
        return _picture(page, channels.photometric, colours), icc_profile
    alpha = samples[..., channels.colours]
    if channels.is_associated:
        colours = _dissociated(colours, alpha, bits)
    picture = _picture(page, channels.photometric, colours)
    if picture.mode not in ("L", "RGB"):
        picture, icc_profile = to_srgb(picture, icc_profile), None
    picture.putalpha(picture_of(by_depth(alpha, bits)[..., None], "L"))
    return picture, icc_profile


def _dissociated(colours: NDArray[Any], alpha: NDArray[Any], bits: int) -> NDArray[Any]:
    """Colours as they were before they were multiplied by the alpha."""
    is_whole = colours.dtype.kind == "u"
    opaque = np.float32(2.0**bits - 1 if is_whole else 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Where all is transparent there is no colour: it comes out as NaN.
        divided: NDArray[Any] = colours * (opaque / alpha.astype(np.float32))[..., None]
    if is_whole and bits <= 16:
        divided = np.nan_to_num(divided).clip(0, opaque).astype(colours.dtype)
    return divided


def _picture(page: TiffPage, photometric: PHOTOMETRIC, colours: NDArray[Any]) -> Image.Image:
    bits = page.bitspersample
    match photometric:
        case PHOTOMETRIC.PALETTE:
            return picture_of(_from_palette(page, colours), "RGB")
        case PHOTOMETRIC.SEPARATED:
            return picture_of(by_depth(colours, bits), "CMYK")
        case PHOTOMETRIC.CIELAB | PHOTOMETRIC.ICCLAB:
            return picture_of(_lab(colours, photometric, bits), "LAB")
        case PHOTOMETRIC.YCBCR:
            return ycbcr_picture(page, colours, bits)
        case PHOTOMETRIC.RGB:
            return picture_of(eight_bits(colours, bits, _no_data(page)), "RGB")
        case _:
            grey = eight_bits(colours, bits, _no_data(page))
            return picture_of(255 - grey if photometric == PHOTOMETRIC.MINISWHITE else grey, "L")


def _no_data(page: TiffPage) -> float | None:
    """The value that stands for missing data."""
    with suppress(TypeError, ValueError):
        return float(page.tags.valueof(_GDAL_NODATA))
    return None


def _from_palette(page: TiffPage, colours: NDArray[Any]) -> NDArray[np.uint8]:
    palette = page.tags.valueof(_COLOUR_MAP)
    is_whole = colours.dtype.kind in "bu"
    if palette is None or palette.ndim != 2 or not is_whole or colours.max() >= len(palette[0]):
        raise not_read("A TIFF with a palette that lacks colours of its picture")
    levels = palette.T.astype(np.uint32)
    # They should have 16 bits, but some programs write 8.
    table: NDArray[np.uint8] = (levels if levels.max() < 256 else (levels + 128) // 257).astype(
        np.uint8
    )
    return table[colours[..., 0].astype(np.intp)]


def _lab(colours: NDArray[Any], photometric: PHOTOMETRIC, bits: int) -> NDArray[np.uint8]:
    """L from 0 to 255, and a and b from -128 to 127, as two's complements."""
    is_signed = photometric == PHOTOMETRIC.CIELAB
    half = np.array([0, 0x80, 0x80], np.uint8)
    if bits == 8:
        return colours.view(np.uint8) if is_signed else colours.view(np.uint8) ^ half
    if colours.dtype.kind == "f":
        return rounded(colours * [2.55, 1, 1] + half) ^ half
    if bits != 16:
        raise not_read(f"A TIFF of the colours {photometric.name} and {bits} bits")
    # Photoshop's ICCLab has its white at 65280.
    signs = np.array([0, 0x8000, 0x8000] if is_signed else [0, 0, 0], np.uint16)
    scale = [257 if is_signed else 256, 256, 256]
    return rounded((colours.view(np.uint16) ^ signs) / scale) ^ half
