"""A database that is stopped, read-only, locked or gone: no request hangs, and none is lost."""

import asyncio
import inspect
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
import psycopg
import pytest
from attrs import frozen
from psycopg import errors
from psycopg_pool import PoolTimeout, TooManyRequests

from visualsnoop.server.http.error_responses import database_error
from visualsnoop.server.storage.collections import delete_collection
from visualsnoop.server.storage.embedded import embedded_postgres
from visualsnoop.server.storage.keys import NewKeys, create_keys
from visualsnoop.server.storage.pool import Pool
from visualsnoop.server.storage.schema import upgrade

from ..services import Service, client, signed_head


@frozen
class Deployment:
    """A service over a PostgreSQL that is stopped and started under it."""

    folder: Path
    service: Service
    client: httpx.Client
    keys: NewKeys
    url: str

    @contextmanager
    def database(self) -> Iterator[None]:
        """Run the database; it is stopped in the end."""
        with embedded_postgres(self.folder):
            yield


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("failing")
    with embedded_postgres(folder) as url:
        upgrade(url)
        keys = create_keys(url, "a", "ada")
        # The first server is not there; the service takes the one that can be written to.
        own = url.split("host=")[1]
        several = url.replace(own, f"{quote('/nowhere', safe='')},{own}")
        options = (
            f"--database={several}&target_session_attrs=read-write",
            "--statement-time=1",
            "--database-connections=4",
        )
        service = Service(*options, log=folder / "log")
    with service, client(service, keys) as signed:
        yield Deployment(folder, service, signed, keys, url)


def test_stopped_database_is_told_with_a_time_to_come_back(deployment: Deployment) -> None:
    answer = deployment.client.get("/images")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["message"].startswith("The database does not answer")
    for page, status in (("live", 200), ("ready", 503)):
        answer = httpx.get(f"{deployment.service.origin}/health/{page}", timeout=30)
        assert answer.status_code == status


def test_service_goes_on_when_the_database_is_back(deployment: Deployment, photo: Path) -> None:
    with deployment.database():
        assert deployment.client.put("/image/kept", content=photo.read_bytes()).is_success
    assert deployment.client.get("/image/kept").status_code == 503
    with deployment.database():
        assert deployment.client.get("/image/kept").status_code == 200


def test_restart_between_two_requests_is_not_noticed(deployment: Deployment) -> None:
    with deployment.database():
        assert deployment.client.get("/images").status_code == 200
    with deployment.database():
        assert deployment.client.get("/images").status_code == 200


def test_connection_that_is_ended_during_a_statement_is_an_unavailable_database(
    deployment: Deployment, photo: Path
) -> None:
    with deployment.database(), psycopg.connect(deployment.url, autocommit=True) as connection:
        with connection.transaction():
            connection.execute("LOCK TABLE images")
            head = signed_head(deployment.keys, "GET", "/api/v1/images", "Connection: close")
            with socket.create_connection(deployment.service.address) as waiting:
                waiting.sendall(head)
                time.sleep(0.3)
                ended = connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE wait_event_type = 'Lock'"
                )
                assert ended.rowcount == 1
                assert b" 503 " in waiting.recv(65536)
        assert deployment.client.get("/images").status_code == 200


def test_searches_go_on_when_nothing_can_be_changed(deployment: Deployment, photo: Path) -> None:
    with deployment.database(), psycopg.connect(deployment.url, autocommit=True) as connection:
        deployment.client.put("/image/kept", content=photo.read_bytes())
        set_read_only(connection, "on")
        try:
            searched = deployment.client.post("/search", content=photo.read_bytes())
            added = deployment.client.post("/image", content=photo.read_bytes())
            ready = httpx.get(f"{deployment.service.origin}/health/ready", timeout=30)
        finally:
            set_read_only(connection, "off")
        later = deployment.client.post("/image", content=photo.read_bytes())
    assert searched.json()["results"][0]["id"] == "kept"
    assert added.status_code == 503
    assert "only searches" in added.json()["message"]
    assert (ready.status_code, ready.json()["takes_changes"]) == (200, False)
    assert later.status_code == 201


def set_read_only(connection: psycopg.Connection, value: str) -> None:
    connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}".encode())
    connection.execute("SELECT pg_reload_conf()")
    time.sleep(0.3)


def test_statement_that_takes_too_long_is_given_up(deployment: Deployment) -> None:
    with deployment.database(), psycopg.connect(deployment.url) as connection:
        connection.execute("LOCK TABLE images")
        answer = deployment.client.get("/images")
        assert answer.status_code == 503
        assert "too long" in answer.json()["message"]
        connection.rollback()
        assert deployment.client.get("/images").status_code == 200


def test_collection_that_is_deleted_meanwhile_takes_no_image(
    deployment: Deployment, photo: Path
) -> None:
    file = photo.read_bytes()
    with deployment.database():
        keys = create_keys(deployment.url, "short-lived", "ada")
        head = signed_head(
            keys, "POST", "/api/v1/image", f"Content-Length: {len(file)}", "Connection: close"
        )
        with socket.create_connection(deployment.service.address) as connection:
            connection.sendall(head)
            time.sleep(0.5)
            delete_collection(deployment.url, keys.collection_id)
            connection.sendall(file)
            assert b" 401 " in connection.recv(65536)


def test_every_fault_of_the_database_is_told_as_unavailable() -> None:
    kinds = {
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, psycopg.Error) and kind is not errors.ForeignKeyViolation
    }
    assert len(kinds) > 200

    async def statuses() -> set[int]:
        async with Pool("host=/nowhere", min_size=0, max_size=1, open=False) as pool:
            faults = (kind("why") for kind in [*kinds, PoolTimeout, TooManyRequests])
            return {(await database_error(fault, pool)).status for fault in faults}

    assert asyncio.run(statuses()) == {503}


def test_log_has_no_traceback_of_a_database_that_is_down(deployment: Deployment) -> None:
    deployment.client.get("/images")
    log = (deployment.folder / "log").read_text()
    assert "The database does not answer" in log
    assert "Traceback" not in log
