"""Pictures to search by."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageOps


def edited(photo: Path, folder: Path) -> Path:
    """A copy of a photo: mirrored, and of that all but a fifth at the left and a tenth on top."""
    path = folder / f"edited-{photo.name}"
    with Image.open(photo) as picture:
        width, height = picture.size
        box = (width // 5, height // 10, width, height)
        ImageOps.mirror(picture).convert("RGB").crop(box).save(path, quality=50)
    return path


IN_COLLAGE = ("astronaut", "cat", "coffee", "rocket")


def collage(photos: Sequence[Path], folder: Path) -> Path:
    """Those photos of `IN_COLLAGE`, two by two."""
    path = folder / "collage.jpg"
    sheet = Image.new("RGB", (820, 620), "white")
    chosen = [photo for photo in photos if photo.stem in IN_COLLAGE]
    for number, photo in enumerate(chosen):
        with Image.open(photo) as picture:
            part = ImageOps.fit(picture.convert("RGB"), (400, 300))
        sheet.paste(part, (410 * (number % 2) + 5, 310 * (number // 2) + 5))
    sheet.save(path, quality=85)
    return path
