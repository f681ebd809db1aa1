"""Making and upgrading the tables of the service, by Alembic."""

from pathlib import Path

import psycopg
import sqlalchemy
from alembic import command
from alembic.config import Config

_MIGRATIONS = Path(__file__).parent / "migrations"

# Any number that no other program on the same database uses; two upgrades at once take turns.
_LOCK = 7_303_014_512_662_307


def upgrade(database: str) -> None:
    """Bring the tables to the state that this version of the service needs.

    Args:
        database: How to connect, as libpq takes it: a `postgresql://` URL or `key=value` pairs.

    Raises:
        psycopg.OperationalError: If the database cannot be reached.
    """
    opened = psycopg.connect(database)
    engine = sqlalchemy.create_engine(
        "postgresql+psycopg://", creator=lambda: opened, poolclass=sqlalchemy.pool.NullPool
    )
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
