"""What can be said of connections beyond the documented arguments, and by the environment."""

import asyncio
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from visualsnoop import AsyncCollection, Collection, __version__
from visualsnoop.exceptions import ConnectError, RequestTimeoutError
from visualsnoop.server.storage.keys import NewKeys

from .sockets import (
    Listener,
    after_session,
    closed_port,
    listening,
    over_tls,
    read_head,
    serve_session,
)
from .sync_and_async import Connect

KEYS = ("0f1e2d3c4b5a69788796", "s" * 40)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def authority_file(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture
def tls_server(authority: trustme.CA) -> Iterator[Listener]:
    with listening(over_tls(authority, serve_session)) as listener:
        yield listener


def secure(listener: Listener) -> str:
    return listener.endpoint.replace("http://", "https://")


def test_authority_in_a_file_is_trusted(
    connect: Connect, tls_server: Listener, authority_file: Path
) -> None:
    for verify in (authority_file, str(authority_file)):
        connect(*KEYS, secure(tls_server), verify=verify).close()


def test_authority_in_a_context_is_trusted(
    connect: Connect, tls_server: Listener, authority: trustme.CA
) -> None:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    connect(*KEYS, secure(tls_server), verify=context).close()


def test_any_certificate_is_trusted_when_that_is_wanted(
    connect: Connect, tls_server: Listener
) -> None:
    connect(*KEYS, secure(tls_server), verify=False).close()


def test_unknown_authority_is_not_trusted_nor_tried_again(
    connect: Connect, tls_server: Listener, waits: list[float]
) -> None:
    with pytest.raises(ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        connect(*KEYS, secure(tls_server))
    assert waits == []
    assert tls_server.requests == []


@pytest.mark.parametrize("is_a_pair", [False, True], ids=["one file", "two files"])
def test_certificate_of_the_client_is_shown(
    is_a_pair: bool, connect: Connect, authority: trustme.CA, authority_file: Path, tmp_path: Path
) -> None:
    mine = authority.issue_cert("client.example")
    key, certificate, both = (str(tmp_path / name) for name in ("key", "cert", "both"))
    mine.private_key_pem.write_to_path(key)
    mine.cert_chain_pems[0].write_to_path(certificate)
    mine.private_key_and_cert_chain_pem.write_to_path(both)
    cert = (certificate, key) if is_a_pair else both
    with listening(over_tls(authority, serve_session, wants_certificate=True)) as listener:
        connect(*KEYS, secure(listener), verify=authority_file, cert=cert).close()


def test_http2_is_spoken_where_the_server_offers_it(
    connect: Connect, authority: trustme.CA, authority_file: Path
) -> None:
    prefaces: list[bytes] = []

    def serve(listener: Listener, connection: Any) -> None:
        prefaces.append(connection.recv(24))

    with (
        listening(over_tls(authority, serve, protocols=["h2"])) as listener,
        pytest.raises(Exception, match="broke"),
    ):
        connect(*KEYS, secure(listener), verify=authority_file, http2=True)
    assert prefaces[0].startswith(b"PRI * HTTP/2.0")


def test_http2_without_its_package_names_what_to_install(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("visualsnoop._client.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"httpx\[http2\]"):
        connect(*KEYS, "https://127.0.0.1/", http2=True)


def test_headers_are_sent_with_each_request(connect: Connect) -> None:
    heads: list[bytes] = []

    def serve(listener: Listener, connection: Any) -> None:
        heads.append(read_head(listener, connection))

    with listening(serve) as listener, pytest.raises(Exception, match="broke"):
        connect(*KEYS, listener.endpoint, headers={"X-Tenant": "blue"})
    assert b"X-Tenant: blue\r\n" in heads[0]
    assert f"User-Agent: visualsnoop/{__version__}\r\n".encode() in heads[0]
    assert f"X-Visualsnoop-Client-Version: {__version__}\r\n".encode() in heads[0]
    assert b"Authorization: VSHMAC 0f1e2d3c4b5a69788796:" in heads[0]


def test_timeout_of_the_collection_is_that_of_calls_without_one(connect: Connect) -> None:
    with (
        listening(after_session(lambda connection: connection.recv(1))) as listener,
        connect(*KEYS, listener.endpoint, timeout=httpx.Timeout(0.2)) as collection,
        pytest.raises(RequestTimeoutError),
    ):
        collection.get_images()


@pytest.mark.parametrize("timeout", [0, -1, (1, 0), (1,), "1"])
def test_timeout_that_cannot_be_right_is_refused(connect: Connect, timeout: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        connect(*KEYS, "http://127.0.0.1/", timeout=timeout)


def test_hooks_see_each_request_and_answer(service: str, keys: NewKeys) -> None:
    seen: list[object] = []
    with Collection(
        keys.public_key,
        keys.secret_key,
        service,
        on_request=lambda request: seen.append(request.method),
        on_response=lambda response: seen.append(response.status_code),
    ) as collection:
        collection.get_images()
    assert seen == ["GET", 200, "GET", 200]


def test_asynchronous_hooks_see_each_request_and_answer(service: str, keys: NewKeys) -> None:
    seen: list[object] = []

    async def on_request(request: httpx.Request) -> None:
        seen.append(request.method)

    async def on_response(response: httpx.Response) -> None:
        seen.append(response.status_code)

    async def use() -> None:
        async with AsyncCollection(
            keys.public_key,
            keys.secret_key,
            service,
            on_request=on_request,
            on_response=on_response,
        ):
            pass

    asyncio.run(use())
    assert seen == ["GET", 200]


def test_client_of_the_user_sends_the_requests_and_stays_open(
    service: str, keys: NewKeys, photo: Path
) -> None:
    seen: list[httpx.Request] = []
    hooks = {"request": [seen.append]}
    with httpx.Client(headers={"X-Tenant": "blue"}, event_hooks=hooks, auth=("a", "b")) as mine:
        with Collection(keys.public_key, keys.secret_key, service, http_client=mine) as collection:
            assert collection.add_image(photo, "beach").message == "Added"
        assert not mine.is_closed
    assert [request.headers["X-Tenant"] for request in seen] == ["blue", "blue"]
    assert all(request.headers["Authorization"].startswith("VSHMAC") for request in seen)


def test_asynchronous_client_of_the_user_sends_the_requests_and_stays_open(
    service: str, keys: NewKeys, photo: Path
) -> None:
    async def use() -> None:
        async with httpx.AsyncClient() as mine:
            async with AsyncCollection(
                keys.public_key, keys.secret_key, service, http_client=mine
            ) as collection:
                assert (await collection.add_image(photo, "beach")).message == "Added"
            assert not mine.is_closed

    asyncio.run(use())


def test_failed_connections_of_the_users_own_are_retried(waits: list[float]) -> None:
    endpoint = f"http://127.0.0.1:{closed_port()}/api/v1"
    with httpx.Client() as mine, pytest.raises(ConnectError):
        Collection(*KEYS, endpoint, http_client=mine, max_retries=3)
    assert len(waits) == 3
    with pytest.raises(ConnectError):
        Collection(*KEYS, endpoint, transport=httpx.HTTPTransport(), max_retries=2)
    assert len(waits) == 5


def test_transport_of_the_user_is_closed_with_the_collection(service: str, keys: NewKeys) -> None:
    class Transport(httpx.HTTPTransport):
        is_closed = False

        def close(self) -> None:
            self.is_closed = True
            super().close()

    transport = Transport()
    Collection(keys.public_key, keys.secret_key, service, transport=transport).close()
    assert transport.is_closed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"transport": httpx.HTTPTransport(), "verify": False}, "verify"),
        ({"transport": httpx.HTTPTransport(), "proxies": {"all": "http://a"}}, "proxies"),
        ({"transport": httpx.HTTPTransport(), "http_client": httpx}, "not both"),
        ({"proxies": {"all": "gopher://a"}}, "gopher"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    connect: Connect, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        connect(*KEYS, "http://127.0.0.1/", **options)


def test_option_that_does_not_exist_is_refused(connect: Connect) -> None:
    with pytest.raises(TypeError, match="'verfiy'"):
        connect(*KEYS, "http://127.0.0.1/", verfiy=False)


def test_keys_and_endpoint_come_from_the_environment(
    service: str, keys: NewKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use() -> str:
        async with AsyncCollection.from_env(max_retries=0, timeout=30) as collection:
            return collection.id

    monkeypatch.setenv("VISUALSNOOP_PUBLIC_KEY", keys.public_key)
    monkeypatch.setenv("VISUALSNOOP_SECRET_KEY", keys.secret_key)
    monkeypatch.setenv("VISUALSNOOP_ENDPOINT", service)
    with Collection.from_env(max_retries=0, timeout=30) as collection:
        assert collection.id == keys.collection_id == asyncio.run(use())


@pytest.mark.parametrize("missing", ["VISUALSNOOP_PUBLIC_KEY", "VISUALSNOOP_SECRET_KEY"])
def test_missing_key_is_named(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUALSNOOP_PUBLIC_KEY", "abc")
    monkeypatch.setenv("VISUALSNOOP_SECRET_KEY", "secret")
    monkeypatch.setenv(missing, "")
    for kind in (Collection, AsyncCollection):
        with pytest.raises(ValueError, match=missing):
            kind.from_env()


def test_endpoint_is_the_service_on_this_machine_by_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VISUALSNOOP_PUBLIC_KEY", "abc")
    monkeypatch.setenv("VISUALSNOOP_SECRET_KEY", "secret")
    assert AsyncCollection.from_env().endpoint == "http://127.0.0.1:8000/api/v1"


def test_socks_without_its_package_names_what_to_install(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    with pytest.raises(ImportError, match=r"\[socks\]"):
        connect(*KEYS, "http://127.0.0.1/", {"all": "socks5://127.0.0.1:1080"})
