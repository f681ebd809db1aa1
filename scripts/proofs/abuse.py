"""Abuse a service in the ways that bring services down, and measure what its clients notice.

    python -m scripts.proofs.abuse [--seconds 12] [--attacks idle bombs …] [--without DEFENCE]

    slow-heads        500 clients that send the head of a request a byte a second
    slow-bodies       200 clients with keys that send the body of a picture a byte a second
    stalled-bodies    8 clients with one key pair that send bodies of 32 MiB, but for two bytes
    tiny-chunks       4 clients without keys that send bodies in chunks of one byte
    signed-chunks     4 clients with keys that do so
    many-headers      4 clients without keys that send heads of 5,500 headers
    pipelined-heads   4 clients without keys that send one request behind the other
    idle              10,000 connections that make one request, and are kept open
    tls               600 connections whose TLS handshake does not begin, or go on
    huge-bodies       4 clients with keys that send bodies of 1 GB, telling their size or not
    bombs             2 clients with keys that send small files of pictures of 98 megapixels
    many-scans        4 clients with keys whose JPEG files go through the picture again and again
    false-sizes       4 clients with keys whose pictures are larger than their files say
    left-pictures     8 clients with keys that send pictures which take long, and go
    duplicates        3 clients that list the first group of 15,000 copies of one picture
    deep-offsets      3 clients that ask for the last of 15,000 results of a search
    searches          20 clients that search among 15,000 images without end

Whoever is cut off begins anew. Meanwhile four honest clients get images, search by ID, and
search by pictures. Prints the median and the 99th percentile of the times of their requests, in
milliseconds, before and during each attack, how often the latter is the former, how many honest
requests failed, how often an attacker has done what it was to do, how often the service has made an
end of one, and the most memory that the service took, in MiB.

Exits with 0 only if no honest request failed, the 99th percentile stayed within 3 times of that of
calm, and each attack took place: attackers landed, took the memory that they were to take and no
more than they may, and were made an end of where they must be. `--without` takes a defence away,
see `undefended`: it must fail then.
"""

import argparse
import asyncio
import itertools
import multiprocessing
import os
import resource
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import TypeAlias

import httpx
import numpy as np
import psutil
import trustme
from attrs import define, frozen

from scripts.local_service import (
    LocalService,
    client,
    forget_environment,
    new_database,
    running_service,
)
from scripts.proofs import undefended
from scripts.proofs.attacks import ATTACKS, Act, Target
from scripts.proofs.workload import small_pictures
from visualsnoop.server.storage.keys import NewKeys, create_keys

HONEST_CLIENTS = 4
MOST = 3.0  # times the 99th percentile of calm
FILES = 16_000
SEND_TIME = 5  # seconds, after which attackers that do not go on must have been cut off
MIB = 2**20

Count: TypeAlias = "Synchronized[int]"


def attack(name: str, endpoint: str, keys: NewKeys, landed: Count, ended: Count) -> None:
    """Attack without end, in a process of its own."""
    # They would be on machines of their own, and take no processors of the service.
    os.nice(10)
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))

    def count_landed() -> None:
        landed.value += 1

    def count_ended() -> None:
        ended.value += 1

    asyncio.run(_attack(name, Target(endpoint, keys, count_landed, count_ended)))


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
def under_attack(name: str, endpoint: str, keys: NewKeys) -> Iterator[tuple[Count, Count]]:
    """Let attackers loose, and wait until the attack is under way.

    How often they have landed and been made an end of is counted.
    """
    context = multiprocessing.get_context("spawn")
    landed, ended = context.Value("Q"), context.Value("Q")
    attacker = context.Process(target=attack, args=(name, endpoint, keys, landed, ended))
    attacker.start()
    try:
        give_up = time.monotonic() + 120
        while landed.value < ATTACKS[name].least_landed:
            if time.monotonic() > give_up:
                raise RuntimeError(f"the attack {name!r} did not begin")
            time.sleep(0.1)
        time.sleep(1)
        yield landed, ended
    finally:
        attacker.kill()
        attacker.join()


@frozen
class Measured:
    """The times of requests in milliseconds, how many there were, and how many failed."""

    p50: float
    p99: float
    count: int
    failed: int


@frozen
class Attacked:
    """A service that is attacked, and how its honest clients connect."""

    service: LocalService
    keys: NewKeys
    verify: ssl.SSLContext | bool = True

    def measure(self, seconds: float) -> Measured:
        """Let the honest clients work, and take their times."""
        end = time.monotonic() + seconds
        pictures = small_pictures()
        taken: list[float] = []
        failures: list[str] = []
        lock = threading.Lock()

        def work(number: int) -> None:
            with client(self.service.endpoint, self.keys, verify=self.verify) as connection:
                for step in itertools.count(number):
                    if time.monotonic() > end:
                        return
                    picture = step % len(pictures)
                    method, path, content = "GET", f"/image/{picture}", None
                    if step % 5 == 0:
                        method, path, content = "POST", "/search", pictures[picture]
                    elif step % 5 < 3:
                        path = f"/search/{picture}"
                    started = time.perf_counter()
                    try:
                        response = connection.request(method, path, content=content)
                        failure = None if response.status_code == 200 else response.text
                    except httpx.TransportError as error:
                        failure = f"nothing: {error!r}"
                    with lock:
                        taken.append(1000 * (time.perf_counter() - started))
                        if failure is not None:
                            failures.append(failure)
                    time.sleep(0.01)

        with ThreadPoolExecutor(HONEST_CLIENTS) as threads:
            list(threads.map(work, range(HONEST_CLIENTS)))
        for text in failures[:3]:
            print(f"  an honest client was told: {text}")
        p50, p99 = np.percentile(taken, [50, 99])
        return Measured(float(p50), float(p99), len(taken), len(failures))


@define
class Memory:
    """The most memory that a service takes meanwhile, as a context; in MiB."""

    service: LocalService
    most: float = 0

    @contextmanager
    def watched(self) -> Iterator[None]:
        stop = threading.Event()

        def watch() -> None:
            while not stop.wait(0.05):
                self.most = max(self.most, self._now())

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _now(self) -> float:
        total = 0
        for process in self.service.processes():
            with suppress(psutil.Error):
                total += process.memory_info().rss
        return total / MIB


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=12, help="of each measurement")
    parser.add_argument("--attacks", nargs="+", choices=ATTACKS, default=list(ATTACKS))
    undefended.add_option(parser)
    arguments = parser.parse_args()
    forget_environment()
    undefended.begin(arguments.without)
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
    with new_database() as (database, folder):
        honest = create_keys(database, "honest", "abuse")
        results: list[bool] = []
        for over_tls in (False, True):
            names = [each for each in arguments.attacks if ATTACKS[each].over_tls is over_tls]
            if names:
                with _serving(database, folder, honest, over_tls=over_tls) as attacked:
                    for name in names:
                        results.append(compare(database, attacked, name, arguments.seconds))
    print("All was well." if all(results) else "FAILED.")
    return 0 if all(results) else 1


@contextmanager
def _serving(database: str, folder: Path, honest: NewKeys, *, over_tls: bool) -> Iterator[Attacked]:
    """A service with the pictures of the honest clients in it, for the time being."""
    options = [f"--database={database}", f"--send-time={SEND_TIME}"]
    verify: ssl.SSLContext | bool = True
    with ExitStack() as stack:
        if over_tls:
            authority = trustme.CA()
            certificate = folder / "certificate.pem"
            authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
                certificate
            )
            verify = ssl.create_default_context()
            authority.configure_trust(verify)
            options += [f"--certfile={certificate}"]
        log = stack.enter_context((folder / f"service-{over_tls}.log").open("w"))
        service = stack.enter_context(running_service(*options, log=log))
        attacked = Attacked(service, honest, verify)
        with client(service.endpoint, honest, verify=verify) as connection:
            for number, picture in enumerate(small_pictures()):
                connection.put(f"/image/{number}", content=picture).raise_for_status()
        attacked.measure(2)
        print(
            f"{'':16}{'calm p50':>10}{'p99':>8}{'abused p50':>12}{'p99':>8}{'times':>8}"
            f"{'failed':>8}{'landed':>10}{'ended':>8}{'MiB':>8}",
            flush=True,
        )
        yield attacked


def compare(database: str, attacked: Attacked, name: str, seconds: float) -> bool:
    """Measure before and during an attack; whether it took place, and nobody noticed."""
    wanted = ATTACKS[name]
    attackers = create_keys(database, name, "abuse")
    if wanted.prepare:
        wanted.prepare(database, attackers.collection_id)
    before, during = Memory(attacked.service), Memory(attacked.service)
    with before.watched():
        calm = attacked.measure(seconds)
    with (
        during.watched(),
        under_attack(name, attacked.service.endpoint, attackers) as (landed, ended),
    ):
        abused = attacked.measure(seconds)
        counts = landed.value, ended.value
    times = abused.p99 / calm.p99
    print(
        f"{name:16}{calm.p50:10.1f}{calm.p99:8.1f}{abused.p50:12.1f}{abused.p99:8.1f}"
        f"{times:8.1f}{abused.failed:8}{counts[0]:10}{counts[1]:8}{during.most:8.0f}",
        flush=True,
    )
    taken = during.most - before.most
    wrong = {
        f"p99 is more than {MOST} times that of calm": times > MOST,
        "requests of honest clients failed": calm.failed + abused.failed > 0,
        f"it took {taken:.0f} MiB, at most {wanted.most_memory}": taken > wanted.most_memory,
        f"no attack: it took {taken:.0f} MiB, at least {wanted.least_memory}": (
            taken < wanted.least_memory
        ),
        "no attack: nothing landed": counts[0] == 0,
        "no attacker was cut off": wanted.must_end and counts[1] == 0,
    }
    reasons = [reason for reason, is_so in wrong.items() if is_so]
    for reason in reasons:
        print(f"{'':16}FAILED: {reason}", flush=True)
    return not reasons


if __name__ == "__main__":
    sys.exit(main())
