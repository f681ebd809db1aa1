"""Measure how well stored compositions are found by the photos that they show.

    python -m scripts.bench.stored_compositions FOLDER... [--trials 10] [--seed 0]

Compositions of every other photo of the folders are stored, and edited copies of these photos are
searched for: by the fingerprints of the compositions, and by those of their parts as well, which a
collection keeps if it is told to. So are the photos that none of them shows.

For each kind it prints which share of the photos finds its composition with a score from 0.4 on,
without parts and with them, and from 0.7 on; and the bytes of the parts of a composition. Below are
those of a photo, and how many of the searches for what is stored nowhere find something.
"""

import argparse
import os
import random
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
from attrs import frozen

from scripts.bench.edits import EDITS
from scripts.bench.in_memory import as_stored
from scripts.bench.quality import fingerprinter, pictures_of, read
from scripts.bench.sets.compositions import COMPOSITIONS
from visualsnoop.server.matching.candidates import CandidateFingerprint
from visualsnoop.server.matching.fingerprint import Fingerprint
from visualsnoop.server.matching.panels import find_panels
from visualsnoop.server.matching.scaling import fitted
from visualsnoop.server.matching.scores import COPY, LOOK_ALIKE
from visualsnoop.server.matching.similarity import compare, cosines
from visualsnoop.server.matching.steps import finish
from visualsnoop.server.matching.windows import Box, window
from visualsnoop.server.parts_search import NEAREST, found_in_parts
from visualsnoop.server.storage.images import Candidate
from visualsnoop.server.storage.parts import PartCandidate

EDIT = EDITS["JPEG quality 70"]
ABSENT = 40  # photos


@frozen(eq=False)
class Stored:
    """A composition: which photos it shows, its fingerprint, and those of its parts."""

    kind: str
    shown: Sequence[Path]
    whole: Fingerprint
    parts: Mapping[Box, Fingerprint]

    @property
    def bytes_of_parts(self) -> int:
        return sum(map(size, self.parts.values()))


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
        tasks = list(product(COMPOSITIONS, range(arguments.trials)))
        make = partial(stored, photos[::2], arguments.seed)
        compositions = list(pool.map(make, *zip(*tasks, strict=True)))
        shown = sorted({path for each in compositions for path in each.shown})
        queries = dict(zip(shown, pool.map(query, shown), strict=True))
        absent = list(pool.map(query, photos[1::2][:ABSENT]))
        plain = list(pool.map(bytes_of_parts, photos[1::2][:ABSENT]))
    parts = Parts(compositions)
    print(f"{'':20}{'whole >= 0.4':>14}{'parts >= 0.4':>14}{'parts >= 0.7':>14}{'bytes':>10}")
    for kind in COMPOSITIONS:
        of_kind = [each for each in compositions if each.kind == kind]
        print_kind(kind, of_kind, queries, parts)
    print(f"\n{np.mean(plain):.0f} bytes of a photo")
    mistaken = sum(bool(parts.found(each, COPY)) for each in absent)
    alike = sum(bool(parts.found(each, LOOK_ALIKE)) for each in absent)
    print(f"{mistaken} of {len(absent)} absent photos find something from 0.7 on, {alike} from 0.4")


def print_kind(
    kind: str, compositions: Sequence[Stored], queries: Mapping[Path, Fingerprint], parts: "Parts"
) -> None:
    by_whole, alike, copies = [], [], []
    for stored_one in compositions:
        for path in stored_one.shown:
            by_whole.append(compare(queries[path], stored_one.whole).score >= LOOK_ALIKE)
            alike.append(stored_one in parts.found(queries[path], LOOK_ALIKE))
            copies.append(stored_one in parts.found(queries[path], COPY))
    size_of_parts = np.mean([each.bytes_of_parts for each in compositions])
    shares = "".join(f"{np.mean(each):14.1%}" for each in (by_whole, alike, copies))
    print(f"{kind:20}{shares}{size_of_parts:10.0f}", flush=True)


class Parts:
    """The parts of all compositions, searched as the service searches them."""

    def __init__(self, compositions: Sequence[Stored]) -> None:
        self._compositions = compositions
        self._owners = [place for place, each in enumerate(compositions) for _ in each.parts]
        self._boxes = [box for each in compositions for box in each.parts]
        self._parts = [part for each in compositions for part in each.parts.values()]
        self._embeddings = np.stack([part.embedding for part in self._parts])

    def found(self, query: Fingerprint, least: float) -> list[Stored]:
        cosine = cosines(query.embedding, self._embeddings)
        nearest = np.argsort(-cosine, kind="stable")[:NEAREST].tolist()
        candidates = [self._candidate(index, float(cosine[index])) for index in nearest]
        return [
            self._compositions[int(image.image_id)]
            for image, match in finish(found_in_parts(query, candidates))
            if match.score >= least
        ]

    def _candidate(self, index: int, cosine: float) -> PartCandidate:
        part = self._parts[index]
        compared = CandidateFingerprint(cosine, part.quality, part.pdq, part.keypoints, part.detail)
        return PartCandidate(
            self._boxes[index], Candidate(str(self._owners[index]), _TIME, compared)
        )


_TIME = datetime(2000, 1, 1, tzinfo=UTC)


def stored(photos: Sequence[Path], seed: int, kind: str, trial: int) -> Stored:
    dice = random.Random(f"{seed} stored {kind} {trial}")
    count, compose = COMPOSITIONS[kind]
    chosen = dice.sample(photos, min(count, len(photos)))
    made = compose([read(path) for path in chosen], dice)
    picture = fitted(made.picture)
    parts = {
        box: as_stored(fingerprinter().fingerprint_of_window(window(picture, box)))
        for box in find_panels(picture)
    }
    whole = as_stored(fingerprinter().fingerprint(picture))
    return Stored(kind, chosen[: len(made.corners)], whole, parts)


def query(path: Path) -> Fingerprint:
    return fingerprinter().fingerprint(fitted(EDIT(read(path))))


def bytes_of_parts(path: Path) -> int:
    picture = read(path)
    return sum(
        size(as_stored(fingerprinter().fingerprint_of_window(window(picture, box))))
        for box in find_panels(picture)
    )


def size(fingerprint: Fingerprint) -> int:
    """The bytes of a stored fingerprint."""
    others = fingerprint.pdq, fingerprint.keypoints, fingerprint.detail
    return 2 * len(fingerprint.embedding) + sum(map(len, others))


if __name__ == "__main__":
    main()
