"""The life of a service: started, stopped, renewed, and what happens when its processes die."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from visualsnoop.server.storage.keys import NewKeys, revoke_keys

from ..services import Service, client, signed_head


@pytest.fixture(scope="module")
def two_workers(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    options = (f"--database={database}", "--workers=2", "--fingerprint-processes=1")
    with Service(*options, log=tmp_path_factory.mktemp("life") / "log") as service:
        yield service


def wait_for(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def is_listening(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address).close()
    except ConnectionRefusedError:
        return False
    return True


def test_processes_that_die_are_replaced(two_workers: Service, keys: NewKeys, photo: Path) -> None:
    before = two_workers.workers()
    assert len(before) == 2
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: len(set(two_workers.workers()) - set(before)) == 2)
    with client(two_workers, keys) as signed:
        assert signed.post("/search", content=photo.read_bytes()).status_code == 200


def test_all_workers_share_one_fingerprint_pool(
    two_workers: Service, keys: NewKeys, photo: Path
) -> None:
    for _ in range(8):
        with client(two_workers, keys) as signed:
            assert signed.post("/search", content=photo.read_bytes()).status_code == 200
    commands = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in two_workers.children()]
    # Two workers, and one process for pictures.
    assert len([command for command in commands if b"spawn_main" in command]) == 3


def test_hangup_replaces_the_processes_without_a_request_lost(
    two_workers: Service, keys: NewKeys
) -> None:
    statuses: list[int] = []
    is_over = threading.Event()

    def ask() -> None:
        while not is_over.is_set():
            with client(two_workers, keys) as signed:
                statuses.append(signed.get("/images").status_code)

    before = set(two_workers.workers())
    thread = threading.Thread(target=ask)
    thread.start()
    two_workers.process.send_signal(signal.SIGHUP)
    wait_for(lambda: len(set(two_workers.workers()) - before) == 2)
    wait_for(lambda: not before & set(two_workers.workers()))
    is_over.set()
    thread.join()
    assert len(statuses) > 2
    assert set(statuses) == {200}


def test_revoked_keys_stop_at_once_in_every_process(
    two_workers: Service, database: str, keys: NewKeys
) -> None:
    def statuses() -> set[int]:
        seen = set()
        for _ in range(20):
            with client(two_workers, keys) as signed:
                seen.add(signed.get("/images").status_code)
        return seen

    assert statuses() == {200}
    revoke_keys(database, keys.public_key)
    assert statuses() == {401}


def test_stopped_service_finishes_what_it_has_accepted_and_refuses_the_rest(
    database: str, keys: NewKeys, photo: Path, tmp_path: Path
) -> None:
    file = photo.read_bytes()
    head = signed_head(keys, "POST", "/api/v1/image/last", f"Content-Length: {len(file)}")
    with (
        Service(f"--database={database}", log=tmp_path / "log") as service,
        client(service, keys) as signed,
        socket.create_connection(service.address) as connection,
    ):
        signed.post("/image/first", content=file)
        connection.sendall(head + file[:1000])
        time.sleep(0.5)
        service.process.send_signal(signal.SIGTERM)
        wait_for(lambda: not is_listening(service.address))
        connection.sendall(file[1000:])
        assert b" 201 " in connection.recv(65536)
        assert service.process.wait(60) == 0
    assert "Traceback" not in (tmp_path / "log").read_text()
    # That the two are copies was found out after the answer.
    with psycopg.connect(database) as reader:
        for table, count in (("unpaired", 0), ("pairs", 1)):
            found = reader.execute(
                f"SELECT FROM {table} WHERE collection_id = %s".encode(), (keys.collection_id,)
            )
            assert found.rowcount == count


def test_killed_service_leaves_the_port_free(database: str, tmp_path: Path) -> None:
    with Service(f"--database={database}", log=tmp_path / "log") as service:
        children = service.children()
        service.process.kill()
        wait_for(lambda: not is_listening(service.address))
        wait_for(lambda: not any(Path(f"/proc/{pid}/cmdline").exists() for pid in children))
    port = service.address[1]
    with Service(f"--database={database}", f"--port={port}", log=tmp_path / "log") as again:
        assert httpx.get(f"{again.origin}/health").status_code == 200
