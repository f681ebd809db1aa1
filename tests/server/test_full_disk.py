"""A full disk: nothing is lost, who is concerned is told so, and it heals."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psycopg
import pytest
from attrs import frozen

from visualsnoop.server.storage.keys import create_keys

from ..cli.command import run
from ..pictures import different_picture
from ..services import Service, client

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")

_SIZE = 160  # MiB


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A small disk."""
    path = tmp_path_factory.mktemp("disk")
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_SIZE}m", "tmpfs", path], check=True)
    yield path
    subprocess.run(["umount", path], check=True)


@contextmanager
def full(disk: Path, *, but: int = 0) -> Iterator[None]:
    """Fill a disk, but for some bytes."""
    filling = disk / "filling"
    descriptor = os.open(filling, os.O_WRONLY | os.O_CREAT)
    try:
        while (free := shutil.disk_usage(disk).free) > but:
            # What is running there may have taken some of it by now.
            with suppress(OSError):
                os.posix_fallocate(descriptor, os.fstat(descriptor).st_size, free - but)
        yield
    finally:
        os.close(descriptor)
        filling.unlink()


@frozen
class Running:
    """A service whose data are on a small disk."""

    folder: Path
    service: Service
    client: httpx.Client

    def log(self) -> str:
        return self.service.log.read_text()


@pytest.fixture(scope="module")
def running(disk: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = disk / "data"
    log = tmp_path_factory.mktemp("full") / "log"
    with Service(f"--data={folder}", "--least-disk=0", log=log) as service:
        keys = create_keys(f"host={folder} user=visualsnoop dbname=postgres", "full", "ada")
        with client(service, keys) as signed:
            yield Running(folder, service, signed)


def add_until_refused(signed: httpx.Client) -> tuple[set[str], httpx.Response]:
    """Add images until one is refused; the IDs of those that were not."""
    added: set[str] = set()
    for number in range(1000):
        answer = signed.post(f"/image/{number}", content=different_picture(number))
        if answer.status_code != 201:
            return added, answer
        added.add(str(number))
    raise AssertionError("nothing was refused")


def test_image_that_finds_no_space_is_refused_and_said_why(running: Running, disk: Path) -> None:
    assert running.client.post("/image/first", content=different_picture(1000)).status_code == 201
    with full(disk):
        added, refused = add_until_refused(running.client)
        assert refused.status_code == 503
        assert "disk" in refused.json()["message"]
        assert "full" in refused.json()["message"]
        searched = running.client.post("/search", content=different_picture(1000))
        assert searched.json()["results"][0]["id"] == "first"
    assert f"The disk of {running.folder} is full" in running.log()
    listed = running.client.get("/images", params={"count": 1000}).json()["images"]
    assert {image["id"] for image in listed} == {"first", *added}
    assert running.client.post("/image/later", content=different_picture(0)).status_code == 201


def test_database_that_ends_for_want_of_space_comes_back_when_there_is_some(
    running: Running, disk: Path
) -> None:
    before = running.client.get("/collection").json()["image_count"]
    with full(disk):
        exhaust_log(running.folder)
        wait_until(lambda: running.client.get("/images").status_code == 503)
        told = running.client.get("/images").json()["message"]
        assert "disk" in told
        assert "full" in told
        ready = httpx.get(f"{running.service.origin}/health/ready", timeout=30)
        assert (ready.status_code, "full" in ready.json()["message"]) == (503, True)
        said = f"PostgreSQL cannot start: the disk of {running.folder} is full"
        wait_until(lambda: said in running.log())
    wait_until(lambda: running.client.get("/images").status_code == 200)
    assert running.client.get("/collection").json()["image_count"] == before
    assert running.client.post("/image/back", content=different_picture(0)).status_code == 201


def exhaust_log(folder: Path) -> None:
    """Let PostgreSQL write to its log until it finds no space for more."""
    with (
        suppress(psycopg.OperationalError),
        psycopg.connect(f"host={folder} user=visualsnoop dbname=postgres") as connection,
    ):
        for _ in range(100):
            connection.execute("SELECT pg_switch_wal(), pg_logical_emit_message(false, '', 'x')")


def wait_until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.2)


def test_new_data_folder_on_a_full_disk_is_one_line_of_error(running: Running, disk: Path) -> None:
    with full(disk, but=20 * 2**20):
        answer = run("keys", "list", f"--data={disk / 'other'}")
    assert answer.returncode == 1
    assert answer.stderr.endswith(f"the disk of {disk / 'other'} is full\n")
    assert len(answer.stderr.splitlines()) == 1
    assert run("keys", "list", f"--data={disk / 'other'}").returncode == 0
