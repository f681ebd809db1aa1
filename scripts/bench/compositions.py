"""Measure how well the pictures that a picture is composed of are found.

    python -m scripts.bench.compositions FOLDER... [--trials 10] [--seed 0]

Every other photo of the folders is stored. Collages, strips, insertions, blurred bars, stories,
posts and photos of screens are searched for, as the service does by default: parts of the picture
only where no copy of the whole is found. Half of them show stored photos, half the others; the seed
draws which ones, and where.

For each kind it prints which share of the photos shown is found with a score from 0.4 on, which is
among the default results, and from 0.7 on; in how many searches another picture has such a score;
how far from where it is a corner of it is told to be, as the median in units of its sides; and the
seconds of a core that a search takes.
"""

import argparse
import os
import random
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
from attrs import frozen

from scripts.bench.in_memory import find_with_parts
from scripts.bench.quality import collection, fingerprinter, pictures_of, read
from scripts.bench.sets.compositions import COMPOSITIONS, Composition
from visualsnoop.server.matching.scaling import fitted
from visualsnoop.server.matching.scores import COPY
from visualsnoop.server.matching.similarity import Match


@frozen
class Outcome:
    """What a search by one composition has found.

    Attributes:
        scores: Of each photo shown; 0 if it was not found.
        mistakes: Those of other pictures.
        errors: How far off the corners are of those that were found.
        seconds: Of a core.
    """

    scores: Sequence[float]
    mistakes: Sequence[float]
    errors: Sequence[float]
    seconds: float

    @property
    def is_mistaken(self) -> bool:
        return max(self.mistakes, default=0) >= COPY


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--trials", type=int, default=10, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    photos = [path for folder in arguments.folders for path in pictures_of(folder)]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        print_table(measured(photos, arguments.trials, arguments.seed, pool))


def measured(
    photos: Sequence[Path], trials: int, seed: int, pool: Executor
) -> Mapping[str, Sequence[Outcome]]:
    """By kind: what is found by so many compositions."""
    tasks = list(product(COMPOSITIONS, range(trials)))
    outcomes = list(pool.map(partial(outcome_of, photos, seed), *zip(*tasks, strict=True)))
    return {
        kind: outcomes[place * trials : (place + 1) * trials]
        for place, kind in enumerate(COMPOSITIONS)
    }


def print_table(outcomes: Mapping[str, Sequence[Outcome]]) -> None:
    print(f"{'':20}{'>= 0.4':>9}{'>= 0.7':>9}{'others >= 0.7':>15}{'off by':>9}{'seconds':>9}")
    for kind, of_kind in outcomes.items():
        print_kind(kind, of_kind)
    searches = [each for of_kind in outcomes.values() for each in of_kind]
    mistakes = sum(each.is_mistaken for each in searches)
    print(f"\n{mistakes} of {len(searches)} searches have another picture from 0.7 on")


def print_kind(kind: str, outcomes: Sequence[Outcome]) -> None:
    scores = np.array([score for each in outcomes for score in each.scores])
    mistakes = np.mean([each.is_mistaken for each in outcomes])
    error = np.median([error for each in outcomes for error in each.errors] or [np.nan])
    seconds = np.mean([each.seconds for each in outcomes])
    shares = f"{(scores >= 0.4).mean():9.1%}{(scores >= 0.7).mean():9.1%}{mistakes:15.1%}"
    print(f"{kind:20}{shares}{error:9.3f}{seconds:9.2f}", flush=True)


def outcome_of(photos: Sequence[Path], seed: int, kind: str, trial: int) -> Outcome:
    """What is found by a composition; those of odd numbers show photos that are not stored."""
    stored, absent = photos[::2], photos[1::2]
    dice = random.Random(f"{seed} {kind} {trial}")
    count, compose = COMPOSITIONS[kind]
    shown_of = absent if trial % 2 else stored
    chosen = dice.sample(shown_of, min(count, len(shown_of)))
    made: Composition = compose([read(path) for path in chosen], dice)
    started = time.process_time()
    found = find_with_parts(collection(tuple(stored)), fitted(made.picture), fingerprinter())
    seconds = time.process_time() - started
    by_photo = {stored[match.index]: match for match in found}
    shown = [] if trial % 2 else chosen[: len(made.corners)]
    return Outcome(
        [by_photo[path].score if path in by_photo else 0 for path in shown],
        [match.score for path, match in by_photo.items() if path not in chosen],
        [
            error_of(by_photo[path], made, place)
            for place, path in enumerate(shown)
            if path in by_photo and by_photo[path].region is not None
        ],
        seconds,
    )


def error_of(match: Match, made: Composition, place: int) -> float:
    """How far from its corner, as the mean of four, each corner of a photo is said to lie."""
    region = np.array(match.region)
    into_photo = np.stack([region[1] - region[0], region[3] - region[0]]).T
    corners = np.array(made.corners[place]) / made.picture.size @ into_photo.T + region[0]
    expected = np.array([(0, 0), (1, 0), (1, 1), (0, 1)])
    return float(np.linalg.norm(corners - expected, axis=1).mean())


if __name__ == "__main__":
    main()
