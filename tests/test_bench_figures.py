"""Figures of benchmarks: goals, tables, and how a change is told from noise."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from scripts.bench.figures import Figure, change, compare, load, save, table


def series(seed: int, factor: float = 1.0) -> Sequence[float]:
    """Times as a busy machine gives them: most of them alike, some longer."""
    dice = np.random.default_rng(seed)
    return [float(time) for time in factor * (10 + dice.exponential(0.3, 9))]


def test_equal_series_are_no_change() -> None:
    outcomes = [
        change(Figure("search", "ms", series(seed)), Figure("search", "ms", series(seed + 100)))
        for seed in range(50)
    ]
    assert outcomes == ["no change"] * 50


@pytest.mark.parametrize("seed", range(5))
def test_slower_by_a_fifth_is_worse(seed: int) -> None:
    before = Figure("search", "ms", series(seed))
    after = Figure("search", "ms", series(seed + 100, 1.2))
    assert change(before, after).startswith("worse: +")
    assert change(after, before).startswith("better: -")


def test_more_may_be_better() -> None:
    before = Figure("searches", "a second", series(1), more_is_better=True)
    after = Figure("searches", "a second", series(2, 1.2), more_is_better=True)
    assert change(before, after).startswith("better: +")


def test_one_long_time_is_no_change() -> None:
    before = Figure("search", "ms", [10.0] * 9)
    assert change(before, Figure("search", "ms", [10.0] * 8 + [100.0])) == "no change"


def test_nothing_is_concluded_from_too_few_samples() -> None:
    assert change(Figure("add", "ms", [10.0]), Figure("add", "ms", [20.0])) == "no change"


def test_goals_are_met_or_not() -> None:
    assert Figure("search", "ms", [7, 9, 8], 8).is_met
    assert not Figure("search", "ms", [7, 9, 9], 8).is_met
    assert Figure("recall@10", "", [0.995], 0.99, more_is_better=True).is_met
    assert Figure("size", "bytes", [1]).is_met is None
    assert table([Figure("search", "ms", [6.0], 8), Figure("size", "bytes", [1234])]) == (
        "|  | measured | goal | of the goal |  |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| search | 6 ms | ≤ 8 | 0.75 | met |\n"
        "| size | 1,234 bytes |  |  |  |\n"
    )


def test_what_was_saved_is_compared(tmp_path: Path) -> None:
    before = [Figure("search", "ms", series(1), 8), Figure("gone", "ms", [1.0])]
    save(before, tmp_path / "folder" / "figures.json")
    saved = load(tmp_path / "folder" / "figures.json")
    assert list(saved.values()) == before
    after = {"search": Figure("search", "ms", series(2, 1.3)), "new": Figure("new", "ms", [1.0])}
    assert compare(saved, after).keys() == {"search"}
