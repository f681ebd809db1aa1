"""Searching by the index, as large collections are: a filter loses nothing, and changes count."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
import psycopg
import pytest
from attrs import evolve
from pgvector.psycopg import register_vector_async
from psycopg.conninfo import make_conninfo

from scripts.bench.scale import DIMENSIONS, VERSION, fill, image_id
from visualsnoop.server.matching.candidates import DEPTH, DEPTH_OF_WALK
from visualsnoop.server.settings import Settings
from visualsnoop.server.storage import embedding_index
from visualsnoop.server.storage.embedding_index import index_embeddings, point
from visualsnoop.server.storage.images import ImageStore
from visualsnoop.server.storage.keys import NewKeys, create_keys
from visualsnoop.server.storage.pool import WALK, Connection, Pool, connection_pool
from visualsnoop.server.storage.schema import upgrade
from visualsnoop.server.vault import Vault

Check = Callable[[Pool, ImageStore, str], Awaitable[None]]


def by_index(
    database: str, check: Check, size: int = 40, others: int = 800, most_visited: int = 1_000_000
) -> None:
    """Run a check on a collection of 40 images among 800 of another, by the index alone."""
    rare, common = (create_keys(database, name, "index").collection_id for name in NAMES)
    with psycopg.connect(database) as connection:
        fill(connection, common, others)
        fill(connection, rare, size)

    async def only_by_index(connection: Connection) -> None:
        await register_vector_async(connection)
        for name, value in {
            **WALK,
            "hnsw.ef_search": "40",
            "hnsw.max_scan_tuples": str(most_visited),
            "enable_seqscan": "off",
            "enable_bitmapscan": "off",
        }.items():
            await connection.execute("SELECT set_config(%s, %s, false)", (name, value))

    async def run() -> None:
        async with Pool(
            database, configure=only_by_index, kwargs={"autocommit": True}, open=False
        ) as pool:
            images = ImageStore(pool)
            images._known_walks[rare, VERSION] = True, float("inf")
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


def test_small_share_of_the_index_is_compared_as_a_whole(
    service: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding_index, "_LEAST_WALKED", 30)
    monkeypatch.setattr(embedding_index, "_SMALL_INDEX", 100)

    async def check(pool: Pool, images: ImageStore, rare: str) -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE images")
            (common,) = connection.execute(
                "SELECT collection_id FROM images GROUP BY collection_id ORDER BY count(*) DESC"
            ).fetchone() or ("",)
        assert await embedding_index.is_walked(pool, "images", common, VERSION)
        # It has more than 30 images, but not a tenth of all.
        assert not await embedding_index.is_walked(pool, "images", rare, VERSION)
        assert not await embedding_index.is_walked(pool, "images", rare, VERSION + 1)

    by_index(database, check)


def test_walk_comes_across_few_images_of_other_collections(service: str, database: str) -> None:
    async def check(pool: Pool, images: ImageStore, collection_id: str) -> None:
        found = await images.find_fingerprint(collection_id, image_id(7))
        assert found is not None
        near = await images.candidates(collection_id, found[1])
        # Of so many that it may visit, only every sixth would be one of the collection.
        assert len(near) == DEPTH_OF_WALK.hashes

    by_index(database, check, size=200, others=1000, most_visited=200)


QUERY = f"(array_fill(0.1, ARRAY[{DIMENSIONS + 32}]))::halfvec"


def test_index_is_walked_though_no_statistics_say_how_large_the_collection_is(
    service: str, database: str, keys: NewKeys
) -> None:
    with psycopg.connect(database) as connection:
        fill(connection, keys.collection_id, 500)
    distance = f"{point('embedding', 'collection_id', DIMENSIONS)} <-> {QUERY}"

    async def run() -> None:
        settings = Settings(database, Vault(bytes(32), "a test"))
        async with connection_pool(settings) as pool:
            plan = await pool.rows_by_index(
                f"""
                EXPLAIN SELECT image_id FROM images
                WHERE collection_id = %s AND version = {VERSION} ORDER BY {distance} LIMIT 5
                """,
                keys.collection_id,
            )
            assert f"images_by_embedding_{VERSION}" in str(plan)

    asyncio.run(run())


def test_collection_is_large_from_so_many_images_on(
    service: str, database: str, keys: NewKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding_index, "_LEAST_WALKED", 250)
    with psycopg.connect(database) as connection:
        fill(connection, keys.collection_id, 250)

    async def run() -> None:
        async with connection_pool(Settings(database, Vault(bytes(32), "a test"))) as pool:
            images = ImageStore(pool)
            found = await images.find_fingerprint(keys.collection_id, image_id(7))
            assert found is not None
            _, query = found
            near = await images.candidates(keys.collection_id, query)
            assert len(near) == DEPTH_OF_WALK.hashes
            async with pool.connection() as connection:
                await images.delete(connection, keys.collection_id, image_id(9))
            near = await ImageStore(pool).candidates(keys.collection_id, query)
            assert len(near) == DEPTH.hashes

    asyncio.run(run())


def test_walk_that_fails_or_is_given_up_leaves_the_connection_to_others(database: str) -> None:
    async def run() -> None:
        settings = Settings(database, Vault(bytes(32), "a test"), database_connections=1)
        async with connection_pool(settings) as pool:
            with pytest.raises(psycopg.errors.DivisionByZero):
                await pool.rows_by_index("SELECT 1 / (random() * 0)::int")
            walk = asyncio.ensure_future(pool.rows_by_index("SELECT pg_sleep(600)"))
            await asyncio.sleep(0.5)
            walk.cancel()
            with pytest.raises(asyncio.CancelledError):
                await walk
            # What holds for a walk holds for no other statement.
            assert await pool.row("SHOW enable_sort") == ("on",)

    asyncio.run(run())


@pytest.fixture
def own_database(bare_database: str) -> str:
    """How to connect to a database with 2,000 images, and little memory to make indexes in."""
    upgrade(bare_database)
    collection_id = create_keys(bare_database, "many", "index").collection_id
    with psycopg.connect(bare_database) as connection:
        fill(connection, collection_id, 2000)
    return make_conninfo(bare_database, options="-c maintenance_work_mem=1MB")


def test_index_is_made_in_memory_though_the_database_has_little_for_that(
    own_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = []
    make_index = embedding_index._make_index

    def noted(connection: psycopg.Connection, *args: Any) -> None:
        connection.add_notice_handler(lambda notice: said.append(notice.message_primary))
        make_index(connection, *args)

    monkeypatch.setattr(embedding_index, "_make_index", noted)
    index_embeddings(own_database, VERSION, DIMENSIONS)
    # As it would be after 500 images or so: "hnsw graph no longer fits into ...".
    assert not [notice for notice in said if notice and "no longer fits" in notice]


def test_index_is_made_by_one_process_where_several_can_share_too_little_memory(
    own_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(own_database) as connection:
        connection.execute("ALTER TABLE images SET (parallel_workers = 2)")

    def give_too_much(connection: psycopg.Connection, *_: Any) -> None:
        connection.execute("SET maintenance_work_mem = '2147483647kB'")

    monkeypatch.setattr(embedding_index, "_give_memory", give_too_much)
    index_embeddings(own_database, VERSION, DIMENSIONS)
    with psycopg.connect(own_database) as connection:
        index = f"images_by_embedding_{VERSION}"
        query = f"SELECT indisvalid FROM pg_index WHERE indexrelid = '{index}'::regclass"
        assert connection.execute(query.encode()).fetchone() == (True,)
