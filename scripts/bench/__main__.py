"""Run the benchmarks in a short form: tables and plots for the manual, and goals met or not.

    python -m scripts.bench [--output docs/benchmarks] [--save build/bench.json]
    python -m scripts.bench --compare build/bench.json

What was saved is what a later run on the same machine is compared with. The machine should have
nothing else to do: a whole run that was slower is told from a slower program by nothing.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pyvips

from scripts.bench import client_calls, decoding, growth, imports
from scripts.bench.figures import Figure, compare, load, save, table
from visualsnoop.server.matching.fingerprinter import Fingerprinter

REPETITIONS = 7


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS))
    parser.add_argument("--output", type=Path, help="a folder for tables and plots")
    parser.add_argument("--save", type=Path, help="where to save the figures")
    parser.add_argument("--compare", type=Path, help="figures that were saved")
    arguments = parser.parse_args()
    if arguments.compare and not arguments.compare.exists():
        parser.error(f"{arguments.compare} is not there: `make bench` makes it")
    saved = load(arguments.compare) if arguments.compare else {}
    measured: list[Figure] = []
    for name in arguments.only:
        figures = BENCHMARKS[name](arguments.output)
        print(f"\n{name}\n\n{table(figures)}", flush=True)
        if arguments.output:
            arguments.output.mkdir(parents=True, exist_ok=True)
            (arguments.output / f"{name}.md").write_text(table(figures))
        measured += figures
    print_goals(measured)
    if arguments.save:
        save(measured, arguments.save)
    if arguments.compare:
        changes = compare(saved, {figure.name: figure for figure in measured})
        for name, change in changes.items():
            print(f"{name}: {change}")
        sys.exit(any(change.startswith("worse") for change in changes.values()))


def print_goals(figures: Sequence[Figure]) -> None:
    wanted = [figure for figure in figures if figure.goal is not None]
    for figure in wanted:
        print(figure)
    print(f"{sum(bool(figure.is_met) for figure in wanted)} of {len(wanted)} goals are met\n")


def growth_figures(output: Path | None) -> list[Figure]:
    measured = growth.measure()
    if output:
        growth.draw(measured, growth.SIZES, output)
    return measured.figures


def fingerprint_figures(output: Path | None) -> list[Figure]:
    """What a picture of 12 megapixels costs, of a core."""
    picture = decoding.large_picture(12)
    figures = []
    for name in ("JPEG", "PNG", "HEIC"):
        data = decoding.saved(picture, name)
        for way, read in {
            "in full by Pillow": decoding.read_in_full,
            "as a thumbnail by libvips": decoding.read_by_libvips,
            "by the service": decoding.read_by_service,
        }.items():
            try:
                samples = _samples(partial(read, data), time.process_time)
            except pyvips.Error:
                continue
            figures.append(Figure(f"{name} of 12 megapixels, read {way}", "ms", samples))
    small, fingerprinter = decoding.read_by_service(data), Fingerprinter()
    # Of this thread: those of BLAS, which services have none of, wait by spinning.
    samples = _samples(lambda: fingerprinter.fingerprint(small), time.thread_time)
    return [*figures, Figure("its fingerprint", "ms", samples)]


def _samples(act: Callable[[], object], clock: Callable[[], float]) -> list[float]:
    act()
    return [decoding.milliseconds(act, 1, clock) for _ in range(REPETITIONS)]


def import_figures(output: Path | None) -> list[Figure]:
    """How long imports take, of a core, without the start of Python."""
    samples: dict[str, list[float]] = {name: [] for name in imports.IMPORTS}
    with tempfile.TemporaryDirectory() as cache:

        def time_of(statement: str) -> float:
            return 1000 * imports.time_of(f"{imports.PREPARED}; {statement}", cache)

        for statement in imports.IMPORTS.values():
            # The first time, modules are compiled.
            time_of(statement)
        for _ in range(REPETITIONS):
            started = time_of("pass")
            for name, statement in imports.IMPORTS.items():
                samples[name].append(time_of(statement) - started)
    figures = [Figure(name, "ms", taken) for name, taken in samples.items()]
    for name, goal in imports.GOALS.items():
        ratios = _ratios(samples[name], samples[imports.HTTPX])
        figures.append(Figure(f"{name}, of import httpx", "", ratios, goal))
    return figures


def client_figures(output: Path | None) -> list[Figure]:
    """What calls cost, of a core, beside other clients."""
    figures = []
    for task, turns in client_calls.all_costs(REPETITIONS, large=64):
        seconds = {name: [turn["seconds"] for turn in taken] for name, taken in turns.items()}
        for name, taken in seconds.items():
            samples = [1000 * each / task.calls for each in taken]
            figures.append(Figure(f"{task.name}, by {name}", "ms", samples))
        for other, goal in task.goals.items():
            ratios = _ratios(seconds[client_calls.OURS], seconds[other])
            figures.append(Figure(f"{task.name}, of the cost by {other}", "", ratios, goal))
    return figures


def _ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    return [one / other for one, other in zip(ours, theirs, strict=True)]


BENCHMARKS: dict[str, Callable[[Path | None], list[Figure]]] = {
    "imports": import_figures,
    "client": client_figures,
    "fingerprints": fingerprint_figures,
    "growth": growth_figures,
}


if __name__ == "__main__":
    main()
