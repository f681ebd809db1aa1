"""How far a long run has come: a bar on a terminal, with its rate and the time that is left."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .output import is_terminal


@contextmanager
def progress_bar(title: str, total: int | None) -> Iterator[Callable[[], None]]:
    """Show a bar where errors go, if that is a terminal; nothing in a pipe.

    Lines that are printed meanwhile appear above it.

    Args:
        title: What is done.
        total: How many steps there are; None if that is not known.

    Returns:
        What to call after each step.
    """
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        """Steps in a second."""

        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text("" if speed is None else f"{speed:,.1f}/s", style="progress.data.speed")

    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=Console(stderr=True),
        # Otherwise what belongs into a pipe goes where the bar is.
        redirect_stdout=is_terminal(),
        speed_estimate_period=60,
    ) as progress:
        task = progress.add_task(title, total=total)
        yield lambda: progress.advance(task)
