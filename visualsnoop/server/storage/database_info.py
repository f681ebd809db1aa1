"""What a database of the service is, for who runs it."""

import psycopg
from attrs import frozen
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from .fingerprint_versions import count_by_version
from .schema import revision


@frozen
class DatabaseInfo:
    """What a database of the service is.

    Attributes:
        database: How to connect, without the password.
        postgresql: The version of PostgreSQL.
        revision: The revision of the tables.
        images: How many images there are, by the version of their fingerprints.
    """

    database: str
    postgresql: str
    revision: str
    images: dict[int, int]


def database_info(database: str) -> DatabaseInfo:
    """What a database is.

    Args:
        database: How to connect, as libpq takes it.
    """
    with psycopg.connect(database) as connection:
        row = connection.execute("SHOW server_version").fetchone()
        assert row is not None
    parts = conninfo_to_dict(database)
    shown = {name: value for name, value in parts.items() if "password" not in name}
    return DatabaseInfo(
        database=make_conninfo("", **shown),
        postgresql=str(row[0]),
        revision=revision(database),
        images=count_by_version(database),
    )
