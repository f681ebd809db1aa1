"""The index by which large collections are searched: a graph of all images of a version.

It is an HNSW graph (Malkov & Yashunin 2018) of pgvector. A walk through it would come across the
images of all collections, and the more of others the smaller the one that is searched. So each
embedding is followed by a code of its collection: between images of one collection the distances
are those of the embeddings, and all others are farther away (Wu et al., "HQANN: Efficient and
Robust Similarity Search for Hybrid Queries with Structured and Unstructured Constraints", 2022).
"""

import time
from typing import Any, TypeAlias

import numpy as np
import psycopg
from numpy.typing import NDArray
from pgvector import HalfVector
from psycopg.errors import DiskFull, OutOfMemory
from psycopg.rows import scalar_row

from .pool import Pool

# Any number that no other program on the same database uses; two at once take turns.
_TRY_TO_LOCK = "SELECT pg_try_advisory_lock(7303014512662308)"

# The code of a collection has a number for each bit of a hash of its ID: this one where it is set.
# Two codes differ in half of the bits, by 0.5 of squared distance; two embeddings by 2 - 2 cos. So
# the nearest images of others come after the nearest of one's own. With more, walks did not find
# the way to small collections: of 4,000 images among 24,000, the recall@10 was .967 with .25, and
# 1.000 with this.
_CODE_LENGTH = 32
_BIT = ".18"
# Each four bits are looked up in a sequence that has every four once (de Bruijn 1946), which is
# quicker than to take them apart.
_SEQUENCE = "0000100110101111000"
_NUMBERS = ",".join(_BIT if bit == "1" else "0" for bit in _SEQUENCE)
_CODE = " || ".join(
    f"subvector('[{_NUMBERS}]'::halfvec({len(_SEQUENCE)}),"
    f" 1 + (hashtextextended(collection_id, 0) >> {shift} & 15)::int, 4)"
    for shift in range(0, _CODE_LENGTH, 4)
)

# A walk takes about as long as a comparison with so many images of a collection.
_LEAST_WALKED = 8_000

# Of a larger index, a collection that is a smaller share of it is not sure to be found: a graph of
# a million images has few ways to 10,000 others. The recall@10 of these was .74 and .93 in two such
# indexes, and of 100,000 beside the million .98 and 1.00 (how much their codes differ is chance);
# of 10,000 beside 130,000 it was 1.00, whenever the index was built.
_SMALL_INDEX = 150_000
_LEAST_SHARE = 0.08

# Bytes of memory that an image takes beside its place, while the index is made.
_NODE = 1_500

_Connection: TypeAlias = psycopg.Connection[Any]


async def collection_code(
    pool: Pool, table: str, collection_id: str, version: int
) -> HalfVector | None:
    """The code of a collection, if the nearest of its images or parts are found by a walk.

    If not, all of them are compared, which finds the nearest for sure.

    Args:
        pool: The connections to the database.
        table: "images" or "parts".
        collection_id: The collection.
        version: The version of the fingerprints.
    """
    row = await pool.row(
        """
        SELECT reltuples FROM pg_class JOIN pg_index ON indexrelid = oid
        WHERE oid = to_regclass(%s) AND indisvalid
        """,
        _name(table, version),
    )
    if row is None:
        return None
    # As PostgreSQL has estimated them: counting them all would take longer than any search.
    share = _LEAST_SHARE if row[0] > _SMALL_INDEX else 0
    least = max(_LEAST_WALKED, round(share * row[0]))
    row = await pool.row(
        f"""
        SELECT {_CODE} FROM (SELECT %s::text AS collection_id) AS searched
        WHERE (
            SELECT count(*) FROM (
                SELECT 1 FROM {table} WHERE collection_id = %s AND version = %s LIMIT %s
            ) AS counted
        ) = %s
        """,
        *(collection_id, collection_id, version, least, least),
    )
    return None if row is None else row[0]


def index_embeddings(database: str, version: int, dimensions: int) -> None:
    """Make the indexes by which images of a version, and parts, are found in large collections.

    Making one for many images takes minutes, during which images can be added and found.

    Args:
        database: How to connect, as libpq takes it.
        version: The version of the fingerprints.
        dimensions: How long their embeddings are.
    """
    with psycopg.connect(database, autocommit=True, row_factory=scalar_row) as connection:
        # Waiting for the lock in the database would hold up the very index that is waited for.
        while not connection.execute(_TRY_TO_LOCK).fetchone():
            time.sleep(0.2)
        for table in ("images", "parts"):
            name = _name(table, version)
            is_valid = connection.execute(
                f"SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('{name}')".encode()
            ).fetchone()
            if is_valid:
                continue
            _give_memory(connection, table, version, dimensions)
            try:
                _make_index(connection, table, version, dimensions)
            except (DiskFull, OutOfMemory):
                # What processes share may be far less, as in a container: then one does all.
                connection.execute("SET max_parallel_maintenance_workers = 0")
                _make_index(connection, table, version, dimensions)
        # Those of earlier versions of the service.
        for name in ("images_embedding", "images_by_embedding", "parts_by_embedding"):
            connection.execute(f"DROP INDEX IF EXISTS {name}_{version:d}")


def _give_memory(connection: _Connection, table: str, version: int, dimensions: int) -> None:
    """Let the index be made in memory, where that takes no more than the database has for pages.

    Where the graph does not fit into `maintenance_work_mem`, the rest of it is made on disk, which
    takes many times as long.
    """
    wanted = (
        f"(SELECT count(*) FROM {table} WHERE version = {version:d})"
        f" * {_NODE + 2 * (dimensions + _CODE_LENGTH):d}"
    )
    given = "pg_size_bytes(current_setting('maintenance_work_mem'))"
    most = "pg_size_bytes(current_setting('shared_buffers'))"
    connection.execute(
        f"""
        SELECT set_config('maintenance_work_mem', memory / 1024 || 'kB', false)
        FROM greatest({given}, least({wanted}, {most})) AS memory
        """.encode()
    )


def _make_index(connection: _Connection, table: str, version: int, dimensions: int) -> None:
    name = _name(table, version)
    # What an interrupted attempt has left is of no use.
    connection.execute(f"DROP INDEX IF EXISTS {name}".encode())
    connection.execute(
        f"""
        CREATE INDEX CONCURRENTLY {name} ON {table}
        USING hnsw (({_stored_point(dimensions)}) halfvec_l2_ops)
        WHERE version = {version:d}
        """.encode()
    )


def _name(table: str, version: int) -> str:
    return f"{table}_nearest_{version:d}"


def nearest_first(embedding: NDArray[np.float32], code: HalfVector) -> tuple[str, HalfVector]:
    """The order in which a walk comes to the images or parts of a collection, nearest first.

    Args:
        embedding: The embedding of a query, of length 1 as those are that are stored.
        code: The code of the collection.

    Returns:
        What to order by, in SQL, with a parameter for a point; and that point, where the query
        would be in the index.
    """
    point = HalfVector(np.concatenate([embedding, code.to_numpy()]))
    return f"{_stored_point(len(embedding))} <-> %s", point


def _stored_point(dimensions: int) -> str:
    """Where an image or part is in the index, in SQL: its embedding, and its collection's code."""
    placed = dimensions + _CODE_LENGTH
    return f"(embedding::halfvec({dimensions:d}) || {_CODE})::halfvec({placed:d})"
