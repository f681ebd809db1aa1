"""The tables of the service: made, and brought up to date from every earlier version."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from alembic.script import ScriptDirectory

from visualsnoop.server.storage.keys import NewKeys
from visualsnoop.server.storage.migration import migrations
from visualsnoop.server.storage.schema import revision, upgrade

from ..cli.command import run

REVISIONS = [
    script.revision for script in ScriptDirectory.from_config(migrations()).walk_revisions()
]

# Those that do not grow with the images. Keys are found by their public key, which tells nothing of
# the collection; where tables are spread over many machines, each machine has all of these.
SMALL_TABLES = {
    "alembic_version",
    "collections",
    "keys",
    "master_key",
    "sessions",
    "sign_in_codes",
}


@pytest.mark.parametrize("start", REVISIONS)
def test_every_earlier_version_is_upgraded_with_its_data(bare_database: str, start: str) -> None:
    upgrade(bare_database, start)
    assert revision(bare_database) == start
    keys = NewKeys("5f3c9a01", "0f1e2d3c4b5a69788796", "s" * 40)
    with psycopg.connect(bare_database) as connection:
        connection.execute(
            "INSERT INTO collections (collection_id, name, owner) VALUES (%s, 'kept', 'ada')",
            (keys.collection_id,),
        )
        connection.execute(
            "INSERT INTO keys (public_key, collection_id, sealed_secret) VALUES (%s, %s, '\\x00')",
            (keys.public_key, keys.collection_id),
        )
        connection.execute(
            """
            INSERT INTO images
                (collection_id, image_id, image_time, version, quality, pdq, embedding)
            VALUES (%s, 'beach', '2015-01-29 10:11:12.123456+00', 1, 98, %s, '[1, 2, 3]')
            """,
            (keys.collection_id, bytes(32)),
        )
        before = contents(connection, keys)
    upgrade(bare_database)
    assert revision(bare_database) == REVISIONS[0]
    with psycopg.connect(bare_database) as connection:
        assert contents(connection, keys) == before


def contents(connection: psycopg.Connection, keys: NewKeys) -> list[object]:
    images = connection.execute(
        """
        SELECT collection_id, image_id, image_time, version, quality, pdq, embedding::text
        FROM images
        """
    ).fetchall()
    pairs = connection.execute(
        "SELECT public_key, sealed_secret, is_read_only FROM keys"
    ).fetchall()
    assert [pair[0] for pair in pairs] == [keys.public_key]
    return [images, pairs]


def test_upgrades_at_once_take_turns(bare_database: str) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(upgrade, [bare_database] * 8))
    assert revision(bare_database) == REVISIONS[0]


def test_database_of_a_newer_version_is_left_alone(new_database: str) -> None:
    with psycopg.connect(new_database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    answer = run("serve", "--port=0", "--database", new_database)
    assert answer.returncode == 1
    assert "newer" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


def test_database_is_upgraded_by_a_command(bare_database: str) -> None:
    answer = run("db", "upgrade", "--database", bare_database)
    assert answer.stdout.split()[-1] == REVISIONS[0]


def test_tables_that_grow_are_kept_by_collection(new_database: str) -> None:
    with psycopg.connect(new_database) as connection:
        rows = connection.execute(
            """
            SELECT relname, (
                SELECT attname FROM pg_index
                JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
                WHERE indrelid = pg_class.oid AND indisprimary
            )
            FROM pg_class
            WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
            """
        ).fetchall()
    first_columns: dict[str, str] = dict(rows)
    assert first_columns.keys() > SMALL_TABLES
    growing = {name: first for name, first in first_columns.items() if name not in SMALL_TABLES}
    assert set(growing.values()) == {"collection_id"}
