"""Clients that do the same, or the contrary, at the same moment."""

import asyncio
import io
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from scripts.local_service import client, running_service
from visualsnoop.server.duplicates import Duplicates
from visualsnoop.server.matching.decode import decode
from visualsnoop.server.matching.fingerprint import Fingerprint
from visualsnoop.server.matching.fingerprinter import Fingerprinter
from visualsnoop.server.settings import Settings
from visualsnoop.server.storage.images import Candidate, ImageStore
from visualsnoop.server.storage.keys import NewKeys
from visualsnoop.server.storage.pool import connection_pool
from visualsnoop.server.vault import Vault

from ..pictures import different_picture

CLIENTS = 64
SAME = 0.99


@pytest.fixture(scope="module")
def two_services(service: str, database: str) -> Iterator[tuple[str, str]]:
    """The endpoints of two processes over one database."""
    with running_service(f"--database={database}") as other:
        yield service, other.endpoint


def test_of_many_who_add_the_same_id_one_succeeds(
    two_services: tuple[str, str], keys: NewKeys
) -> None:
    pictures = [different_picture(number) for number in range(CLIENTS)]
    start = threading.Barrier(CLIENTS)

    def add(number: int) -> httpx.Response:
        with client(two_services[number % 2], keys) as connection:
            connection.get("/collection")
            start.wait()
            return connection.post("/image/wanted", content=pictures[number])

    with ThreadPoolExecutor(CLIENTS) as threads:
        responses = list(threads.map(add, range(CLIENTS)))
    statuses = [response.status_code for response in responses]
    assert sorted(statuses) == [201] + [409] * (CLIENTS - 1)
    winner = statuses.index(201)
    with client(two_services[0], keys) as connection:
        (image,) = connection.get("/images").json()["images"]
        assert image == {"id": "wanted", "image_time": responses[winner].json()["image_time"]}
        same = [
            number
            for number, picture in enumerate(pictures)
            if connection.post("/compare/wanted", content=picture).json()["score"] >= SAME
        ]
    assert same == [winner]


def test_image_that_is_replaced_while_compared_is_not_paired_by_what_it_was(
    database: str, keys: NewKeys, photos: list[Path]
) -> None:
    fingerprinter = Fingerprinter()
    one, another = (
        fingerprinter.fingerprint(decode(io.BytesIO(photo.read_bytes()), max_pixels=10**6))
        for photo in photos[:2]
    )

    settings = Settings(database, Vault(bytes(32), "a test"))

    class ReplacedMeanwhile(ImageStore):
        async def candidates(
            self,
            collection_id: str,
            query: Fingerprint,
            start: int = 0,
            stop: int = 0,
            without: str | None = None,
        ) -> list[Candidate]:
            found = await super().candidates(collection_id, query, start, stop, without)
            async with self._pool.connection() as connection, connection.transaction():
                await self.add_or_replace(connection, collection_id, "copy", another, (4, 3))
            return found

    async def scenario() -> None:
        async with connection_pool(settings) as pool:
            images = ImageStore(pool)
            async with pool.connection() as connection, connection.transaction():
                for image_id in ("image", "copy"):
                    await images.add(connection, keys.collection_id, image_id, one, (4, 3))
            await Duplicates(pool, ReplacedMeanwhile(pool)).compare(keys.collection_id, "image")
            page = await Duplicates(pool, images).groups(keys.collection_id, 0.5, 0, 10)
            assert page.group_count == 0

    asyncio.run(scenario())
