"""The index by which large collections are searched: a graph of all images of a version.

It is an HNSW graph (Malkov & Yashunin 2018) of pgvector. A walk through it would come across the
images of all collections, and the more of others the smaller the one that is searched. So each
embedding is followed by a code of its collection: between images of one collection the distances
are those of the embeddings, and all others are farther away (Wu et al., "HQANN: Efficient and
Robust Similarity Search for Hybrid Queries with Structured and Unstructured Constraints", 2022).
"""

import time
from typing import Any, TypeAlias

import psycopg
from psycopg.errors import DiskFull, OutOfMemory
from psycopg.rows import scalar_row

from .pool import Pool

# Any number that no other program on the same database uses; two at once take turns.
_TRY_TO_LOCK = "SELECT pg_try_advisory_lock(7303014512662308)"

_CODE_LENGTH = 32  # bits of a hash of the collection's ID
# The number of a bit that is set. Two codes differ in half of the bits, by 0.5 of squared distance;
# two embeddings by 2 - 2 cos. So the nearest images of others come after the nearest of one's own.
# With more, walks did not find the way to small collections: of 4,000 images among 24,000, the
# recall@10 was .967 with .25, and 1.000 with this.
_BIT = ".18"


# A walk takes about as long as a comparison with so many images of a collection.
_LEAST_WALKED = 8_000

# Of a larger index, a collection that is a smaller share of it is not sure to be found: a graph of
# a million images has few ways to 10,000 others. The recall@10 of these was .74, and of 100,000
# beside them .978; of 10,000 beside 130,000 it was 1.000, whenever the index was built.
_SMALL_INDEX = 150_000
_LEAST_SHARE = 0.1

# Bytes of memory that an image takes beside its place, while the index is made.
_NODE = 1_500

_Connection: TypeAlias = psycopg.Connection[Any]


async def is_walked(pool: Pool, table: str, collection_id: str, version: int) -> bool:
    """Whether to find the nearest images or parts of a collection by a walk through the index.

    Where not, all of them are compared, which finds the nearest for sure.

    Args:
        pool: The connections to the database.
        table: "images" or "parts".
        collection_id: The collection.
        version: The version of the fingerprints.
    """
    row = await pool.row(
        "SELECT reltuples FROM pg_class WHERE oid = to_regclass(%s)", _name(table, version)
    )
    # As PostgreSQL has estimated them: counting them all would take longer than any search.
    indexed = row[0] if row else 0
    share = _LEAST_SHARE if indexed > _SMALL_INDEX else 0
    least = max(_LEAST_WALKED, round(share * indexed))
    row = await pool.row(
        f"""
        SELECT count(*) FROM (
            SELECT 1 FROM {table} WHERE collection_id = %s AND version = %s LIMIT %s
        ) AS counted
        """,
        *(collection_id, version, least),
    )
    assert row is not None
    return int(row[0]) == least


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
        # That of earlier versions of the service, without the codes.
        connection.execute(f"DROP INDEX IF EXISTS images_embedding_{version:d}")


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
        USING hnsw (({point("embedding", "collection_id", dimensions)}) halfvec_l2_ops)
        WHERE version = {version:d}
        """.encode()
    )


def _name(table: str, version: int) -> str:
    return f"{table}_by_embedding_{version:d}"


def point(embedding: str, collection_id: str, dimensions: int) -> str:
    """Where an image is in the index, in SQL: its embedding, and the code of its collection.

    Args:
        embedding: The embedding, in SQL; its length does not matter.
        collection_id: The collection, in SQL.
        dimensions: How long the embedding is.
    """
    # What is written for each bit is followed by a comma, the last one but for the trimming.
    bits = f"hashtextextended({collection_id}, 0)::bit({_CODE_LENGTH})::text"
    numbers = f"rtrim(replace(replace({bits}, '0', '0,'), '1', '{_BIT},'), ',')"
    code = f"('[' || {numbers} || ']')::halfvec({_CODE_LENGTH})"
    placed = dimensions + _CODE_LENGTH
    return f"(l2_normalize({embedding}::halfvec({dimensions:d})) || {code})::halfvec({placed:d})"
