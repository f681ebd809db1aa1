"""The attacks of `scripts.proofs.abuse`: what each of the attackers does, over and over again."""

import asyncio
import itertools
import math
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from email.utils import formatdate
from functools import cache
from urllib.parse import urlsplit

import psycopg
from attrs import frozen

from scripts.bench.scale import fill, image_id
from scripts.proofs.costly_pictures import (
    huge_avif_that_says_it_is_small,
    huge_webp,
    jpeg_of_scans,
    large_picture,
)
from visualsnoop.auth import signature
from visualsnoop.server.settings import MIB
from visualsnoop.server.storage.keys import NewKeys

CONNECTIONS = 10_000
COPIES = 15_000
PAIRS_OF_A_COPY = 100
MANY_IMAGES = 15_000  # few enough to be compared as a whole


@frozen
class Target:
    """What is attacked, and the keys with which that is done.

    Attributes:
        endpoint: The service.
        keys: Keys of the attackers.
        landed: Is called whenever an attacker has done what it was to do.
        ended: Is called whenever the service has made an end of an attacker.
    """

    endpoint: str
    keys: NewKeys
    landed: Callable[[], None]
    ended: Callable[[], None]

    def head(self, *headers: str, method: str = "POST", path: str = "/search") -> bytes:
        """The head of a signed request."""
        full = urlsplit(self.endpoint).path + path
        date = formatdate(usegmt=True)
        signed = signature(self.keys.secret_key, method, full.partition("?")[0], date)
        authorization = f"Authorization: VSHMAC {self.keys.public_key}:{signed}"
        lines = [f"{method} {full} HTTP/1.1", "Host: target", f"Date: {date}", authorization]
        return "\r\n".join([*lines, *headers, "", ""]).encode()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        url = urlsplit(self.endpoint)
        assert url.hostname is not None
        return await asyncio.open_connection(url.hostname, url.port)


Act = Callable[[Target], Awaitable[None]]


@frozen
class Attack:
    """An attack.

    Attributes:
        acts: What attackers do, and how many of them do it.
        prepare: What is done before, with the database and the ID of the attackers' collection.
        must_end: Whether the service has to make an end of attackers.
        least_memory: How many MiB the attack has to take, or it did not take place.
        most_memory: How many MiB it may take.
        over_tls: Whether the service that is attacked speaks TLS.
        least_landed: How often attackers must have landed before it counts as under way.
    """

    acts: Sequence[tuple[Act, int]]
    prepare: Callable[[str, str], None] | None = None
    must_end: bool = False
    least_memory: float = -math.inf
    most_memory: float = math.inf
    over_tls: bool = False
    least_landed: int = 1


async def slow_head(target: Target) -> None:
    await _drip(target, b"GET /api/v1/images HTTP/1.1\r\nX-Filler: " + b"x" * 1000)


async def slow_body(target: Target) -> None:
    head = target.head("Content-Length: 1000000", path="/image")
    await _drip(target, b"\xff\xd8\xff" + bytes(1000), at_once=head)


async def _drip(target: Target, data: bytes, at_once: bytes = b"") -> None:
    reader, writer = await target.connect()
    try:
        writer.write(at_once)
        for byte in data:
            writer.write(bytes([byte]))
            await writer.drain()
            target.landed()
            with suppress(TimeoutError):
                # An answer, or the end, is what cuts it off.
                await asyncio.wait_for(reader.read(1), 1)
                target.ended()
                return
    except ConnectionError:
        target.ended()
    finally:
        writer.close()


async def stalled_body(target: Target) -> None:
    """Send a body of the largest size but for two bytes, and wait."""
    reader, writer = await target.connect()
    try:
        writer.write(target.head(f"Content-Length: {32 * MIB}"))
        for _ in range(31):
            writer.write(bytes(MIB))
            await writer.drain()
        writer.write(bytes(MIB - 2))
        await writer.drain()
        target.landed()
        await reader.read(1)
        target.ended()
    except ConnectionError:
        # Refused while it was sending: that it had begun counts.
        target.landed()
        target.ended()
    finally:
        writer.close()


async def tiny_chunks(target: Target) -> None:
    head = b"POST /api/v1/search HTTP/1.1\r\nHost: target\r\nTransfer-Encoding: chunked\r\n\r\n"
    await _tiny_chunks(target, head)


async def signed_tiny_chunks(target: Target) -> None:
    await _tiny_chunks(target, target.head("Transfer-Encoding: chunked"))


async def _tiny_chunks(target: Target, head: bytes) -> None:
    chunks = b"1\r\nx\r\n" * 10_000
    _, writer = await target.connect()
    try:
        writer.write(head)
        while True:
            writer.write(chunks)
            target.landed()
            await writer.drain()
    finally:
        writer.close()


async def many_headers(target: Target) -> None:
    reader, writer = await target.connect()
    head = b"GET /api/v1/images HTTP/1.1\r\nHost: target\r\n" + b"a:b\r\n" * 5500 + b"\r\n"
    try:
        writer.write(head)
        await reader.readuntil(b"\r\n\r\n")
        target.landed()
    finally:
        writer.close()


async def pipelined_heads(target: Target) -> None:
    _, writer = await target.connect()
    date = formatdate(usegmt=True)
    head = (
        f"GET /api/v1/images HTTP/1.1\r\nHost: target\r\nDate: {date}\r\n"
        f"Authorization: VSHMAC {'0' * 20}:{'A' * 27}=\r\n\r\n"
    ).encode()
    try:
        while True:
            writer.write(head * 100)
            target.landed()
            await writer.drain()
    finally:
        writer.close()


async def idle(target: Target) -> None:
    reader, writer = await target.connect()
    try:
        # Connections that never ask for anything are closed within seconds; these are kept.
        writer.write(target.head(method="GET", path="/collection"))
        await reader.readuntil(b"\r\n\r\n")
        target.landed()
        while await reader.read(65536):
            pass
    finally:
        writer.close()
    # A flood of new connections would be another attack, which is for the system to stop: those
    # that were closed, as one key pair has no more than its share, come back one by one.
    await asyncio.sleep(random.uniform(0, 60))


async def huge_body_of_known_size(target: Target) -> None:
    await _flood(target, "Content-Length: 1000000000", b"%s")


async def huge_body_of_unknown_size(target: Target) -> None:
    await _flood(target, "Transfer-Encoding: chunked", b"100000\r\n%s\r\n")


async def _flood(target: Target, header: str, form: bytes) -> None:
    _, writer = await target.connect()
    piece = form % bytes(MIB)
    try:
        writer.write(target.head(header))
        for _ in range(1000):
            writer.write(piece)
            await writer.drain()
            target.landed()
    finally:
        writer.close()


async def bomb(target: Target) -> None:
    await _send_pictures(target, _bombs(), b"200")


async def picture_of_many_scans(target: Target) -> None:
    await _send_pictures(target, _pictures_of_many_scans(), b"200", b"415")


async def picture_of_false_size(target: Target) -> None:
    await _send_pictures(target, _pictures_of_false_size(), b"413", b"415")


async def _send_pictures(target: Target, pictures: Sequence[bytes], *wanted: bytes) -> None:
    """Search by one picture after the other; those count that the service has looked at."""
    for data in itertools.cycle(pictures):
        reader, writer = await target.connect()
        try:
            writer.write(target.head(f"Content-Length: {len(data)}", "Connection: close") + data)
            if (await reader.read())[9:12] in wanted:
                target.landed()
        finally:
            writer.close()
        await asyncio.sleep(0.1)


async def picture_left_alone(target: Target) -> None:
    """Send a picture that takes long, and go."""
    data = _pictures_of_many_scans()[0]
    _, writer = await target.connect()
    try:
        writer.write(target.head(f"Content-Length: {len(data)}") + data)
        await writer.drain()
        await asyncio.sleep(0.2)
        target.landed()
    finally:
        writer.close()


@cache
def _bombs() -> Sequence[bytes]:
    """Small files of pictures that are nearly as large as is allowed, and so are decoded."""
    return [large_picture(file_format) for file_format in ("GIF", "PNG", "TIFF")]


@cache
def _pictures_of_many_scans() -> Sequence[bytes]:
    # As large, and with as many scans, as can be; and with far too many.
    return [jpeg_of_scans(9_900, 19), jpeg_of_scans(9_000, 1000)]


@cache
def _pictures_of_false_size() -> Sequence[bytes]:
    return [huge_avif_that_says_it_is_small(), huge_webp()]


async def silent_handshake(target: Target) -> None:
    """Connect to a port that speaks TLS, and say nothing."""
    await _wait_for_end(target, b"")


async def begun_handshake(target: Target) -> None:
    """Say that a TLS handshake is to come."""
    await _wait_for_end(target, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")


async def _wait_for_end(target: Target, beginning: bytes) -> None:
    reader, writer = await target.connect()
    try:
        writer.write(beginning)
        await writer.drain()
        target.landed()
        await reader.read()
        target.ended()
    except ConnectionError:
        target.ended()
    finally:
        writer.close()


async def first_group(target: Target) -> None:
    await _get(target, "/duplicates?count=1")


async def last_results(target: Target) -> None:
    await _get(target, f"/search/{image_id(7)}?offset=14000&count=1000&min_score=0")


async def search_by_id(target: Target) -> None:
    await _get(target, f"/search/{image_id(random.randrange(MANY_IMAGES))}?min_score=0&count=1000")


async def _get(target: Target, path: str) -> None:
    reader, writer = await target.connect()
    try:
        writer.write(target.head("Connection: close", method="GET", path=path))
        if await reader.read():
            target.landed()
    finally:
        writer.close()


def store_copies(database: str, collection_id: str) -> None:
    """Fill a collection with copies of one picture, as the service would have found them."""
    with psycopg.connect(database, autocommit=True) as connection:
        fill(connection, collection_id, COPIES)
        # That each of the pairs has its images need not be looked up.
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            """
            INSERT INTO pairs
            SELECT one.collection_id, one.image_id, other.image_id, 1
            FROM images AS one JOIN images AS other ON other.collection_id = one.collection_id
                AND other.image_id::int BETWEEN one.image_id::int + 1 AND one.image_id::int + %s
            WHERE one.collection_id = %s
            """,
            (PAIRS_OF_A_COPY, collection_id),
        )
        connection.execute("ANALYZE")


def store_many(database: str, collection_id: str) -> None:
    """Fill a collection with many different images."""
    with psycopg.connect(database, autocommit=True) as connection:
        fill(connection, collection_id, MANY_IMAGES)
        connection.execute("VACUUM ANALYZE images")


ATTACKS = {
    "slow-heads": Attack([(slow_head, 500)], must_end=True),
    "slow-bodies": Attack([(slow_body, 200)], must_end=True),
    "stalled-bodies": Attack([(stalled_body, 8)], must_end=True),
    "tiny-chunks": Attack([(tiny_chunks, 4)]),
    "signed-chunks": Attack([(signed_tiny_chunks, 4)]),
    "many-headers": Attack([(many_headers, 4)]),
    "pipelined-heads": Attack([(pipelined_heads, 4)]),
    "idle": Attack([(idle, CONNECTIONS)], least_landed=CONNECTIONS),
    "tls": Attack([(silent_handshake, 300), (begun_handshake, 300)], must_end=True, over_tls=True),
    "huge-bodies": Attack([(huge_body_of_known_size, 2), (huge_body_of_unknown_size, 2)]),
    "bombs": Attack([(bomb, 2)], least_memory=100),
    "many-scans": Attack([(picture_of_many_scans, 4)]),
    "false-sizes": Attack([(picture_of_false_size, 4)], most_memory=200),
    "left-pictures": Attack([(picture_left_alone, 8)]),
    "duplicates": Attack([(first_group, 3)], prepare=store_copies),
    "deep-offsets": Attack([(last_results, 3)], prepare=store_many),
    "searches": Attack([(search_by_id, 20)], prepare=store_many),
}
