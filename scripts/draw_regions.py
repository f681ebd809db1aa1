"""Draw the picture of the manual that shows where stored pictures were found in a query.

    python -m scripts.draw_regions

The photos of the tests are stored, and a collage and a slide that show some of them are searched
for. Each result is framed where its region says that it lies, in docs/regions.png.
"""

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from scripts.bench.in_memory import InMemoryCollection, find_with_parts
from scripts.bench.quality import PHOTOS, pictures_of, read
from scripts.bench.sets.compositions import grid, post
from scripts.bench.sets.words import font
from visualsnoop.server.matching.fingerprinter import Fingerprinter
from visualsnoop.server.matching.scaling import fitted
from visualsnoop.server.matching.similarity import Match

OUTPUT = Path(__file__).parent.parent / "docs" / "regions.png"
SHOWN = ("astronaut", "cat", "coffee", "hopper")
HEIGHT = 480  # pixels
COLOUR = "#ffd400"


def main() -> None:
    paths = pictures_of(PHOTOS)
    photos = {path.stem: read(path) for path in paths}
    fingerprinter = Fingerprinter()
    collection = InMemoryCollection([fingerprinter.fingerprint(each) for each in photos.values()])
    chosen = [photos[name] for name in SHOWN]
    queries = [
        grid(2, 2)(chosen, random.Random(1)).picture,
        slide(chosen),
        post([photos["rocket"]], random.Random(3)).picture,
    ]
    drawn = []
    for query in queries:
        matches = find_with_parts(collection, fitted(query), fingerprinter)
        framed = query.copy()
        for match in matches:
            if match.score >= 0.7 and match.region is not None:
                frame(framed, match, list(photos)[match.index])
        drawn.append(ImageOps.contain(framed, (10_000, HEIGHT)))
    side_by_side(drawn).quantize(128).save(OUTPUT, optimize=True)


def slide(photos: Sequence[Image.Image]) -> Image.Image:
    """A slide with two of the photos, one of them small."""
    picture = Image.new("RGB", (960, 640), "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, 960, 90), fill="#20435c")
    draw.text((30, 22), "What we photographed", "white", font("DejaVuSans-Bold", 36))
    picture.paste(ImageOps.contain(photos[2], (480, 400)), (40, 150))
    picture.paste(ImageOps.contain(photos[3], (240, 240)), (620, 330))
    for line, text in enumerate(("A cup, from above", "A person, at a desk", "Both in June")):
        draw.text((560, 150 + 50 * line), f"•  {text}", "#222222", font("DejaVuSans", 26))
    return picture


def frame(picture: Image.Image, match: Match, name: str) -> None:
    """Frame what a match shows: the stored picture, where it lies in the query."""
    region = np.array(match.region)
    into_stored = np.stack([region[1] - region[0], region[3] - region[0]]).T
    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1)]) - region[0]
    places = np.linalg.solve(into_stored, corners.T).T * picture.size
    places = places.clip(3, np.array(picture.size) - 4)
    draw = ImageDraw.Draw(picture)
    draw.line([(x, y) for x, y in [*places, places[0]]], COLOUR, 6, joint="curve")
    text = f"{name} {match.score:.2f}"
    x, y = places[0] + 6
    width = font("DejaVuSans-Bold", 24).getlength(text)
    draw.rectangle((x, y, x + width + 10, y + 34), fill=COLOUR)
    draw.text((x + 5, y + 3), text, "black", font("DejaVuSans-Bold", 24))


def side_by_side(pictures: Sequence[Image.Image], gap: int = 12) -> Image.Image:
    width = sum(each.width + gap for each in pictures) - gap
    whole = Image.new("RGB", (width, HEIGHT), "white")
    left = 0
    for picture in pictures:
        whole.paste(picture, (left, 0))
        left += picture.width + gap
    return whole


if __name__ == "__main__":
    main()
