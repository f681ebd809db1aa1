"""Measure how searches and all else grow with the size of a collection.

    python -m scripts.bench.growth [--large] [--sizes 1000 10000 100000]

A database is filled with synthetic images (see `scale`): collections of several sizes among many
small ones. The index is built while images are added; then PostgreSQL is started anew, so that it
has nothing in its memory, a service is started, and each collection is searched by the IDs of its
images over HTTP. Recall@10 is how many of the ten best results are among the ten that a comparison
with all images of the collection finds. The large form goes up to a million images and needs about
9 GB of disk and half an hour.
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
import numpy as np
import psycopg
from attrs import define, field, frozen

from scripts.bench.capacity import photo_files, spent
from scripts.bench.figures import Figure, table
from scripts.bench.plots import plot_growth
from scripts.bench.scale import DIMENSIONS, VERSION, fill, image_id
from scripts.bench.throughput import constant_service, requests_a_second, signed_requests
from scripts.local_service import LocalService, client, forget_environment, running_service
from visualsnoop.server.storage.embedded import embedded_postgres
from visualsnoop.server.storage.embedding_index import index_embeddings
from visualsnoop.server.storage.keys import NewKeys, create_keys
from visualsnoop.server.storage.schema import upgrade

SIZES = (1_000, 10_000, 20_000, 100_000)
LARGE = 1_000_000
SMALL_SIZE = 100
REPETITIONS = 7
SEARCHES = 40  # of a repetition
RECALLED = 50  # searches
CLIENTS = 64
COPIES = 10_000
SECONDS = 5.0  # of many clients

SEARCH_P50, SEARCH_P99, RECALL = 8, 15, 0.99
FIRST_PAGE = 100
ADD_WITH_INDEX = 1.3


@frozen
class Filled:
    """A collection that was filled."""

    size: int
    keys: NewKeys


@define
class Measured:
    """What a run has come to.

    Attributes:
        figures: All of it.
        lines: What is drawn over the sizes of the collections, in milliseconds.
    """

    figures: list[Figure] = field(factory=list)
    lines: dict[str, list[float]] = field(factory=dict)

    def add(
        self,
        name: str,
        unit: str,
        samples: Sequence[float],
        goal: float | None = None,
        more_is_better: bool = False,
    ) -> Figure:
        self.figures.append(Figure(name, unit, samples, goal, more_is_better))
        return self.figures[-1]

    def add_of_size(
        self, line: str, size: int, samples: Sequence[float], goal: float | None = None
    ) -> None:
        figure = self.add(f"{line}, of {size:,} images", "ms", samples, goal)
        self.lines.setdefault(line, []).append(figure.value)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES)
    parser.add_argument("--large", action="store_true", help="up to a million images")
    arguments = parser.parse_args()
    sizes = (*arguments.sizes, LARGE) if arguments.large else arguments.sizes
    print(table(measure(sizes).figures))


def measure(sizes: Sequence[int] = SIZES) -> Measured:
    forget_environment()
    measured = Measured()
    with tempfile.TemporaryDirectory(prefix="visualsnoop-") as name:
        folder = Path(name)
        with embedded_postgres(folder) as database:
            upgrade(database)
            collections = fill_all(database, sizes, small=1000 if max(sizes) >= LARGE else 100)
            measure_index(measured, database, sum(sizes))
        # Started anew, it has nothing in its memory.
        with embedded_postgres(folder) as database, (folder / "log").open("w") as log:
            options = (f"--database={database}", "--rate=0")
            with running_service(*options, log=log) as service:
                for collection in collections:
                    measure_collection(measured, service, database, collection)
                # Before images are added, which would have to be compared first.
                measure_duplicates(measured, service, database, collections[-1])
                measure_adding(measured, service, folder / "postgres", collections[-1])
                measure_clients(measured, service, folder / "postgres", collections[-1])
    return measured


def draw(measured: Measured, sizes: Sequence[int], folder: Path) -> None:
    """Draw searches, and all else, over the sizes of the collections."""
    searches = {name: line for name, line in measured.lines.items() if name.startswith("search")}
    others = {name: line for name, line in measured.lines.items() if name not in searches}
    plot_growth(folder / "searches.svg", sizes, searches, SEARCH_P50)
    plot_growth(folder / "operations.svg", sizes, others, None)


def fill_all(database: str, sizes: Sequence[int], small: int) -> list[Filled]:
    collections = [
        Filled(size, create_keys(database, f"{size} images", "growth")) for size in sizes
    ]
    with psycopg.connect(database, autocommit=True) as connection:
        for number in range(small):
            keys = create_keys(database, f"small {number}", "growth")
            fill(connection, keys.collection_id, SMALL_SIZE)
        for collection in collections:
            fill(connection, collection.keys.collection_id, collection.size)
        connection.execute("VACUUM ANALYZE images")
    return collections


def measure_index(measured: Measured, database: str, images: int) -> None:
    """What the index costs: to be built, of disk, and when images are added."""
    keys = create_keys(database, "added", "growth")
    with psycopg.connect(database, autocommit=True) as connection:
        added = Added(connection, keys.collection_id)
        without = [added.one() for _ in range(10 * REPETITIONS)]
        waits: list[float] = []
        is_built = threading.Event()

        def add_meanwhile() -> None:
            while not is_built.wait(0.05):
                waits.append(added.one())

        adding = threading.Thread(target=add_meanwhile)
        adding.start()
        started = time.perf_counter()
        try:
            index_embeddings(database, VERSION, DIMENSIONS)
        finally:
            is_built.set()
            adding.join()
        took = time.perf_counter() - started
        measured.add(f"building the index of {images:,} images", "s", [took])
        measured.add("longest storing of an image meanwhile", "ms", [max(waits)])
        measured.add("storing an image, without an index", "ms", without)
        with_index = [added.one() for _ in range(10 * REPETITIONS)]
        measured.add("storing an image, with the index", "ms", with_index)
        for name in ("images", f"images_nearest_{VERSION}", "images_pkey", "images_by_time"):
            row = connection.execute(
                "SELECT pg_table_size(%s), count(*) FROM images", (name,)
            ).fetchone()
            assert row is not None
            measured.add(f"{name}, of an image", "bytes", [row[0] / row[1]])
        searched = measured.figures[-3].value + measured.figures[-2].value
        # A gigabyte of memory, as machines have it.
        measured.add(
            "memory for the indexes of searches, per million", "GiB", [searched * 1e6 / 2**30]
        )
        connection.execute("CHECKPOINT")


@define
class Added:
    """Adds images to a collection, one after the other."""

    connection: psycopg.Connection
    collection_id: str
    count: int = 0

    def one(self) -> float:
        """Add one; how many milliseconds that takes."""
        started = time.perf_counter()
        fill(self.connection, self.collection_id, 1, first=self.count)
        self.count += 1
        return 1000 * (time.perf_counter() - started)


def measure_collection(
    measured: Measured, service: LocalService, database: str, collection: Filled
) -> None:
    size = collection.size
    with client(service.endpoint, collection.keys) as searching:
        dice = np.random.default_rng(size)

        def some_image() -> str:
            return image_id(int(dice.integers(0, size)))

        first = milliseconds(lambda: ten_best(searching, some_image()), 1)
        measured.add(f"first search after the start, of {size:,} images", "ms", first)
        milliseconds(lambda: ten_best(searching, some_image()), 5 * SEARCHES)
        taken = np.reshape(
            milliseconds(lambda: ten_best(searching, some_image()), REPETITIONS * SEARCHES),
            (REPETITIONS, SEARCHES),
        )
        measured.add_of_size("search, median", size, np.median(taken, axis=1).tolist(), SEARCH_P50)
        p99 = float(np.percentile(taken, 99))
        measured.add_of_size("search, 99th percentile", size, [p99], SEARCH_P99)
        recall = recall_at_ten(searching, database, collection)
        measured.add(f"recall@10, of {size:,} images", "", [recall], RECALL, more_is_better=True)
        numbers = iter(range(size))
        for name, act in {
            "get an image": lambda: searching.get(f"/image/{some_image()}").raise_for_status(),
            "list 100 images": lambda: searching.get("/images").raise_for_status(),
            "delete an image": lambda: searching.delete(
                f"/image/{image_id(next(numbers))}"
            ).raise_for_status(),
        }.items():
            each = np.reshape(milliseconds(act, 10 * REPETITIONS), (REPETITIONS, 10))
            measured.add_of_size(name, size, np.median(each, axis=1).tolist())


def milliseconds(act: Callable[[], object], times: int) -> list[float]:
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        act()
        taken.append(1000 * (time.perf_counter() - started))
    return taken


def ten_best(searching: httpx.Client, searched: str) -> set[str]:
    """The IDs of the first ten results of the service."""
    response = searching.get(f"/search/{searched}", params={"count": 10, "min_score": 0})
    return {result["id"] for result in response.raise_for_status().json()["results"]}


def recall_at_ten(searching: httpx.Client, database: str, collection: Filled) -> float:
    """How many of the ten nearest images the service finds, from 0 to 1."""
    # The sum keeps it from using any index.
    statement = f"""
        SELECT image_id FROM images
        WHERE collection_id = %(collection_id)s AND image_id <> %(image_id)s
        ORDER BY (embedding::halfvec({DIMENSIONS}) <=> (
            SELECT embedding FROM images
            WHERE collection_id = %(collection_id)s AND image_id = %(image_id)s
        )) + 0 LIMIT 10
        """
    found = 0
    with psycopg.connect(database) as connection:
        dice = np.random.default_rng(collection.size + 1)
        for number in dice.integers(0, collection.size, RECALLED):
            searched = image_id(int(number))
            parameters = {"collection_id": collection.keys.collection_id, "image_id": searched}
            rows = connection.execute(statement.encode(), parameters).fetchall()
            found += len(ten_best(searching, searched) & {row[0] for row in rows})
    return found / (10 * RECALLED)


def measure_adding(
    measured: Measured, service: LocalService, data: Path, collection: Filled
) -> None:
    """What an image costs in all, beside what it would without the index."""
    photos = photo_files()
    with client(service.endpoint, collection.keys) as adding:

        def add() -> float:
            before = spent(service, data)
            for name, photo in photos.items():
                adding.post(f"/image/{name}", content=photo).raise_for_status()
            # Copies are looked for when it has been answered.
            time.sleep(0.3)
            taken = spent(service, data) - before
            # There would be copies of each next time, which cost more.
            for name in photos:
                adding.delete(f"/image/{name}").raise_for_status()
            return 1000 * taken / len(photos)

        add()
        costs = [add() for _ in range(REPETITIONS)]
    cost = measured.add("adding a photo of 450 x 350 pixels or so, of a core", "ms", costs).value
    by_name = {figure.name: figure.value for figure in measured.figures}
    index = (
        by_name["storing an image, with the index"] - by_name["storing an image, without an index"]
    )
    ratio = cost / (cost - index)
    measured.add("adding with the index, of adding without", "", [ratio], ADD_WITH_INDEX)


def measure_duplicates(
    measured: Measured, service: LocalService, database: str, collection: Filled
) -> None:
    """The list of duplicates of the largest collection, a tenth of which are copies at most."""
    copies = min(COPIES, collection.size // 10)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            """
            INSERT INTO pairs (collection_id, image_id, other_id, score)
            SELECT collection_id, image_id, other_id, 0.9 FROM (
                SELECT collection_id, image_id,
                    lead(image_id) OVER (ORDER BY image_id) AS other_id,
                    row_number() OVER (ORDER BY image_id) AS place
                FROM images WHERE collection_id = %s AND image_id ~ '^[0-9]{10}$'
                ORDER BY image_id LIMIT %s
            ) AS placed WHERE place %% 2 = 1 AND other_id IS NOT NULL
            """,
            (collection.keys.collection_id, 2 * copies),
        )
        connection.execute("ANALYZE pairs")
    with client(service.endpoint, collection.keys) as asking:

        def first_page() -> None:
            asking.get("/duplicates").raise_for_status()

        first_page()
        taken = milliseconds(first_page, REPETITIONS)
    name = f"first page of duplicates, {copies:,} copies in {collection.size:,} images"
    measured.add(name, "ms", taken, FIRST_PAGE)


def measure_clients(
    measured: Measured, service: LocalService, data: Path, collection: Filled
) -> None:
    """How many searches many clients at once get answered, beside constant answers."""
    numbers = np.random.default_rng(1).integers(collection.size // 2, collection.size, 500)
    paths = [f"/search/{image_id(int(number))}?count=10&min_score=0" for number in numbers]
    with client(service.endpoint, collection.keys) as asking:
        answer = asking.get(paths[0]).raise_for_status().content
    requests = signed_requests(service.endpoint, paths, collection.keys)
    before = spent(service, data)
    searches = [requests_a_second(service.endpoint, requests, CLIENTS, SECONDS) for _ in range(3)]
    of_cores = spent(service, data) - before
    with constant_service(answer) as endpoint:
        constant = [requests_a_second(endpoint, requests, CLIENTS, SECONDS) for _ in range(3)]
    measured.add(
        f"searches by {CLIENTS} clients at once", "a second", searches, more_is_better=True
    )
    measured.add("constant answers of the same length", "a second", constant, more_is_better=True)
    each = 1000 * of_cores / (SECONDS * sum(searches))
    measured.add("a search then, of all cores, database included", "ms", [each])


if __name__ == "__main__":
    main()
