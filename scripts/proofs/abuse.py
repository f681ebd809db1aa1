"""Abuse a service in the ways that bring services down, and measure what its clients notice.

    python -m scripts.proofs.abuse [--seconds 15] [--attacks idle bombs …]

    slow-heads    500 clients that send the head of a request a byte a second
    slow-bodies   200 clients with keys that send the body of a picture a byte a second
    idle          10,000 connections that make one request, and are kept open
    huge-bodies   clients with keys that send bodies of 1 GB, with and without telling their size
    bombs         clients with keys that send small files of huge pictures, 20 a second

Whoever is cut off begins anew. Meanwhile four honest clients get images, search by ID, and
search by pictures. Prints the median and the 99th percentile of the times of their requests, in
milliseconds, before and during each attack, and how often the latter is the former. Exits with 0
only if no honest request failed and the 99th percentile stayed within 3 times of that of calm.
"""

import argparse
import asyncio
import io
import itertools
import multiprocessing
import random
import resource
import struct
import sys
import threading
import time
import zlib
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from email.utils import formatdate
from multiprocessing.synchronize import Event
from urllib.parse import urlsplit

import numpy as np
from attrs import frozen
from PIL import Image

from scripts.local_service import client, forget_environment, new_database, running_service
from scripts.proofs.workload import small_pictures
from visualsnoop.auth import signature
from visualsnoop.server.storage.keys import NewKeys, create_keys

HONEST_CLIENTS = 4
MOST = 3.0  # times the 99th percentile of calm
FILES = 16_000


@frozen
class Target:
    """What is attacked, and the keys with which that is done."""

    endpoint: str
    keys: NewKeys

    def head(self, *headers: str) -> bytes:
        """The head of a signed request that adds an image."""
        path = f"{urlsplit(self.endpoint).path}/image"
        date = formatdate(usegmt=True)
        signed = signature(self.keys.secret_key, "POST", path, date)
        authorization = f"Authorization: VSHMAC {self.keys.public_key}:{signed}"
        lines = [f"POST {path} HTTP/1.1", "Host: target", f"Date: {date}", authorization, *headers]
        return "\r\n".join([*lines, "", ""]).encode()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        url = urlsplit(self.endpoint)
        assert url.hostname is not None
        return await asyncio.open_connection(url.hostname, url.port)


Attack = Callable[[Target], Awaitable[None]]


async def slow_head(target: Target) -> None:
    await _drip(target, b"GET /api/v1/images HTTP/1.1\r\nX-Filler: " + bytes(1000))


async def slow_body(target: Target) -> None:
    head = target.head("Content-Length: 1000000")
    await _drip(target, b"\xff\xd8\xff" + bytes(1000), at_once=head)


async def _drip(target: Target, data: bytes, at_once: bytes = b"") -> None:
    reader, writer = await target.connect()
    try:
        writer.write(at_once)
        for byte in data:
            writer.write(bytes([byte]))
            await writer.drain()
            with suppress(TimeoutError):
                # An answer, or the end, is what cuts it off.
                await asyncio.wait_for(reader.read(1), 1)
                return
    finally:
        writer.close()


async def idle(target: Target) -> None:
    reader, writer = await target.connect()
    try:
        # Connections that never ask for anything are closed within seconds; these are kept.
        writer.write(b"GET /api/v1/collection HTTP/1.1\r\nHost: target\r\n\r\n")
        while await reader.read(65536):
            pass
    finally:
        writer.close()
    # A flood of new connections would be another attack, which is for the system to stop.
    await asyncio.sleep(random.uniform(0, 5))


async def huge_body_of_known_size(target: Target) -> None:
    await _flood(target, "Content-Length: 1000000000", b"%s")


async def huge_body_of_unknown_size(target: Target) -> None:
    await _flood(target, "Transfer-Encoding: chunked", b"100000\r\n%s\r\n")


async def _flood(target: Target, header: str, form: bytes) -> None:
    _, writer = await target.connect()
    piece = form % bytes(0x100000)
    try:
        writer.write(target.head(header))
        for _ in range(1000):
            writer.write(piece)
            await writer.drain()
    finally:
        writer.close()


async def bomb(target: Target) -> None:
    for data in itertools.cycle(BOMBS):
        reader, writer = await target.connect()
        try:
            writer.write(target.head(f"Content-Length: {len(data)}", "Connection: close") + data)
            await reader.read()
        finally:
            writer.close()
        await asyncio.sleep(0.1)


def png_bomb() -> bytes:
    """A PNG file of 100,000 x 100,000 pixels, of which only the beginning is there."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(50_000_000), 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def large_picture(file_format: str) -> bytes:
    """A file of 144 million black pixels."""
    file = io.BytesIO()
    Image.new("L", (12_000, 12_000)).save(file, file_format)
    return file.getvalue()


BOMBS: list[bytes] = []

# How many clients attack in each way.
ATTACKS: dict[str, list[tuple[Attack, int]]] = {
    "slow-heads": [(slow_head, 500)],
    "slow-bodies": [(slow_body, 200)],
    "idle": [(idle, 10_000)],
    "huge-bodies": [(huge_body_of_known_size, 2), (huge_body_of_unknown_size, 2)],
    "bombs": [(bomb, 2)],
}


def attack(name: str, target: Target, ready: Event) -> None:
    """Attack without end, in a process of its own."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
    if name == "bombs":
        BOMBS.extend([png_bomb(), *map(large_picture, ("GIF", "PNG", "JPEG"))])
    asyncio.run(_attack(name, target, ready))


async def _attack(name: str, target: Target, ready: Event) -> None:
    async with asyncio.TaskGroup() as attackers:
        for act, count in ATTACKS[name]:
            for number in range(count):
                attackers.create_task(_repeat(act, target))
                if number % 100 == 99:
                    await asyncio.sleep(0.2)
        await asyncio.sleep(1)
        ready.set()


async def _repeat(act: Attack, target: Target) -> None:
    while True:
        with suppress(OSError):
            await act(target)
        await asyncio.sleep(0.01)


@contextmanager
def under_attack(name: str, target: Target) -> Iterator[None]:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    attacker = context.Process(target=attack, args=(name, target, ready))
    attacker.start()
    try:
        if not ready.wait(120):
            raise RuntimeError(f"the attack {name!r} did not begin")
        yield
    finally:
        attacker.kill()
        attacker.join()


@frozen
class Measured:
    """The times of requests in milliseconds, and how many got another answer than they should."""

    p50: float
    p99: float
    count: int
    failed: int


def measure(endpoint: str, keys: NewKeys, seconds: float) -> Measured:
    """Let the honest clients work, and take their times."""
    end = time.monotonic() + seconds
    pictures = small_pictures()
    taken: list[float] = []
    failures: list[int] = []
    lock = threading.Lock()

    def work(number: int) -> None:
        with client(endpoint, keys) as connection:
            for step in itertools.count(number):
                if time.monotonic() > end:
                    return
                picture = step % len(pictures)
                started = time.perf_counter()
                if step % 5 == 0:
                    response = connection.post("/search", content=pictures[picture])
                elif step % 5 < 3:
                    response = connection.get(f"/search/{picture}")
                else:
                    response = connection.get(f"/image/{picture}")
                with lock:
                    taken.append(1000 * (time.perf_counter() - started))
                    if response.status_code != 200:
                        failures.append(response.status_code)
                time.sleep(0.01)

    with ThreadPoolExecutor(HONEST_CLIENTS) as threads:
        list(threads.map(work, range(HONEST_CLIENTS)))
    p50, p99 = np.percentile(taken, [50, 99])
    return Measured(float(p50), float(p99), len(taken), len(failures))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=15, help="of each measurement")
    parser.add_argument("--attacks", nargs="+", choices=ATTACKS, default=list(ATTACKS))
    arguments = parser.parse_args()
    forget_environment()
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
    with (
        new_database() as (database, folder),
        (folder / "service.log").open("w") as log,
    ):
        honest = create_keys(database, "honest", "abuse")
        attackers = create_keys(database, "attackers", "abuse")
        with running_service(f"--database={database}", log=log) as service:
            with client(service.endpoint, honest) as connection:
                for number, picture in enumerate(small_pictures()):
                    connection.post(f"/image/{number}", content=picture).raise_for_status()
            measure(service.endpoint, honest, 2)
            target = Target(service.endpoint, attackers)
            return compare(target, honest, arguments.attacks, arguments.seconds)


def compare(target: Target, honest: NewKeys, names: list[str], seconds: float) -> int:
    """Measure before and during each attack; the exit status."""
    is_good = True
    print(f"{'':14}{'calm p50':>10}{'p99':>8}{'abused p50':>12}{'p99':>8}{'times':>8}{'failed':>8}")
    for name in names:
        calm = measure(target.endpoint, honest, seconds)
        with under_attack(name, target):
            abused = measure(target.endpoint, honest, seconds)
        times = abused.p99 / calm.p99
        print(
            f"{name:14}{calm.p50:10.1f}{calm.p99:8.1f}{abused.p50:12.1f}{abused.p99:8.1f}"
            f"{times:8.1f}{abused.failed:8}",
            flush=True,
        )
        is_good = is_good and times <= MOST and calm.failed == abused.failed == 0
    print("All was well." if is_good else "FAILED: see above.")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
