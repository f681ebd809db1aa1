"""Measure how similar different pictures of one kind are: the false finds one has to expect.

    python -m scripts.bench.look_alikes FOLDER

Pictures that are different but of one kind are compared, each with each: the photos of the folder,
pages of different words in the same layout, charts of different data, and photos that got the same
caption, overlay or surroundings. For each kind it prints how many pairs there are, the median and
the highest score, and how many pairs have a score from 0.4 and from 0.7 on.
"""

import argparse
import random
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from scripts.bench.edits import (
    Edit,
    bordered,
    captioned,
    headlined,
    in_dark_screenshot,
    in_screenshot,
    meme,
    on_newspaper,
    on_page,
    scribbled,
    stickered,
    watermarked,
)
from scripts.bench.in_memory import as_stored
from scripts.bench.quality import pictures_of, read
from visualsnoop.server.matching.fingerprint import Fingerprint
from visualsnoop.server.matching.fingerprinter import Fingerprinter
from visualsnoop.server.matching.scaling import fitted
from visualsnoop.server.matching.similarity import compare

PHOTOS = 24  # of the folder get edits
EDITS: dict[str, Edit] = {
    "photos with the same caption": captioned,
    "photos with the same headline": headlined,
    "photos between the same lines": meme,
    "photos with the same watermark": watermarked,
    "photos with the same border": bordered(15, "black"),
    "photos in the same screenshot": in_screenshot,
    "photos in the same dark one": in_dark_screenshot,
    "photos on the same page": on_page,
    "photos in the same newspaper": on_newspaper,
    "photos under the same 6 stickers": stickered(6),
    "photos under the same 14": stickered(14),
    "photos under the same scribbles": scribbled,
}
WORDS = ["and", "of", "a", "the", "light", "house", "river", "which", "stone", "green", "letter"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    photos = [read(path) for path in pictures_of(parser.parse_args().folder)]
    print("kind".ljust(36) + "pairs   median  highest   >= 0.4   >= 0.7")
    print_kind("photos", photos)
    for name, make in (("pages of text", page), ("charts", chart), ("dialogs", dialog)):
        print_kind(name, list(made(make)))
    for name, edit in EDITS.items():
        print_kind(name, [fitted(edit(photo)) for photo in photos[:PHOTOS]])


def print_kind(name: str, pictures: Sequence[Image.Image]) -> None:
    scores = np.array(scores_of_pairs([_FINGERPRINTER.fingerprint(each) for each in pictures]))
    shares = "".join(f"{(scores >= least).mean():9.2%}" for least in (0.4, 0.7))
    print(
        f"{name:32}{len(scores):9}{np.median(scores):9.3f}{scores.max():9.3f}{shares}", flush=True
    )


_FINGERPRINTER = Fingerprinter()


def scores_of_pairs(fingerprints: Sequence[Fingerprint]) -> list[float]:
    return [compare(one, as_stored(other)).score for one, other in combinations(fingerprints, 2)]


def made(make: Callable[[random.Random], Image.Image], count: int = 40) -> Iterator[Image.Image]:
    return (fitted(make(random.Random(number))) for number in range(count))


def page(dice: random.Random) -> Image.Image:
    """A page of words in one column, like any other such page from afar."""
    picture = Image.new("RGB", (800, 1000), "white")
    draw = ImageDraw.Draw(picture)
    for line in range(30):
        words = " ".join(dice.choices(WORDS, k=11))
        draw.text((70, 60 + 29 * line), words, fill="#222222", font=ImageFont.load_default(20))
    return picture


def chart(dice: random.Random) -> Image.Image:
    picture = Image.new("RGB", (800, 600), "white")
    draw = ImageDraw.Draw(picture)
    draw.line((60, 40, 60, 540, 760, 540), fill="black", width=3)
    for bar in range(8):
        top = dice.randrange(60, 520)
        draw.rectangle((90 + 80 * bar, top, 140 + 80 * bar, 538), fill="#1f77b4")
    return picture


def dialog(dice: random.Random) -> Image.Image:
    """A window with a question and two buttons."""
    picture = Image.new("RGB", (700, 400), "#ececec")
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(22)
    draw.rectangle((0, 0, 700, 46), fill="#3a6ea5")
    draw.text((16, 10), " ".join(dice.choices(WORDS, k=3)), fill="white", font=font)
    for line in range(4):
        words = " ".join(dice.choices(WORDS, k=8))
        draw.text((40, 90 + 40 * line), words, fill="black", font=font)
    for left, word in ((420, "Cancel"), (560, "Do it")):
        draw.rounded_rectangle((left, 330, left + 110, 374), 8, fill="white", outline="#888888")
        draw.text((left + 20, 338), word, fill="black", font=font)
    return picture


if __name__ == "__main__":
    main()
