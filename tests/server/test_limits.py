"""What is too much, too large or too slow is refused in time, with an answer that says so."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from visualsnoop.server.errors import APIError
from visualsnoop.server.http import bodies
from visualsnoop.server.http.bodies import BodyReader
from visualsnoop.server.http.rate_limit import RateLimiter
from visualsnoop.server.http.upload_quota import UploadQuota
from visualsnoop.server.settings import Settings
from visualsnoop.server.storage.keys import Key, NewKeys, revoke_keys
from visualsnoop.server.vault import Vault

from ..services import Service, client, signed_head


@pytest.fixture(scope="module")
def strict(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with tight limits."""
    with Service(
        f"--database={database}",
        "--rate=10",
        "--max-body=2",
        "--max-pixels=1",
        "--upload-memory=3",
        "--send-time=1",
        "--body-rate=1000",
        "--idle-time=1",
        "--connections=20",
        "--fingerprint-processes=1",
        "--queue=0",
        log=tmp_path_factory.mktemp("strict") / "log",
    ) as service:
        yield service


def read_answer(connection: socket.socket) -> tuple[int, dict[str, Any]]:
    """The status and the body of the answer that comes before the connection is closed."""
    connection.settimeout(20)
    received = b""
    while piece := connection.recv(65536):
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"x-request-id: " in head.lower()
    assert b"content-type: application/json" in head.lower()
    status = int(head.split()[1])
    answer = json.loads(body)
    assert answer["status"] == status
    assert answer["message"]
    return status, answer


def test_key_pair_that_asks_too_often_is_told_when_to_come_back(
    strict: Service, keys: NewKeys
) -> None:
    with client(strict, keys) as signed:
        assert [signed.get("/images").status_code for _ in range(20)] == [200] * 20
        while (refused := signed.get("/images")).status_code == 200:
            pass
        assert refused.status_code == 429
        wait = int(refused.headers["Retry-After"])
        assert f"wait {wait} second" in refused.json()["message"]
    time.sleep(wait)
    # The connection has been idle for so long that it may be closed at any moment.
    with client(strict, keys) as signed:
        assert signed.get("/images").status_code == 200


def test_other_key_pairs_are_not_slowed_down(
    strict: Service, keys: NewKeys, other_keys: NewKeys
) -> None:
    with client(strict, keys) as greedy, client(strict, other_keys) as modest:
        while greedy.get("/images").status_code == 200:
            pass
        assert modest.get("/images").status_code == 200


def test_unsigned_requests_use_up_nobodys_rate(strict: Service, keys: NewKeys) -> None:
    forged = {"Authorization": f"VSHMAC {keys.public_key}:forged", "Date": "x"}
    for _ in range(40):
        httpx.get(f"{strict.endpoint}/images", headers=forged)
    with client(strict, keys) as signed:
        assert signed.get("/images").status_code == 200


def test_processes_share_the_buckets(tmp_path: Path) -> None:
    one, other = (RateLimiter(tmp_path / "rate-limit", rate=1) for _ in range(2))
    waits = [limiter.take("key") for limiter in (one, other, one)]
    assert waits[:2] == [0, 0]
    assert 0 < waits[2] <= 1
    assert one.take("another key") == 0
    for limiter in (one, other):
        limiter.close()


def test_bucket_of_a_slow_rate_holds_one_request(tmp_path: Path) -> None:
    limiter = RateLimiter(tmp_path / "rate-limit", rate=0.01)
    assert limiter.take("key") == 0
    assert 99 < limiter.take("key") <= 100
    limiter.close()


def test_many_key_pairs_at_once_are_let_in(tmp_path: Path) -> None:
    limiter = RateLimiter(tmp_path / "rate-limit", rate=1)
    assert {limiter.take(f"key {number}") for number in range(20_000)} == {0}
    limiter.close()


def test_body_that_is_announced_too_large_is_refused_before_it_comes(
    strict: Service, keys: NewKeys
) -> None:
    head = signed_head(keys, "POST", "/api/v1/image", "Content-Length: 1000000000")
    with socket.create_connection(strict.address) as connection:
        connection.sendall(head)
        connection.settimeout(20)
        assert b" 413 " in connection.recv(65536)


def test_sender_of_a_huge_body_reads_the_refusal(strict: Service, keys: NewKeys) -> None:
    with client(strict, keys) as signed:
        answer = signed.post("/image", content=bytes(40_000_000))
        assert answer.status_code == 413
        assert "2097152" in answer.json()["message"]


def test_huge_body_is_not_read_to_its_end(strict: Service, keys: NewKeys) -> None:
    head = signed_head(keys, "POST", "/api/v1/image", "Content-Length: 1000000000")
    sent = 0
    with socket.create_connection(strict.address) as connection:
        connection.sendall(head)
        with pytest.raises(OSError):
            while sent < 1_000_000_000:
                connection.sendall(bytes(1_000_000))
                sent += 1_000_000
    assert sent < 200_000_000


def test_picture_with_too_many_pixels_is_refused(
    strict: Service, keys: NewKeys, tmp_path: Path
) -> None:
    from PIL import Image

    Image.new("L", (1001, 1000)).save(tmp_path / "large.png")
    with client(strict, keys) as signed:
        answer = signed.post("/image", content=(tmp_path / "large.png").read_bytes())
    assert answer.status_code == 413
    assert "pixels" in answer.json()["message"]


def test_body_that_drips_is_given_up(strict: Service, keys: NewKeys) -> None:
    with socket.create_connection(strict.address) as connection:
        connection.sendall(signed_head(keys, "POST", "/api/v1/image", "Content-Length: 1000"))
        drip(connection)
        status, answer = read_answer(connection)
    assert status == 408
    assert "1000 bytes a second" in answer["message"]


def test_body_that_stalls_before_its_end_is_given_up(strict: Service, keys: NewKeys) -> None:
    with socket.create_connection(strict.address) as connection:
        head = signed_head(keys, "POST", "/api/v1/image", "Content-Length: 2000000")
        connection.sendall(head + bytes(1_999_998))
        status, answer = read_answer(connection)
    assert status == 408
    assert "paused" in answer["message"]


def test_body_that_never_ends_is_given_up(keys: NewKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "_MAX_TIME", 0.3)

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": bytes(1000), "more_body": True}

    async def is_valid(key: Key) -> bool:
        return True

    async def read() -> None:
        reader = BodyReader(Settings("", Vault(bytes(32), "a test")), is_valid)
        request = Request({"type": "http", "headers": []}, receive)
        key = Key(keys.public_key, b"", keys.collection_id, "", "", False, False, False)
        async with reader.read(request, key):
            pass

    with pytest.raises(APIError) as caught:
        asyncio.run(read())
    assert caught.value.status == 408


def test_bodies_of_one_key_pair_are_checked_by_one_look_at_it(
    keys: NewKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "_CHECK_INTERVAL", 0.1)
    looks = 0

    async def is_valid(key: Key) -> bool:
        nonlocal looks
        looks += 1
        # Until all have asked: who is revoked is told so to all of them.
        await asyncio.sleep(0.5)
        return False

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def read_all() -> None:
        reader = BodyReader(Settings("", Vault(bytes(32), "a test")), is_valid)
        key = Key(keys.public_key, b"", keys.collection_id, "", "", False, False, False)

        async def read() -> None:
            with pytest.raises(APIError) as refused:
                async with reader.read(Request({"type": "http", "headers": []}, receive), key):
                    pass
            assert refused.value.status == 401

        await asyncio.gather(*(read() for _ in range(50)))

    asyncio.run(read_all())
    assert looks == 1


def test_body_is_not_read_to_its_end_when_its_key_is_revoked(
    strict: Service, database: str, keys: NewKeys
) -> None:
    head = signed_head(keys, "POST", "/api/v1/search", "Content-Length: 2000000")
    with socket.create_connection(strict.address) as connection:
        connection.sendall(head)
        connection.settimeout(0.1)
        revoke_keys(database, keys.public_key)
        answer = b""
        for _ in range(300):
            connection.sendall(bytes(1000))
            with suppress(TimeoutError):
                answer = connection.recv(65536)
                break
    assert answer.startswith(b"HTTP/1.1 401 ")


def test_one_key_pair_leaves_memory_to_others(
    strict: Service, keys: NewKeys, other_keys: NewKeys
) -> None:
    head = signed_head(keys, "POST", "/api/v1/search", "Content-Length: 1000000")
    greedy = [socket.create_connection(strict.address) for _ in range(6)]
    for connection in greedy:
        connection.sendall(head + bytes(999_000))
    time.sleep(0.3)
    with client(strict, other_keys) as modest:
        assert modest.post("/search", content=bytes(600_000)).status_code == 415
    for connection in greedy:
        connection.close()


steps = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 100), st.booleans()), max_size=60)


@given(steps)
def test_quota_is_never_exceeded_and_leaves_something_to_the_next_key(
    steps: list[tuple[str, int, bool]],
) -> None:
    quota = UploadQuota(1000, places=20)
    held: list[tuple[str, int]] = []
    for key, size, is_to_end in steps:
        if is_to_end and held:
            quota.end(*held.pop(0))
        elif quota.begin(key):
            held.append((key, size if quota.take(key, size) else 0))
        assert sum(size for _, size in held) <= 1000
        assert len(held) <= 20
        left = 1000 - sum(size for _, size in held)
        if len({key for key, _ in held}) == 1 and len(held) > 1:
            assert left >= 250
    for key, size in held:
        quota.end(key, size)
    assert quota.begin("a")
    assert quota.take("a", 1000)


def test_head_that_drips_is_given_up(strict: Service) -> None:
    with socket.create_connection(strict.address) as connection:
        connection.sendall(b"GET /api/v1/images HTTP/1.1\r\nHost: ")
        drip(connection)
        status, answer = read_answer(connection)
    assert status == 408
    assert "head" in answer["message"]


def drip(connection: socket.socket) -> None:
    """Send one byte after the other for longer than the service has patience."""

    def send() -> None:
        for _ in range(8):
            time.sleep(0.2)
            try:
                connection.sendall(b"x")
            except OSError:
                return

    threading.Thread(target=send, daemon=True).start()


def test_connection_without_a_request_is_closed(strict: Service) -> None:
    with socket.create_connection(strict.address) as connection:
        connection.settimeout(10)
        assert connection.recv(100) == b""


def test_connection_that_is_idle_after_a_request_is_closed(strict: Service, keys: NewKeys) -> None:
    with socket.create_connection(strict.address) as connection:
        connection.sendall(signed_head(keys, "GET", "/api/v1/images"))
        connection.settimeout(10)
        received = b""
        while piece := connection.recv(65536):
            received += piece
        assert received.startswith(b"HTTP/1.1 200 ")


def test_idle_connections_make_room_for_new_ones(strict: Service, keys: NewKeys) -> None:
    idle = [socket.create_connection(strict.address) for _ in range(60)]
    with client(strict, keys) as signed:
        assert signed.get("/images").status_code == 200
    for connection in idle:
        connection.close()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /api/v1/image/" + b"x" * 9000 + b" HTTP/1.1\r\nHost: test\r\n\r\n", 414),
        (b"GET /" + b"x" * 300_000, 414),
        (b"GET / HTTP/1.1\r\nHost: test\r\nX: " + b"x" * 300_000, 431),
        (b"GET / HTTP/1.1\r\nHost: test\r\n" + b"X: y\r\n" * 9000 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: test\r\nX: " + b"x" * 60_000 + b"\r\n\r\n", 431),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"NONSENSE\r\n\r\n", 400),
        (b"\r\n", 400),
    ],
)
def test_head_that_is_too_long_or_none_is_refused(
    strict: Service, request_: bytes, status: int
) -> None:
    with socket.create_connection(strict.address) as connection:
        connection.sendall(request_)
        assert read_answer(connection)[0] == status


def test_pictures_that_would_wait_too_long_are_refused(
    strict: Service, keys: NewKeys, photo: Path
) -> None:
    with client(strict, keys) as signed, ThreadPoolExecutor(10) as threads:
        answers = list(
            threads.map(lambda _: signed.post("/search", content=photo.read_bytes()), range(15))
        )
    statuses = {answer.status_code for answer in answers}
    assert statuses == {200, 503}
    (wait,) = {answer.headers["Retry-After"] for answer in answers if answer.status_code == 503}
    assert int(wait) > 0


def test_bodies_share_a_limited_memory(strict: Service, keys: NewKeys) -> None:
    head = signed_head(keys, "POST", "/api/v1/search", "Content-Length: 2000000")
    with socket.create_connection(strict.address) as holder, client(strict, keys) as signed:
        holder.sendall(head + bytes(1_900_000))
        time.sleep(0.3)
        refused = signed.post("/search", content=bytes(1_500_000))
        holder.close()
        time.sleep(0.3)
        later = signed.post("/search", content=bytes(1_500_000))
    assert refused.status_code == 503
    assert later.status_code == 415


def test_client_that_does_not_read_answers_is_cut_off_alone(
    strict: Service, keys: NewKeys, other_keys: NewKeys
) -> None:
    asked = signed_head(keys, "GET", "/api/v1/images")
    with socket.create_connection(strict.address) as deaf, client(strict, other_keys) as signed:
        deaf.sendall(asked * 15)
        assert signed.get("/images").status_code == 200
