"""Real sockets that misbehave, and HTTP proxies, on loopback, for tests of the client."""

import base64
import json
import re
import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import trustme

Handler = Callable[[socket.socket], object]

SESSION = {
    "status": 200,
    "message": "OK",
    "collection_id": "5f3c9a01",
    "collection_name": "holidays",
    "user": "ada",
    "image_count": 0,
}


class Listener:
    """A TCP server that gives each connection to a handler in a thread of its own.

    Attributes:
        connections: How many connections were accepted.
        requests: The first line of each request that `answer` and its kin have read.
    """

    def __init__(self, handle: Callable[["Listener", socket.socket], None]) -> None:
        self._handle = handle
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.connections = 0
        self.requests: list[str] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._socket.getsockname()[1]}"

    @property
    def endpoint(self) -> str:
        return f"http://{self.address}/api/v1"

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            self._handle(self, connection)

    def close(self) -> None:
        # Closing alone would leave the thread in accept().
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@contextmanager
def listening(handle: Callable[[Listener, socket.socket], None]) -> Iterator[Listener]:
    listener = Listener(handle)
    try:
        yield listener
    finally:
        listener.close()


def read_head(listener: Listener, connection: socket.socket) -> bytes:
    """Read the head of a request, and what of its body has come along; b'' at the end."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return b""
        data += piece
    listener.requests.append(data.partition(b"\r\n")[0].decode())
    return data


def read_request(listener: Listener, connection: socket.socket) -> bytes:
    """Read a request to the end of its body; the head is returned, b'' at the end."""
    head, _, body = read_head(listener, connection).partition(b"\r\n\r\n")
    length = re.search(rb"\r\nContent-Length: (\d+)", head)
    is_chunked = b"\r\nTransfer-Encoding: chunked" in head
    size = int(length[1]) if length else 0
    while not body.endswith(b"0\r\n\r\n") if is_chunked else len(body) < size:
        piece = connection.recv(65536)
        if not piece:
            return b""
        body += piece
    return head


def response(status: int, body: bytes, *headers: str) -> bytes:
    head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*head, "", ""]).encode() + body


def session_response() -> bytes:
    return response(200, json.dumps(SESSION).encode(), "Content-Type: application/json")


def serve_session(listener: Listener, connection: socket.socket) -> None:
    """Answer every request as the first one of a `Collection`."""
    while read_head(listener, connection):
        connection.sendall(session_response())


def over_tls(
    authority: trustme.CA,
    serve: Callable[[Listener, socket.socket], None],
    wants_certificate: bool = False,
    protocols: Sequence[str] = (),
) -> Callable[[Listener, socket.socket], None]:
    """Speak TLS with each connection before `serve` gets it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    if wants_certificate:
        authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    if protocols:
        context.set_alpn_protocols(protocols)

    def serve_securely(listener: Listener, connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            serve(listener, secure)

    return serve_securely


def after_session(handle: Handler) -> Callable[[Listener, socket.socket], None]:
    """Answer what a `Collection` asks at its start, then leave the connection to `handle`.

    `handle` gets the connection when the head of the next request has been read.
    """

    def serve(listener: Listener, connection: socket.socket) -> None:
        while head := read_head(listener, connection):
            if b"session=init" not in head:
                handle(connection)
                return
            connection.sendall(session_response())

    return serve


def reset(connection: socket.socket) -> None:
    """Close with a TCP reset, as a process that was killed does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def forward_proxy(listener: Listener, connection: socket.socket) -> None:
    """An HTTP proxy: `CONNECT host:port` tunnels, and requests with an absolute URL."""
    head = read_head(listener, connection)
    method, target, _ = head.split(b" ", 2)
    if method == b"CONNECT":
        host, _, port = target.decode().rpartition(":")
        try:
            upstream = socket.create_connection((host, int(port)))
        except OSError:
            connection.sendall(response(502, b""))
            return
        with upstream:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            pump(connection, upstream)
        return
    address, _, path = target.removeprefix(b"http://").partition(b"/")
    name, _, port = address.decode().rpartition(":")
    with socket.create_connection((name, int(port))) as upstream:
        upstream.sendall(head.replace(target, b"/" + path, 1))
        pump(connection, upstream)


def with_password(user: str, password: str) -> Callable[[Listener, socket.socket], None]:
    """`forward_proxy` for those who know the password."""
    expected = base64.b64encode(f"{user}:{password}".encode())

    def serve(listener: Listener, connection: socket.socket) -> None:
        head = connection.recv(65536, socket.MSG_PEEK)
        if b"Proxy-Authorization: Basic " + expected in head:
            forward_proxy(listener, connection)
        else:
            read_head(listener, connection)
            connection.sendall(response(407, b"", "Proxy-Authenticate: Basic"))

    return serve


def pump(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until either side closes."""
    while True:
        readable, _, _ = select.select([one, other], [], [])
        for source in readable:
            data = source.recv(65536)
            if not data:
                return
            (other if source is one else one).sendall(data)


def closed_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
