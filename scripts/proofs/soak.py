"""Let a service work for a long time, and see that it needs no more of anything than at first.

    python -m scripts.proofs.soak [--minutes 60] [--clients 4] [--workers 2]
        [--without bounded-memory]

Clients add, replace, search, compare, list and delete images without end, send files that are no
pictures, and connect anew now and then; the collection stays of about one size. Prints memory (the
proportional set size of all processes of the service), that of PostgreSQL (what its processes have
for themselves: the buffers that they share have a fixed size), open descriptors, and how many
requests there were, with the median and the 99th percentile of their times in milliseconds, twenty
times.

Exits with 1 if a request was answered otherwise than it should, if there were none in an interval,
or if after the first quarter, in which caches fill, memory has grown by more than 10 %, that of
PostgreSQL by more than 10 % and 16 MiB, or descriptors by more than 20. So it must with
`--without`, see `undefended`.
"""

import argparse
import itertools
import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import numpy as np
import psutil
from attrs import field, frozen

from scripts.local_service import (
    LocalService,
    client,
    forget_environment,
    new_database,
    running_service,
)
from scripts.proofs import undefended
from scripts.proofs.crash import postgres_processes
from scripts.proofs.workload import small_pictures
from visualsnoop.server.storage.keys import NewKeys, create_keys

INTERVALS = 20
IMAGES_OF_A_CLIENT = 50
MOST_MEMORY = 1.1  # times what it was after the first quarter
MOST_DATABASE = 16  # MiB more than that
MOST_DESCRIPTORS = 20  # more than there were then


@frozen
class Sample:
    """What a service needs at one moment."""

    memory: float  # MiB
    database: float  # MiB
    descriptors: int
    requests: int


@frozen
class Load:
    """What the clients have noticed since it was last asked."""

    times: list[float] = field(factory=list)
    wrong: list[str] = field(factory=list)
    lock: threading.Lock = field(factory=threading.Lock)

    def note(self, seconds: float, response: httpx.Response, *wanted: int) -> None:
        with self.lock:
            self.times.append(1000 * seconds)
            if response.status_code not in wanted:
                self.wrong.append(f"{response.request.method} {response.url}: {response.text}")

    def taken(self) -> tuple[int, float, float]:
        """How many requests there were, and the percentiles of their times."""
        with self.lock:
            count = len(self.times)
            p50, p99 = np.percentile(self.times or [0.0], [50, 99])
            self.times.clear()
        return count, float(p50), float(p99)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    undefended.add_option(parser)
    arguments = parser.parse_args()
    forget_environment()
    undefended.begin(arguments.without)
    with (
        new_database() as (database, folder),
        (folder / "service.log").open("w") as log,
    ):
        keys = create_keys(database, "soak", "soak")
        options = (f"--database={database}", f"--workers={arguments.workers}")
        with running_service(*options, log=log) as service:
            samples, wrong = soak(service, folder, keys, arguments.clients, 60 * arguments.minutes)
    return judge(samples, wrong)


def soak(
    service: LocalService, folder: Path, keys: NewKeys, clients: int, seconds: float
) -> tuple[list[Sample], list[str]]:
    """Work for so long; what the service needed from time to time, and wrong answers."""
    load = Load()
    stop = threading.Event()
    samples = []
    with ThreadPoolExecutor(clients) as threads:
        working = [
            threads.submit(work, service.endpoint, keys, number, load, stop)
            for number in range(clients)
        ]
        try:
            print(
                f"{'minutes':>8}{'memory MiB':>12}{'database':>10}{'descriptors':>13}"
                f"{'requests':>10}{'p50':>8}{'p99':>8}"
            )
            for number in range(1, INTERVALS + 1):
                stop.wait(seconds / INTERVALS)
                count, p50, p99 = load.taken()
                samples.append(now := sample(service, folder, count))
                print(
                    f"{number * seconds / INTERVALS / 60:8.1f}{now.memory:12.1f}"
                    f"{now.database:10.1f}{now.descriptors:13}{count:10}{p50:8.1f}{p99:8.1f}",
                    flush=True,
                )
        finally:
            stop.set()
    for one in working:
        one.result()
    return samples, load.wrong


def work(endpoint: str, keys: NewKeys, number: int, load: Load, stop: threading.Event) -> None:
    """What one client does, over a connection that is made anew now and then."""
    dice = random.Random(number)
    pictures = small_pictures()
    while not stop.is_set():
        with client(endpoint, keys) as connection:
            for _ in range(500):
                if stop.is_set():
                    return
                image_id = f"{number}-{dice.randrange(IMAGES_OF_A_CLIENT)}"
                step(connection, image_id, dice.choice(pictures), dice, load)


def step(
    connection: httpx.Client, image_id: str, picture: bytes, dice: random.Random, load: Load
) -> None:
    """Make one request of any kind."""
    method, path, content, wanted = dice.choice(
        [
            ("PUT", f"/image/{image_id}", picture, (200, 201)),
            ("POST", f"/image/{image_id}", picture, (201, 409)),
            ("DELETE", f"/image/{image_id}", None, (200, 404)),
            ("GET", f"/image/{image_id}", None, (200, 404)),
            ("GET", f"/search/{image_id}", None, (200, 404)),
            ("POST", "/search", picture, (200,)),
            ("POST", f"/compare/{image_id}", picture, (200, 404)),
            ("GET", "/images", None, (200,)),
            ("GET", "/duplicates", None, (200,)),
            ("POST", "/search", picture[:200], (415,)),
            ("GET", "/collection", None, (200,)),
        ]
    )
    started = time.perf_counter()
    response = connection.request(method, path, content=content)
    load.note(time.perf_counter() - started, response, *wanted)


def sample(service: LocalService, folder: Path, requests: int) -> Sample:
    memory = database = descriptors = 0
    for process in service.processes():
        with suppress(psutil.NoSuchProcess):
            memory += process.memory_full_info().pss
            descriptors += process.num_fds()
    for process in postgres_processes(folder):
        with suppress(psutil.NoSuchProcess):
            database += process.memory_full_info().uss
    return Sample(memory / 2**20, database / 2**20, descriptors, requests)


def judge(samples: list[Sample], wrong: list[str]) -> int:
    """Print what is wrong; the exit status."""
    first, *later = samples[len(samples) // 4 :]
    memory, database, descriptors = (
        float(np.median([getattr(one, name) for one in later[len(later) // 2 :]]))
        for name in ("memory", "database", "descriptors")
    )
    print(f"memory is {memory / first.memory:.3f} times that after the first quarter,", end=" ")
    print(f"PostgreSQL's {database / first.database:.3f};", end=" ")
    print(f"{descriptors - first.descriptors:+.0f} descriptors; {len(wrong)} wrong answers")
    for message in itertools.islice(wrong, 10):
        print(f"  {message}")
    is_good = not wrong and all(one.requests and one.database for one in samples)
    is_good = is_good and memory <= MOST_MEMORY * first.memory
    is_good = is_good and database <= MOST_MEMORY * first.database + MOST_DATABASE
    is_good = is_good and descriptors - first.descriptors <= MOST_DESCRIPTORS
    print("All was well." if is_good else "FAILED.")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
