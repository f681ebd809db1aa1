"""Synthetic images, with which a database is filled faster than by pictures.

Embeddings are random directions of 20 degrees of freedom in 512 dimensions, and keypoints are those
of photos, mixed. How hard it is to find the nearest depends on how many directions there are around
one (the local intrinsic dimension; Levina & Bickel 2004): by the 20 nearest of 1,900 it is 15, as
it is among the embeddings of 1,900 pictures.
"""

from functools import cache
from pathlib import Path

import numpy as np
import psycopg
from numpy.typing import NDArray

from visualsnoop.server.matching.decode import decode
from visualsnoop.server.matching.detection import find_keypoints
from visualsnoop.server.matching.fingerprinter import Fingerprinter
from visualsnoop.server.matching.keypoints import KEYPOINT, STORED_BYTES

DIMENSIONS = 512
FREEDOM = 20
VERSION = Fingerprinter().version
BATCH = 10_000
PHOTOS = Path(__file__).parents[2] / "tests" / "photos"

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
