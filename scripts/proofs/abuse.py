"""Abuse a service in the ways that bring services down, and measure what its clients notice.

    python -m scripts.proofs.abuse [--seconds 15] [--attacks idle bombs …]

    slow-heads        500 clients that send the head of a request a byte a second
    slow-bodies       200 clients with keys that send the body of a picture a byte a second
    stalled-bodies    8 clients with one key pair that send bodies of 32 MiB, but for two bytes
    tiny-chunks       4 clients without keys that send bodies in chunks of one byte
    signed-chunks     4 clients with keys that do so
    many-headers      4 clients without keys that send heads of 5,500 headers
    pipelined-heads   4 clients without keys that send one request behind the other
    idle              10,000 connections that make one request, and are kept open
    huge-bodies       4 clients with keys that send bodies of 1 GB, telling their size or not
    bombs             clients with keys that send small files of huge pictures, 20 a second
    costly-pictures   4 clients with keys whose small files take as long to decode as can be
    left-pictures     8 clients with keys that send such files, and go
    duplicates        3 clients that list the first group of 15,000 copies of one picture
    deep-offsets      3 clients that ask for the last of 15,000 results of a search

Whoever is cut off begins anew. Meanwhile four honest clients get images, search by ID, and
search by pictures. Prints the median and the 99th percentile of the times of their requests, in
milliseconds, before and during each attack, how often the latter is the former, how many honest
requests failed, and how often an attacker has done what it was to do. Exits with 0 only if no
honest request failed, the 99th percentile stayed within 3 times of that of calm, and each attack
took place.
"""

import argparse
import asyncio
import itertools
import multiprocessing
import resource
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing.sharedctypes import Synchronized
from typing import TypeAlias

import numpy as np
from attrs import frozen

from scripts.local_service import client, forget_environment, new_database, running_service
from scripts.proofs.attacks import ATTACKS, Act, Target
from scripts.proofs.workload import small_pictures
from visualsnoop.server.storage.keys import NewKeys, create_keys

HONEST_CLIENTS = 4
MOST = 3.0  # times the 99th percentile of calm
FILES = 16_000

Landed: TypeAlias = "Synchronized[int]"


def attack(name: str, endpoint: str, keys: NewKeys, count: Landed) -> None:
    """Attack without end, in a process of its own."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))

    def landed() -> None:
        count.value += 1

    asyncio.run(_attack(name, Target(endpoint, keys, landed)))


async def _attack(name: str, target: Target) -> None:
    async with asyncio.TaskGroup() as attackers:
        for act, count in ATTACKS[name].acts:
            for number in range(count):
                attackers.create_task(_repeat(act, target))
                if number % 100 == 99:
                    await asyncio.sleep(0.2)


async def _repeat(act: Act, target: Target) -> None:
    while True:
        with suppress(OSError, asyncio.IncompleteReadError):
            await act(target)
        await asyncio.sleep(0.01)


@contextmanager
def under_attack(name: str, endpoint: str, keys: NewKeys) -> Iterator[Landed]:
    """Let attackers loose; what they have done is counted."""
    context = multiprocessing.get_context("spawn")
    count = context.Value("Q")
    attacker = context.Process(target=attack, args=(name, endpoint, keys, count))
    attacker.start()
    try:
        give_up = time.monotonic() + 120
        while count.value == 0:
            if time.monotonic() > give_up:
                raise RuntimeError(f"the attack {name!r} did not begin")
            time.sleep(0.1)
        time.sleep(1)
        yield count
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
        with running_service(f"--database={database}", log=log) as service:
            with client(service.endpoint, honest) as connection:
                for number, picture in enumerate(small_pictures()):
                    connection.post(f"/image/{number}", content=picture).raise_for_status()
            measure(service.endpoint, honest, 2)
            return compare(database, service.endpoint, honest, arguments.attacks, arguments.seconds)


def compare(database: str, endpoint: str, honest: NewKeys, names: list[str], seconds: float) -> int:
    """Measure before and during each attack; the exit status."""
    is_good = True
    print(
        f"{'':16}{'calm p50':>10}{'p99':>8}{'abused p50':>12}{'p99':>8}{'times':>8}{'failed':>8}"
        f"{'landed':>10}"
    )
    for name in names:
        attackers = create_keys(database, name, "abuse")
        if prepare := ATTACKS[name].prepare:
            prepare(database, attackers.collection_id)
        calm = measure(endpoint, honest, seconds)
        with under_attack(name, endpoint, attackers) as landed:
            abused = measure(endpoint, honest, seconds)
            count = landed.value
        times = abused.p99 / calm.p99
        print(
            f"{name:16}{calm.p50:10.1f}{calm.p99:8.1f}{abused.p50:12.1f}{abused.p99:8.1f}"
            f"{times:8.1f}{abused.failed:8}{count:10}",
            flush=True,
        )
        is_good = is_good and times <= MOST and calm.failed == abused.failed == 0 and count > 0
    print("All was well." if is_good else "FAILED: see above.")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
