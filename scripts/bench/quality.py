"""Measure how well edited copies of pictures are found, beside other methods on the same pictures.

    python -m scripts.bench.quality FOLDER... [--queries FOLDER] [--half-absent FOLDER]

All pictures of the folders make a collection. Those of --queries are edited, and each edit is
searched for. Of the folder --half-absent, the first half of the pictures is left out of the
collection, and edits of these are searched for as well: a good method gives them low scores. By
default both are about all pictures: half are edited and searched for, the other half absent.

Printed for each edit is recall@1: how often the right picture came first. Over all edits there are
also micro average precision (all searches in one list by the score of what came first, which counts
confident mistakes, absent pictures included) and recall at 90 % precision: how many copies are
found by a threshold at which 9 of 10 finds are right. edits.py says what the families of edits are.
"""

import argparse
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import imagehash
import numpy as np
import pdqhash
from attrs import frozen
from numpy.typing import NDArray
from PIL import Image

from scripts.bench.edits import EDITS, HARD_EDITS, UNSEEN_EDITS
from scripts.bench.in_memory import InMemoryCollection
from visualsnoop.server.matching.decode import decode
from visualsnoop.server.matching.fingerprint import Fingerprint
from visualsnoop.server.matching.fingerprinter import Fingerprinter
from visualsnoop.server.matching.scaling import fitted

PHOTOS = Path(__file__).parents[2] / "tests" / "photos"
SUFFIXES = Image.registered_extensions()
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF", "JXL")

FAMILIES = {"usual": EDITS, "hard": HARD_EDITS, "unseen": UNSEEN_EDITS}

Scores = NDArray[np.float64]


@frozen
class Described:
    """What each method makes of a picture."""

    fingerprint: Fingerprint
    pdq: NDArray[np.uint8]  # (8, 256) bits: of the picture mirrored and turned in all ways
    phash: NDArray[np.bool_]  # (64,)
    dhash: NDArray[np.bool_]  # (64,)


@frozen
class Found:
    """What searches have found: which stored picture came first, and its score.

    Attributes:
        stored: By method, of edits of stored pictures, both of shape (pictures, edits).
        absent: The same of edits of absent ones.
        targets: Which stored pictures are the right ones.
    """

    stored: Mapping[str, tuple[NDArray[np.int64], Scores]]
    absent: Mapping[str, tuple[NDArray[np.int64], Scores]]
    targets: NDArray[np.int64]

    def right(self, method: str) -> NDArray[np.bool_]:
        """Which searches found the right one."""
        right: NDArray[np.bool_] = self.stored[method][0] == self.targets[:, np.newaxis]
        return right

    def precision_figures(self, method: str, family: str) -> tuple[float, float]:
        """Micro average precision over a family of edits, and recall at 90 % precision."""
        columns = columns_of(family)
        return precision_figures(
            self.stored[method][1][:, columns],
            self.right(method)[:, columns],
            self.absent[method][1][:, columns],
        )


Search = Callable[[Described], tuple[int, float]]
"""Takes a query; gives the place of what is most like it in the collection, and its score."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="*", type=Path, default=[PHOTOS])
    parser.add_argument("--queries", type=Path)
    parser.add_argument("--half-absent", type=Path)
    arguments = parser.parse_args()
    stored, queries, absent = chosen(arguments.folders, arguments.queries, arguments.half_absent)
    print(
        f"{len(stored)} pictures in the collection, {len(queries)} of them searched for, "
        f"{len(absent)} absent ones too, by "
        + ", ".join(f"{len(edits)} {family} edits" for family, edits in FAMILIES.items())
    )
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        print_tables(measured(stored, queries, absent, pool))


def measured(
    stored: Sequence[Path], queries: Sequence[Path], absent: Sequence[Path], pool: Executor
) -> Found:
    """What every method finds by edits of pictures that are stored, and of absent ones."""
    described = [item[0] for item in pool.map(describe_plain, stored)]
    return Found(
        searched(pool.map(describe_edited, queries), described),
        searched(pool.map(describe_edited, absent), described),
        np.array([stored.index(path) for path in queries]),
    )


def chosen(
    folders: Sequence[Path], queries: Path | None, half_absent: Path | None
) -> tuple[list[Path], list[Path], list[Path]]:
    """The pictures that are stored, those of them that are searched for, and the absent ones."""
    everything = [path for folder in folders for path in pictures_of(folder)]
    if half_absent is None:
        absent = everything[::2]
    else:
        candidates = pictures_of(half_absent)
        absent = candidates[: len(candidates) // 2]
    stored = [path for path in everything if path not in absent]
    searched_for = stored if queries is None else pictures_of(queries)
    return stored, [path for path in searched_for if path in stored], absent


def pictures_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if SUFFIXES.get(path.suffix) in FORMATS)


@cache
def fingerprinter() -> Fingerprinter:
    return Fingerprinter()


def read(path: Path) -> Image.Image:
    with path.open("rb") as file:
        return decode(file)


def describe(picture: Image.Image) -> Described:
    hashes, _ = pdqhash.compute_dihedral(np.asarray(picture))
    return Described(
        fingerprinter().fingerprint(picture),
        np.array(hashes, np.uint8),
        imagehash.phash(picture).hash.ravel(),
        imagehash.dhash(picture).hash.ravel(),
    )


def describe_plain(path: Path) -> list[Described]:
    return [describe(read(path))]


def describe_edited(path: Path) -> list[Described]:
    picture = read(path)
    return [
        describe(fitted(edit(picture))) for edits in FAMILIES.values() for edit in edits.values()
    ]


def searched(
    queries: Iterable[list[Described]], stored: Sequence[Described]
) -> Mapping[str, tuple[NDArray[np.int64], Scores]]:
    """By method: which stored picture came first and its score, each (pictures, edits)."""
    searches = {name: method(stored) for name, method in METHODS.items()}
    results: dict[str, list[list[tuple[int, float]]]] = {name: [] for name in METHODS}
    for edits_of_picture in queries:
        for name, search in searches.items():
            results[name].append([search(query) for query in edits_of_picture])
    return {
        name: (
            np.array([[first for first, _ in row] for row in rows], np.int64),
            np.array([[score for _, score in row] for row in rows], np.float64),
        )
        for name, rows in results.items()
    }


def by_visualsnoop(stored: Sequence[Described]) -> Search:
    collection = InMemoryCollection([each.fingerprint for each in stored])

    def search(query: Described) -> tuple[int, float]:
        best = collection.search(query.fingerprint)[0]
        return best.index, best.score

    return search


def by_pdq(stored: Sequence[Described]) -> Search:
    hashes = np.stack([each.pdq[0] for each in stored])
    return lambda query: nearest_hash(query.pdq, hashes)


def by_phash(stored: Sequence[Described]) -> Search:
    hashes = np.stack([each.phash for each in stored])
    return lambda query: nearest_hash(query.phash, hashes)


def by_dhash(stored: Sequence[Described]) -> Search:
    hashes = np.stack([each.dhash for each in stored])
    return lambda query: nearest_hash(query.dhash, hashes)


def nearest_hash(query: NDArray[Any], stored: NDArray[Any]) -> tuple[int, float]:
    """The stored hash with the fewest different bits, and their number, negative."""
    variants = np.atleast_2d(query)[:, np.newaxis]
    distances = (variants != stored).sum(axis=2).min(axis=0)
    first = int(distances.argmin())
    return first, -float(distances[first])


METHODS: Mapping[str, Callable[[Sequence[Described]], Search]] = {
    "VisualSnoop": by_visualsnoop,
    "PDQ": by_pdq,
    "pHash": by_phash,
    "dHash": by_dhash,
}


def print_tables(found: Found) -> None:
    print("\n" + "recall@1 by edit".ljust(32) + "".join(name.rjust(13) for name in METHODS))
    right = {name: found.right(name) for name in METHODS}
    for family, edits in FAMILIES.items():
        print(f"  {family}:")
        columns = columns_of(family)
        for column, edit in enumerate(edits, columns.start):
            print_row(edit, [right[name][:, column].mean() for name in METHODS])
        print(f"  over the {family} edits:")
        print_row("recall@1", [right[name][:, columns].mean() for name in METHODS])
        figures = [found.precision_figures(name, family) for name in METHODS]
        print_row("micro average precision", [precision for precision, _ in figures])
        print_row("recall at 90 % precision", [recall for _, recall in figures])

    print_thresholds(
        found.stored["VisualSnoop"][1], right["VisualSnoop"], found.absent["VisualSnoop"][1]
    )


def columns_of(family: str) -> slice:
    """Which of all edits are those of a family."""
    names = list(FAMILIES)
    start = sum(len(FAMILIES[name]) for name in names[: names.index(family)])
    return slice(start, start + len(FAMILIES[family]))


def print_thresholds(scores: Scores, right: NDArray[np.bool_], absent_scores: Scores) -> None:
    """How many copies are found by each threshold of the score, and how much of it is right."""
    print("\nVisualSnoop by lowest score      recall    precision    absent found")
    for threshold in np.arange(0.3, 0.96, 0.05):
        hits = int((right & (scores >= threshold)).sum())
        finds = int((scores >= threshold).sum())
        mistakes = int((absent_scores >= threshold).sum())
        precision = hits / max(finds + mistakes, 1)
        print(f"{threshold:<30.2f}{hits / scores.size:10.4f}{precision:13.4f}{mistakes:16}")


def print_row(title: str, values: Iterable[float]) -> None:
    print(title.ljust(32) + "".join(f"{value:13.4f}" for value in values))


def precision_figures(
    scores: Scores, right: NDArray[np.bool_], absent_scores: Scores
) -> tuple[float, float]:
    """Micro average precision, and recall at 90 % precision."""
    every = np.concatenate([scores.ravel(), absent_scores.ravel()])
    hits = np.concatenate([right.ravel(), np.zeros(absent_scores.size, bool)])
    hits = hits[np.argsort(-every, kind="stable")]
    so_far = np.cumsum(hits)
    precision = so_far / np.arange(1, len(hits) + 1)
    confident = so_far[precision >= 0.9]
    return (
        float((precision * hits).sum() / scores.size),
        float(confident.max() / scores.size) if len(confident) else 0.0,
    )


if __name__ == "__main__":
    main()
