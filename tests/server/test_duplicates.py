"""Groups of copies: together is what pairs lead to from one another, of all that is stored."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator
from types import SimpleNamespace
from typing import TypeVar
from uuid import uuid4

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.bench.scale import fill, image_id
from visualsnoop.server import duplicates
from visualsnoop.server.duplicates import Components, Duplicates
from visualsnoop.server.errors import APIError
from visualsnoop.server.settings import Settings
from visualsnoop.server.storage.images import ImageStore
from visualsnoop.server.storage.keys import create_keys
from visualsnoop.server.storage.pool import connection_pool
from visualsnoop.server.vault import Vault

T = TypeVar("T")

MANY = 60

scored_pairs = st.lists(
    st.tuples(
        st.sampled_from("abcdefghijkl"),
        st.sampled_from("abcdefghijkl"),
        st.floats(0.5, 1, allow_nan=False),
    ).filter(lambda pair: pair[0] < pair[1])
)


def components(pairs: list[tuple[str, str, float]]) -> Components:
    found = Components()
    for one, other, score in pairs:
        found.connect([(one, score, [other])])
    return found


@given(scored_pairs)
def test_components_are_what_pairs_connect(pairs: list[tuple[str, str, float]]) -> None:
    found = components(pairs).sorted()
    place = {image: number for number, each in enumerate(found) for image in each.image_ids}
    assert set(place) == {image for one, other, _ in pairs for image in (one, other)}
    assert sum(len(each.image_ids) for each in found) == len(place)
    for one, other, _ in pairs:
        assert place[one] == place[other]
    for number, component in enumerate(found):
        within = [pair for pair in pairs if place[pair[0]] == number]
        reached = {component.image_ids[0]}
        for _ in component.image_ids:
            for one, other, _ in within:
                if one in reached or other in reached:
                    reached |= {one, other}
        assert reached == set(component.image_ids)
        assert component.score == max(score for _, _, score in within)


@given(scored_pairs)
def test_components_with_the_best_evidence_come_first(pairs: list[tuple[str, str, float]]) -> None:
    scores = [each.score for each in components(pairs).sorted()]
    assert scores == sorted(scores, reverse=True)


@pytest.fixture
def collection_id(database: str) -> Iterator[str]:
    """A collection of `MANY` images, of which no two have been found to be copies."""
    collection_id = create_keys(database, uuid4().hex, "groups").collection_id
    with psycopg.connect(database) as connection:
        fill(connection, collection_id, MANY)
    yield collection_id


def with_duplicates(database: str, act: Callable[[Duplicates], Awaitable[T]]) -> T:
    """What comes of doing something with the duplicates of a database."""

    async def run() -> T:
        async with connection_pool(Settings(database, Vault(bytes(32), "a test"))) as pool:
            return await act(Duplicates(pool, ImageStore(pool)))

    return asyncio.run(run())


def store_pairs(database: str, collection_id: str, pairs: list[tuple[int, int, float]]) -> None:
    """Store pairs of images, which are told by their numbers."""
    with psycopg.connect(database) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO pairs VALUES (%s, %s, %s, %s)",
            [(collection_id, image_id(one), image_id(other), score) for one, other, score in pairs],
        )


def listed(database: str, collection_id: str, offset: int, count: int) -> list[list[str]]:
    """The image IDs of the groups on a page."""
    page = with_duplicates(database, lambda found: found.groups(collection_id, 0.7, offset, count))
    return [[image.image_id for image in group.images] for group in page.groups]


def test_images_of_a_group_are_listed_oldest_first(database: str, collection_id: str) -> None:
    store_pairs(database, collection_id, [(1, 2, 0.9), (2, 3, 0.9)])
    with psycopg.connect(database) as connection:
        for number in (3, 1, 2):
            connection.execute(
                "UPDATE images SET image_time = clock_timestamp()"
                " WHERE collection_id = %s AND image_id = %s",
                (collection_id, image_id(number)),
            )
    assert listed(database, collection_id, 0, 10) == [[image_id(3), image_id(1), image_id(2)]]


def test_pages_of_groups_follow_each_other(database: str, collection_id: str) -> None:
    pairs = [(2 * number, 2 * number + 1, 1 - number / 100) for number in range(10)]
    store_pairs(database, collection_id, pairs)
    pages = [listed(database, collection_id, offset, 4) for offset in (0, 4, 8, 12)]
    assert [len(page) for page in pages] == [4, 4, 2, 0]
    groups = [sorted(group) for page in pages for group in page]
    assert groups == [sorted([image_id(one), image_id(other)]) for one, other, _ in pairs]


def test_page_has_fewer_groups_where_they_have_many_images(
    database: str, collection_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicates, "_MAX_PAGE_IMAGES", 5)
    store_pairs(database, collection_id, [(2 * n, 2 * n + 1, 0.9) for n in range(10)])
    assert len(listed(database, collection_id, 0, 10)) == 2


def test_of_a_large_group_the_oldest_images_are_listed(
    database: str, collection_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicates, "MAX_GROUP_IMAGES", 10)
    monkeypatch.setattr(duplicates, "_MAX_PAGE_IMAGES", 5)
    store_pairs(database, collection_id, [(n, n + 1, 0.9) for n in range(MANY - 1)])
    with psycopg.connect(database) as connection:
        connection.execute(
            "UPDATE images SET image_time = image_time - interval '1 day'"
            " WHERE collection_id = %s AND image_id = %s",
            (collection_id, image_id(50)),
        )
    page = with_duplicates(database, lambda found: found.groups(collection_id, 0.7, 0, 10))
    (group,) = page.groups
    assert group.image_count == MANY
    assert len(group.images) == 10
    assert group.images[0].image_id == image_id(50)


def test_requests_for_one_collection_wait_for_each_other_but_not_without_end(
    database: str, collection_id: str
) -> None:
    async def ask_at_once(found: Duplicates) -> list[object]:
        asked = (found.groups(collection_id, 0.7, 0, 10) for _ in range(20))
        return await asyncio.gather(*asked, return_exceptions=True)

    outcomes = with_duplicates(database, ask_at_once)
    refused = [each for each in outcomes if isinstance(each, APIError)]
    assert len(refused) == 12
    assert {error.status for error in refused} == {503}


def test_images_that_came_at_once_are_compared_by_several_requests(
    service: str, database: str, collection_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO unpaired SELECT collection_id, image_id FROM images"
            " WHERE collection_id = %s LIMIT 25",
            (collection_id,),
        )
    # Each image takes a second of the ten that a request has.
    clock = SimpleNamespace(monotonic=itertools.count().__next__)
    monkeypatch.setattr("visualsnoop.server.duplicates.time", clock)

    async def left_after_each_request(found: Duplicates) -> list[str]:
        left: list[str] = []
        while True:
            try:
                await found.groups(collection_id, 0.7, 0, 10)
                return left
            except APIError as error:
                assert error.status == 503
                assert error.headers["Retry-After"] == "1"
                left.append(error.message.partition(" ")[0])

    assert with_duplicates(database, left_after_each_request) == ["16", "7"]
