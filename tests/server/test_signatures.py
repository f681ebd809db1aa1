"""The check of signatures: of exactly what was sent, over TLS where that is required."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest
import trustme
from attrs import field, frozen
from starlette.requests import Request

from visualsnoop import Collection, VisualSnoopHMACAuth
from visualsnoop.server.errors import APIError
from visualsnoop.server.http.authentication import authenticate
from visualsnoop.server.storage.keys import Key, NewKeys
from visualsnoop.server.vault import Vault

from ..cli.command import run
from ..services import Service, client, signed_head

PUBLIC_KEY = "0f1e2d3c4b5a69788796"


@pytest.fixture(scope="module")
def behind_proxy(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service for a proxy that keeps the path, ends TLS and is trusted."""
    with Service(
        f"--database={database}",
        "--path-prefix=/pictures/",
        "--require-tls",
        "--proxy-headers",
        "--date-window=1",
        log=tmp_path_factory.mktemp("proxied") / "log",
    ) as service:
        yield service


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def over_tls(
    database: str, authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A service that speaks TLS itself."""
    folder = tmp_path_factory.mktemp("tls")
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(folder / "pem")
    with Service(
        f"--database={database}", "--require-tls", "--certfile", folder / "pem", log=folder / "log"
    ) as service:
        yield service


def as_forwarded(service: Service, keys: NewKeys, path: str, scheme: str = "https") -> int:
    """The status of the answer to what a proxy passes on."""
    auth = VisualSnoopHMACAuth(keys.public_key, keys.secret_key)
    headers = {"X-Forwarded-Proto": scheme}
    return httpx.get(service.origin + path, auth=auth, headers=headers).status_code


def test_path_with_the_prefix_is_what_is_signed(behind_proxy: Service, keys: NewKeys) -> None:
    assert as_forwarded(behind_proxy, keys, "/pictures/api/v1/images") == 200
    assert as_forwarded(behind_proxy, keys, "/pictures/api/v1/image/a%2Fb") == 404


def test_path_that_a_proxy_has_shortened_is_refused(behind_proxy: Service, keys: NewKeys) -> None:
    auth = VisualSnoopHMACAuth(keys.public_key, keys.secret_key)
    signed = httpx.Request("GET", f"{behind_proxy.origin}/pictures/api/v1/images")
    signed = next(auth.auth_flow(signed))
    headers = {**signed.headers, "X-Forwarded-Proto": "https"}
    answer = httpx.get(f"{behind_proxy.origin}/api/v1/images", headers=headers)
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("signed", "sent"),
    [
        ("/api/v1/image/a%2Fb", "/api/v1/image/a%2fb"),
        ("/api/v1/image/a%7Eb", "/api/v1/image/a~b"),
        ("/api/v1/image/a", "/api/v1/image/%61"),
        ("/api/v1/image/a%2Fb", "/api/v1/image/a%252Fb"),
    ],
)
def test_path_that_means_the_same_is_not_what_was_signed(
    service: str, keys: NewKeys, signed: str, sent: str
) -> None:
    assert raw_status(service, keys, signed, signed) == 404
    assert raw_status(service, keys, signed, sent) == 401


@pytest.mark.parametrize(
    "path",
    ["/api/v1//images", "/api/v1/./images", "/api/v1/image/a/../../images", "/api/v1%2Fimages"],
)
def test_path_is_not_normalised(service: str, keys: NewKeys, path: str) -> None:
    assert raw_status(service, keys, path, path) == 404
    assert raw_status(service, keys, "/api/v1/images", "/api/v1/images") == 200


def raw_status(endpoint: str, keys: NewKeys, signed: str, sent: str) -> int:
    """The status when one path is signed and another one sent."""
    head = signed_head(keys, "GET", signed, "Connection: close")
    url = httpx.URL(endpoint)
    with socket.create_connection((url.host, url.port or 80)) as connection:
        connection.sendall(head.replace(signed.encode(), sent.encode(), 1))
        return int(connection.recv(65536).split()[1])


def test_signature_of_another_method_is_refused(service: str, keys: NewKeys) -> None:
    head = signed_head(keys, "GET", "/api/v1/image/a", "Connection: close")
    url = httpx.URL(service)
    with socket.create_connection((url.host, url.port or 80)) as connection:
        connection.sendall(head.replace(b"GET", b"DELETE", 1))
        assert b" 401 " in connection.recv(65536)


@pytest.mark.parametrize(("seconds", "status"), [(-50, 200), (50, 200), (-70, 401), (70, 401)])
def test_date_window_can_be_set(
    behind_proxy: Service, keys: NewKeys, seconds: int, status: int
) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
    auth = VisualSnoopHMACAuth(keys.public_key, keys.secret_key)
    answer = httpx.get(
        f"{behind_proxy.origin}/pictures/api/v1/images",
        auth=auth,
        headers={"Date": date, "X-Forwarded-Proto": "https"},
    )
    assert answer.status_code == status


def test_plain_http_is_refused_where_tls_is_required(behind_proxy: Service, keys: NewKeys) -> None:
    with client(behind_proxy, keys) as signed:
        answer = signed.get(f"{behind_proxy.origin}/pictures/api/v1/images")
    assert answer.status_code == 403
    assert "https://" in answer.json()["message"]
    assert as_forwarded(behind_proxy, keys, "/pictures/api/v1/images", "http") == 403


def test_load_balancers_may_ask_over_plain_http(behind_proxy: Service) -> None:
    assert httpx.get(f"{behind_proxy.origin}/health").status_code == 200


def test_forwarded_scheme_is_not_believed_unless_told_to(
    over_tls: Service, authority: trustme.CA, keys: NewKeys
) -> None:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    auth = VisualSnoopHMACAuth(keys.public_key, keys.secret_key)
    with httpx.Client(auth=auth, verify=context) as signed:
        for scheme in ("https", "http"):
            answer = signed.get(
                f"{over_tls.endpoint}/images", headers={"X-Forwarded-Proto": scheme}
            )
            assert answer.status_code == 200


def test_service_speaks_tls(over_tls: Service, authority: trustme.CA, keys: NewKeys) -> None:
    assert over_tls.endpoint.startswith("https://")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with Collection(
        keys.public_key, keys.secret_key, over_tls.endpoint, verify=context
    ) as collection:
        assert collection.id == keys.collection_id


@frozen
class CountingVault(Vault):
    """A vault that notes how much it has opened."""

    opened: list[int] = field(factory=list, init=False)

    def open(self, public_key: str, sealed: bytes) -> str:
        self.opened.append(len(sealed))
        return Vault.open(self, public_key, sealed)


def refusal(vault: CountingVault, known: Key | None) -> tuple[int, str]:
    """How a request is refused that is signed wrongly, by a key pair that is known or not."""
    asked = []

    async def find_key(public_key: str) -> Key | None:
        asked.append(public_key)
        return known

    headers = {
        "authorization": f"VSHMAC {PUBLIC_KEY}:AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "date": format_datetime(datetime.now(UTC), usegmt=True),
    }
    scope = {
        "type": "http",
        "method": "GET",
        "raw_path": b"/api/v1/images",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    with pytest.raises(APIError) as caught:
        asyncio.run(authenticate(Request(scope), find_key, vault, timedelta(minutes=1)))
    assert asked == [PUBLIC_KEY]
    return caught.value.status, caught.value.message


def test_unknown_key_makes_the_same_work_as_a_wrong_signature() -> None:
    vault = CountingVault(bytes(32), "a test")
    sealed = vault.seal(PUBLIC_KEY, "s" * 40)
    known = Key(PUBLIC_KEY, sealed, "5f3c9a01", "holidays", "ada", False, False, False)
    assert refusal(vault, None) == refusal(vault, known)
    assert vault.opened == [len(sealed), len(sealed)]


def test_certificate_that_is_none_is_one_line_of_error(tmp_path: Path, database: str) -> None:
    (tmp_path / "pem").write_text("no certificate")
    answer = run("serve", "--certfile", tmp_path / "pem", "--database", database)
    assert answer.returncode == 1
    assert "certificate" in answer.stderr
    assert "Traceback" not in answer.stderr
