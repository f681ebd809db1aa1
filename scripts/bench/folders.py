"""Measure how duplicates in a folder are found, beside other programs on the same folder.

    python -m scripts.bench.folders PHOTOS... [--pictures 5000] [--folder FOLDER] [--output FOLDER]

Tiles are cut out of the photos, 9 of each, no two of which have anything in common; of as many of
them as it takes there are two copies, edited by chance as edits.py does the usual way. Groups that
are found are taken apart into pairs: those of copies of one tile are right, all others false.

`visualsnoop quickstart` runs until it shows the page; then it is asked for the duplicates. Printed
are the time, the peak of the memory (proportional set size, all processes), and how many pairs were
found, of how many, and how many false ones. Other programs are

- czkawka, by its Python package: pip install czkawka; or --czkawka PYTHON, where that is installed,
- pHash of imagehash, all pairs that differ in no more than so many of 64 bits,
- PDQ of pdqhash, all pairs that differ in no more than so many of 256 bits.

For --output, the same is written as a table, and drawn: how many pictures a second, and which share
of the pairs was found.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import combinations
from pathlib import Path

import imagehash
import numpy as np
import pdqhash
import psutil
from attrs import define, field, frozen
from numpy.typing import NDArray
from PIL import Image

from scripts.bench.edits import EDITS
from scripts.bench.plots import plot_finders
from scripts.bench.quality import pictures_of, read

_TILES = 3  # a side
_LONG_SIDE = 640  # pixels of a tile, which is made that large
_COPIES = 2
_CZKAWKA = """
import json, sys
from czkawka import ImageSimilarity
finder = ImageSimilarity()
finder.set_directories([sys.argv[1]])
finder.set_similarity(int(sys.argv[2]))
print(json.dumps([[str(path) for path in group] for group in finder.find_similar()]))
"""

Groups = Iterable[Sequence[str]]


@frozen
class Found:
    """What a program has found in a folder.

    Attributes:
        program: The program.
        seconds: How long it took.
        memory: The peak of its memory, in bytes; None where it was not measured.
        right: How many pairs of copies it found.
        wrong: How many other pairs.
    """

    program: str
    seconds: float
    memory: int | None
    right: int
    wrong: int

    @classmethod
    def of(cls, program: str, seconds: float, memory: int | None, groups: Groups) -> "Found":
        pairs = {pair for group in groups for pair in combinations(sorted(map(_name, group)), 2)}
        right = sum(_tile(one) == _tile(other) for one, other in pairs)
        return cls(program, seconds, memory, right, len(pairs) - right)

    def __str__(self) -> str:
        memory = "" if self.memory is None else self.memory // 2**20
        return f"{self.program:32}{self.seconds:9.0f}{memory:>8}{self.right:8}{self.wrong:8}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path, nargs="+")
    parser.add_argument("--pictures", type=int, default=5000)
    parser.add_argument("--folder", type=Path, help="where the pictures are, or are put")
    parser.add_argument("--czkawka", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--output", type=Path, help="a folder for the table and the plot")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="visualsnoop-") as name:
        folder = arguments.folder or Path(name) / "pictures"
        if not folder.exists():
            write_pictures(arguments.photos, folder, arguments.pictures)
        measure(folder, Path(name), arguments.czkawka, arguments.output)


def write_pictures(photos: Sequence[Path], folder: Path, count: int) -> None:
    """Write tiles of photos and edited copies of some of them, named by their tiles."""
    folder.mkdir(parents=True)
    paths = [path for photo_folder in photos for path in pictures_of(photo_folder)]
    tiles = _TILES**2 * len(paths)
    copied = (count - tiles) // _COPIES
    if not 0 <= copied <= tiles:
        raise SystemExit(f"{len(paths)} photos are good for {tiles} to {3 * tiles} pictures")
    has_copies = set(random.Random(0).sample(range(tiles), copied))
    with ProcessPoolExecutor() as pool:
        for number, path in enumerate(paths):
            of_photo = range(_TILES**2 * number, _TILES**2 * (number + 1))
            pool.submit(
                _write_tiles, path, folder, [tile in has_copies for tile in of_photo], number
            )


def _write_tiles(path: Path, folder: Path, has_copies: Sequence[bool], number: int) -> None:
    photo = read(path)
    chosen = random.Random(number)
    width, height = photo.width // _TILES, photo.height // _TILES
    for place, copied in enumerate(has_copies):
        left, top = width * (place % _TILES), height * (place // _TILES)
        tile = photo.crop((left, top, left + width, top + height))
        factor = _LONG_SIDE / max(tile.size)
        tile = tile.resize(
            (round(width * factor), round(height * factor)), Image.Resampling.LANCZOS
        )
        name = f"{number:03}-{place}"
        tile.save(folder / f"{name}.jpg", quality=92)
        for copy, edit in enumerate(chosen.sample(sorted(EDITS), _COPIES if copied else 0)):
            EDITS[edit](tile).convert("RGB").save(folder / f"{name} copy {copy}.jpg", quality=90)


def measure(folder: Path, temporary: Path, czkawka: str, output: Path | None) -> None:
    """Print a row for each way to find the duplicates of a folder; write and draw them all."""
    names = [path.name for path in folder.iterdir()]
    tiles = [_tile(name) for name in names]
    pairs = sum(tiles.count(tile) * (tiles.count(tile) - 1) // 2 for tile in set(tiles))
    print(f"{len(names)} pictures, {pairs} pairs of copies, {os.cpu_count()} processors")
    print(f"{'':32}{'seconds':>9}{'MiB':>8}{'found':>8}{'false':>8}")
    environment = {
        **{name: value for name, value in os.environ.items() if "VISUALSNOOP" not in name},
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        **{f"XDG_{kind}_HOME": str(temporary / kind) for kind in ("CACHE", "CONFIG", "STATE")},
    }
    command = [sys.executable, "-m", "visualsnoop"]
    quickstart = [*command, "quickstart", str(folder), f"--data={temporary / 'data'}"]
    listing = [*command, "duplicates", "--json", "--profile", str(folder.resolve())]
    finders: list[Callable[[], Found]] = [
        partial(_found_by_quickstart, [*quickstart, "--port=8099"], listing, environment)
    ]
    for level in (5, 10, 20):
        finders.append(partial(_found_by_czkawka, czkawka, folder, level, environment))
    for bits in (4, 10):
        finders.append(partial(_found_by_hash, "pHash", _phash, folder, names, bits))
    for bits in (20, 31):
        finders.append(partial(_found_by_hash, "PDQ", _pdq, folder, names, bits))
    found = []
    for find in finders:
        try:
            found.append(find())
        except subprocess.CalledProcessError as error:
            print(f"{Path(error.cmd[0]).name} failed with status {error.returncode}")
        else:
            print(found[-1], flush=True)
    if output:
        output.mkdir(parents=True, exist_ok=True)
        (output / "peers.md").write_text(_table(found, pairs))
        plot_finders(
            output / "peers.svg",
            [
                (one.program.partition(",")[0], len(names) / one.seconds, one.right / pairs)
                for one in found
            ],
        )


def _table(found: Sequence[Found], pairs: int) -> str:
    rows = ["| | seconds | MiB | pairs of copies found | false pairs |", "|---|---|---|---|---|"]
    for one in found:
        memory = "" if one.memory is None else f"{one.memory // 2**20:,}"
        rows.append(
            f"| {one.program} | {one.seconds:.0f} | {memory} | {one.right / pairs:.1%} "
            f"| {one.wrong:,} |"
        )
    return "\n".join(rows) + "\n"


def _found_by_quickstart(
    quickstart: Sequence[str], listing: Sequence[str], environment: dict[str, str]
) -> Found:
    """Run a command until it has printed a link, and ask for the groups that are found then."""
    start = time.monotonic()
    with subprocess.Popen(
        quickstart, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        with _Memory(process.pid, environment["XDG_CACHE_HOME"]) as memory:
            for line in process.stdout:
                if "#code=" in line:
                    break
            print(f"{'quickstart, until its page is there':32}{time.monotonic() - start:9.0f}")
            output = subprocess.run(listing, stdout=subprocess.PIPE, text=True, env=environment)
        process.terminate()
    groups = [
        [image["id"] for image in json.loads(line)["images"]] for line in output.stdout.splitlines()
    ]
    return Found.of("visualsnoop", time.monotonic() - start, memory.peak, groups)


def _found_by_czkawka(python: str, folder: Path, level: int, environment: dict[str, str]) -> Found:
    command = [python, "-c", _CZKAWKA, str(folder), str(level)]
    start = time.monotonic()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        with _Memory(process.pid, environment["XDG_CACHE_HOME"]) as memory:
            output = process.stdout.read()
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, command)
    seconds = time.monotonic() - start
    return Found.of(f"czkawka, similarity {level}", seconds, memory.peak, json.loads(output))


def _name(path: str) -> str:
    return Path(path).name


def _tile(name: str) -> str:
    return re.split(r"[ .]", name)[0]


def _found_by_hash(
    program: str, hash_of: "_Hash", folder: Path, names: Sequence[str], bits: int
) -> Found:
    """All pairs of pictures whose hashes differ in so few bits."""
    start = time.monotonic()
    with ProcessPoolExecutor() as pool:
        hashes = np.array(list(pool.map(hash_of, [folder / name for name in names], chunksize=50)))
    groups = [
        (names[number], names[number + 1 + other])
        for number, one in enumerate(hashes)
        for other in np.flatnonzero(
            np.bitwise_count(hashes[number + 1 :] ^ one).sum(axis=1) <= bits
        ).tolist()
    ]
    return Found.of(f"{program}, {bits} bits", time.monotonic() - start, None, groups)


_Hash = Callable[[Path], NDArray[np.uint8]]


def _phash(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as picture:
        return np.packbits(imagehash.phash(picture).hash)


def _pdq(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as picture:
        bits, _ = pdqhash.compute(np.asarray(picture.convert("RGB")))
    return np.packbits(bits.astype(bool))


@define
class _Memory:
    """Watches the memory of a process, of those below it, and of its PostgreSQL.

    Attributes:
        pid: The process.
        data: The folder in which the data of PostgreSQL are, or one beside it.
        peak: The most that was seen, in bytes.
    """

    pid: int
    data: str
    peak: int = 0
    _is_over: threading.Event = field(factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> "_Memory":
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._thread is not None
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._is_over.wait(1):
            self.peak = max(self.peak, sum(map(_proportional, self._processes())))

    def _processes(self) -> list[psutil.Process]:
        try:
            first = psutil.Process(self.pid)
            below = [first, *first.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []
        postgres = [
            process
            for process in psutil.process_iter(["name", "cwd"])
            if process.info["name"] == "postgres"
            and (process.info["cwd"] or "").startswith(os.path.dirname(self.data))
        ]
        return [*below, *postgres]


def _proportional(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0


if __name__ == "__main__":
    main()
