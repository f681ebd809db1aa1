"""What is no HTTP/1.1 by its letter is refused, and nobody who is refused costs much."""

import re
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import trustme

from visualsnoop import VisualSnoopHMACAuth
from visualsnoop.server.storage.keys import NewKeys

from ..services import Service, client, signed_head

GET = b"GET /api/v1/images HTTP/1.1\r\nHost: test\r\n"
POST = b"POST /api/v1/search HTTP/1.1\r\nHost: test\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
# What somebody would smuggle past a proxy.
SMUGGLED = b"GET /health/live HTTP/1.1\r\nHost: test\r\n\r\n"

MALFORMED = {
    "length and chunks": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "negative length": POST + b"Content-Length: -5\r\n\r\n",
    "length with a sign": POST + b"Content-Length: +5\r\n\r\nhello",
    "length in hexadecimal": POST + b"Content-Length: 0x5\r\n\r\nhello",
    "unknown coding": POST + b"Transfer-Encoding: gzip\r\n\r\n",
    "several codings": POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n",
    "coding that is none": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunks twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
    "chunks in HTTP/1.0": POST.replace(b"1.1", b"1.0")
    + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "line of the request ends with LF": GET.replace(b"1.1\r\n", b"1.1\n") + b"\r\n",
    "header ends with LF": GET + b"A: b\nC: d\r\n\r\n",
    "last header ends with LF": GET + b"A: b\n\r\n",
    "head ends with LF": GET + b"\n",
    "all lines end with LF": GET.replace(b"\r\n", b"\n") + b"\n",
    "header ends with CR": GET + b"A: b\rC: d\r\n\r\n",
    "header with NUL": GET + b"A: b\0c\r\n\r\n",
    "header folded by a space": GET + b"A: b\r\n c\r\n\r\n",
    "header folded by a tab": GET + b"A: b\r\n\tc\r\n\r\n",
    "first header folded": b"GET /api/v1/images HTTP/1.1\r\n Host: test\r\n\r\n",
    "space before the colon": GET + b"A : b\r\n\r\n",
    "header without a colon": GET + b"A\r\n\r\n",
    "header without a name": GET + b": b\r\n\r\n",
    "HTTP/0.9": GET.replace(b"1.1", b"0.9") + b"\r\n",
    "HTTP/1.2": GET.replace(b"1.1", b"1.2") + b"\r\n",
    "HTTP/2.0": GET.replace(b"1.1", b"2.0") + b"\r\n",
    "HTTP/9.9": GET.replace(b"1.1", b"9.9") + b"\r\n",
    "no version": b"GET /api/v1/images\r\n\r\n",
    "two hosts": GET + b"Host: other\r\n\r\n",
    "no host": b"GET /api/v1/images HTTP/1.1\r\n\r\n",
    "two authorizations": GET + b"Authorization: VSHMAC a:b\r\nAuthorization: VSHMAC a:b\r\n\r\n",
    "two dates": GET + b"Date: x\r\ndate: y\r\n\r\n",
    "two types": POST + b"Content-Type: a/b\r\nContent-Type: c/d\r\nContent-Length: 0\r\n\r\n",
    "chunk without a size": CHUNKED + b"\r\nx\r\n0\r\n\r\n",
    "chunk of a negative size": CHUNKED + b"-1\r\nx\r\n0\r\n\r\n",
    "chunk of an odd size": CHUNKED + b"0x1\r\nx\r\n0\r\n\r\n",
    "chunk whose size ends with LF": CHUNKED + b"1\nx\r\n0\r\n\r\n",
    "chunk with LF in its extension": CHUNKED + b"1;a\nb\r\nx\r\n0\r\n\r\n",
    "chunk that ends with LF": CHUNKED + b"1\r\nx\n0\r\n\r\n",
    "chunk that is longer than its size": CHUNKED + b"1\r\nxy\r\n0\r\n\r\n",
    "chunks that end with LF": CHUNKED + b"0\r\n\n",
    "trailer that ends with LF": CHUNKED + b"0\r\nA: b\n\r\n",
}


@pytest.fixture(scope="module")
def logged(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose log can be read."""
    log = tmp_path_factory.mktemp("http") / "log"
    with Service(f"--database={database}", "--send-time=2", log=log) as service:
        yield service


def received(service: Service, request: bytes) -> bytes:
    """All that comes before the connection is closed."""
    with socket.create_connection(service.address) as connection:
        connection.settimeout(20)
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


@pytest.mark.parametrize("request_", MALFORMED.values(), ids=MALFORMED)
def test_malformed_request_is_refused_and_the_connection_closed(
    request_: bytes, logged: Service
) -> None:
    answer = received(logged, request_ + SMUGGLED)
    statuses = re.findall(rb"HTTP/1.1 (\d+) ", answer)
    assert len(statuses) == 1
    # What is malformed in a body may come when the head has been refused.
    assert statuses[0] in ((b"400", b"401") if b"chunked" in request_ else (b"400", b"501", b"505"))
    assert b"\r\nconnection: close\r\n" in answer.lower()


@pytest.mark.parametrize("request_", MALFORMED.values(), ids=MALFORMED)
def test_malformed_head_request_is_answered_without_a_traceback(
    request_: bytes, logged: Service
) -> None:
    method = request_.partition(b" ")[0]
    received(logged, request_.replace(method, b"HEAD", 1))
    assert "Traceback" not in logged.log.read_text()


def test_signed_head_request_with_a_broken_chunk_is_answered_without_a_traceback(
    logged: Service, keys: NewKeys
) -> None:
    head = signed_head(keys, "HEAD", "/api/v1/images", "Transfer-Encoding: chunked")
    answer = received(logged, head + b"5\r\nhello, and more")
    assert answer.startswith(b"HTTP/1.1 ")
    assert "Traceback" not in logged.log.read_text()


@pytest.mark.parametrize("ending", [b"0\r\n\r\n", b"0\r\nTrailer: value\r\n\r\n", b"00\r\n\r\n"])
def test_well_formed_chunks_are_taken(ending: bytes, logged: Service, keys: NewKeys) -> None:
    head = signed_head(
        keys, "POST", "/api/v1/search", "Transfer-Encoding: chunked", "Connection: close"
    )
    answer = received(logged, head + b"b;name=value\r\nno picture.\r\n" + ending)
    assert answer.startswith(b"HTTP/1.1 415 ")


def test_connection_without_a_key_is_closed_before_its_body_comes(logged: Service) -> None:
    answer = received(logged, POST + b"Content-Length: 30000000\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"\r\nconnection: close\r\n" in answer.lower()


@pytest.mark.parametrize("framing", [b"Content-Length: 1000000000", b"Transfer-Encoding: chunked"])
def test_body_without_a_key_is_not_read(framing: bytes, logged: Service) -> None:
    piece = b"100000\r\n" + bytes(0x100000) + b"\r\n"
    sent = 0
    with socket.create_connection(logged.address) as connection:
        connection.settimeout(20)
        connection.sendall(POST + framing + b"\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 401 ")
        with pytest.raises(OSError):
            while sent < 1_000_000_000:
                sent += connection.send(piece)
    # Buffers of the system take in some.
    assert sent < 20_000_000


def test_sender_with_a_wrong_key_reads_the_refusal(logged: Service, keys: NewKeys) -> None:
    wrong = VisualSnoopHMACAuth(keys.public_key, "x" * 40)
    response = httpx.post(
        f"{logged.endpoint}/search", content=bytes(30_000_000), auth=wrong, timeout=20
    )
    assert response.status_code == 401


def test_many_tiny_chunks_are_refused(logged: Service, keys: NewKeys) -> None:
    head = signed_head(keys, "POST", "/api/v1/search", "Transfer-Encoding: chunked")
    answer = received(logged, head + 5000 * b"1\r\nx\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"128 bytes" in answer


@pytest.mark.parametrize("size", [200, 10_000])
def test_photo_is_taken_in_chunks(size: int, logged: Service, keys: NewKeys, photo: Path) -> None:
    file = photo.read_bytes()
    pieces = (file[start : start + size] for start in range(0, len(file), size))
    with client(logged, keys) as signed:
        assert signed.post("/search", content=pieces).status_code == 200


def test_few_tiny_chunks_are_taken(logged: Service, keys: NewKeys, photo: Path) -> None:
    file = photo.read_bytes()
    pieces = [*(file[place : place + 1] for place in range(20)), file[20:]]
    with client(logged, keys) as signed:
        assert signed.post("/search", content=iter(pieces)).status_code == 200


@pytest.mark.parametrize(("count", "status"), [(95, b"401"), (200, b"431"), (5000, b"431")])
def test_number_of_headers_is_limited(count: int, status: bytes, logged: Service) -> None:
    answer = received(logged, GET + b"A: b\r\n" * count + b"\r\n")
    assert answer.split()[1] == status


def test_tls_on_a_plain_port_is_told_apart(logged: Service) -> None:
    context = ssl.create_default_context()
    outgoing = ssl.MemoryBIO()
    hello = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="test")
    with pytest.raises(ssl.SSLWantReadError):
        hello.do_handshake()
    assert b"without TLS" in received(logged, outgoing.read())


@pytest.fixture(scope="module")
def encrypted(
    database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Service, trustme.CA]]:
    """A service over TLS for few connections, and the authority of its certificate."""
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_and_cert_chain_pem.write_to_path(folder / "pem")
    with Service(
        f"--database={database}",
        f"--certfile={folder / 'pem'}",
        "--connections=20",
        "--send-time=2",
        log=folder / "log",
    ) as service:
        yield service, authority


def test_handshake_that_never_begins_is_given_up(encrypted: tuple[Service, trustme.CA]) -> None:
    with socket.create_connection(encrypted[0].address) as connection:
        connection.settimeout(20)
        assert connection.recv(1) == b""


def test_handshake_that_drips_is_given_up(encrypted: tuple[Service, trustme.CA]) -> None:
    with socket.create_connection(encrypted[0].address) as connection:
        connection.settimeout(0.2)
        for byte in b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200):
            try:
                connection.sendall(bytes([byte]))
                assert connection.recv(1) == b""
            except TimeoutError:
                continue
            except ConnectionError:
                pass
            return
    pytest.fail("the handshake was waited for")


def test_handshakes_that_never_begin_make_room_for_connections(
    encrypted: tuple[Service, trustme.CA], keys: NewKeys
) -> None:
    service, authority = encrypted
    context = ssl.create_default_context()
    authority.configure_trust(context)
    auth = VisualSnoopHMACAuth(keys.public_key, keys.secret_key)
    silent = [socket.create_connection(service.address) for _ in range(60)]
    with httpx.Client(base_url=service.endpoint, auth=auth, verify=context) as signed:
        assert signed.get("/images").status_code == 200
        # The service keeps no more than it is to keep, those without a handshake included.
        assert sum(_is_open(connection) for connection in silent) <= 20
        assert signed.get("/images").status_code == 200
    for connection in silent:
        connection.close()


def _is_open(connection: socket.socket) -> bool:
    connection.settimeout(0.01)
    try:
        return connection.recv(1) != b""
    except TimeoutError:
        return True
    except ConnectionError:
        return False


def test_requests_go_on_over_tls(encrypted: tuple[Service, trustme.CA], keys: NewKeys) -> None:
    service, authority = encrypted
    context = ssl.create_default_context()
    authority.configure_trust(context)
    auth = VisualSnoopHMACAuth(keys.public_key, keys.secret_key)
    with httpx.Client(base_url=service.endpoint, auth=auth, verify=context) as signed:
        for size in (1, 100_000, 5_000_000):
            assert signed.post("/search", content=bytes(size)).status_code == 415
            assert signed.get("/images").status_code == 200
