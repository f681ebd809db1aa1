"""Connections to the database: made again when they break, and never waited for without end."""

import logging
import math
import select
import time
from typing import Any, Self

import psycopg
from pgvector.psycopg import register_vector_async
from psycopg import AsyncConnection, OperationalError
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout, TooManyRequests

from ..errors import Problem, unauthorized, unavailable
from ..matching.similarity import CANDIDATES_OF_LARGE
from ..settings import Settings

_log = logging.getLogger(__name__)

# Seconds. A machine that has vanished does not say that its connections have ended.
_PATIENCE = {
    "connect_timeout": 3,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # milliseconds
}
_WAIT = 5.0  # seconds for a connection
_MOST_WAITING = 200
_LOCK_TIME = 5.0  # seconds


class _Connection(AsyncConnection[TupleRow]):
    """A connection to the server that is wanted, or else to one that can be read from at least."""

    @classmethod
    async def connect(cls, conninfo: str = "", **kwargs: Any) -> Self:
        try:
            return await super().connect(conninfo, **kwargs)
        except OperationalError:
            wanted = conninfo_to_dict(conninfo).get("target_session_attrs")
            if wanted not in ("read-write", "primary"):
                raise
            return await super().connect(conninfo, **kwargs, target_session_attrs="any")


class Connections(AsyncConnectionPool[AsyncConnection[TupleRow]]):
    """The connections of a process to the database."""

    _looked = -math.inf

    async def find_another_server(self) -> None:
        """Connect anew, for what was the primary server may be a standby now."""
        now = time.monotonic()
        # Searches need the connections, too.
        if now - self._looked > _WAIT:
            self._looked = now
            await self.drain()


def connections(settings: Settings) -> Connections:
    """The connections of a process to the database, opened and closed as a context."""

    async def configure(connection: AsyncConnection[TupleRow]) -> None:
        await register_vector_async(connection)
        for name, value in {
            # The index goes on until it has enough images of the one collection that is searched.
            "hnsw.iterative_scan": "strict_order",
            # A walk keeps so many in mind: more than are asked for, or it would miss some of them.
            "hnsw.ef_search": f"{2 * CANDIDATES_OF_LARGE}",
            "hnsw.max_scan_tuples": "1000000",
            "statement_timeout": f"{1000 * settings.statement_time:.0f}",
            "lock_timeout": f"{1000 * _LOCK_TIME:.0f}",
        }.items():
            await connection.execute("SELECT set_config(%s, %s, false)", (name, value))

    pool: Connections

    async def check(connection: AsyncConnection[TupleRow]) -> None:
        if _has_ended(connection):
            # The others are from before the end of the server as well.
            await pool.drain()
            raise OperationalError("the server has closed the connection")

    pool = Connections(
        settings.database,
        connection_class=_Connection,
        configure=configure,
        check=check,
        kwargs={"autocommit": True, **_patience(settings.database)},
        min_size=1,
        max_size=settings.database_connections,
        open=False,
        timeout=_WAIT,
        max_waiting=_MOST_WAITING,
        # Longer attempts wait ever longer between two tries, at most two seconds in this one; the
        # next request begins a new one.
        reconnect_timeout=2,
    )
    return pool


def _patience(database: str) -> dict[str, int]:
    """The timeouts of connections that who runs the service has not set."""
    given = conninfo_to_dict(database)
    return {name: value for name, value in _PATIENCE.items() if name not in given}


def _has_ended(connection: AsyncConnection[TupleRow]) -> bool:
    """Whether the server has closed a connection; this asks the system, not the server."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    # To a connection without a statement, the server has nothing else to say.
    return bool(poll.poll(0))


async def database_problem(error: psycopg.Error, pool: Connections) -> Problem:
    """What to answer when the database has failed."""
    match error:
        case psycopg.errors.ReadOnlySqlTransaction():
            await pool.find_another_server()
            _log.warning("The database takes no changes: %s", _line(error))
            return unavailable("The database takes no changes now, only searches")
        case psycopg.errors.ForeignKeyViolation():
            # Only a collection can be gone: images are asked for before.
            return unauthorized("The collection of these keys has been deleted")
        case TooManyRequests():
            _log.warning("Too many statements wait for the database")
            return unavailable("Too many requests are waiting for the database", 2)
        case psycopg.errors.QueryCanceled() | psycopg.errors.LockNotAvailable():
            _log.warning("A statement took too long: %s", _line(error))
            return unavailable("The database takes too long to answer")
        case OperationalError() | PoolTimeout() | psycopg.InterfaceError():
            _log.error("The database does not answer: %s", _line(error))
            return unavailable("The database does not answer")
        case _:
            _log.error("The database has failed", exc_info=error)
            return unavailable("The database has failed")


def _line(error: psycopg.Error) -> str:
    return " ".join(str(error).split())
