"""The attacks of `scripts.proofs.abuse`: what each of the attackers does, over and over again."""

import asyncio
import io
import itertools
import random
import struct
import zlib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from email.utils import formatdate
from urllib.parse import urlsplit

import psycopg
from attrs import frozen
from PIL import Image

from scripts.bench.scale import fill, image_id
from visualsnoop.auth import signature
from visualsnoop.server.settings import MIB
from visualsnoop.server.storage.keys import NewKeys

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
    """

    endpoint: str
    keys: NewKeys
    landed: Callable[[], None]

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
    """

    acts: Sequence[tuple[Act, int]]
    prepare: Callable[[str, str], None] | None = None


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
                return
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
    except ConnectionError:
        # Refused while it was sending: that it had begun counts.
        target.landed()
        raise
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
    # A flood of new connections would be another attack, which is for the system to stop.
    await asyncio.sleep(random.uniform(0, 5))


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
    for data in itertools.cycle(_bombs()):
        reader, writer = await target.connect()
        try:
            writer.write(target.head(f"Content-Length: {len(data)}", "Connection: close") + data)
            if await reader.read():
                target.landed()
        finally:
            writer.close()
        await asyncio.sleep(0.1)


_BOMBS: list[bytes] = []


def _bombs() -> list[bytes]:
    if not _BOMBS:
        _BOMBS.extend([png_bomb(), *map(large_picture, ("GIF", "PNG", "JPEG"))])
    return _BOMBS


def png_bomb() -> bytes:
    """A PNG file of 100,000 x 100,000 pixels, of which only the beginning is there."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(50_000_000), 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def large_picture(file_format: str) -> bytes:
    """A file of 144 million black pixels."""
    file = io.BytesIO()
    Image.new("L", (12_000, 12_000)).save(file, file_format)
    return file.getvalue()


async def first_group(target: Target) -> None:
    await _get(target, "/duplicates?count=1")


async def last_results(target: Target) -> None:
    await _get(target, f"/search/{image_id(7)}?offset=14000&count=1000&min_score=0")


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
    "slow-heads": Attack([(slow_head, 500)]),
    "slow-bodies": Attack([(slow_body, 200)]),
    "stalled-bodies": Attack([(stalled_body, 8)]),
    "tiny-chunks": Attack([(tiny_chunks, 4)]),
    "signed-chunks": Attack([(signed_tiny_chunks, 4)]),
    "many-headers": Attack([(many_headers, 4)]),
    "pipelined-heads": Attack([(pipelined_heads, 4)]),
    "idle": Attack([(idle, 10_000)]),
    "huge-bodies": Attack([(huge_body_of_known_size, 2), (huge_body_of_unknown_size, 2)]),
    "bombs": Attack([(bomb, 2)]),
    "duplicates": Attack([(first_group, 3)], prepare=store_copies),
    "deep-offsets": Attack([(last_results, 3)], prepare=store_many),
}
