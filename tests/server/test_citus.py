"""The tables can be spread by collection, and the statements sent: the rules of Citus, without it.

Distributed tables must have their distribution column in every unique key, and in the same place of
every foreign key to one another; others may refer to reference tables only. What the service asks
must name the collection, so that one machine can answer it. Citus itself is in no package that the
tests can have: an extension of its name stands in for it, which refuses what it refuses of tables.
"""

import re
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

import visualsnoop
from scripts.local_service import client, running_service
from visualsnoop.server.storage.collections import (
    delete_collection,
    list_collections,
    rename_collection,
)
from visualsnoop.server.storage.distribution import distribute, replicate
from visualsnoop.server.storage.keys import (
    NewKeys,
    create_keys,
    list_keys,
    revoke_keys,
    rotate_keys,
)
from visualsnoop.server.storage.schema import upgrade
from visualsnoop.server.storage.transfer import export_collection, import_collection

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


@pytest.fixture(scope="module")
def stand_in() -> Iterator[Path]:
    """Where PostgreSQL finds the extension that stands in for Citus, whatever account it has."""
    with tempfile.TemporaryDirectory(prefix="vs-") as name:
        shutil.copytree(Path(__file__).with_name("citus_stand_in"), name, dirs_exist_ok=True)
        for path in (Path(name), *Path(name).rglob("*")):
            path.chmod(0o755)
        yield Path(name)


@pytest.fixture
def cluster(bare_database: str, stand_in: Path) -> Callable[..., psycopg.Connection]:
    """Makes a connection to a cluster with the tables of a revision, not distributed yet."""

    def connected(to: str = "head") -> psycopg.Connection:
        upgrade(bare_database, to)
        with psycopg.connect(bare_database, autocommit=True) as connection:
            name = connection.info.dbname
            path = f"ALTER DATABASE {name} SET extension_control_path = '{stand_in}:$system'"
            connection.execute(path.encode())
        return psycopg.connect(bare_database, autocommit=True)

    return connected


def statements(script: str) -> list[str]:
    """The statements of a script, without what is said to psql."""
    return re.sub(r"^(?:\\|--).*$", "", script, flags=re.MULTILINE).strip().split(";\n")


def execute(connection: psycopg.Connection, script: str) -> None:
    for statement in statements(script):
        connection.execute(statement.encode())


def test_script_is_executed(cluster: Callable[..., psycopg.Connection]) -> None:
    with cluster() as connection:
        before = foreign_keys(connection)
        execute(connection, SCRIPT)
        assert foreign_keys(connection) == before
        found = connection.execute(
            "SELECT logicalrelid::text, partmethod::text FROM pg_dist_partition"
        )
        assert dict(found.fetchall()) == {
            **dict.fromkeys(REFERENCE, "n"),
            **dict.fromkeys(DISTRIBUTED, "h"),
        }


def foreign_keys(connection: psycopg.Connection) -> list[tuple[str, ...]]:
    return connection.execute(
        """
        SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f' ORDER BY 1
        """
    ).fetchall()


def test_local_table_with_a_foreign_key_to_a_distributed_one_is_refused(
    cluster: Callable[..., psycopg.Connection],
) -> None:
    kept = re.sub(
        "ALTER TABLE pairs DROP CONSTRAINT pairs_collection_id_image_id_fkey;", "", SCRIPT
    )
    assert kept != SCRIPT
    with cluster() as connection, pytest.raises(psycopg.Error, match="local table pairs"):
        execute(connection, kept)


def test_cluster_is_upgraded_from_the_first_version_that_it_can_have(
    cluster: Callable[..., psycopg.Connection], bare_database: str
) -> None:
    with cluster("0003") as connection:
        tables = {row[0] for row in connection.execute("SELECT relname FROM pg_class").fetchall()}
        named = re.compile(r"(?:TABLE |table\(')(\w+)")
        for statement in statements(SCRIPT):
            table = named.search(statement)
            if table is None or table[1] in tables:
                execute(connection, statement)
    upgrade(bare_database)
    with psycopg.connect(bare_database) as connection:
        distributed = connection.execute("SELECT logicalrelid::text FROM pg_dist_partition")
        assert {name for (name,) in distributed.fetchall()} == {*DISTRIBUTED, *REFERENCE}


def test_new_tables_are_distributed_where_the_others_are(
    cluster: Callable[..., psycopg.Connection], new_database: str
) -> None:
    migration = (
        'CREATE TABLE labels (collection_id text, image_id text COLLATE "C")',
        distribute("labels"),
        "ALTER TABLE labels ADD CONSTRAINT labels_image"
        " FOREIGN KEY (collection_id, image_id) REFERENCES images",
        "CREATE TABLE visits (token text PRIMARY KEY, public_key text)",
        replicate("visits"),
        "ALTER TABLE visits ADD CONSTRAINT visits_key FOREIGN KEY (public_key) REFERENCES keys",
    )
    with psycopg.connect(new_database) as connection:
        for statement in migration:
            connection.execute(statement.encode())
        connection.rollback()
    with cluster() as connection:
        execute(connection, SCRIPT)
        for statement in migration:
            connection.execute(statement.encode())
        found = connection.execute(
            "SELECT partmethod::text FROM pg_dist_partition"
            " WHERE logicalrelid::text IN ('labels', 'visits') ORDER BY 1"
        )
        assert found.fetchall() == [("h",), ("n",)]


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE images ALTER COLUMN keypoints SET STORAGE EXTERNAL",
        "ALTER TABLE images ADD CHECK (quality >= 0)",
        "ALTER TABLE images ADD CONSTRAINT a CHECK (true), ADD COLUMN b integer",
        "ALTER TABLE images ADD COLUMN key text REFERENCES keys",
        "CREATE TABLE more (collection_id text, image_id text, "
        "FOREIGN KEY (collection_id, image_id) REFERENCES images)",
        "CREATE UNIQUE INDEX ON images (image_id); SELECT check_distribution()",
    ],
)
def test_change_of_tables_that_citus_refuses_is_noticed(
    cluster: Callable[..., psycopg.Connection], statement: str
) -> None:
    with cluster() as connection:
        execute(connection, SCRIPT)
        with pytest.raises(psycopg.errors.RaiseException):
            connection.execute(statement.encode())


REFUSED = {
    # The workers are asked for the columns of a subquery, and there are none.
    "an empty select list": r"\bSELECT\s+(?:FROM|WHERE|LIMIT|UNION)\b|\(\s*SELECT\s*\)",
    "a recursive query": r"\bWITH\s+RECURSIVE\b",
    "grouping sets": r"\b(?:GROUPING\s+SETS|CUBE|ROLLUP)\b",
    "a sample of a table": r"\bTABLESAMPLE\b",
    "a change of where an image is": r"\bSET\s+collection_id\s*=",
    "a volatile function in a change": r"(?s)\b(?:UPDATE|DELETE)\b.*\b(?:random|clock_timestamp)\(",
}
"""What Citus refuses of statements about distributed tables."""


def refusals(statement: str) -> list[str]:
    return [what for what, pattern in REFUSED.items() if re.search(pattern, statement)]


def test_refused_statements_are_known() -> None:
    for statement, what in {
        "SELECT count(*) FROM (SELECT FROM images LIMIT 5) AS counted": "an empty select list",
        "SELECT 1 WHERE EXISTS (\n  SELECT\n  FROM keys)": "an empty select list",
        "WITH RECURSIVE a AS (SELECT 1) SELECT * FROM a": "a recursive query",
        "UPDATE images SET image_time = clock_timestamp()": "a volatile function in a change",
    }.items():
        assert refusals(statement) == [what]


def test_no_statement_in_the_source_has_an_empty_select_list() -> None:
    server = Path(visualsnoop.__file__).parent / "server"
    sources = [path for path in server.rglob("*.py") if "migrations" not in path.parts]
    assert len(sources) > 20
    for path in sources:
        assert not re.search(REFUSED["an empty select list"], path.read_text()), path


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
    assert {
        statement: refusals(statement) for statement in heard.statements if refusals(statement)
    } == {}
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


def test_statements_of_all_commands_are_taken(
    eavesdropper: tuple[Eavesdropper, str], service: str, keys: NewKeys, tmp_path: Path
) -> None:
    with client(service, keys) as connection:
        for image_id in ("one", "two"):
            connection.post(f"/image/{image_id}", content=different_picture(1))
        connection.post("/not-duplicates/one/two")
    heard, database = eavesdropper
    heard.statements.clear()
    export_collection(database, keys.collection_id, tmp_path / "export")
    other = import_collection(database, tmp_path / "export", name="copy")
    rotate_keys(database, create_keys(database, "copy", "ada").public_key)
    for pair in list_keys(database):
        if pair.collection_id == other.collection_id:
            revoke_keys(database, pair.public_key)
    rename_collection(database, other.collection_id, "renamed")
    list_collections(database)
    delete_collection(database, other.collection_id)
    assert {table for table in DISTRIBUTED[:2] for one in heard.statements if table in one}
    assert {
        statement: refusals(statement) for statement in heard.statements if refusals(statement)
    } == {}
