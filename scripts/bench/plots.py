"""Plots for the manual: SVG that can be read on light and on dark pages."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# Both are seen on black and on white.
_TEXT = "#808890"
_LINES = ("#3b82f6", "#e8833a", "#22a06b", "#b45ad0")


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
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import LogLocator, NullFormatter

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
        for (name, milliseconds), colour in zip(lines.items(), _LINES, strict=False):
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
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, transparent=True, metadata={"Date": None})
        plt.close(figure)
