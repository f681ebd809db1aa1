"""Measure everything about similarity, and print what was wanted of it beside what it is.

    python -m scripts.bench.similarity FOLDER... [--shots FOLDER] [--queries FOLDER]
        [--half-absent FOLDER] [--absent-by-windows 25] [--seed 0] [--trials 10]

It prints the tables of scripts.bench.quality, separation and compositions, with the photos of the
folders, and then one of what is wanted of the service: the figure, and whether it is met. Of
documents, art and series these are the figures of the half that nothing was fitted to.

The options are those of the three. What a search costs in a collection of a million is measured by
scripts.bench.scale, and what a service takes in a second by scripts.bench.capacity.
"""

import argparse
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from io import BytesIO
from pathlib import Path
from statistics import fmean, median

from attrs import frozen

from scripts.bench import compositions, quality, separation
from scripts.bench.compositions import Outcome
from scripts.bench.in_memory import as_stored
from scripts.bench.quality import Found, fingerprinter, pictures_of, read
from scripts.bench.separation import Scores
from scripts.bench.sets.documents import KINDS
from visualsnoop.server.matching.decode import decode
from visualsnoop.server.matching.scores import COPY, LOOK_ALIKE

HALF_THAT_IS_HELD_OUT = 1
SERIES = ("viewpoints", "moments", "shots")
ART = ("icon", "flag")
SIDE = 500  # pixels, of the photos whose fingerprints are timed
TIMED = 40  # photos


@frozen
class Wanted:
    """A figure and its bound.

    Attributes:
        what: What it is about.
        measured: The figure.
        bound: The least that is wanted, or the most.
        is_least: Which of them.
        unit: "%" for a share; else it is printed as it is, with the unit.
    """

    what: str
    measured: float
    bound: float
    is_least: bool
    unit: str = "%"

    @property
    def is_met(self) -> bool:
        return self.measured >= self.bound if self.is_least else self.measured <= self.bound

    def in_unit(self, figure: float) -> str:
        return f"{figure:.1%}" if self.unit == "%" else f"{figure:.0f} {self.unit}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="*", type=Path, default=[quality.PHOTOS])
    parser.add_argument("--shots", type=Path)
    parser.add_argument("--queries", type=Path)
    parser.add_argument("--half-absent", type=Path)
    parser.add_argument("--absent-by-windows", type=int, default=quality.ABSENT_BY_WINDOWS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--trials", type=int, default=10)
    arguments = parser.parse_args()
    seed = arguments.seed
    photos = [path for folder in arguments.folders for path in pictures_of(folder)]
    shots = pictures_of(arguments.shots) if arguments.shots else []
    chosen = quality.chosen(arguments.folders, arguments.queries, arguments.half_absent)
    cost = list(wanted_of_cost(photos))
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        composed = compositions.measured(photos, arguments.trials, seed, pool)
        compositions.print_table(composed)
        fitted = separation.measured(1 - HALF_THAT_IS_HELD_OUT, photos, shots, seed, pool)
        separation.print_half("fitted to" if seed == 0 else "held out", fitted)
        apart = separation.measured(HALF_THAT_IS_HELD_OUT, photos, shots, seed, pool)
        separation.print_half("held out", apart)
        found = quality.measured(*chosen, arguments.absent_by_windows, pool)
        quality.print_tables(found)
    print_wanted(
        [
            *wanted_of_kinds(apart),
            *wanted_of_compositions(composed),
            *wanted_of_edits(found),
            *cost,
        ]
    )


def wanted_of_kinds(kinds: Mapping[str, Sequence[Scores]]) -> Iterator[Wanted]:
    documents = [scores for kind in KINDS for scores in kinds[kind]]
    yield most("documents of one layout: pairs from 0.7", share_of_pairs(documents), 0.01)
    first = [each for scores in documents for each in scores.are_first]
    yield least("their copies: first", fmean(first), 0.98)
    yield least("their copies: from 0.7", share_of_copies(documents), 0.95)
    series = [scores for kind in SERIES for scores in kinds.get(kind, [])]
    yield most("series of shots: pairs from 0.7", share_of_pairs(series), 0.05)
    for kind in ART:
        mistaken = sum(scores.mistaken for scores in kinds[kind])
        of = sum(scores.pictures for scores in kinds[kind])
        yield most(f"{kind}s in a group with another from 0.7", mistaken / of, 0.03)
    flat = kinds["flat"]
    yield least("flat pictures: copies from 0.7", share_of_copies(flat), 0.95)
    yield most("flat pictures: others from 0.7", share_of_pairs(flat), 0.01)


def share_of_pairs(groups: Iterable[Scores]) -> float:
    return fmean([score >= COPY for each in groups for score, _ in each.different])


def share_of_copies(groups: Iterable[Scores]) -> float:
    return fmean([score >= COPY for each in groups for score, _ in each.copies])


def wanted_of_compositions(outcomes: Mapping[str, Sequence[Outcome]]) -> Iterator[Wanted]:
    for kind, of_kind in outcomes.items():
        found = [score >= LOOK_ALIKE for each in of_kind for score in each.scores]
        yield least(f"{kind}: in default results", fmean(found), LEAST_FOUND.get(kind, 0.98))
    searches = [each for of_kind in outcomes.values() for each in of_kind]
    mistaken = fmean([each.is_mistaken for each in searches])
    yield most("compositions: searches with others from 0.7", mistaken, 0.001)


LEAST_FOUND = {
    "collage 2x2": 0.97,
    "collage 3x3": 0.97,
    "strip of three": 0.97,
    "inserted at 10 %": 0.90,
    "inserted at 5 %": 0.70,
}


def wanted_of_edits(found: Found) -> Iterator[Wanted]:
    for family, bound in (("usual", 1.0), ("hard", 0.985), ("unseen", 0.985)):
        precision, _ = found.precision_figures(quality.BY_DEFAULT, family)
        yield least(f"{family} edits: micro average precision", round(precision, 3), bound)
    absent = found.absent[quality.BY_DEFAULT][1]
    yield most("edits: absent photos from 0.7", float((absent >= COPY).mean()), 0.001)


def wanted_of_cost(photos: Sequence[Path]) -> Iterator[Wanted]:
    """What a fingerprint takes: bytes, and milliseconds of a core."""
    stored, seconds = [], []
    for path in photos[:TIMED]:
        picture = read(path)
        picture.thumbnail((SIDE, SIDE))
        file = BytesIO()
        picture.save(file, "JPEG", quality=90)
        # Of this thread: those of BLAS, which services have none of, wait by spinning.
        started = time.thread_time()
        fingerprint = as_stored(fingerprinter().fingerprint(decode(BytesIO(file.getvalue()))))
        seconds.append(time.thread_time() - started)
        stored.append(
            2 * len(fingerprint.embedding)
            + sum(map(len, (fingerprint.pdq, fingerprint.keypoints, fingerprint.detail)))
        )
    yield Wanted("fingerprint of a photo", fmean(stored), 10_000, False, "bytes")
    yield Wanted(
        f"fingerprint of a photo of {SIDE} pixels",
        1000 * median(seconds),
        25,
        False,
        "ms of a core",
    )


def least(what: str, share: float, bound: float) -> Wanted:
    return Wanted(what, share, bound, True)


def most(what: str, share: float, bound: float) -> Wanted:
    return Wanted(what, share, bound, False)


def print_wanted(figures: Iterable[Wanted]) -> None:
    print(f"\n{'':48}{'measured':>22}{'wanted':>10}")
    for each in figures:
        print(
            f"{each.what:48}{each.in_unit(each.measured):>22}"
            f"{'at least' if each.is_least else 'at most':>10} {each.in_unit(each.bound):<20}"
            f"{'met' if each.is_met else 'NOT met'}"
        )


if __name__ == "__main__":
    main()
