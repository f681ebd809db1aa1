"""Colours of any profile, as sRGB."""

import io
from contextlib import suppress

from PIL import Image, ImageCms

_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
_LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))


def to_srgb(picture: Image.Image, icc_profile: bytes | None) -> Image.Image:
    """The picture as RGB, without its transparency.

    Args:
        picture: Of any mode that Pillow can convert to RGB, or LAB.
        icc_profile: The profile of its colours. One that is damaged, or of another kind of
            colours, is as good as none.
    """
    if icc_profile:
        with suppress(ImageCms.PyCMSError, OSError, TypeError, ValueError):
            return _converted(picture, ImageCms.ImageCmsProfile(io.BytesIO(icc_profile)))
    return _converted(picture, _LAB) if picture.mode == "LAB" else picture.convert("RGB")


def _converted(picture: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    converted = ImageCms.profileToProfile(picture, profile, _SRGB, outputMode="RGB")
    assert converted is not None
    return converted
