"""The state of the tables of the service."""

from pathlib import Path

import psycopg


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


def _scalar(connection: psycopg.Connection, statement: str) -> object:
    row = connection.execute(statement.encode()).fetchone()
    return None if row is None else row[0]


_REVISION = "SELECT version_num FROM alembic_version"
