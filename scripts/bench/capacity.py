"""Measure what an image and a request cost: bytes of disk, and time of processor cores.

    python -m scripts.bench.capacity [--images 100000] [--seconds 10]

A collection is filled with synthetic images, as `scale` makes them. Then clients make requests of
one kind after the other; how much time the cores have spent on them, in the service and in the
database, is asked of the system, so that other work on the machine hardly matters.
"""

import argparse
import itertools
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import psycopg

from scripts.bench.scale import DIMENSIONS, PHOTOS, VERSION, fill, image_id
from scripts.local_service import (
    LocalService,
    client,
    forget_environment,
    new_database,
    running_service,
)
from visualsnoop.server.storage.embedding_index import index_embeddings
from visualsnoop.server.storage.keys import NewKeys, create_keys

CLIENTS = 4
GB = 1_000_000_000


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=10, help="for each kind of request")
    arguments = parser.parse_args()
    forget_environment()
    with new_database() as (database, folder):
        keys = create_keys(database, "capacity", "capacity")
        with psycopg.connect(database, autocommit=True) as connection:
            fill(connection, keys.collection_id, arguments.images)
            index_embeddings(database, VERSION, DIMENSIONS)
            connection.execute("VACUUM ANALYZE images")
            print_size(connection, arguments.images)
        options = (f"--database={database}", "--rate=0")
        with (
            (folder / "service.log").open("w") as log,
            running_service(*options, log=log) as service,
        ):
            measure(service, folder / "postgres", keys, arguments.images, arguments.seconds)


def print_size(connection: psycopg.Connection, images: int) -> None:
    row = connection.execute(
        "SELECT pg_total_relation_size('images'), pg_indexes_size('images')"
    ).fetchone()
    assert row is not None
    total, indexes = (size / images for size in row)
    print(f"{total:.0f} bytes per image, of which indexes {indexes:.0f}: ", end="")
    print(f"{GB / total:,.0f} images per GB of disk", flush=True)


def measure(service: LocalService, data: Path, keys: NewKeys, images: int, seconds: float) -> None:
    photos = photo_files()
    turns = itertools.cycle(photos)

    def add(one: httpx.Client, _: int) -> httpx.Response:
        # What is a copy of many images costs more, so it is deleted.
        name = next(turns)
        added = one.post(f"/image/{name}", content=photos[name])
        one.delete(f"/image/{name}").raise_for_status()
        return added

    requests: dict[str, Callable[[httpx.Client, int], httpx.Response]] = {
        "get an image": lambda one, n: one.get(f"/image/{image_id(n % images)}"),
        "search by ID": lambda one, n: one.get(f"/search/{image_id(n % images)}"),
        "search by a photo": lambda one, _: one.post(
            "/search", params={"regions": "false"}, content=photos[next(turns)]
        ),
        "and by windows of it": lambda one, _: one.post("/search", content=photos[next(turns)]),
        "add a photo, delete it": add,
    }
    print(f"\n{'':24}{'requests':>10}{'core ms each':>14}{'a second and core':>20}")
    for name, request in requests.items():
        # The first ones start what is needed, and fill caches.
        repeat(service.endpoint, keys, request, seconds / 4)
        before = spent(service, data)
        count = repeat(service.endpoint, keys, request, seconds)
        each = (spent(service, data) - before) / count
        print(f"{name:24}{count:10}{1000 * each:14.1f}{1 / each:20.0f}", flush=True)


def photo_files() -> dict[str, bytes]:
    """Photos of 450 x 350 pixels or so, by name."""
    return {path.stem: path.read_bytes() for path in sorted(PHOTOS.glob("*.jpg"))}


def repeat(
    endpoint: str,
    keys: NewKeys,
    request: Callable[[httpx.Client, int], httpx.Response],
    seconds: float,
) -> int:
    """Make a request again and again; how often that was."""
    end = time.monotonic() + seconds

    def work(number: int) -> int:
        with client(endpoint, keys) as connection:
            # Far from one another, so that not only what was just used is asked for.
            for count in itertools.count():
                if time.monotonic() > end:
                    return count
                request(connection, number * 7919 + count * 104_729).raise_for_status()
        raise AssertionError

    with ThreadPoolExecutor(CLIENTS) as threads:
        return sum(threads.map(work, range(CLIENTS)))


def spent(service: LocalService, data: Path) -> float:
    """Seconds that the cores have spent on the service and its database."""
    server = psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))
    processes = [*service.processes(), server, *server.children(recursive=True)]
    times = [process.cpu_times() for process in processes]
    return sum(one.user + one.system for one in times)


if __name__ == "__main__":
    main()
