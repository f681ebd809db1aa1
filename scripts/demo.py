"""Show the whole path: a service is started, photos are added, edited copies of them are found.

Exits with 0 only if every copy was found first. Leaves nothing behind.
"""

import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from scripts.bench.edits import EDITS
from scripts.local_service import forget_environment, running_service
from visualsnoop import Collection

PHOTOS = Path(__file__).parent.parent / "tests" / "photos"
SHOWN_EDITS = (
    "cropped to 50 %, corner",
    "caption",
    "mirrored",
    "JPEG quality 10",
    "rotated by 15°",
    "turned by 90°",
    "greyscale",
)


def main() -> int:
    photos = sorted(PHOTOS.glob("*.jpg"))
    with tempfile.TemporaryDirectory(prefix="visualsnoop-demo-") as folder:
        missed = demonstrate(Path(folder), photos)
    print(f"\n{len(photos) * len(SHOWN_EDITS)} copies, of which {missed} were not found first.")
    return 1 if missed else 0


def demonstrate(folder: Path, photos: list[Path]) -> int:
    """Run a service, add the photos and search for copies; the number not found first."""
    with (
        (folder / "service.log").open("w") as log,
        running_service(f"--data={folder}", log=log) as service,
    ):
        print(f"VisualSnoop listens on {service.endpoint}")
        keys = created_keys(folder)
        with Collection(keys["public_key"], keys["secret_key"], service.endpoint) as collection:
            for photo in photos:
                collection.add_image(photo, photo.stem)
            print(f"Added {len(photos)} photos to the collection {collection.name!r}.\n")
            return search_copies(collection, photos)


def created_keys(folder: Path) -> dict[str, str]:
    command = [sys.executable, "-m", "visualsnoop", "keys", "create", "demo", "--json"]
    printed = subprocess.check_output([*command, f"--data={folder}"])
    keys: dict[str, str] = json.loads(printed)
    return keys


def search_copies(collection: Collection, photos: list[Path]) -> int:
    """Print a table of what was found with which score; the number of copies not found first."""
    missed = 0
    width = max(len(photo.stem) for photo in photos)
    print("Score, from 0 to 1, with which each photo was found by a copy that was")
    for number, name in enumerate(SHOWN_EDITS, 1):
        print(f"  {number}  {name}")
    print("\n" + " " * width, *(f"{n:>6}" for n in range(1, len(SHOWN_EDITS) + 1)))
    for photo in photos:
        cells = []
        for name in SHOWN_EDITS:
            results = collection.search_images(edited(photo, name)).results
            if results and results[0].id == photo.stem:
                cells.append(f"{results[0].score:6.3f}")
            else:
                missed += 1
                cells.append("missed")
        print(photo.stem.ljust(width), *cells, flush=True)
    return missed


def edited(photo: Path, edit: str) -> bytes:
    file = io.BytesIO()
    with Image.open(photo) as picture:
        EDITS[edit](picture.convert("RGB")).save(file, "JPEG", quality=85)
    return file.getvalue()


if __name__ == "__main__":
    forget_environment()
    sys.exit(main())
