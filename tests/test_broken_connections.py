"""Connections that break, stall and babble: no request reaches the server twice."""

import io
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
import trustme

from visualsnoop.exceptions import (
    ConnectError,
    ConnectionLostError,
    RequestTimeoutError,
    UnexpectedResponseError,
    VisualSnoopError,
)

from .sockets import (
    Listener,
    after_session,
    listening,
    over_tls,
    read_head,
    reset,
    serve_session,
    session_response,
)
from .sync_and_async import Connect

KEYS = ("0f1e2d3c4b5a69788796", "s" * 40)
LARGE = bytes(range(256)) * 40_000
CLOSING = session_response().replace(b"\r\n", b"\r\nConnection: close\r\n", 1)


def drip(connection: socket.socket) -> None:
    for byte in session_response()[:-1]:
        connection.sendall(bytes([byte]))


def reset_in_body(connection: socket.socket) -> None:
    # A small body may have come along with the head.
    connection.settimeout(0.1)
    with suppress(TimeoutError):
        connection.recv(1000)
    reset(connection)


@pytest.mark.parametrize(
    ("handle", "kind"),
    [
        (reset, ConnectionLostError),
        (lambda connection: None, ConnectionLostError),
        (reset_in_body, ConnectionLostError),
        (
            lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-"),
            ConnectionLostError,
        ),
        (drip, ConnectionLostError),
        (lambda connection: connection.sendall(b"\0\xffgarbage\r\n\r\n"), UnexpectedResponseError),
        (
            lambda connection: connection.sendall(b"220 mail.example\r\n\r\n"),
            UnexpectedResponseError,
        ),
    ],
    ids=["reset", "close", "reset in body", "cut head", "cut body", "garbage", "other protocol"],
)
@pytest.mark.parametrize("image", [b"small", LARGE], ids=["small body", "large body"])
def test_request_is_not_sent_again(
    connect: Connect,
    handle: Callable[[socket.socket], object],
    kind: type[VisualSnoopError],
    image: bytes,
    waits: list[float],
) -> None:
    with (
        listening(after_session(handle)) as listener,
        connect(*KEYS, listener.endpoint, timeout=30) as collection,
    ):
        # A server that leaves before it has read the body may be gone before its answer is read.
        with pytest.raises(kind if image != LARGE else (kind, ConnectionLostError)):
            collection.add_image(image)
        assert (len(listener.requests), waits) == (2, [])


def test_connection_that_is_reset_as_soon_as_it_is_made_is_retried_while_nothing_was_sent(
    connect: Connect, waits: list[float]
) -> None:
    def serve(listener: Listener, connection: socket.socket) -> None:
        if listener.connections == 1:
            read_head(listener, connection)
            connection.sendall(CLOSING)
        else:
            reset(connection)

    with (
        listening(serve) as listener,
        connect(*KEYS, listener.endpoint, max_retries=2) as collection,
        pytest.raises((ConnectError, ConnectionLostError)) as caught,
    ):
        collection.add_image(LARGE)
    assert listener.connections == 2 + len(waits)
    # Which of the two happens first, the reset or the sending, is up to the system.
    assert isinstance(caught.value, ConnectionLostError) or len(waits) == 2


def test_tls_handshake_that_breaks_is_tried_as_often_as_promised(
    connect: Connect, waits: list[float]
) -> None:
    def serve(listener: Listener, connection: socket.socket) -> None:
        connection.recv(1)
        reset(connection)

    with listening(serve) as listener:
        endpoint = listener.endpoint.replace("http:", "https:")
        with pytest.raises(ConnectError):
            connect(*KEYS, endpoint, max_retries=2)
        assert (listener.connections, len(waits)) == (3, 2)


def test_connection_that_breaks_after_the_tls_handshake_is_not_made_again(
    connect: Connect, waits: list[float]
) -> None:
    def serve(listener: Listener, connection: socket.socket) -> None:
        read_head(listener, connection)
        reset(connection)

    with listening(over_tls(trustme.CA(), serve)) as listener:
        endpoint = listener.endpoint.replace("http:", "https:")
        with pytest.raises(ConnectionLostError):
            connect(*KEYS, endpoint, verify=False)
        assert (len(listener.requests), waits) == (1, [])


def test_body_that_is_not_taken_times_out(connect: Connect, waits: list[float]) -> None:
    over = threading.Event()
    with (
        listening(after_session(lambda connection: over.wait(60))) as listener,
        connect(*KEYS, listener.endpoint) as collection,
    ):
        with pytest.raises(RequestTimeoutError):
            collection.add_image(LARGE, timeout=0.2)
        over.set()
    assert (len(listener.requests), waits) == (2, [])


def test_answer_that_drips_is_read_to_its_end(connect: Connect) -> None:
    def serve(listener: Listener, connection: socket.socket) -> None:
        while read_head(listener, connection):
            for byte in session_response():
                connection.sendall(bytes([byte]))

    with (
        listening(serve) as listener,
        connect(*KEYS, listener.endpoint) as collection,
    ):
        assert collection.get_collection().collection_name == "holidays"
    assert (listener.connections, len(listener.requests)) == (1, 2)


def test_kept_connection_that_the_server_has_closed_is_replaced(connect: Connect) -> None:
    closed = threading.Event()

    def serve(listener: Listener, connection: socket.socket) -> None:
        read_head(listener, connection)
        connection.sendall(session_response())
        connection.close()
        closed.set()

    with (
        listening(serve) as listener,
        connect(*KEYS, listener.endpoint, max_retries=0) as collection,
    ):
        for number in range(2, 5):
            assert closed.wait(10)
            closed.clear()
            assert collection.get_collection().collection_name == "holidays"
            assert (listener.connections, len(listener.requests)) == (number, number)


def test_kept_connection_is_used_again(connect: Connect) -> None:
    with listening(serve_session) as listener, connect(*KEYS, listener.endpoint) as collection:
        for _ in range(3):
            collection.get_collection()
        assert (listener.connections, len(listener.requests)) == (1, 4)


def test_file_that_gets_shorter_while_it_is_sent_is_an_error(connect: Connect) -> None:
    class Shrinking(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(size) if self.tell() < 100_000 else b""

    def take(connection: socket.socket) -> None:
        # To the end: who is sending would otherwise be told first that the connection is closed.
        while connection.recv(65536):
            pass

    with (
        listening(after_session(take)) as listener,
        connect(*KEYS, listener.endpoint) as collection,
        pytest.raises(OSError, match="shorter"),
    ):
        collection.add_image(Shrinking(LARGE))
    # The server may not have taken note of the second one yet.
    assert len(listener.requests) <= 2
