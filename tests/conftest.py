"""A real service for the tests: a process of its own, over a PostgreSQL of its own."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from scripts.local_service import running_service
from visualsnoop import Collection
from visualsnoop.server.storage.embedded import embedded_postgres
from visualsnoop.server.storage.keys import NewKeys, create_keys
from visualsnoop.server.storage.schema import upgrade

from .sync_and_async import COLLECTION_CLASSES, Connect

PHOTOS = Path(__file__).parent / "photos"


@pytest.fixture(scope="session", autouse=True)
def plain_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Leave out what the environment says of proxies and keys: the tests say it themselves.

    Nothing is looked for, or left, in the home of who runs the tests: all databases have one master
    key, and the command line has folders of its own for what it stores, and no keyring.
    """
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("VISUALSNOOP_"):
            del os.environ[name]
    os.environ["VISUALSNOOP_MASTER_KEY"] = secrets.token_hex(32)
    home = tmp_path_factory.mktemp("home")
    for kind in ("CONFIG", "STATE"):
        os.environ[f"XDG_{kind}_HOME"] = str(home / kind.lower())
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    yield


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """How to connect to the database of `service`."""
    with embedded_postgres(tmp_path_factory.mktemp("data")) as url:
        upgrade(url)
        yield url


@pytest.fixture
def bare_database(database: str) -> Iterator[str]:
    """How to connect to a database without tables, on the same server as the others."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        yield database.replace("/postgres?", f"/{name}?")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def new_database(bare_database: str) -> str:
    """How to connect to a database of the service without anything in it."""
    upgrade(bare_database)
    return bare_database


@pytest.fixture(scope="session")
def service(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The endpoint of a running service."""
    with (
        (tmp_path_factory.mktemp("service") / "log").open("w") as log,
        running_service(f"--database={database}", log=log) as running,
    ):
        yield running.endpoint


@pytest.fixture
def keys(database: str) -> NewKeys:
    """The keys of a new, empty collection."""
    return create_keys(database, name=uuid4().hex, user="ada")


@pytest.fixture
def other_keys(database: str) -> NewKeys:
    """The keys of another one."""
    return create_keys(database, name=uuid4().hex, user="bob")


@pytest.fixture
def collection(connect: Connect, service: str, keys: NewKeys) -> Iterator[Collection]:
    """A new, empty collection, used by `Collection` and by `AsyncCollection`."""
    with connect(keys.public_key, keys.secret_key, service) as collection:
        yield collection


@pytest.fixture(params=COLLECTION_CLASSES)
def connect(request: pytest.FixtureRequest) -> Connect:
    """Makes a `Collection`, or an `AsyncCollection` that is used as one."""
    return COLLECTION_CLASSES[request.param]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between tries, which are recorded and cut short."""
    waited: list[float] = []

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr("visualsnoop._transport.time.sleep", waited.append)
    monkeypatch.setattr("visualsnoop._async_transport.asyncio.sleep", wait)
    return waited


@pytest.fixture(scope="session")
def photo() -> Path:
    """An image file."""
    return PHOTOS / "cat.jpg"


@pytest.fixture(scope="session")
def photos() -> list[Path]:
    """Image files that show different things."""
    return sorted(PHOTOS.glob("*.jpg"))
