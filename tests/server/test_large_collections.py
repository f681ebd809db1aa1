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
from psycopg.rows import TupleRow

from scripts.bench.scale import DIMENSIONS, VERSION, fill, image_id
from visualsnoop.server.matching.candidates import DEPTH, DEPTH_OF_WALK
from visualsnoop.server.matching.fingerprint import Fingerprint
from visualsnoop.server.settings import Settings
from visualsnoop.server.storage import embedding_index
from visualsnoop.server.storage.embedding_index import collection_code, index_embeddings
from visualsnoop.server.storage.images import ImageStore
from visualsnoop.server.storage.keys import NewKeys, create_keys
from visualsnoop.server.storage.parts import nearest_parts
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
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(embedding_index, "_LEAST_WALKED", 1)
                patch.setattr(embedding_index, "_LEAST_SHARE", 0)
                code = await collection_code(pool, "images", rare, VERSION)
            assert code is not None
            images = ImageStore(pool)
            images._known_codes[rare, VERSION] = code, float("inf")
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
        assert await collection_code(pool, "images", common, VERSION) is not None
        # It has more than 30 images, but these are too few of all.
        assert await collection_code(pool, "images", rare, VERSION) is None
        assert await collection_code(pool, "images", rare, VERSION + 1) is None

    by_index(database, check)


def test_walk_comes_across_few_images_of_other_collections(service: str, database: str) -> None:
    async def check(pool: Pool, images: ImageStore, collection_id: str) -> None:
        found = await images.find_fingerprint(collection_id, image_id(7))
        assert found is not None
        near = await images.candidates(collection_id, found[1])
        # Of so many that it may visit, only every sixth would be one of the collection.
        assert len(near) == DEPTH_OF_WALK.hashes

    by_index(database, check, size=200, others=1000, most_visited=200)


def test_index_is_walked_though_no_statistics_say_how_large_the_collection_is(
    service: str, database: str, keys: NewKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding_index, "_LEAST_WALKED", 250)
    with psycopg.connect(database) as connection:
        fill(connection, keys.collection_id, 500)

    async def run() -> None:
        async with connection_pool(Settings(database, Vault(bytes(32), "a test"))) as pool:
            plans = explained(pool, monkeypatch)
            images = ImageStore(pool)
            await images.candidates(keys.collection_id, await query_of(images, keys.collection_id))
            assert [f"images_nearest_{VERSION}" in plan for plan in plans] == [True]

    asyncio.run(run())


def test_plan_of_a_walk_is_kept_and_finds_the_images_of_each_collection(
    own_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding_index, "_LEAST_WALKED", 250)
    index_embeddings(own_database, VERSION, DIMENSIONS)
    few = create_keys(own_database, "few", "index").collection_id
    with psycopg.connect(own_database, autocommit=True) as connection:
        (many,) = connection.execute("SELECT min(collection_id) FROM images").fetchone() or ("",)
        fill(connection, few, 250, first=5000)
        connection.execute("ANALYZE images")

    async def run() -> None:
        settings = Settings(own_database, Vault(bytes(32), "a test"), database_connections=1)
        async with connection_pool(settings) as pool:
            images = ImageStore(pool)
            query = await query_of(images, many)
            for _ in range(12):
                near = await images.candidates(many, query)
                assert near[0].image_id == image_id(7)
                assert all(int(each.image_id) < 2000 for each in near)
                near = await images.candidates(few, query)
                assert all(int(each.image_id) >= 5000 for each in near)
                assert len(near) == DEPTH_OF_WALK.hashes
            assert await pool.row(
                "SELECT sum(custom_plans), sum(generic_plans) FROM pg_prepared_statements"
                " WHERE statement LIKE %s",
                "%<->%",
            ) == (5, 24 - _PREPARED_FROM - 5)

    asyncio.run(run())


# The execution from which on psycopg prepares a statement.
_PREPARED_FROM = 5


def test_nearest_parts_are_found_by_a_walk(
    own_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(own_database, autocommit=True) as connection:
        (many,) = connection.execute("SELECT collection_id FROM collections").fetchone() or ("",)
        connection.execute(
            """
            INSERT INTO parts
            SELECT collection_id, image_id, 0, '{0, 0, 1, 1}', version, quality, pdq, embedding,
                keypoints, detail
            FROM images
            """
        )
    index_embeddings(own_database, VERSION, DIMENSIONS)

    async def run() -> None:
        async with connection_pool(Settings(own_database, Vault(bytes(32), "a test"))) as pool:
            plans = explained(pool, monkeypatch)
            query = await query_of(ImageStore(pool), many)
            compared = await nearest_parts(pool, many, query, 20)
            monkeypatch.setattr(embedding_index, "_LEAST_WALKED", 250)
            walked = await nearest_parts(pool, many, query, 20)
            assert [f"parts_nearest_{VERSION}" in plan for plan in plans] == [False, True]
            assert walked == compared
            assert walked[0].candidate.image_id == image_id(7)

    asyncio.run(run())


def explained(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How PostgreSQL executes what a pool is asked all rows of from now on."""
    plans = []

    async def rows(statement: str, *parameters: Any, keep_plan: bool = False) -> list[TupleRow]:
        plans.append(str(await Pool.rows(pool, f"EXPLAIN {statement}", *parameters)))
        return await Pool.rows(pool, statement, *parameters, keep_plan=keep_plan)

    monkeypatch.setattr(pool, "rows", rows)
    return plans


async def query_of(images: ImageStore, collection_id: str) -> Fingerprint:
    found = await images.find_fingerprint(collection_id, image_id(7))
    assert found is not None
    return found[1]


def test_index_that_is_still_being_made_is_not_walked(
    own_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding_index, "_LEAST_WALKED", 250)
    index_embeddings(own_database, VERSION, DIMENSIONS)
    with psycopg.connect(own_database, autocommit=True) as connection:
        (many,) = connection.execute("SELECT collection_id FROM collections").fetchone() or ("",)

        async def is_walked() -> bool:
            async with connection_pool(Settings(own_database, Vault(bytes(32), "a test"))) as pool:
                return await collection_code(pool, "images", many, VERSION) is not None

        assert asyncio.run(is_walked())
        index = f"images_nearest_{VERSION}"
        connection.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass", (index,)
        )
        assert not asyncio.run(is_walked())


def test_indexes_of_earlier_versions_are_removed(own_database: str) -> None:
    earlier = f"images_by_embedding_{VERSION}"
    with psycopg.connect(own_database) as connection:
        connection.execute(f"CREATE INDEX {earlier} ON images (quality)".encode())
    index_embeddings(own_database, VERSION, DIMENSIONS)
    with psycopg.connect(own_database) as connection:
        names = "SELECT to_regclass(%s) IS NULL, to_regclass(%s) IS NULL"
        assert connection.execute(names, (earlier, f"images_nearest_{VERSION}")).fetchone() == (
            *(True, False),
        )


def test_a_few_images_are_looked_up_by_their_ids_however_many_there_are(
    own_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections that walk do not sort what an index has in order, all other images among it."""
    with psycopg.connect(own_database, autocommit=True) as connection:
        connection.execute("ANALYZE images")
        (many,) = connection.execute("SELECT collection_id FROM collections").fetchone() or ("",)

    async def run() -> None:
        async with (
            connection_pool(Settings(own_database, Vault(bytes(32), "a test"))) as pool,
            pool.connection() as connection,
        ):
            plans = []
            execute = connection.execute

            async def explain(statement: str, parameters: Any) -> Any:
                plan = await execute(f"EXPLAIN {statement}".encode(), parameters)
                plans.append(str(await plan.fetchall()))
                return await execute(statement.encode(), parameters)

            monkeypatch.setattr(connection, "execute", explain)
            images = ImageStore(pool)
            few = [image_id(9), image_id(3), image_id(1000)]
            oldest = await images.oldest(connection, many, few, 3)
            assert [image.image_id for image in oldest] == sorted(few)
            assert [name for name, _ in await images.lock(connection, many, few)] == sorted(few)
            assert ["= ANY" in plan.split("Index Cond")[1] for plan in plans] == [True, True]

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
            query = await query_of(images, keys.collection_id)
            near = await images.candidates(keys.collection_id, query)
            assert len(near) == DEPTH_OF_WALK.hashes
            async with pool.connection() as connection:
                await images.delete(connection, keys.collection_id, image_id(9))
            near = await ImageStore(pool).candidates(keys.collection_id, query)
            assert len(near) == DEPTH.hashes

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
        index = f"images_nearest_{VERSION}"
        query = f"SELECT indisvalid FROM pg_index WHERE indexrelid = '{index}'::regclass"
        assert connection.execute(query.encode()).fetchone() == (True,)
