"""Bodies of responses: read no further than a sensible size, however they are encoded."""

import gzip
import json
import socket
import tracemalloc
import zlib
from contextlib import suppress

import pytest

from visualsnoop._response_body import MAX_SIZE
from visualsnoop.exceptions import UnexpectedResponseError

from .sockets import SESSION, Listener, after_session, listening, read_head, response
from .sync_and_async import Connect

KEYS = ("0f1e2d3c4b5a69788796", "s" * 40)
ANSWER = json.dumps(SESSION).encode()
MIB = 2**20


def bomb(size: int) -> bytes:
    """Zeros that are compressed to a thousandth."""
    return gzip.compress(bytes(size), 9)


@pytest.mark.parametrize("status", [200, 404, 500])
def test_body_that_never_ends_is_left(connect: Connect, status: int) -> None:
    def answer(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 %d X\r\nConnection: close\r\n\r\n" % status)
        with suppress(OSError):
            while True:
                connection.sendall(bytes(MIB))

    with (
        listening(after_session(answer)) as listener,
        connect(*KEYS, listener.endpoint) as collection,
        pytest.raises(UnexpectedResponseError, match="larger than 64 MiB") as caught,
    ):
        collection.get_image("beach")
    assert caught.value.status == status


def test_body_that_is_said_to_be_too_large_is_not_read(connect: Connect) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (MAX_SIZE + 1)
    with (
        listening(after_session(lambda connection: connection.sendall(head))) as listener,
        connect(*KEYS, listener.endpoint) as collection,
        pytest.raises(UnexpectedResponseError, match="larger than 64 MiB"),
    ):
        collection.get_image("beach")


def test_compressed_body_that_expands_is_left(connect: Connect) -> None:
    compressed = bomb(256 * MIB)
    answer = response(200, compressed, "Content-Encoding: gzip")
    with (
        listening(after_session(lambda connection: connection.sendall(answer))) as listener,
        connect(*KEYS, listener.endpoint) as collection,
    ):
        tracemalloc.start()
        with pytest.raises(UnexpectedResponseError, match="larger than 64 MiB"):
            collection.get_image("beach")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 200 * MIB


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "rot13"])
def test_encoding_that_was_not_asked_for_is_refused(connect: Connect, encoding: str) -> None:
    heads: list[bytes] = []

    def serve(listener: Listener, connection: socket.socket) -> None:
        heads.append(read_head(listener, connection))
        connection.sendall(response(200, ANSWER, f"Content-Encoding: {encoding}"))

    with listening(serve) as listener, pytest.raises(UnexpectedResponseError, match="encoded"):
        connect(*KEYS, listener.endpoint)
    assert b"Accept-Encoding: gzip, deflate\r\n" in heads[0]


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(ANSWER)),
        ("deflate", zlib.compress(ANSWER)),
        ("GZIP", gzip.compress(ANSWER)),
        ("identity", ANSWER),
    ],
)
def test_compressed_body_of_a_proxy_is_read(connect: Connect, encoding: str, body: bytes) -> None:
    def serve(listener: Listener, connection: socket.socket) -> None:
        while read_head(listener, connection):
            connection.sendall(response(200, body, f"Content-Encoding: {encoding}"))

    with listening(serve) as listener, connect(*KEYS, listener.endpoint) as collection:
        assert collection.name == "holidays"
        assert collection.get_collection().image_count == 0
        assert listener.connections == 1


def test_compressed_body_that_is_damaged_is_an_error(connect: Connect) -> None:
    answer = response(200, b"no gzip", "Content-Encoding: gzip")
    with (
        listening(after_session(lambda connection: connection.sendall(answer))) as listener,
        connect(*KEYS, listener.endpoint) as collection,
        pytest.raises(UnexpectedResponseError, match="damaged"),
    ):
        collection.get_image("beach")


def test_long_message_of_a_server_is_cut(connect: Connect) -> None:
    body = json.dumps({"status": 400, "message": "x" * 100_000}).encode()
    with (
        listening(after_session(lambda c: c.sendall(response(400, body)))) as listener,
        connect(*KEYS, listener.endpoint) as collection,
        pytest.raises(Exception, match="100000 characters") as caught,
    ):
        collection.get_image("beach")
    assert len(str(caught.value)) < 1100
