"""The pictures that results are about, where their files are at hand: opened, and made small."""

import base64
import io
import logging
import os
import sys
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING

from .output import is_terminal

if TYPE_CHECKING:
    from PIL import Image

_SMALL = 360  # pixels of the longer side
_ROWS = 8  # of the terminal

MAX_SHOWN = 20
"""So many pictures are shown on a terminal."""


def file_of(image_id: str, folder: Path) -> Path | None:
    """The file whose path in a folder is an image ID; None if there is none in this folder."""
    try:
        path = (folder / image_id).resolve()
        is_there = path.is_relative_to(folder.resolve()) and path.is_file()
    except (OSError, ValueError):
        return None
    return path if is_there else None


def small_picture(source: Path | bytes) -> "Image.Image | None":
    """A picture in sRGB, upright and no larger than a thumbnail; None if it cannot be read."""
    from PIL import Image, ImageOps

    _know_heif()
    file: Path | IO[bytes] = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        with Image.open(file) as picture:
            # Where a format can, no more is decoded than is needed.
            picture.draft("RGB", (2 * _SMALL, 2 * _SMALL))
            upright = ImageOps.exif_transpose(picture)
            upright.thumbnail((_SMALL, _SMALL))
            mode = "RGBA" if upright.has_transparency_data else "RGB"
            return upright.convert(mode)
    # Decoders raise what they like on what is damaged.
    except Exception:
        return None


def _know_heif() -> None:
    try:
        import pillow_heif
    except ModuleNotFoundError:
        return
    pillow_heif.register_heif_opener()


def data_uri(picture: "Image.Image") -> str:
    """A picture as a URI that holds it whole."""
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=80)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"


def show_pictures(files: Iterable[tuple[Path | None, str]]) -> None:
    """Show pictures on a terminal that can: by the protocol of kitty, or by Sixel, as iTerm2 does.

    Args:
        files: The files, None for one that is not at hand, and what to print below. No more than
            the first `MAX_SHOWN` are shown.
    """
    at_hand = ((path, caption) for path, caption in files if path is not None)
    shown = list(islice(at_hand, MAX_SHOWN))
    if not shown or not _can_ask_terminal():
        return
    # It asks the terminal what it can do, and would print tracebacks of what is not answered.
    logging.getLogger("textual_image").addHandler(logging.NullHandler())
    from rich.console import Console
    from textual_image.renderable import Image, SixelImage, TGPImage

    if Image not in (SixelImage, TGPImage):
        return
    console = Console()
    for path, caption in shown:
        picture = small_picture(path)
        if picture is not None:
            console.print(Image(picture, width="auto", height=_ROWS))
            console.print(caption, markup=False, highlight=False)


def _can_ask_terminal() -> bool:
    return is_terminal() and sys.stdin.isatty() and os.environ.get("TERM") != "dumb"
