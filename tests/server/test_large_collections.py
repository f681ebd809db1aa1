"""Searching by the index, as large collections are: a filter loses nothing, and changes count."""

import asyncio
from collections.abc import Awaitable, Callable

import numpy as np
import psycopg
from attrs import evolve
from pgvector.psycopg import register_vector_async

from scripts.bench.scale import fill, image_id
from visualsnoop.server.storage.images import ImageStore
from visualsnoop.server.storage.keys import create_keys
from visualsnoop.server.storage.pool import Connection, Pool

Check = Callable[[Pool, ImageStore, str], Awaitable[None]]


async def _only_by_index(connection: Connection) -> None:
    await register_vector_async(connection)
    for setting in (
        "hnsw.iterative_scan = strict_order",
        "hnsw.ef_search = 40",
        "hnsw.max_scan_tuples = 1000000",
    ):
        await connection.execute(f"SET {setting}".encode())
    for way in ("sort", "seqscan", "bitmapscan"):
        await connection.execute(f"SET enable_{way} = off".encode())


def by_index(database: str, check: Check) -> None:
    """Run a check on a collection of 40 images among 800 of another, by the index alone."""
    rare, common = (create_keys(database, name, "index").collection_id for name in NAMES)
    with psycopg.connect(database) as connection:
        fill(connection, common, 800)
        fill(connection, rare, 40)

    async def run() -> None:
        async with Pool(
            database, configure=_only_by_index, kwargs={"autocommit": True}, open=False
        ) as pool:
            images = ImageStore(pool)
            images._known_sizes[rare] = True, float("inf")
            await check(pool, images, rare)

    try:
        asyncio.run(run())
    finally:
        with psycopg.connect(database) as connection:
            connection.execute("DELETE FROM collections WHERE owner = 'index'")


NAMES = ("rare", "common")


def test_filter_by_collection_loses_no_image(service: str, database: str) -> None:
    async def check(pool: Pool, images: ImageStore, collection_id: str) -> None:
        found = await images.find_fingerprint(collection_id, image_id(7))
        assert found is not None
        near = await images.candidates(collection_id, found[1])
        assert {candidate.image_id for candidate in near} == {image_id(n) for n in range(40)}
        cosines = [each.fingerprint.cosine for each in near]
        assert np.all(np.diff(cosines) <= 1e-3)

    by_index(database, check)


def test_new_image_is_found_at_once_and_deleted_one_no_more(service: str, database: str) -> None:
    async def check(pool: Pool, images: ImageStore, collection_id: str) -> None:
        found = await images.find_fingerprint(collection_id, image_id(7))
        assert found is not None
        query = evolve(found[1], embedding=-found[1].embedding)
        async with pool.connection() as connection:
            await images.add(connection, collection_id, "new", query, (4, 3))
        assert (await images.candidates(collection_id, query))[0].image_id == "new"
        async with pool.connection() as connection:
            await images.delete(connection, collection_id, "new")
        assert (await images.candidates(collection_id, query))[0].image_id != "new"

    by_index(database, check)
