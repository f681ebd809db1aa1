"""The life of a service: started, stopped, renewed, and what happens when its processes die."""

import signal
import socket
import time
from pathlib import Path

import httpx
import pytest

from visualsnoop.server.keys import NewKeys

from ..services import Service, signed_head


@pytest.fixture
def two_workers(database: str, tmp_path: Path) -> Service:
    return Service(f"--database={database}", "--workers=2", log=tmp_path / "log")


def wait_for(condition: object) -> None:
    assert callable(condition)
    give_up = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def test_accepted_requests_are_finished_when_it_is_stopped(
    two_workers: Service, keys: NewKeys, photo: Path
) -> None:
    file = photo.read_bytes()
    head = signed_head(keys, "POST", "/api/v1/image", f"Content-Length: {len(file)}")
    with two_workers, socket.create_connection(two_workers.address) as connection:
        connection.sendall(head + file[:1000])
        time.sleep(0.5)
        two_workers.process.send_signal(signal.SIGTERM)
        wait_for(lambda: refuses(two_workers))
        connection.sendall(file[1000:])
        assert b" 201 " in connection.recv(65536)
        assert two_workers.process.wait(60) == 0


def refuses(service: Service) -> bool:
    try:
        return not httpx.get(f"{service.origin}/health/live", timeout=0.3).is_success
    except httpx.TransportError:
        return True
