"""Run the benchmarks in a short form: tables and plots for the manual, and goals met or not.

    python -m scripts.bench [--output docs/benchmarks] [--save build/bench.json]
    python -m scripts.bench --compare build/bench.json

What was saved is what a later run on the same machine is compared with. The machine should have
nothing else to do: a whole run that was slower is told from a slower program by nothing.
"""

import argparse
import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from scripts.bench import decoding, growth, imports
from scripts.bench.figures import Figure, compare, load, save, table
from visualsnoop.server.matching.decode import decode
from visualsnoop.server.matching.fingerprinter import Fingerprinter

REPETITIONS = 7
IMPORT_RATIO = 1.15


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS))
    parser.add_argument("--output", type=Path, help="a folder for tables and plots")
    parser.add_argument("--save", type=Path, help="where to save the figures")
    parser.add_argument("--compare", type=Path, help="figures that were saved")
    arguments = parser.parse_args()
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
    file = io.BytesIO()
    decoding.large_picture(12).save(file, "JPEG", quality=90)
    small, fingerprinter = decode(file), Fingerprinter()
    acts: dict[str, Callable[[], object]] = {
        "JPEG of 12 megapixels, read in full by Pillow": lambda: decoding.read_in_full(file),
        "JPEG of 12 megapixels, read by the service": lambda: decode(file),
        "its fingerprint": lambda: fingerprinter.fingerprint(small),
    }
    figures = []
    for name, act in acts.items():
        act()
        samples = [decoding.milliseconds(act, 1) for _ in range(REPETITIONS)]
        figures.append(Figure(name, "ms", samples))
    return figures


def import_figures(output: Path | None) -> list[Figure]:
    """How long imports take, of a core, without the start of Python."""
    samples: dict[str, list[float]] = {}
    for _ in range(REPETITIONS):
        started = imports.time_of("pass")
        for statement in imports.IMPORTS:
            taken = imports.time_of(statement) - started
            samples.setdefault(statement, []).append(1000 * taken)
    of_httpx, of_package, _ = samples.values()
    ratios = [own / other for own, other in zip(of_package, of_httpx, strict=True)]
    return [
        *(Figure(statement, "ms", taken) for statement, taken in samples.items()),
        Figure("import visualsnoop, of import httpx", "", ratios, IMPORT_RATIO),
    ]


BENCHMARKS: dict[str, Callable[[Path | None], list[Figure]]] = {
    "imports": import_figures,
    "fingerprints": fingerprint_figures,
    "growth": growth_figures,
}


if __name__ == "__main__":
    main()
