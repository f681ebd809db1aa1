"""Measure how searches grow with the number of images, up to a million in one collection.

    python -m scripts.bench.scale [--sizes 1000 10000 100000 1000000] [--plot FILE.png]

A database is filled with collections of these sizes among 1,000 small ones of 100 images each. The
fingerprints are synthetic: embeddings are random directions of 20 degrees of freedom in 512
dimensions, and keypoints are those of photos, mixed. How hard it is to find the nearest depends on
how many directions there are around one (the local intrinsic dimension; Levina & Bickel 2004): by
the 20 nearest of 1,900 it is 15, as it is among the embeddings of 1,900 pictures. Then the index is
built, some images more are stored to see how long that takes with it, a service is started, and
each collection is searched by the IDs of its images. Needs about 9 GB of disk for a million images.

Recall@10 is how many of the ten best results of the service are among the ten that a comparison
with all images of the collection finds.
"""

import argparse
import os
import secrets
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import IO

import httpx
import numpy as np
import psycopg
from attrs import frozen
from numpy.typing import NDArray

from scripts.local_service import client, forget_environment, new_database, running_service
from visualsnoop.server.matching.decode import decode
from visualsnoop.server.matching.detection import find_keypoints
from visualsnoop.server.matching.fingerprinter import Fingerprinter
from visualsnoop.server.matching.keypoints import KEYPOINT, STORED_BYTES
from visualsnoop.server.storage.embedding_index import index_embeddings
from visualsnoop.server.storage.keys import create_keys

SMALL_COLLECTIONS = 1000
SMALL_SIZE = 100
DIMENSIONS = 512
FREEDOM = 20
VERSION = Fingerprinter().version
BATCH = 10_000
PHOTOS = Path(__file__).parents[2] / "tests" / "photos"
ADDED = 1000
WARM_UP = 30.0  # seconds of searches, which bring the collection into memory

# A row of COPY in PostgreSQL's binary format; every value has its length before it.
ROW = np.dtype(
    [
        ("fields", ">i2"),
        *(("collection_id_length", ">i4"), ("collection_id", "S8")),
        *(("image_id_length", ">i4"), ("image_id", "S10")),
        *(("image_time_length", ">i4"), ("image_time", ">i8")),
        *(("version_length", ">i4"), ("version", ">i4")),
        *(("quality_length", ">i4"), ("quality", ">i2")),
        *(("pdq_length", ">i4"), ("pdq", "u1", 32)),
        *(("embedding_length", ">i4"), ("dimensions", ">i2"), ("unused", ">i2")),
        ("embedding", ">f2", DIMENSIONS),
        *(("keypoints_length", ">i4"), ("keypoints", "u1", STORED_BYTES)),
    ]
)


@frozen
class Row:
    """What was measured of a collection."""

    size: int
    p50: float  # milliseconds of a search by ID, over HTTP
    p99: float
    recall: float


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", nargs="+", type=int, default=[10**3, 10**4, 10**5, 10**6])
    parser.add_argument("--plot", type=Path, help="where to draw how the latency grows")
    arguments = parser.parse_args()
    # The index is built fastest when it fits into this.
    os.environ["PGOPTIONS"] = "-c maintenance_work_mem=4GB -c max_parallel_maintenance_workers=2"
    forget_environment()
    with new_database() as (database, folder), (folder / "service.log").open("w") as log:
        measured = measure(database, arguments.sizes, log)
    if arguments.plot:
        plot(measured, arguments.plot)


def measure(database: str, sizes: Sequence[int], log: IO[str]) -> list[Row]:
    keys = {size: create_keys(database, f"{size} images", "scale") for size in sizes}
    small = [secrets.token_hex(4) for _ in range(SMALL_COLLECTIONS)]
    with psycopg.connect(database, autocommit=True) as connection:
        started = time.perf_counter()
        for collection_id in small:
            connection.execute(
                "INSERT INTO collections (collection_id, name, owner) VALUES (%s, %s, 'small')",
                (collection_id, collection_id),
            )
            fill(connection, collection_id, SMALL_SIZE)
        for size in sizes:
            fill(connection, keys[size].collection_id, size)
        connection.execute("VACUUM ANALYZE images")
        total = sum(sizes) + SMALL_COLLECTIONS * SMALL_SIZE
        print(f"filled with {total} images in {time.perf_counter() - started:.0f} s")
        started = time.perf_counter()
        index_embeddings(database, VERSION, DIMENSIONS)
        print(f"built the index in {time.perf_counter() - started:.0f} s")
        print_sizes(connection, total)
        # Nobody fills a database so fast: it would still be busy with that.
        connection.execute("CHECKPOINT")
        started = time.perf_counter()
        fill(connection, small[0], ADDED, first=SMALL_SIZE)
        took = 1000 * (time.perf_counter() - started) / ADDED
        print(f"with the index, storing an image takes the database {took:.1f} ms")
        print("\n    images    p50 ms    p99 ms    recall@10", flush=True)
        rows = []
        with running_service(f"--database={database}", log=log) as service:
            for size in sizes:
                with client(service.endpoint, keys[size]) as searching:
                    p50, p99 = latencies(searching, size)
                    recall = recall_at_ten(searching, connection, keys[size].collection_id, size)
                rows.append(Row(size, p50, p99, recall))
                print(f"{size:10}{p50:10.1f}{p99:10.1f}{recall:13.4f}", flush=True)
    return rows


def fill(connection: psycopg.Connection, collection_id: str, size: int, first: int = 0) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY images (collection_id, image_id, image_time, version, quality, pdq, embedding,"
            " keypoints) FROM STDIN (FORMAT binary)"
        ) as copy,
    ):
        copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8))
        for start in range(0, size, BATCH):
            count = min(BATCH, size - start)
            copy.write(rows(collection_id, first + start, count).tobytes())
        copy.write(b"\xff\xff")


def rows(collection_id: str, first: int, count: int) -> NDArray[np.void]:
    dice = np.random.default_rng([int(collection_id, 16), first])
    made = np.zeros(count, ROW)
    made["fields"] = 8
    for name in ("collection_id", "image_id", "image_time", "version", "quality", "pdq"):
        made[f"{name}_length"] = ROW[name].itemsize
    made["keypoints_length"] = STORED_BYTES
    made["embedding_length"] = 4 + 2 * DIMENSIONS
    made["collection_id"] = collection_id.encode()
    made["image_id"] = [image_id(number).encode() for number in range(first, first + count)]
    made["image_time"] = np.arange(first, first + count)
    made["version"] = VERSION
    made["quality"] = 100
    made["pdq"] = dice.integers(0, 256, (count, 32))
    made["dimensions"] = DIMENSIONS
    made["embedding"] = embeddings(dice, count)
    made["keypoints"] = keypoints(dice, count)
    return made


def image_id(number: int) -> str:
    return f"{number:010}"


def embeddings(dice: np.random.Generator, count: int) -> NDArray[np.float32]:
    mixing = np.random.default_rng(1).standard_normal((FREEDOM, DIMENSIONS), np.float32)
    free = dice.standard_normal((count, FREEDOM), np.float32)
    vectors = free @ mixing
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    normalised: NDArray[np.float32] = vectors / lengths
    return normalised


def keypoints(dice: np.random.Generator, count: int) -> NDArray[np.uint8]:
    """Those of real photos, mixed, with an eighth of their bits changed."""
    pool = real_keypoints()
    per_image = STORED_BYTES // KEYPOINT.itemsize
    chosen = pool[dice.integers(0, len(pool), (count, per_image))].reshape(count, STORED_BYTES)
    changed = np.full((count, STORED_BYTES), 255, np.uint8)
    for _ in range(3):
        changed &= dice.integers(0, 256, (count, STORED_BYTES), np.uint8)
    return chosen ^ changed


@cache
def real_keypoints() -> NDArray[np.uint8]:
    found = b""
    for path in sorted(PHOTOS.glob("*.jpg")):
        with path.open("rb") as file:
            found += find_keypoints(decode(file))
    return np.frombuffer(found, np.uint8).reshape(-1, KEYPOINT.itemsize)


def print_sizes(connection: psycopg.Connection, total: int) -> None:
    for name in ("images", f"images_by_embedding_{VERSION}", "images_pkey", "images_by_time"):
        found = connection.execute("SELECT pg_table_size(%s)", (name,)).fetchone()
        assert found is not None
        print(f"{name:24}{found[0] / 2**20:10.0f} MiB{found[0] / total:8.0f} bytes per image")


def latencies(client: httpx.Client, size: int, searches: int = 300) -> tuple[float, float]:
    """The median and the 99th percentile of searches by ID, in milliseconds."""
    dice = np.random.default_rng(size)
    warm = time.perf_counter() + WARM_UP
    taken: list[float] = []
    while len(taken) < searches:
        searched = image_id(int(dice.integers(0, size)))
        started = time.perf_counter()
        ten_best(client, searched)
        if started > warm:
            taken.append(1000 * (time.perf_counter() - started))
    p50, p99 = np.percentile(taken, [50, 99])
    return float(p50), float(p99)


def ten_best(client: httpx.Client, searched: str) -> set[str]:
    """The IDs of the first ten results of the service."""
    response = client.get(f"/search/{searched}", params={"count": 10, "min_score": 0})
    return {result["id"] for result in response.raise_for_status().json()["results"]}


def recall_at_ten(
    client: httpx.Client,
    connection: psycopg.Connection,
    collection_id: str,
    size: int,
    searches: int = 50,
) -> float:
    """How many of the ten nearest images the service finds, from 0 to 1."""
    statement = f"""
        SELECT image_id FROM images
        WHERE collection_id = %(collection_id)s AND image_id <> %(image_id)s
        ORDER BY embedding::halfvec({DIMENSIONS}) <=> (
            SELECT embedding FROM images
            WHERE collection_id = %(collection_id)s AND image_id = %(image_id)s
        ) LIMIT 10
        """
    found = 0
    for number in np.random.default_rng(size + 1).integers(0, size, searches):
        searched = image_id(int(number))
        with connection.transaction():
            connection.execute("SET LOCAL enable_indexscan = off")
            parameters = {"collection_id": collection_id, "image_id": searched}
            rows = connection.execute(statement.encode(), parameters).fetchall()
        found += len(ten_best(client, searched) & {row[0] for row in rows})
    return found / (10 * searches)


def plot(measured: Sequence[Row], path: Path) -> None:
    """Draw the latency over the number of images, both on logarithmic scales."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    sizes = [row.size for row in measured]
    axes.plot(sizes, [row.p50 for row in measured], "o-", label="median")
    axes.plot(sizes, [row.p99 for row in measured], "o--", label="99th percentile")
    axes.set(xscale="log", yscale="log", xlabel="images in the collection")
    axes.set(ylabel="search by ID, over HTTP (ms)", ylim=(1, None))
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path)


if __name__ == "__main__":
    main()
