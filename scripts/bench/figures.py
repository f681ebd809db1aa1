"""The figures that benchmarks come to: what was measured, how often, and what is wanted.

Two runs are compared figure by figure. A figure has changed if its two medians are far enough apart
to matter, and its samples are farther apart than chance would have them by the test of Mann &
Whitney ("On a test of whether one of two random variables is stochastically larger", 1947), whose
probability is found by permutations, so that few samples and equal ones are no difficulty.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from attrs import asdict, frozen

_LEAST_CHANGE = 0.05  # of a median
_LEAST_PROBABILITY = 0.01  # of such samples, if nothing has changed
_PERMUTATIONS = 10_000


@frozen
class Figure:
    """What was measured.

    Attributes:
        name: What of.
        unit: In which unit.
        samples: What each repetition came to.
        goal: What it is to be at most, or at least; None if nothing is wanted of it.
        more_is_better: Whether it is to be at least that.
    """

    name: str
    unit: str
    samples: Sequence[float]
    goal: float | None = None
    more_is_better: bool = False

    @property
    def value(self) -> float:
        return float(np.median(self.samples))

    @property
    def ratio(self) -> float | None:
        """How many times the goal it is."""
        return None if self.goal is None else self.value / self.goal

    @property
    def is_met(self) -> bool | None:
        if self.goal is None:
            return None
        return self.value >= self.goal if self.more_is_better else self.value <= self.goal

    def __str__(self) -> str:
        return " ".join(self.cells()).rstrip()

    def cells(self) -> list[str]:
        """It as a row of a table."""
        measured = [self.name, f"{_number(self.value)} {self.unit}".rstrip()]
        if self.goal is None:
            return [*measured, "", "", ""]
        sign = "≥" if self.more_is_better else "≤"
        verdict = "met" if self.is_met else "not met"
        return [*measured, f"{sign} {_number(self.goal)}", f"{self.ratio:.2f}", verdict]


def table(figures: Iterable[Figure]) -> str:
    """Figures as a table in Markdown."""
    rows = [["", "measured", "goal", "of the goal", ""], ["---"] * 5]
    rows += [figure.cells() for figure in figures]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def save(figures: Iterable[Figure], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(figure) for figure in figures], indent=1) + "\n")


def load(path: Path) -> dict[str, Figure]:
    """The figures that were saved, by their names."""
    return {fields["name"]: Figure(**fields) for fields in json.loads(path.read_text())}


def compare(before: Mapping[str, Figure], after: Mapping[str, Figure]) -> dict[str, str]:
    """What has become of each figure that was measured twice."""
    return {name: change(before[name], after[name]) for name in before if name in after}


def change(before: Figure, after: Figure) -> str:
    """`better` or `worse` and by how much, or `no change`."""
    ratio = after.value / before.value if before.value else float("inf")
    is_small = abs(ratio - 1) < _LEAST_CHANGE or before.value == after.value
    if is_small or _probability(before.samples, after.samples) > _LEAST_PROBABILITY:
        return "no change"
    is_better = (ratio > 1) == after.more_is_better
    return f"{'better' if is_better else 'worse'}: {100 * (ratio - 1):+.0f} %"


def _probability(one: Sequence[float], other: Sequence[float]) -> float:
    """How likely two series are as far apart as these, if both are of one distribution."""
    values = np.concatenate([one, other])
    # The mean of the ranks that equal values share.
    below = (values[:, None] > values).sum(axis=1)
    ranks = below + ((values[:, None] == values).sum(axis=1) - 1) / 2
    dice = np.random.default_rng(0)
    permuted = dice.permuted(np.tile(ranks, (_PERMUTATIONS, 1)), axis=1)
    expected = ranks.mean() * len(one)
    apart = abs(permuted[:, : len(one)].sum(axis=1) - expected)
    # This very order is one of those that chance may have made.
    return float((1 + (apart >= abs(ranks[: len(one)].sum() - expected)).sum()) / (1 + len(apart)))


def _number(value: float) -> str:
    if value != 0 and abs(value) < 10:
        return f"{value:.3g}"
    return f"{value:,.0f}"
