"""The figures that the benchmarks make of scores."""

import numpy as np
import pytest
from numpy.typing import NDArray

from scripts.bench.compositions import Outcome
from scripts.bench.quality import (
    BY_DEFAULT,
    BY_WHOLE,
    FAMILIES,
    METHODS,
    Found,
    columns_of,
)
from scripts.bench.separation import Scores
from scripts.bench.similarity import least, most, print_wanted, wanted_of_compositions


def test_pictures_that_are_taken_for_a_copy_of_another_are_counted_once() -> None:
    pairs = [(0.9, 0), (0.8, 0), (0.1, 0), (0.1, 0), (0.6, 0), (0.69, 1)]
    assert Scores([], [], pairs, pictures=4).mistaken == 3
    assert Scores([], [], [], pictures=1).mistaken == 0


def test_columns_of_families_follow_one_another() -> None:
    columns = [index for family in FAMILIES for index in range(100)[columns_of(family)]]
    assert columns == list(range(sum(map(len, FAMILIES.values()))))


def test_confident_mistakes_about_absent_pictures_cost_precision() -> None:
    edits = sum(map(len, FAMILIES.values()))
    first, scores = np.zeros((1, edits), np.int64), np.full((1, edits), 0.8)

    def precision(absent: float) -> float:
        found = {name: (first, scores) for name in METHODS}
        others = {name: (first, np.full((1, edits), absent)) for name in METHODS}
        return Found(found, others, np.zeros(1, np.int64)).precision_figures("PDQ", "hard")[0]

    assert precision(0.1) == 1
    assert precision(0.9) < 0.6


def test_absent_pictures_count_for_those_that_they_stand_for() -> None:
    edits = sum(map(len, FAMILIES.values()))
    found = {name: (np.zeros((1, edits), np.int64), np.full((1, edits), 0.8)) for name in METHODS}

    def others(count: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        return np.zeros((count, edits), np.int64), np.full((count, edits), 0.9)

    absent = {name: others(2 if name == BY_DEFAULT else 8) for name in METHODS}
    measured = Found(found, absent, np.zeros(1, np.int64))
    assert [measured.absent_weight(name) for name in (BY_DEFAULT, BY_WHOLE)] == [4, 1]
    by_default, by_whole = (
        measured.precision_figures(name, "hard") for name in (BY_DEFAULT, BY_WHOLE)
    )
    assert by_default == pytest.approx(by_whole)


def test_what_is_wanted_is_printed_beside_what_is(capsys: pytest.CaptureFixture[str]) -> None:
    print_wanted([least("found", 0.975, 0.98), most("mistaken", 0.001, 0.001)])
    _, *lines = capsys.readouterr().out.strip().splitlines()
    assert [line.split() for line in lines] == [
        ["found", "97.5%", "at", "least", "98.0%", "NOT", "met"],
        ["mistaken", "0.1%", "at", "most", "0.1%", "met"],
    ]


def test_searches_that_find_another_picture_are_counted() -> None:
    right = Outcome([0.9, 0.5], [0.3], [], 1.0)
    wrong = Outcome([0.2, 0.1], [0.7, 0.7], [], 1.0)
    found, mistaken = wanted_of_compositions({"story": [right, wrong]})
    assert (found.measured, mistaken.measured) == (0.5, 0.5)
