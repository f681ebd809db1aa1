"""The state of the tables of the service, and the index of the embeddings."""

import time
from pathlib import Path

import psycopg

# Any number that no other program on the same database uses; two at once take turns.
_INDEX_LOCK = 7_303_014_512_662_308


def index_embeddings(database: str, version: int, dimensions: int) -> None:
    """Make the index by which images of a version are searched in large collections.

    It is an HNSW graph (Malkov & Yashunin 2018) of pgvector. Making one for many images takes
    minutes, during which images can be added and found.

    Args:
        database: How to connect, as libpq takes it.
        version: The version of the fingerprints.
        dimensions: How long their embeddings are.
    """
    name = f"images_embedding_{version:d}"
    with psycopg.connect(database, autocommit=True) as connection:
        # Waiting for the lock in the database would hold up the very index that is waited for.
        while not _scalar(connection, f"SELECT pg_try_advisory_lock({_INDEX_LOCK})"):
            time.sleep(0.2)
        is_valid = _scalar(
            connection,
            f"SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('{name}')",
        )
        if is_valid:
            return
        # What an interrupted attempt has left is of no use.
        connection.execute(f"DROP INDEX IF EXISTS {name}")
        connection.execute(
            f"""
            CREATE INDEX CONCURRENTLY {name} ON images
            USING hnsw ((embedding::halfvec({dimensions:d})) halfvec_cosine_ops)
            WHERE version = {version:d}
            """
        )


def _scalar(connection: psycopg.Connection, statement: str) -> object:
    row = connection.execute(statement.encode()).fetchone()
    return None if row is None else row[0]


def upgrade(database: str, to: str = "head") -> None:
    """Bring the tables to the state that this version of the service needs.

    Args:
        database: How to connect, as libpq takes it: a `postgresql://` URL or `key=value` pairs.
        to: The revision to stop at.

    Raises:
        psycopg.Error: If the database cannot be reached, or fails.
        ValueError: If it was made by a newer version of the service, or one that is too old.
    """
    if to == "head" and _is_current(database):
        return
    # Loading Alembic and SQLAlchemy takes longer than most commands, and is seldom needed.
    from .migration import migrate

    migrate(database, to)


def _is_current(database: str) -> bool:
    with psycopg.connect(database) as connection:
        if _scalar(connection, "SELECT to_regclass('alembic_version')") is None:
            return False
        return _scalar(connection, _REVISION) == _newest_revision()


def _newest_revision() -> str:
    """The revision of the last migration, whose number its file begins with."""
    files = (Path(__file__).parent / "migrations" / "versions").glob("[0-9]*_*.py")
    return max(file.name for file in files).partition("_")[0]


def revision(database: str) -> str:
    """The revision of the tables of a database."""
    with psycopg.connect(database) as connection:
        return str(_scalar(connection, _REVISION))


_REVISION = "SELECT version_num FROM alembic_version"
