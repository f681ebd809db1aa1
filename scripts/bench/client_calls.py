"""Measure what a call of the client costs, beside HTTPX alone and the client of 2015, in one run.

    python -m scripts.bench.client_calls [--rounds 15] [--calls 200]

Each contestant is a process of its own that asks a server of constant answers for an image, over a
connection that is kept. They take turns, so that other work on the machine burdens all alike. What
counts is time of the processor.

The client of 2015, visualsnoop 0.2 with Requests, is installed from PyPI to a folder of its own.
"""

import argparse
import asyncio
import base64
import importlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from attrs import frozen

KEYS = ("0f1e2d3c4b5a69788796", "s" * 40)
WARM_UP = 100  # calls
IMPORTS = 7  # of which the fastest counts


@frozen
class Goal:
    """How many times the cost of another contestant is allowed."""

    contestant: str
    other: str
    ratio: float


GOALS = [Goal("visualsnoop", "httpx", 1.15), Goal("visualsnoop", "visualsnoop 0.2", 0.60)]
IMPORT_GOAL = 1.25


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--calls", type=int, default=200, help="of a contestant in a round")
    parser.add_argument("--contestant", choices=CONTESTANTS, help=argparse.SUPPRESS)
    parser.add_argument("--port", help=argparse.SUPPRESS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--old", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(serve())
    elif arguments.contestant:
        compete(CONTESTANTS[arguments.contestant], arguments)
    else:
        measure(arguments.rounds, arguments.calls)


def measure(rounds: int, calls: int) -> None:
    with tempfile.TemporaryDirectory() as old:
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", old]
        subprocess.run([*install, "visualsnoop==0.2", "requests"], check=True)
        with serving() as port:
            costs = cost_of_calls(port, old, rounds, calls)
    print("| get an image | processor ms a call | of httpx alone |")
    print("|---|---|---|")
    for name, seconds in costs.items():
        print(f"| {name} | {1000 * seconds:.3f} | {seconds / costs['httpx']:.2f} |")
    for goal in GOALS:
        ratio = costs[goal.contestant] / costs[goal.other]
        print(verdict(f"{goal.contestant} / {goal.other}", ratio, goal.ratio))
    ratio = import_time("from visualsnoop import Collection") / import_time("import httpx")
    print(verdict("from visualsnoop import Collection / import httpx", ratio, IMPORT_GOAL))


def verdict(what: str, ratio: float, goal: float) -> str:
    return f"{what}: {ratio:.2f}, goal {goal:.2f}: {'met' if ratio <= goal else 'not met'}"


def cost_of_calls(port: str, old: str, rounds: int, calls: int) -> dict[str, float]:
    """Seconds of a processor that a call takes, the median of the rounds, by contestant."""
    program = [sys.executable, "-m", "scripts.bench.client_calls", f"--calls={calls}"]
    contestants = {
        name: subprocess.Popen(
            [*program, "--contestant", name, "--port", port, "--old", old],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in CONTESTANTS
    }
    costs: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, process in contestants.items():
            assert process.stdin is not None and process.stdout is not None
            process.stdin.write("\n")
            process.stdin.flush()
            costs[name].append(float(process.stdout.readline()) / calls)
    for process in contestants.values():
        process.communicate()
    return {name: statistics.median(seconds) for name, seconds in costs.items()}


def import_time(statement: str) -> float:
    """Seconds of a processor that an import takes in a new interpreter."""
    program = (
        f"import time; start = time.process_time(); {statement}; print(time.process_time() - start)"
    )
    return min(
        float(subprocess.check_output([sys.executable, "-c", program])) for _ in range(IMPORTS)
    )


def compete(contestant: Callable[[str, str], Callable[[], object]], arguments: object) -> None:
    """Make calls for each line that comes, and print how many seconds of a processor they took."""
    options = vars(arguments)
    call = contestant(f"http://127.0.0.1:{options['port']}/api/v1", options["old"])
    for _ in range(WARM_UP):
        call()
    for _ in sys.stdin:
        start = time.process_time()
        for _ in range(options["calls"]):
            call()
        print(time.process_time() - start, flush=True)


def visualsnoop(endpoint: str, old: str) -> Callable[[], object]:
    from visualsnoop import Collection

    collection = Collection(*KEYS, endpoint=endpoint)
    return lambda: collection.get_image("beach")


def httpx_alone(endpoint: str, old: str) -> Callable[[], object]:
    """HTTPX with the signer, which reads the JSON and nothing more."""
    import httpx

    from visualsnoop.auth import VisualSnoopHMACAuth

    client = httpx.Client(auth=VisualSnoopHMACAuth(*KEYS))
    return lambda: client.get(f"{endpoint}/image/beach").json()


def visualsnoop_2015(endpoint: str, old: str) -> Callable[[], object]:
    sys.path.insert(0, old)
    # It is as old as that.
    vars(base64)["encodestring"] = base64.encodebytes
    collection = importlib.import_module("visualsnoop.models").Collection(*KEYS, endpoint=endpoint)
    get_image: Callable[[str], object] = collection.get_image
    return lambda: get_image("beach")


CONTESTANTS = {
    "visualsnoop": visualsnoop,
    "httpx": httpx_alone,
    "visualsnoop 0.2": visualsnoop_2015,
}


@contextmanager
def serving() -> Iterator[str]:
    """The port of a server of constant answers, in a process of its own."""
    program = [sys.executable, "-m", "scripts.bench.client_calls", "--serve"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.terminate()


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(ConstantAnswers, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


class ConstantAnswers(asyncio.Protocol):
    """HTTP as far as these clients speak it, at the least cost."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._received = b""

    def data_received(self, data: bytes) -> None:
        *heads, self._received = (self._received + data).split(b"\r\n\r\n")
        for head in heads:
            self._transport.write(_INFO if b"/collection" in head.split()[1] else _IMAGE)


def _response(**fields: object) -> bytes:
    body = json.dumps({"status": 200, "message": "OK", "collection_id": "5f3c9a01", **fields})
    return (
        "HTTP/1.1 200 OK\r\nDate: Wed, 25 Nov 2026 12:00:00 GMT\r\nContent-Type: application/json"
        f"\r\nX-Request-Id: 0123456789abcdef\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


_INFO = _response(collection_name="load", user="ada", image_count=0)
_IMAGE = _response(image_id="beach", image_time="2026-01-01T00:00:00.000000+00:00", quality=98)


if __name__ == "__main__":
    main()
