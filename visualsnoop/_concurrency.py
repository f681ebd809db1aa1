"""Many items at a time, in threads or in tasks, no faster than their outcomes are taken."""

import asyncio
import os
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Generator,
    Iterable,
    Sized,
)
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Event
from typing import TypeVar

from ._bulk_steps import Steps
from .bulk import Outcome, Progress, ProgressCallback

Item = TypeVar("Item")
T = TypeVar("T")


def in_threads(
    collection: object,
    items: Iterable[Item],
    steps: Callable[[Item], Steps[Outcome[Item, T]]],
    concurrency: int,
    on_progress: ProgressCallback | None,
) -> Generator[Outcome[Item, T], None, None]:
    """Work on items in threads, and yield the outcomes as they come."""
    _check(items, concurrency)
    counter = _ProgressCounter(items, on_progress)
    # Ctrl-C can interrupt a wait for a future between taking its lock and giving it back, and the
    # thread that works on it would wait for that lock for ever. These queues are written in C.
    begun: SimpleQueue[Steps[Outcome[Item, T]] | None] = SimpleQueue()
    finished: SimpleQueue[Outcome[Item, T] | _Raised] = SimpleQueue()
    stopped = Event()
    threads = pending = 0
    with ThreadPoolExecutor(concurrency, thread_name_prefix="visualsnoop") as pool:
        try:
            for item in items:
                begun.put(steps(item))
                pending += 1
                if threads < concurrency:
                    pool.submit(_work, collection, begun, finished, stopped)
                    threads += 1
                # One more for each thread, so that none is idle while the caller looks at outcomes.
                while pending >= 2 * concurrency or not finished.empty():
                    pending -= 1
                    yield counter.counted(_outcome(finished.get()))
            while pending:
                pending -= 1
                yield counter.counted(_outcome(finished.get()))
        finally:
            stopped.set()
            for _ in range(threads):
                begun.put(None)


async def in_tasks(
    collection: object,
    items: Iterable[Item] | AsyncIterable[Item],
    steps: Callable[[Item], Steps[Outcome[Item, T]]],
    concurrency: int,
    on_progress: ProgressCallback | None,
) -> AsyncGenerator[Outcome[Item, T], None]:
    """Work on items in tasks, and yield the outcomes as they come."""
    _check(items, concurrency)
    counter = _ProgressCounter(items, on_progress)
    pending: set[asyncio.Task[Outcome[Item, T]]] = set()
    try:
        async for item in _each(items):
            # What it takes to begin may be to read the member of an archive.
            begun = await asyncio.to_thread(steps, item)
            pending.add(asyncio.create_task(_run_async(begun, collection)))
            is_full = len(pending) >= concurrency
            done, pending = await asyncio.wait(
                pending, timeout=None if is_full else 0, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                yield counter.counted(task.result())
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                yield counter.counted(task.result())
    finally:
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)


def _check(items: object, concurrency: int) -> None:
    if isinstance(items, (str, bytes, bytearray, memoryview, os.PathLike)):
        raise TypeError(f"pass a list of items, not a single {type(items).__name__}")
    if concurrency < 1:
        raise ValueError(f"concurrency must be at least 1, not {concurrency}")


@dataclass
class _Raised:
    """In the place of an outcome, what was raised."""

    error: BaseException


def _outcome(outcome: Outcome[Item, T] | _Raised) -> Outcome[Item, T]:
    if isinstance(outcome, _Raised):
        raise outcome.error
    return outcome


def _work(
    collection: object,
    begun: "SimpleQueue[Steps[Outcome[Item, T]] | None]",
    finished: "SimpleQueue[Outcome[Item, T] | _Raised]",
    stopped: Event,
) -> None:
    """Work on what was begun, one after the other, until there is None."""
    while (steps := begun.get()) is not None:
        try:
            finished.put(_run(steps, collection, stopped))
        except BaseException as error:
            finished.put(_Raised(error))


def _run(steps: Steps[T], collection: object, stopped: Event) -> T:
    """Run the steps of an item to their outcome."""
    step, result, error = None, None, None
    while True:
        if stopped.is_set():
            raise CancelledError
        try:
            step = steps.send(result) if error is None else steps.throw(error)
        except StopIteration as finished:
            outcome: T = finished.value
            return outcome
        result, error = None, None
        try:
            result = step(collection) if callable(step) else stopped.wait(step)
        except Exception as raised:
            error = raised


async def _run_async(steps: Steps[T], collection: object) -> T:
    """`_run` for asyncio."""
    step, result, error = None, None, None
    while True:
        try:
            step = steps.send(result) if error is None else steps.throw(error)
        except StopIteration as finished:
            outcome: T = finished.value
            return outcome
        result, error = None, None
        try:
            result = await (step(collection) if callable(step) else asyncio.sleep(step))
        except Exception as raised:
            error = raised


@dataclass
class _ProgressCounter:
    """Counts outcomes, and tells of it."""

    _items: object
    _on_progress: ProgressCallback | None
    _done: int = field(default=0, init=False)
    _failed: int = field(default=0, init=False)
    _skipped: int = field(default=0, init=False)

    def counted(self, outcome: Outcome[Item, T]) -> Outcome[Item, T]:
        self._done += 1
        self._failed += outcome.error is not None
        self._skipped += outcome.skipped
        if self._on_progress is not None:
            total = len(self._items) if isinstance(self._items, Sized) else None
            self._on_progress(Progress(self._done, self._failed, self._skipped, total))
        return outcome


async def _each(items: Iterable[Item] | AsyncIterable[Item]) -> AsyncIterator[Item]:
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item
