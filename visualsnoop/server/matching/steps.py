"""Work in short steps, between which a process that has one thread for all does something else."""

from collections.abc import Generator
from typing import TypeVar

_T = TypeVar("_T")

Steps = Generator[None, None, _T]
"""Work that yields between its steps, of a few milliseconds at most, and returns its result."""


def finish(steps: Steps[_T]) -> _T:
    """The result of work, whose steps are done one after the other."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: _T = end.value
            return result
