"""Making and upgrading the tables of the service, by Alembic."""

import time
from pathlib import Path

import psycopg
import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.util import CommandError

_MIGRATIONS = Path(__file__).parent / "migrations"

# Any number that no other program on the same database uses; two upgrades at once take turns.
_LOCK = 7_303_014_512_662_307


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
        while not _scalar(connection, f"SELECT pg_try_advisory_lock({_LOCK + 1})"):
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
    opened = psycopg.connect(database)
    engine = sqlalchemy.create_engine(
        "postgresql+psycopg://", creator=lambda: opened, poolclass=sqlalchemy.pool.NullPool
    )
    try:
        with engine.begin() as connection:
            _upgrade(connection, to)
    except sqlalchemy.exc.DBAPIError as error:
        # SQLAlchemy wraps what psycopg has raised.
        raise error.orig or error from None


def _upgrade(connection: sqlalchemy.Connection, to: str) -> None:
    connection.execute(sqlalchemy.text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    if connection.execute(sqlalchemy.text(_UNSEALED)).one_or_none():
        raise ValueError(
            "The database was made by a development version of the service that stored secret keys "
            "unencrypted and fingerprints that cannot be compared any more: add the images again, "
            "to a new data folder"
        )
    config = migrations()
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, to)
    except CommandError as error:
        raise ValueError(
            f"The database is of another version of the service, newer than this: {error}"
        ) from None


# Revisions 0001 and 0002 were edited once before there was a release.
_UNSEALED = """
    SELECT 1 FROM information_schema.columns
    WHERE table_schema = current_schema() AND table_name = 'keys' AND column_name = 'secret_key'
"""


def migrations() -> Config:
    """Alembic's configuration."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def revision(database: str) -> str:
    """The revision of the tables of a database."""
    with psycopg.connect(database) as connection:
        return str(_scalar(connection, "SELECT version_num FROM alembic_version"))
