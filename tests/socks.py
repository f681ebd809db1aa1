"""A SOCKS 5 proxy (RFC 1928, RFC 1929) on loopback, for tests of the client."""

import socket
from collections.abc import Callable
from ipaddress import ip_address

from .sockets import Listener, pump

SUCCEEDED, NOT_ALLOWED, HOST_UNREACHABLE, REFUSED = 0, 2, 4, 5

_NO_PASSWORD, _PASSWORD = 0, 2
_IPV4, _NAME, _IPV6 = 1, 3, 4


def socks_proxy(
    user: str = "", password: str = "", replies: Callable[[int], int] = lambda number: SUCCEEDED
) -> Callable[[Listener, socket.socket], None]:
    """What serves the connections of the proxy; `listener.requests` has the hosts asked for.

    Args:
        user, password: Who may use it; anyone, if there is no user.
        replies: What to answer to the connection of each number, counted from 1.
    """

    def serve(listener: Listener, connection: socket.socket) -> None:
        number = listener.connections
        _, count = exactly(connection, 2)
        method = _PASSWORD if user else _NO_PASSWORD
        if method not in exactly(connection, count):
            connection.sendall(b"\x05\xff")
            return
        connection.sendall(bytes([5, method]))
        if user and not _is_known(connection, user, password):
            connection.sendall(b"\x01\x01")
            return
        if user:
            connection.sendall(b"\x01\x00")
        host, port = _target(connection)
        listener.requests.append(f"{host}:{port}")
        reply = replies(number)
        if reply == SUCCEEDED:
            _tunnel(connection, host, port)
        else:
            _answer(connection, reply)

    return serve


def exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise ConnectionError("closed by the client")
        data += piece
    return data


def _is_known(connection: socket.socket, user: str, password: str) -> bool:
    _, size = exactly(connection, 2)
    given_user = exactly(connection, size)
    given_password = exactly(connection, exactly(connection, 1)[0])
    return (given_user, given_password) == (user.encode(), password.encode())


def _target(connection: socket.socket) -> tuple[str, int]:
    *_, kind = exactly(connection, 4)
    if kind == _NAME:
        host = exactly(connection, exactly(connection, 1)[0]).decode()
    else:
        host = str(ip_address(exactly(connection, {_IPV4: 4, _IPV6: 16}[kind])))
    return host, int.from_bytes(exactly(connection, 2))


def _tunnel(connection: socket.socket, host: str, port: int) -> None:
    try:
        upstream = socket.create_connection((host, port))
    except socket.gaierror:
        _answer(connection, HOST_UNREACHABLE)
    except ConnectionRefusedError:
        _answer(connection, REFUSED)
    else:
        with upstream:
            _answer(connection, SUCCEEDED)
            pump(connection, upstream)


def _answer(connection: socket.socket, reply: int) -> None:
    connection.sendall(bytes([5, reply, 0, _IPV4, 0, 0, 0, 0, 0, 0]))
