"""Upgrading the tables by Alembic, whose steps are in `migrations`."""

from pathlib import Path

import psycopg
import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.util import CommandError

_MIGRATIONS = Path(__file__).parent / "migrations"

# Any number that no other program on the same database uses; two upgrades at once take turns.
_LOCK = 7_303_014_512_662_307


def migrate(database: str, to: str) -> None:
    """Bring the tables to a revision, as `schema.upgrade` says."""
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
