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

VisualSnoop is measured twice: by the whole of the query alone, and as the service searches by
default, which is by windows of it too where no copy of the whole is found. That takes half a second
of a core, so of the absent pictures only some are searched for like this, --absent-by-windows of
them, and each counts for as many as it stands for.
"""

import argparse
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any

import imagehash
import numpy as np
import pdqhash
from attrs import frozen
from numpy.typing import NDArray
from PIL import Image

from scripts.bench.edits import EDITS, HARD_EDITS, UNSEEN_EDITS
from scripts.bench.in_memory import InMemoryCollection, find_with_parts
from visualsnoop.server.matching.decode import decode
from visualsnoop.server.matching.fingerprint import Fingerprint
from visualsnoop.server.matching.fingerprinter import Fingerprinter
from visualsnoop.server.matching.scaling import fitted

PHOTOS = Path(__file__).parents[2] / "tests" / "photos"
SUFFIXES = Image.registered_extensions()
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF", "JXL")

BY_DEFAULT, BY_WHOLE = "VisualSnoop", "by the whole"
ABSENT_BY_WINDOWS = 25

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
            self.absent_weight(method),
        )

    def absent_weight(self, method: str) -> float:
        """For how many absent pictures each of those counts that were searched for by a method."""
        return max(len(scores) for _, scores in self.absent.values()) / len(self.absent[method][1])


Search = Callable[[Described], tuple[int, float]]
"""Takes a query; gives the place of what is most like it in the collection, and its score."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="*", type=Path, default=[PHOTOS])
    parser.add_argument("--queries", type=Path)
    parser.add_argument("--half-absent", type=Path)
    parser.add_argument("--absent-by-windows", type=int, default=ABSENT_BY_WINDOWS)
    arguments = parser.parse_args()
    stored, queries, absent = chosen(arguments.folders, arguments.queries, arguments.half_absent)
    print(
        f"{len(stored)} pictures in the collection, {len(queries)} of them searched for, "
        f"{len(absent)} absent ones too, by "
        + ", ".join(f"{len(edits)} {family} edits" for family, edits in FAMILIES.items())
    )
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        print_tables(measured(stored, queries, absent, arguments.absent_by_windows, pool))


def measured(
    stored: Sequence[Path],
    queries: Sequence[Path],
    absent: Sequence[Path],
    absent_by_windows: int,
    pool: Executor,
) -> Found:
    """What every method finds by edits of pictures that are stored, and of absent ones."""
    described = [item[0] for item in pool.map(describe_plain, stored)]
    some_absent = absent[:: max(1, -(-len(absent) // absent_by_windows))]
    by_default = partial(found_by_default, tuple(stored))
    return Found(
        {
            BY_DEFAULT: as_arrays(pool.map(by_default, queries)),
            **searched(pool.map(describe_edited, queries), described),
        },
        {
            BY_DEFAULT: as_arrays(pool.map(by_default, some_absent)),
            **searched(pool.map(describe_edited, absent), described),
        },
        np.array([stored.index(path) for path in queries]),
    )


def found_by_default(stored: tuple[Path, ...], path: Path) -> list[tuple[int, float]]:
    """What comes first for each edit of a picture, as the service searches by default."""
    picture, firsts = read(path), []
    for edits in FAMILIES.values():
        for edit in edits.values():
            best = find_with_parts(collection(stored), fitted(edit(picture)), fingerprinter())[0]
            firsts.append((best.index, best.score))
    return firsts


@cache
def collection(paths: tuple[Path, ...]) -> InMemoryCollection:
    return InMemoryCollection([fingerprinter().fingerprint(read(path)) for path in paths])


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
    searches = {name: method(stored) for name, method in SEARCHES.items()}
    results: dict[str, list[list[tuple[int, float]]]] = {name: [] for name in SEARCHES}
    for edits_of_picture in queries:
        for name, search in searches.items():
            results[name].append([search(query) for query in edits_of_picture])
    return {name: as_arrays(rows) for name, rows in results.items()}


def as_arrays(rows: Iterable[list[tuple[int, float]]]) -> tuple[NDArray[np.int64], Scores]:
    both = list(rows)
    return (
        np.array([[first for first, _ in row] for row in both], np.int64),
        np.array([[score for _, score in row] for row in both], np.float64),
    )


def by_whole(stored: Sequence[Described]) -> Search:
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


SEARCHES: Mapping[str, Callable[[Sequence[Described]], Search]] = {
    BY_WHOLE: by_whole,
    "PDQ": by_pdq,
    "pHash": by_phash,
    "dHash": by_dhash,
}
METHODS = (BY_DEFAULT, *SEARCHES)


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

    for name in (BY_DEFAULT, BY_WHOLE):
        print(f"\n{name}, by lowest score:")
        weight = found.absent_weight(name)
        print_thresholds(found.stored[name][1], right[name], found.absent[name][1], weight)


def columns_of(family: str) -> slice:
    """Which of all edits are those of a family."""
    names = list(FAMILIES)
    start = sum(len(FAMILIES[name]) for name in names[: names.index(family)])
    return slice(start, start + len(FAMILIES[family]))


def print_thresholds(
    scores: Scores, right: NDArray[np.bool_], absent_scores: Scores, absent_weight: float
) -> None:
    """How many copies are found by each threshold of the score, and how much of it is right."""
    print(f"{'':30}    recall    precision    absent found of {absent_scores.size}")
    for threshold in np.arange(0.3, 0.96, 0.05):
        hits = int((right & (scores >= threshold)).sum())
        finds = int((scores >= threshold).sum())
        mistakes = int((absent_scores >= threshold).sum())
        precision = hits / max(finds + absent_weight * mistakes, 1)
        print(f"{threshold:<30.2f}{hits / scores.size:10.4f}{precision:13.4f}{mistakes:16}")


def print_row(title: str, values: Iterable[float]) -> None:
    print(title.ljust(32) + "".join(f"{value:13.4f}" for value in values))


def precision_figures(
    scores: Scores, right: NDArray[np.bool_], absent_scores: Scores, absent_weight: float = 1
) -> tuple[float, float]:
    """Micro average precision, and recall at 90 % precision.

    Args:
        scores: Of searches for stored pictures.
        right: Which of these found the right one.
        absent_scores: Of searches for absent pictures.
        absent_weight: For how many searches each of these counts.
    """
    every = np.concatenate([scores.ravel(), absent_scores.ravel()])
    hits = np.concatenate([right.ravel(), np.zeros(absent_scores.size, bool)])
    weights = np.concatenate([np.ones(scores.size), np.full(absent_scores.size, absent_weight)])
    order = np.argsort(-every, kind="stable")
    hits = hits[order]
    so_far = np.cumsum(hits)
    precision = so_far / np.cumsum(weights[order])
    confident = so_far[precision >= 0.9]
    return (
        float((precision * hits).sum() / scores.size),
        float(confident.max() / scores.size) if len(confident) else 0.0,
    )


if __name__ == "__main__":
    main()
