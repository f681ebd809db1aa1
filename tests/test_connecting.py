"""Retries, timeouts and proxies, against real sockets."""

import socket
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from visualsnoop import Collection, _transport
from visualsnoop.exceptions import (
    ConnectError,
    ConnectionLostError,
    ConnectTimeoutError,
    RequestTimeoutError,
    ResponseError,
    ServerError,
    UnexpectedResponseError,
)
from visualsnoop.server.storage.keys import NewKeys

from .sockets import (
    Handler,
    Listener,
    after_session,
    closed_port,
    forward_proxy,
    listening,
    reset,
    response,
    session_response,
)
from .sync_and_async import Connect

KEYS = ("0f1e2d3c4b5a69788796", "s" * 40)


@contextmanager
def misbehaving(connect: Connect, handle: Handler) -> Iterator[tuple[Collection, Listener]]:
    """A collection on a server that does as it should at first, and then as `handle` does."""
    with (
        listening(after_session(handle)) as listener,
        connect(*KEYS, listener.endpoint) as collection,
    ):
        yield collection, listener


def test_refused_connection_is_tried_as_often_as_promised(
    connect: Connect, waits: list[float]
) -> None:
    with pytest.raises(ConnectError, match="service runs"):
        connect(*KEYS, f"http://127.0.0.1:{closed_port()}/api/v1", max_retries=3)
    assert len(waits) == 3


def test_name_that_does_not_resolve_is_tried_as_often_as_promised(
    connect: Connect, waits: list[float]
) -> None:
    with pytest.raises(ConnectError):
        connect(*KEYS, "http://nobody.invalid/api/v1", max_retries=1)
    assert len(waits) == 1


def test_no_retry_when_none_is_wanted(connect: Connect, waits: list[float]) -> None:
    with pytest.raises(ConnectError):
        connect(*KEYS, f"http://127.0.0.1:{closed_port()}", max_retries=0)
    assert waits == []


def test_waits_grow_from_try_to_try() -> None:
    first, *_, last = map(_transport.backoff_delay, range(6))
    assert 0.1 <= first <= 0.2
    assert 3.2 <= last <= 6.4


def test_service_that_starts_late_is_reached(connect: Connect) -> None:
    port = closed_port()

    def start_late() -> None:
        time.sleep(0.3)
        with socket.create_server(("127.0.0.1", port)) as server:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(session_response())

    thread = threading.Thread(target=start_late)
    thread.start()
    with connect(*KEYS, f"http://127.0.0.1:{port}/api/v1", max_retries=5) as collection:
        assert collection.name == "holidays"
    thread.join()


def test_request_that_was_sent_is_never_sent_again(
    connect: Connect, photo: Path, waits: list[float]
) -> None:
    with misbehaving(connect, reset) as (collection, listener), pytest.raises(ConnectionLostError):
        collection.add_image(photo)
    assert len(listener.requests) == 2
    assert waits == []


def test_status_of_failure_is_not_retried(connect: Connect, waits: list[float]) -> None:
    answer = response(503, b"<html>down</html>", "Content-Type: text/html")
    with (
        misbehaving(connect, lambda connection: connection.sendall(answer)) as (
            collection,
            listener,
        ),
        pytest.raises(ServerError) as caught,
    ):
        collection.get_image("beach")
    assert caught.value.status == 503
    assert len(listener.requests) == 2


def test_connection_that_is_not_taken_up_times_out(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as stack:
        # Once the backlog is full, the system leaves further connections without an answer.
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        host, port = full.getsockname()
        with pytest.raises(ConnectTimeoutError):
            connect(*KEYS, f"http://{host}:{port}", max_retries=0, timeout=0.2)


@pytest.mark.parametrize("timeout", [0.2, (5, 0.2), (None, 0.2)])
def test_silent_server_times_out(
    connect: Connect, timeout: float | tuple[float | None, float]
) -> None:
    silence = threading.Event()
    with misbehaving(connect, lambda _: bool(silence.wait(10))) as (collection, listener):
        with pytest.raises(RequestTimeoutError) as caught:
            collection.get_image("beach", timeout=timeout)
        silence.set()
    assert not isinstance(caught.value, ConnectError)
    assert len(listener.requests) == 2


@pytest.mark.parametrize(
    "answer",
    [
        response(200, b"<html>hello</html>", "Content-Type: text/html"),
        response(200, b'{"status": 200, "mess', "Content-Type: application/json"),
        response(200, b"[]", "Content-Type: application/json"),
        response(200, b'{"status": "200"}', "Content-Type: application/json"),
        response(204, b""),
        response(302, b"", "Location: https://elsewhere.example/"),
    ],
    ids=["page", "cut", "list", "wrong types", "nothing", "redirect"],
)
def test_answer_that_is_not_of_the_api_is_an_error(connect: Connect, answer: bytes) -> None:
    with (
        misbehaving(connect, lambda connection: connection.sendall(answer)) as (collection, _),
        pytest.raises(UnexpectedResponseError),
    ):
        collection.get_image("beach")


@pytest.mark.parametrize("path", ["", "/", "/api", "/api/v2", "/api/v1/image"])
def test_endpoint_without_its_base_path_is_named(
    connect: Connect, service: str, keys: NewKeys, path: str
) -> None:
    origin = service.removesuffix("/api/v1")
    with pytest.raises(UnexpectedResponseError, match="base path") as caught:
        connect(keys.public_key, keys.secret_key, origin + path)
    assert f"{origin}{path.rstrip('/')}/collection" in str(caught.value)
    assert "slash" not in str(caught.value)


@pytest.mark.parametrize(
    "body", [b"<html>Not Found</html>", b'{"detail": "Not Found"}', b'{"message": "Not Found"}']
)
def test_missing_page_of_something_else_is_no_missing_image(connect: Connect, body: bytes) -> None:
    """Or images that are to be deleted would be taken for deleted."""
    with misbehaving(connect, lambda connection: connection.sendall(response(404, body))) as (
        collection,
        _,
    ):
        (outcome,) = collection.delete_images(["beach"], skip_missing=True)
    assert type(outcome.error) is UnexpectedResponseError
    assert "base path such as /api/v1" in str(outcome.error)
    assert not outcome.skipped


@pytest.mark.parametrize("status", [400, 403, 405])
def test_refusal_of_something_else_says_that_it_may_be_no_api(
    connect: Connect, status: int
) -> None:
    answer = response(status, b"<html>no</html>", "Content-Type: text/html")
    with (
        misbehaving(connect, lambda connection: connection.sendall(answer)) as (collection, _),
        pytest.raises(ResponseError, match=r"text/html.*check the endpoint"),
    ):
        collection.get_image("beach")


@pytest.mark.parametrize("key", ["http", "all", "http://127.0.0.1", "all://127.0.0.1"])
def test_proxy_is_used(
    connect: Connect, key: str, service: str, keys: NewKeys, photo: Path
) -> None:
    with listening(forward_proxy) as listener:
        proxies = {key: f"http://{listener.address}"}
        with connect(keys.public_key, keys.secret_key, service, proxies) as collection:
            assert collection.add_image(photo, "a/b").image_id == "a/b"
        assert listener.connections == 1


def test_proxy_without_a_scheme_is_used(connect: Connect, service: str, keys: NewKeys) -> None:
    with listening(forward_proxy) as listener:
        connect(keys.public_key, keys.secret_key, service, {"http": listener.address}).close()
        assert listener.connections == 1


def test_proxy_for_another_host_is_not_used(connect: Connect, service: str, keys: NewKeys) -> None:
    proxies = {"http://example.org": f"http://127.0.0.1:{closed_port()}"}
    connect(keys.public_key, keys.secret_key, service, proxies).close()


def test_proxy_of_the_environment_is_used(
    connect: Connect, service: str, keys: NewKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening(forward_proxy) as listener:
        monkeypatch.setenv("HTTP_PROXY", f"http://{listener.address}")
        monkeypatch.setenv("http_proxy", f"http://{listener.address}")
        connect(keys.public_key, keys.secret_key, service).close()
        assert listener.connections == 1


@pytest.mark.parametrize("no_proxy", ["127.0.0.1", "*", "example.org, 127.0.0.0/8"])
def test_no_proxy_of_the_environment_is_heeded(
    connect: Connect, no_proxy: str, service: str, keys: NewKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("no_proxy", no_proxy)
    connect(keys.public_key, keys.secret_key, service).close()


def test_refused_connection_to_a_proxy_is_tried_as_often_as_promised(
    connect: Connect, waits: list[float], service: str, keys: NewKeys
) -> None:
    proxies = {"http": f"http://127.0.0.1:{closed_port()}"}
    with pytest.raises(ConnectError):
        connect(keys.public_key, keys.secret_key, service, proxies, max_retries=2)
    assert len(waits) == 2


@pytest.mark.parametrize("scheme", ["http", "socks5"])
@pytest.mark.parametrize("server", ["http", "https"])
def test_dead_proxy_is_named_without_its_password(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, scheme: str, server: str
) -> None:
    address = f"127.0.0.1:{closed_port()}"
    monkeypatch.setenv("all_proxy", f"{scheme}://ada:p%40ss@{address}")
    with pytest.raises(ConnectError) as caught:
        connect(*KEYS, f"{server}://search.example/api/v1", max_retries=0)
    message = "".join(traceback.format_exception(caught.value))
    assert f"through the proxy {scheme}://{address}:" in str(caught.value)
    assert f"{server}://search.example/api/v1" in str(caught.value)
    assert "p%40ss" not in message
    assert "p@ss" not in message


def test_proxy_that_says_nothing_is_named(connect: Connect) -> None:
    silence = threading.Event()

    def wait(listener: Listener, connection: socket.socket) -> None:
        silence.wait(10)

    with listening(wait) as proxy:
        with pytest.raises(ConnectTimeoutError, match=f"through the proxy http://{proxy.address}"):
            connect(
                *KEYS,
                "https://search.example/api/v1",
                {"https": f"http://ada:secret@{proxy.address}"},
                max_retries=0,
                timeout=0.2,
            )
        silence.set()
