"""The life of a service: started, stopped, renewed, and what happens when its processes die."""

import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import psycopg
import pytest

from scripts.proofs.costly_pictures import jpeg_of_scans
from visualsnoop.server.matching.fingerprint import MODEL
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
    # One for each key at a time, and one more for other keys.
    assert len(two_workers.fingerprint_processes()) == 2


def test_fingerprint_processes_that_die_idle_are_replaced(
    two_workers: Service, keys: NewKeys, photo: Path
) -> None:
    before = two_workers.fingerprint_processes()
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    with client(two_workers, keys) as signed:
        assert signed.post("/search", content=photo.read_bytes()).status_code == 200
    wait_for(lambda: len(set(two_workers.fingerprint_processes()) - set(before)) == 2)
    wait_for(lambda: httpx.get(f"{two_workers.origin}/health/ready").status_code == 200)
    assert two_workers.log.read_text().count("fingerprint process has been ended by SIGKILL") == 2


def test_fingerprint_processes_that_cannot_be_replaced_are_told_and_tried_again(
    database: str, keys: NewKeys, photo: Path, tmp_path: Path
) -> None:
    model = tmp_path / "model.onnx"
    shutil.copy(MODEL, model)
    options = (f"--database={database}", f"--model={model}", "--fingerprint-processes=1")
    with Service(*options, log=tmp_path / "log") as service, client(service, keys) as signed:
        model.rename(tmp_path / "gone")
        for pid in service.fingerprint_processes():
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: "cannot be started" in service.log.read_text())
        ready = httpx.get(f"{service.origin}/health/ready")
        assert ready.status_code == 503
        assert "processes to read pictures" in ready.json()["message"]
        assert httpx.get(f"{service.origin}/health/live").status_code == 200
        refused = signed.post("/search", content=photo.read_bytes())
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) > 0
        # What needs no pictures goes on.
        assert signed.get("/images").status_code == 200
        (tmp_path / "gone").rename(model)
        wait_for(lambda: httpx.get(f"{service.origin}/health/ready").status_code == 200)
        assert signed.post("/search", content=photo.read_bytes()).status_code == 200


def test_pictures_of_clients_that_have_gone_are_not_read(
    two_workers: Service, keys: NewKeys, photo: Path
) -> None:
    slow = jpeg_of_scans(4000, 50)
    head = signed_head(keys, "POST", "/api/v1/search", f"Content-Length: {len(slow)}")
    with ExitStack() as stack:
        for _ in range(10):
            connection = stack.enter_context(socket.create_connection(two_workers.address))
            connection.sendall(head + slow)
        wait_for(lambda: waiting_pictures(two_workers) == 10)
    before = steps(two_workers, "decode")
    wait_for(lambda: waiting_pictures(two_workers) == 0)
    with client(two_workers, keys) as signed:
        picture = photo.read_bytes()
        response = signed.post("/search", params={"regions": "false"}, content=picture)
    assert response.status_code == 200
    # They were ten of the same key, and this one came last.
    assert steps(two_workers, "decode") == before + 1


def waiting_pictures(service: Service) -> int:
    return metric(service, "visualsnoop_pictures_waiting")


def steps(service: Service, step: str) -> int:
    return metric(service, f'visualsnoop_step_seconds_count{{step="{step}"}}')


def metric(service: Service, name: str) -> int:
    page = httpx.get(f"{service.origin}/metrics").text
    values = [line.split()[-1] for line in page.splitlines() if line.startswith(f"{name} ")]
    return int(float(values[0])) if values else 0


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
