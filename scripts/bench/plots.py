"""Plots for the manual: SVG that can be read on light and on dark pages."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Both are seen on black and on white.
_TEXT = "#808890"
_COLOURS = ("#3b82f6", "#e8833a", "#22a06b", "#b45ad0")


def plot_growth(
    path: Path, sizes: Sequence[int], lines: Mapping[str, Sequence[float]], goal: float | None
) -> None:
    """Draw how milliseconds grow with the size of a collection, both on logarithmic scales.

    Args:
        path: Where to.
        sizes: Images of the collections.
        lines: By its name, the milliseconds at each size.
        goal: How many there should be at most; None if that is not said.
    """
    from matplotlib.ticker import LogLocator, NullFormatter

    with _figure(path) as axes:
        for (name, milliseconds), colour in zip(lines.items(), _COLOURS, strict=False):
            axes.plot(sizes, milliseconds, "o-", color=colour, label=name)
        if goal is not None:
            axes.axhline(goal, color=_TEXT, linestyle=":", label=f"goal: {goal:g} ms")
        axes.set(xscale="log", yscale="log", xlabel="images in the collection", ylabel="ms")
        axes.xaxis.set_major_formatter("{x:,.0f}")
        # 1, 2, 5, 10: as plain numbers.
        lowest, highest = min(map(min, lines.values())), max(map(max, lines.values()))
        axes.set_ylim(min(1, lowest / 2), 2 * highest)
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.legend(frameon=False)


def plot_finders(path: Path, points: Sequence[tuple[str, float, float]]) -> None:
    """Draw programs that look for copies: which share of them each finds, and how fast it is.

    Args:
        path: Where to.
        points: For each run of a program its name, pictures a second, and the share of the pairs
            of copies that it found.
    """
    from matplotlib.ticker import LogLocator, NullFormatter

    programs = list(dict.fromkeys(program for program, _, _ in points))
    with _figure(path) as axes:
        for program, colour in zip(programs, _COLOURS, strict=False):
            runs = [(speed, 100 * share) for name, speed, share in points if name == program]
            axes.plot(*zip(*runs, strict=True), "o", color=colour, label=program)
        axes.set(xscale="log", xlabel="pictures a second")
        axes.set(ylim=(0, 102), ylabel="pairs of copies found, %")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.legend(frameon=False)


@contextmanager
def _figure(path: Path) -> Iterator[Any]:
    """The axes of a plot, which is written at the end."""
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    colours = {f"{part}.color": _TEXT for part in ("text", "xtick", "ytick", "grid")}
    # No moment and no chance, so that the same figures give the same file.
    style: Any = {
        **colours,
        "axes.labelcolor": _TEXT,
        "axes.edgecolor": _TEXT,
        "svg.fonttype": "none",
        "svg.hashsalt": "visualsnoop",
    }
    with plt.rc_context(style):
        figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
        yield axes
        axes.grid(alpha=0.3)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, transparent=True, metadata={"Date": None})
        plt.close(figure)
