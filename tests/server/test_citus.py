"""The tables can be spread by collection: the rules of Citus, on a plain PostgreSQL.

Distributed tables must have their distribution column in every unique key, and in the same place of
every foreign key to one another; others may refer to reference tables only. And what the service
asks must name the collection, so that one machine can answer it.
"""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from scripts.local_service import client, running_service
from visualsnoop.server.storage.keys import NewKeys

from ..pictures import different_picture
from ..sockets import Listener, listening
from .test_isolation import ATTEMPTS

SCRIPT = (Path(__file__).parents[2] / "docs" / "citus.sql").read_text()
DISTRIBUTED = re.findall(r"create_distributed_table\('(\w+)', 'collection_id'", SCRIPT)
REFERENCE = re.findall(r"create_reference_table\('(\w+)'", SCRIPT)


def rows(database: str, statement: str, *parameters: object) -> list[tuple[str, ...]]:
    with psycopg.connect(database) as connection:
        return connection.execute(statement.encode(), parameters).fetchall()


def test_script_is_about_all_tables(database: str) -> None:
    found = rows(
        database,
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'",
    )
    assert {name for (name,) in found} - {"alembic_version"} == {*DISTRIBUTED, *REFERENCE}


@pytest.mark.parametrize("table", DISTRIBUTED)
def test_unique_keys_begin_with_the_collection(table: str, database: str) -> None:
    keys = rows(
        database,
        """
        SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
        WHERE indrelid = %s::regclass AND indisunique
        """,
        table,
    )
    assert keys
    assert {name for (name,) in keys} == {"collection_id"}


@pytest.mark.parametrize("table", DISTRIBUTED)
def test_collection_is_the_first_column(table: str, database: str) -> None:
    statement = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum = 1"
    assert rows(database, statement, table) == [("collection_id",)]


def test_foreign_keys_stay_within_a_collection(database: str) -> None:
    keys = rows(
        database,
        """
        SELECT conrelid::regclass::text, confrelid::regclass::text, own.attname, other.attname
        FROM pg_constraint
        JOIN pg_attribute AS own ON own.attrelid = conrelid AND own.attnum = conkey[1]
        JOIN pg_attribute AS other ON other.attrelid = confrelid AND other.attnum = confkey[1]
        WHERE contype = 'f'
        """,
    )
    assert keys
    for table, referred, column, referred_column in keys:
        if table in REFERENCE or referred in DISTRIBUTED:
            assert (table in DISTRIBUTED) == (referred in DISTRIBUTED)
        if referred in DISTRIBUTED:
            assert (column, referred_column) == ("collection_id", "collection_id")


class Eavesdropper:
    """Carries connections to a PostgreSQL, and writes down the statements that are sent.

    Attributes:
        statements: The statements, as PostgreSQL gets them.
    """

    def __init__(self, database: str) -> None:
        (folder,) = parse_qs(urlsplit(database).query)["host"]
        self._server = f"{folder}/.s.PGSQL.5432"
        self.statements: set[str] = set()

    def __call__(self, listener: Listener, connection: socket.socket) -> None:
        with socket.socket(socket.AF_UNIX) as server:
            server.connect(self._server)
            answers = threading.Thread(target=self._carry_answers, args=(server, connection))
            answers.start()
            with suppress(OSError), connection.makefile("rb") as sent:
                # The first message has no type.
                kind = b""
                while size := sent.read(4):
                    body = sent.read(int.from_bytes(size) - 4)
                    server.sendall(kind + size + body)
                    if kind == b"Q":
                        self.statements.add(body.split(b"\0")[0].decode())
                    elif kind == b"P":
                        self.statements.add(body.split(b"\0")[1].decode())
                    kind = sent.read(1)
            server.shutdown(socket.SHUT_RDWR)
            answers.join()

    @staticmethod
    def _carry_answers(server: socket.socket, connection: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                connection.sendall(data)
            connection.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def eavesdropper(database: str) -> Iterator[tuple[Eavesdropper, str]]:
    """What hears, and how to connect through it."""
    eavesdropper = Eavesdropper(database)
    with listening(eavesdropper) as listener:
        host, _, port = listener.address.partition(":")
        yield (
            eavesdropper,
            f"postgresql://visualsnoop@{host}:{port}/postgres?sslmode=disable&gssencmode=disable",
        )


def test_statements_of_all_operations_name_the_collection(
    eavesdropper: tuple[Eavesdropper, str], keys: NewKeys
) -> None:
    heard, database = eavesdropper
    with running_service(f"--database={database}") as service:
        heard.statements.clear()
        with client(service.endpoint, keys) as connection:
            connection.post("/image/own", content=different_picture(1))
            for image_id in ("one", "two"):
                connection.post(f"/image/{image_id}", content=different_picture(1))
                for attempt in ATTEMPTS.values():
                    attempt(connection, image_id)
            connection.get("/images")
            connection.get("/duplicates")
    growing = "|".join(DISTRIBUTED)
    about_growing = [one for one in heard.statements if re.search(rf"\b({growing})\b", one)]
    assert {table for table in DISTRIBUTED for one in about_growing if table in one} == {
        *DISTRIBUTED
    }
    for statement in about_growing:
        read = re.findall(rf"\b(?:FROM|JOIN|UPDATE) (?:{growing})\b", statement)
        named = re.findall(r"\bcollection_id = \$\d+", statement)
        assert len(named) >= len(read), statement
        # Where no columns are named, the first one is the collection; see above.
        for columns in re.findall(rf"\bINSERT INTO (?:{growing}) \(([^)]*)\)", statement):
            assert columns.startswith("collection_id"), statement
