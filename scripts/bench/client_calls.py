"""Measure what calls of the client cost, beside HTTPX alone and the client of 2015, in one run.

    python -m scripts.bench.client_calls [--rounds 15] [--large 64]

Each contestant is a process of its own that calls a server of constant answers over connections
that are kept; HTTPX alone signs by the same signer, and reads the JSON and nothing more. They take
turns, so that other work on the machine burdens all alike, and ratios are those of the same turn.
What counts is time of the processor, which bounds how many calls a process can make; and of the
upload of a large file how much the peak memory grows.

The client of 2015, visualsnoop 0.2 with Requests, is installed from PyPI to a folder of its own.
"""

import argparse
import asyncio
import base64
import importlib
import io
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
from attrs import frozen

from visualsnoop import AsyncCollection, Collection
from visualsnoop.auth import VisualSnoopHMACAuth

from .constant_server import serving

KEYS = ("0f1e2d3c4b5a69788796", "s" * 40)
MIB = 2**20
CONCURRENCY = 100
MAX_GROWTH = 8  # MiB of memory

OURS, HTTPX, OLD = "visualsnoop", "httpx", "visualsnoop 0.2"


@frozen
class Task:
    """What contestants do, and at what cost compared with others visualsnoop meets a goal.

    Attributes:
        calls: How many calls a contestant makes in a turn.
        goals: By the name of another contestant, the highest ratio of the costs.
    """

    name: str
    calls: int
    goals: dict[str, float]


GET = Task("get_image", 200, {HTTPX: 1.15, OLD: 0.60})
GET_ASYNC = Task(f"get_image, {CONCURRENCY} at a time in asyncio", 400, {HTTPX: 1 / 0.85})
ADD = Task("add_image, 1 MiB", 40, {HTTPX: 1 / 0.95})
ADD_LARGE = Task("add_image, a large file", 1, {HTTPX: 1 / 0.95})
ADD_LARGE_ASYNC = Task("add_image, a large file in asyncio", 1, {HTTPX: 1 / 0.95})
TASKS = {task.name: task for task in (GET, GET_ASYNC, ADD, ADD_LARGE, ADD_LARGE_ASYNC)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--large", type=int, default=64, help="MiB of a large file")
    parser.add_argument("--compete", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--endpoint", help=argparse.SUPPRESS)
    parser.add_argument("--old", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.compete:
        task, contestant = options.compete
        calls = CONTESTANTS[task][contestant](options.endpoint, options)
        compete(calls, TASKS[task].calls)
        return
    for task, turns in all_costs(options.rounds, options.large):
        report(task, turns)


def all_costs(rounds: int, large: int) -> Iterator[tuple[Task, dict[str, list[dict[str, float]]]]]:
    """Each task and what its turns have cost, by contestant; `large` is in MiB."""
    with tempfile.TemporaryDirectory() as old, serving() as endpoint:
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", old]
        subprocess.run([*install, "visualsnoop==0.2", "requests"], check=True)
        arguments = [f"--endpoint={endpoint}", f"--old={old}", f"--large={large}"]
        for task in TASKS.values():
            yield task, costs(task, rounds, arguments)


def report(task: Task, turns: dict[str, list[dict[str, float]]]) -> None:
    print(f"\n{task.name}")
    for name, measured in turns.items():
        milliseconds = 1000 * statistics.median(turn["seconds"] for turn in measured) / task.calls
        growth = measured[-1]["growth"]
        print(f"  {name:16} {milliseconds:8.3f} ms a call, +{growth:.1f} MiB of memory")
    for other, goal in task.goals.items():
        pairs = zip(turns[OURS], turns[other], strict=True)
        ratio = statistics.median(ours["seconds"] / theirs["seconds"] for ours, theirs in pairs)
        met = "met" if ratio <= goal else "not met"
        print(f"  cost {ratio:.2f} x {other}, goal {goal:.2f}: {met}")
    if task in (ADD_LARGE, ADD_LARGE_ASYNC):
        growth = turns[OURS][-1]["growth"]
        met = "met" if growth <= MAX_GROWTH else "not met"
        print(f"  memory +{growth:.1f} MiB, goal {MAX_GROWTH}: {met}")


def costs(task: Task, rounds: int, arguments: list[str]) -> dict[str, list[dict[str, float]]]:
    """What each turn has cost, by contestant."""
    program = [sys.executable, "-m", "scripts.bench.client_calls", *arguments, "--compete"]
    processes = {
        name: subprocess.Popen(
            [*program, task.name, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for name in CONTESTANTS[task.name]
    }
    turns: dict[str, list[dict[str, float]]] = {name: [] for name in processes}
    for _ in range(rounds):
        for name, process in processes.items():
            assert process.stdin is not None and process.stdout is not None
            process.stdin.write("\n")
            process.stdin.flush()
            turns[name].append(json.loads(process.stdout.readline()))
    for process in processes.values():
        process.communicate()
    return turns


Calls = Callable[[int], object]
"""Makes so many calls."""


def compete(make_calls: Calls, calls: int) -> None:
    """Make calls for each line that comes, and print what they have cost."""
    peak = peak_memory()
    make_calls(calls)
    for _ in sys.stdin:
        start = time.process_time()
        make_calls(calls)
        seconds = time.process_time() - start
        print(json.dumps({"seconds": seconds, "growth": peak_memory() - peak}), flush=True)


def peak_memory() -> float:
    """The peak memory of this process so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (MIB if sys.platform == "darwin" else 1024)


class Zeros(io.RawIOBase):
    """A file of zeros that takes no space."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._position = 0

    def read(self, size: int = -1, /) -> bytes:
        left = self._size - self._position
        chunk = bytes(left if size < 0 else min(size, left))
        self._position += len(chunk)
        return chunk

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position}.get(
            whence, self._size
        )
        return self._position


def repeated(call: Callable[[], object]) -> Calls:
    def make_calls(calls: int) -> None:
        for _ in range(calls):
            call()

    return make_calls


def get(endpoint: str, options: Any) -> Calls:
    collection = Collection(*KEYS, endpoint=endpoint)
    return repeated(lambda: collection.get_image("beach"))


def httpx_get(endpoint: str, options: Any) -> Calls:
    client = httpx.Client(auth=VisualSnoopHMACAuth(*KEYS))
    return repeated(lambda: client.get(f"{endpoint}/image/beach").json())


def get_2015(endpoint: str, options: Any) -> Calls:
    # In the place of the visualsnoop that is loaded.
    for name in [name for name in sys.modules if name.partition(".")[0] == "visualsnoop"]:
        del sys.modules[name]
    sys.path.insert(0, options.old)
    # It is as old as that.
    vars(base64)["encodestring"] = base64.encodebytes
    old = importlib.import_module("visualsnoop.models").Collection(*KEYS, endpoint=endpoint)
    return repeated(lambda: old.get_image("beach"))


def get_async(endpoint: str, options: Any) -> Calls:
    collection = AsyncCollection(*KEYS, endpoint=endpoint)
    return concurrent(lambda: collection.get_image("beach"))


def httpx_get_async(endpoint: str, options: Any) -> Calls:
    client = httpx.AsyncClient(auth=VisualSnoopHMACAuth(*KEYS))

    async def call() -> None:
        (await client.get(f"{endpoint}/image/beach")).json()

    return concurrent(call)


def concurrent(call: Callable[[], Any]) -> Calls:
    """So many calls by as many workers as may run at a time, in one event loop for all turns."""
    loop = asyncio.new_event_loop()

    async def make_calls(calls: int) -> None:
        left = iter(range(calls))

        async def work() -> None:
            for _ in left:
                await call()

        await asyncio.gather(*(work() for _ in range(min(CONCURRENCY, calls))))

    return lambda calls: loop.run_until_complete(make_calls(calls))


def add(endpoint: str, options: Any) -> Calls:
    collection = Collection(*KEYS, endpoint=endpoint)
    image = bytes(MIB)
    return repeated(lambda: collection.add_image(image, "beach"))


def httpx_add(endpoint: str, options: Any) -> Calls:
    client = httpx.Client(auth=VisualSnoopHMACAuth(*KEYS))
    image = bytes(MIB)
    return repeated(lambda: client.post(f"{endpoint}/image/beach", content=image).json())


def add_large(endpoint: str, options: Any) -> Calls:
    collection = Collection(*KEYS, endpoint=endpoint)
    return repeated(lambda: collection.add_image(Zeros(options.large * MIB), "beach"))


def httpx_add_large(endpoint: str, options: Any) -> Calls:
    client = httpx.Client(auth=VisualSnoopHMACAuth(*KEYS))
    return repeated(
        lambda: client.post(f"{endpoint}/image/beach", content=Zeros(options.large * MIB)).json()
    )


def add_large_async(endpoint: str, options: Any) -> Calls:
    collection = AsyncCollection(*KEYS, endpoint=endpoint)
    return concurrent(lambda: collection.add_image(Zeros(options.large * MIB), "beach"))


def httpx_add_large_async(endpoint: str, options: Any) -> Calls:
    """It reads the file in the event loop, which blocks others if a file is slow."""
    client = httpx.AsyncClient(auth=VisualSnoopHMACAuth(*KEYS))

    async def pieces(file: Zeros) -> AsyncIterator[bytes]:
        while piece := file.read(64 * 1024):
            yield piece

    async def call() -> None:
        file = Zeros(options.large * MIB)
        length = file.seek(0, io.SEEK_END)
        file.seek(0)
        headers = {"Content-Length": str(length)}
        response = await client.post(
            f"{endpoint}/image/beach", content=pieces(file), headers=headers
        )
        response.json()

    return concurrent(call)


CONTESTANTS: dict[str, dict[str, Callable[[str, Any], Calls]]] = {
    GET.name: {OURS: get, HTTPX: httpx_get, OLD: get_2015},
    GET_ASYNC.name: {OURS: get_async, HTTPX: httpx_get_async},
    ADD.name: {OURS: add, HTTPX: httpx_add},
    ADD_LARGE.name: {OURS: add_large, HTTPX: httpx_add_large},
    ADD_LARGE_ASYNC.name: {OURS: add_large_async, HTTPX: httpx_add_large_async},
}


if __name__ == "__main__":
    main()
