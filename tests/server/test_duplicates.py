"""Groups of copies: together is what pairs lead to from one another, of all that is stored."""

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pgvector.psycopg import register_vector_async
from psycopg_pool import AsyncConnectionPool

from scripts.bench.scale import fill
from visualsnoop.server.duplicates import Pairs, grouped
from visualsnoop.server.errors import Problem
from visualsnoop.server.storage.images import Store, StoredImage
from visualsnoop.server.storage.keys import create_keys

START = datetime(2015, 1, 29, tzinfo=UTC)
IMAGES = [StoredImage(f"{n}", START + timedelta(seconds=n), 100) for n in range(12)]

pairs = st.lists(
    st.tuples(
        st.sampled_from(IMAGES), st.sampled_from(IMAGES), st.floats(0.5, 1, allow_nan=False)
    ).filter(lambda pair: pair[0] != pair[1])
)


@given(pairs)
def test_groups_are_what_pairs_connect(
    pairs: list[tuple[StoredImage, StoredImage, float]],
) -> None:
    groups = grouped(pairs)
    place = {image: number for number, group in enumerate(groups) for image in group.images}
    assert set(place) == {image for one, other, _ in pairs for image in (one, other)}
    assert sum(len(group.images) for group in groups) == len(place)
    for one, other, _ in pairs:
        assert place[one] == place[other]
    for number, group in enumerate(groups):
        within = [pair for pair in pairs if place[pair[0]] == number]
        reached = {group.images[0]}
        for _ in group.images:
            for one, other, _ in within:
                if one in reached or other in reached:
                    reached |= {one, other}
        assert reached == set(group.images)
        assert group.score == max(score for _, _, score in within)


@given(pairs)
def test_groups_are_sorted_and_oldest_images_first(
    pairs: list[tuple[StoredImage, StoredImage, float]],
) -> None:
    groups = grouped(pairs)
    assert [group.score for group in groups] == sorted((g.score for g in groups), reverse=True)
    for group in groups:
        assert list(group.images) == sorted(group.images, key=lambda image: image.image_time)


def test_images_that_came_at_once_are_compared_by_several_requests(
    service: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    collection_id = create_keys(database, "imported", "groups").collection_id
    with psycopg.connect(database) as connection:
        fill(connection, collection_id, 25)
        connection.execute(
            "INSERT INTO unpaired SELECT collection_id, image_id FROM images"
            " WHERE collection_id = %s",
            (collection_id,),
        )
    # Each image takes a second of the ten that a request has.
    clock = SimpleNamespace(monotonic=itertools.count().__next__)
    monkeypatch.setattr("visualsnoop.server.duplicates.time", clock)

    async def left_after_each_request() -> list[str]:
        left: list[str] = []
        async with AsyncConnectionPool(
            database, configure=register_vector_async, kwargs={"autocommit": True}, open=False
        ) as pool:
            while True:
                try:
                    await Pairs(pool, Store(pool)).groups(collection_id, 0.7)
                    return left
                except Problem as problem:
                    assert problem.status == 503
                    assert problem.headers["Retry-After"] == "1"
                    left.append(problem.message.partition(" ")[0])

    assert asyncio.run(left_after_each_request()) == ["16", "7"]
