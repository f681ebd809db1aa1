"""Measure how well scores separate the copies of pictures from different pictures of one kind.

    python -m scripts.bench.separation FOLDER... [--shots FOLDER] [--seed 0]

Documents of one layout, icons, flags, logos, flat pictures, other shots of a scene, and the photos
of the folders are compared: with their edited copies, which should score 0.7 or more, and with each
other, which should not. The folder --shots has shots of one scene.

The sets are halved: by layouts of documents, by every other photo and number. The constants in
scores.py were fitted to the first half of seed 0; the second one is held out. What is drawn of
other seeds is held out as a whole, but for the photos, which are always the same.

For both halves, and for each kind, it prints how many copies and how many pairs of different
pictures have a score from 0.7 and from 0.4 on, before detail decides and after; and for each
threshold, over all kinds, how many copies are found and how many finds are right.
"""

import argparse
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial
from itertools import combinations, count, islice
from pathlib import Path

import numpy as np
from attrs import evolve, frozen
from PIL import Image

from scripts.bench.edits import EDITS, Edit
from scripts.bench.in_memory import as_stored
from scripts.bench.quality import FAMILIES, fingerprinter, pictures_of, read
from scripts.bench.sets.art import flag, flat, icon, logo
from scripts.bench.sets.documents import DOCUMENT_EDITS, KINDS, document
from scripts.bench.sets.series import later_moment, other_viewpoint
from visualsnoop.server.matching.fingerprint import Fingerprint
from visualsnoop.server.matching.scaling import fitted
from visualsnoop.server.matching.scores import COPY
from visualsnoop.server.matching.similarity import compare

LAYOUTS, PAGES = 2, 6  # in each half, of each kind of document
ICONS, FLATS = 50, 36
ART_COPIED = 10  # so many of these have copies
PHOTOS, PHOTOS_COPIED = 72, 10
SCENES, SHOTS = 16, 4

SIDES = (24, 32, 48, 64, 96, 256)  # of icons, in pixels
ART_EDITS: Mapping[str, Edit] = {
    name: EDITS[name]
    for name in (
        "JPEG quality 70",
        "JPEG quality 30",
        "scaled to 50 %",
        "scaled to 150 %",
        "greyscale",
        "mirrored",
        "turned by 90°",
        "cropped to 90 %, middle",
    )
}
FLAT_EDITS: Mapping[str, Edit] = {
    name: EDITS[name]
    for name in ("JPEG quality 70", "JPEG quality 30", "WebP quality 30", "scaled to 50 %")
}
THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.9, 0.95)


@frozen
class Group:
    """Pictures of one kind that are all different.

    Attributes:
        pictures: The pictures.
        edits: How copies are made of them.
        copied: Of how many of the first ones.
    """

    pictures: Sequence[Image.Image]
    edits: Mapping[str, Edit]
    copied: int


@frozen
class Scores:
    """Scores of a group, each a pair: with detail, and without.

    Attributes:
        copies: Of copies with their originals.
        are_first: Of each copy, whether no other picture of the group has a better score.
        different: Of different pictures, in the order of `combinations`.
        pictures: How many of these there are.
    """

    copies: Sequence[tuple[float, float]]
    are_first: Sequence[bool]
    different: Sequence[tuple[float, float]]
    pictures: int

    @property
    def mistaken(self) -> int:
        """How many pictures are taken for a copy of another one."""
        pairs = zip(combinations(range(self.pictures), 2), self.different, strict=True)
        return len({one for pair, scores in pairs if scores[0] >= COPY for one in pair})


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--shots", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    photos = [path for folder in arguments.folders for path in pictures_of(folder)]
    shots = pictures_of(arguments.shots) if arguments.shots else []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for half in (0, 1):
            was_fitted = (half, arguments.seed) == (0, 0)
            scores = measured(half, photos, shots, arguments.seed, pool)
            print_half("fitted to" if was_fitted else "held out", scores)


def measured(
    half: int, photos: Sequence[Path], shots: Sequence[Path], seed: int, pool: Executor
) -> Mapping[str, Sequence[Scores]]:
    """By kind: the scores of the groups of a half."""
    groups = list(groups_of_half(half, photos[half::2], shots[half::2], seed))
    by_kind: dict[str, list[Scores]] = {}
    for (kind, _), scores in zip(
        groups, pool.map(scores_of, [group for _, group in groups]), strict=True
    ):
        by_kind.setdefault(kind, []).append(scores)
    return by_kind


def groups_of_half(
    half: int, photos: Sequence[Path], shots: Sequence[Path], seed: int
) -> Iterator[tuple[str, Callable[[], Group]]]:
    """The groups of a half, each with its kind; they are drawn where they are measured."""
    part = 2 * seed + half  # of all layouts
    for kind in KINDS:
        for layout in range(part * LAYOUTS, (part + 1) * LAYOUTS):
            yield kind, partial(documents, kind, layout)
    for art in (icon_on_white, flag, logo_on_grey):
        yield art.__name__.partition("_")[0], partial(drawn, art, 2 * ICONS * seed + half)
    yield "flat", partial(flats, 2 * FLATS * seed + half)
    for scene in range(SCENES):
        place = 20 + SCENES * seed + scene
        scenery, things = (photos[each % len(photos)] for each in (place, place + 10))
        yield "viewpoints", partial(viewpoints, scenery)
        yield "moments", partial(moments, scenery, things)
    if shots:
        yield "shots", partial(plain_photos, shots)
    yield "photos", partial(plain_photos, photos[:PHOTOS])
    for family in FAMILIES:
        for photo in photos[:: max(1, len(photos) // PHOTOS_COPIED)][:PHOTOS_COPIED]:
            yield f"photos, {family} edits", partial(edited_photo, photo, family)


def documents(kind: str, layout: int) -> Group:
    return Group([document(kind, layout, page) for page in range(PAGES)], DOCUMENT_EDITS, 1)


def drawn(art: Callable[[int], Image.Image], first: int) -> Group:
    return Group([art(number) for number in islice(count(first, 2), ICONS)], ART_EDITS, ART_COPIED)


def icon_on_white(number: int) -> Image.Image:
    return on(icon(number, SIDES[number % len(SIDES)]), "white")


def logo_on_grey(number: int) -> Image.Image:
    return on(logo(number), "#333333")


def on(art: Image.Image, ground: str) -> Image.Image:
    return Image.alpha_composite(Image.new("RGBA", art.size, ground), art).convert("RGB")


def flats(first: int) -> Group:
    return Group([flat(number) for number in islice(count(first, 2), FLATS)], FLAT_EDITS, FLATS)


def viewpoints(photo: Path) -> Group:
    return Group([other_viewpoint(read(photo), shot) for shot in range(SHOTS)], {}, 0)


def moments(photo: Path, things: Path) -> Group:
    return Group([later_moment(read(photo), read(things), shot) for shot in range(SHOTS)], {}, 0)


def plain_photos(photos: Sequence[Path]) -> Group:
    return Group([read(photo) for photo in photos], {}, 0)


def edited_photo(photo: Path, family: str) -> Group:
    return Group([read(photo)], FAMILIES[family], 1)


def scores_of(make: Callable[[], Group]) -> Scores:
    group = make()
    originals = [fingerprint(picture) for picture in group.pictures]
    copies, are_first = [], []
    for picture, original in zip(group.pictures[: group.copied], originals, strict=False):
        for edit in group.edits.values():
            copy = fingerprint(edit(picture))
            copies.append(both_scores(copy, original))
            best = max(compare(copy, each).score for each in originals)
            are_first.append(copies[-1][0] == best)
    different = [both_scores(*pair) for pair in combinations(originals, 2)]
    return Scores(copies, are_first, different, len(originals))


def fingerprint(picture: Image.Image) -> Fingerprint:
    return as_stored(fingerprinter().fingerprint(fitted(picture)))


def both_scores(one: Fingerprint, other: Fingerprint) -> tuple[float, float]:
    without = compare(evolve(one, detail=b""), evolve(other, detail=b""))
    return compare(one, other).score, without.score


def print_half(title: str, by_kind: Mapping[str, Sequence[Scores]]) -> None:
    print(f"\n{title:24}  copies   >= 0.7  (before)   >= 0.4    pairs   >= 0.7  (before)   >= 0.4")
    copies, different = [], []
    for kind, scores in by_kind.items():
        of_copies = np.array([pair for each in scores for pair in each.copies]).reshape(-1, 2)
        of_pairs = np.array([pair for each in scores for pair in each.different]).reshape(-1, 2)
        print(f"  {kind:22}" + row(of_copies) + row(of_pairs))
        copies.append(of_copies[:, 0])
        different.append(of_pairs[:, 0])
    print("  lowest score      copies found     finds that are right     pairs found")
    for threshold in THRESHOLDS:
        found = int((np.concatenate(copies) >= threshold).sum())
        mistakes = int((np.concatenate(different) >= threshold).sum())
        share = found / sum(map(len, copies))
        print(
            f"  {threshold:<12}{share:18.2%}{found / max(found + mistakes, 1):25.2%}{mistakes:16}"
        )


def row(scores: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> str:
    if len(scores) == 0:
        return f"{0:8}" + 3 * f"{'-':>9} "
    with_detail, without = scores.T
    shares = ((with_detail >= 0.7), (without >= 0.7), (with_detail >= 0.4))
    return f"{len(scores):8}" + "".join(f"{share.mean():9.1%} " for share in shares)


if __name__ == "__main__":
    main()
