"""Real HTTP and SOCKS proxies on the way: what gets through, and what is tried again."""

import io
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import pytest
import trustme

from visualsnoop.exceptions import ConnectError, ConnectTimeoutError, ResponseError
from visualsnoop.server.storage.keys import NewKeys

from .sockets import (
    Listener,
    closed_port,
    forward_proxy,
    listening,
    over_tls,
    read_head,
    reset,
    response,
    serve_session,
    session_response,
    with_password,
)
from .socks import NOT_ALLOWED, REFUSED, SUCCEEDED, exactly, socks_proxy
from .sync_and_async import Connect

KEYS = ("0f1e2d3c4b5a69788796", "s" * 40)
Serve = Callable[[Listener, socket.socket], None]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusting(authority: trustme.CA, connect: Connect) -> Connect:
    """`connect` that trusts the certificates of the tests."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return lambda *args, **options: connect(*args, verify=context, **options)


@pytest.fixture
def silence() -> Iterator[Serve]:
    """A server that says nothing until the test is over."""
    over = threading.Event()

    def wait(listener: Listener, connection: socket.socket) -> None:
        over.wait(60)

    yield wait
    over.set()


def refuse(listener: Listener, connection: socket.socket) -> None:
    read_head(listener, connection)
    connection.sendall(response(503, b""))


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
@pytest.mark.parametrize("user", ["", "ada"])
def test_socks_proxy_is_used(
    connect: Connect, scheme: str, user: str, service: str, keys: NewKeys
) -> None:
    login = f"{user}:p%40ss%20word@" if user else ""
    with listening(socks_proxy(user, "p@ss word")) as proxy:
        proxies = {"all": f"{scheme}://{login}{proxy.address}"}
        endpoint = service.replace("127.0.0.1", "localhost")
        with connect(keys.public_key, keys.secret_key, endpoint, proxies) as collection:
            assert collection.get_images().images == []
        assert proxy.requests == [endpoint.split("/")[2]]


@pytest.mark.parametrize("address", ["127.0.0.1", "user:wrong@127.0.0.1"])
def test_socks_proxy_that_refuses_the_password_is_not_asked_again(
    connect: Connect, address: str, waits: list[float]
) -> None:
    with listening(socks_proxy("ada", "password")) as proxy:
        proxies = {"all": f"socks5://{address}:{proxy.address.split(':')[1]}"}
        with pytest.raises(ConnectError, match="proxies"):
            connect(*KEYS, "http://127.0.0.1:1/", proxies)
        assert (proxy.connections, proxy.requests, waits) == (1, [], [])


@pytest.mark.parametrize("host", ["127.0.0.1", "nobody.invalid"])
def test_socks_proxy_that_cannot_reach_the_server_is_asked_again(
    connect: Connect, host: str, waits: list[float]
) -> None:
    with listening(socks_proxy()) as proxy:
        proxies = {"all": f"socks5h://{proxy.address}"}
        with pytest.raises(ConnectError):
            connect(*KEYS, f"http://{host}:{closed_port()}/", proxies, max_retries=2)
        assert (proxy.connections, len(waits)) == (3, 2)


def test_socks_proxy_that_does_not_allow_the_server_is_not_asked_again(
    connect: Connect, waits: list[float]
) -> None:
    with listening(socks_proxy(replies=lambda number: NOT_ALLOWED)) as proxy:
        with pytest.raises(ConnectError, match="not allowed"):
            connect(*KEYS, "http://127.0.0.1:1/", {"all": f"socks5://{proxy.address}"})
        assert (proxy.connections, waits) == (1, [])


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 What?\r\n\r\n", b""], ids=["words", "nothing"])
def test_proxy_that_does_not_speak_socks_is_named(
    connect: Connect, answer: bytes, waits: list[float]
) -> None:
    def serve(listener: Listener, connection: socket.socket) -> None:
        exactly(connection, 3)
        connection.sendall(answer)

    with listening(serve) as proxy:
        proxies = {"all": f"socks5://{proxy.address}"}
        with pytest.raises(ConnectError, match="proxy did not answer as a proxy does"):
            connect(*KEYS, "http://127.0.0.1:1/", proxies, max_retries=1)
        assert (proxy.connections, len(waits)) == (2, 1)


@pytest.mark.parametrize(
    ("proxy_scheme", "scheme"), [("socks5", "http"), ("socks5", "https"), ("http", "https")]
)
def test_proxy_that_says_nothing_is_left_when_the_time_for_connecting_is_over(
    connect: Connect, proxy_scheme: str, scheme: str, silence: Serve, waits: list[float]
) -> None:
    with listening(silence) as proxy:
        proxies = {"all": f"{proxy_scheme}://{proxy.address}"}
        with pytest.raises(ConnectTimeoutError):
            connect(*KEYS, f"{scheme}://127.0.0.1:1/", proxies, max_retries=1, timeout=(0.2, None))
        assert (proxy.connections, len(waits)) == (2, 1)


@pytest.mark.parametrize("scheme", ["socks5", "http"])
def test_server_that_says_nothing_is_waited_for_as_long_as_reading_may_take(
    trusting: Connect, authority: trustme.CA, scheme: str
) -> None:
    def answer_late(listener: Listener, connection: socket.socket) -> None:
        read_head(listener, connection)
        threading.Event().wait(0.5)
        connection.sendall(session_response())

    with (
        listening(over_tls(authority, answer_late)) as server,
        listening(socks_proxy() if scheme == "socks5" else forward_proxy) as proxy,
    ):
        endpoint = server.endpoint.replace("http:", "https:")
        proxies = {"all": f"{scheme}://{proxy.address}"}
        trusting(*KEYS, endpoint, proxies, timeout=(0.3, 30)).close()


@pytest.mark.parametrize("proxy_scheme", ["direct", "socks5", "http"])
def test_tls_handshake_that_stalls_is_tried_as_often_as_promised(
    connect: Connect, proxy_scheme: str, silence: Serve, waits: list[float]
) -> None:
    with (
        listening(silence) as server,
        listening(socks_proxy() if proxy_scheme == "socks5" else forward_proxy) as proxy,
    ):
        endpoint = server.endpoint.replace("http:", "https:")
        proxies = {"all": "" if proxy_scheme == "direct" else f"{proxy_scheme}://{proxy.address}"}
        with pytest.raises(ConnectTimeoutError):
            connect(*KEYS, endpoint, proxies, max_retries=2, timeout=(0.2, None))
        assert (server.connections, len(waits)) == (3, 2)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_http_proxy_takes_user_and_password(
    trusting: Connect, authority: trustme.CA, scheme: str
) -> None:
    serve = serve_session if scheme == "http" else over_tls(authority, serve_session)
    with listening(serve) as server, listening(with_password("ada", "p@ss:word")) as proxy:
        proxies = {scheme: f"http://ada:p%40ss%3Aword@{proxy.address}"}
        endpoint = server.endpoint.replace("http:", f"{scheme}:")
        trusting(*KEYS, endpoint, proxies).close()
        assert (proxy.connections, server.connections) == (1, 1)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_proxy_that_is_spoken_to_over_tls_is_trusted_as_servers_are(
    trusting: Connect, authority: trustme.CA, scheme: str
) -> None:
    serve = serve_session if scheme == "http" else over_tls(authority, serve_session)
    with listening(serve) as server, listening(over_tls(authority, forward_proxy)) as proxy:
        endpoint = server.endpoint.replace("http:", f"{scheme}:")
        trusting(*KEYS, endpoint, {scheme: f"https://{proxy.address}"}).close()
        assert (proxy.connections, server.connections) == (1, 1)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_http_proxy_that_refuses_the_password_is_not_asked_again(
    connect: Connect, scheme: str, waits: list[float]
) -> None:
    with listening(with_password("ada", "password")) as proxy:
        proxies = {scheme: f"http://ada:s3cret@{proxy.address}"}
        with pytest.raises((ResponseError, ConnectError), match=r"407|proxy wants") as caught:
            connect(*KEYS, f"{scheme}://127.0.0.1:1/", proxies)
        assert "s3cret" not in str(caught.value)
        assert (proxy.connections, waits) == (1, [])


@pytest.mark.parametrize("host", ["127.0.0.1", "nobody.invalid"])
def test_http_proxy_that_cannot_reach_the_server_is_asked_again(
    connect: Connect, host: str, waits: list[float]
) -> None:
    with listening(forward_proxy) as proxy:
        proxies = {"https": f"http://{proxy.address}"}
        with pytest.raises(ConnectError):
            connect(*KEYS, f"https://{host}:{closed_port()}/", proxies, max_retries=2)
        assert (proxy.connections, len(waits)) == (3, 2)


def test_http_proxy_that_breaks_off_is_asked_again(connect: Connect, waits: list[float]) -> None:
    def serve(listener: Listener, connection: socket.socket) -> None:
        read_head(listener, connection)
        reset(connection)

    with listening(serve) as proxy:
        proxies = {"https": f"http://{proxy.address}"}
        with pytest.raises(ConnectError):
            connect(*KEYS, "https://127.0.0.1:1/", proxies, max_retries=2)
        assert (proxy.connections, len(waits)) == (3, 2)


def test_request_that_an_http_proxy_has_taken_is_not_sent_again(
    connect: Connect, waits: list[float]
) -> None:
    with listening(refuse) as proxy:
        with pytest.raises(ResponseError) as caught:
            connect(*KEYS, "http://127.0.0.1:1/", {"http": f"http://{proxy.address}"})
        assert (caught.value.status, proxy.connections, waits) == (503, 1, [])


@pytest.mark.parametrize("scheme", ["socks5", "http"])
def test_proxy_that_refuses_connections_is_tried_as_often_as_promised(
    connect: Connect, scheme: str, waits: list[float]
) -> None:
    proxies = {"all": f"{scheme}://127.0.0.1:{closed_port()}"}
    with pytest.raises(ConnectError):
        connect(*KEYS, "https://127.0.0.1:1/", proxies, max_retries=3)
    assert len(waits) == 3


def test_body_is_sent_whole_from_where_it_stood_after_failed_connections(
    connect: Connect, waits: list[float]
) -> None:
    bodies: list[bytes] = []

    def serve(listener: Listener, connection: socket.socket) -> None:
        head, _, body = read_head(listener, connection).partition(b"\r\n\r\n")
        if b"session=init" not in head:
            bodies.append(body + exactly(connection, 200_000 - len(body)))
        connection.sendall(session_response().replace(b"\r\n", b"\r\nConnection: close\r\n", 1))

    # The first connection is for the session, the next two fail.
    replies = {2: REFUSED, 3: REFUSED}
    picture = bytes(range(256)) * 1000
    file = io.BytesIO(picture)
    file.seek(len(picture) - 200_000)
    with (
        listening(serve) as server,
        listening(socks_proxy(replies=lambda number: replies.get(number, SUCCEEDED))) as proxy,
        connect(*KEYS, server.endpoint, {"all": f"socks5://{proxy.address}"}) as collection,
    ):
        with pytest.raises(ResponseError):
            collection.add_image(file)
        assert (proxy.connections, server.connections, len(waits)) == (4, 2, 2)
    assert bodies == [picture[-200_000:]]
