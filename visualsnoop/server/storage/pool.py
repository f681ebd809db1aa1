"""The pool of database connections: broken ones are replaced, and waiting for one has an end."""

import asyncio
import math
import select
import time
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Self

from pgvector.psycopg import register_vector_async
from psycopg import AsyncConnection, OperationalError
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from ..matching.similarity import DEPTH_OF_WALK
from ..settings import Settings
from ..turns import FairTurns
from .data_folder import disk_is_full

WALK = {
    # PostgreSQL would sort a collection that it takes for a small one, or does not know yet. So it
    # sorts nothing that an index has in order. A statement about a few images that wants them
    # sorted, and not all of that index read, must ask for an order that no index has.
    "enable_sort": "off",
    # The index goes on until it has enough images of the one collection that is searched. In strict
    # order it would drop those that it comes to after farther ones: the recall@10 of 10,000 images
    # beside 100,000 others was .84 in some builds of the index, and 1.000 with this.
    "hnsw.iterative_scan": "relaxed_order",
    # A walk keeps so many in mind: more than are asked for, or it would miss some of them. Of a
    # million images it finds the ten nearest with a recall of 1.000, and all 64 with .952; with
    # twice as many as are asked for, these with .970, in 1.2 times the time.
    "hnsw.ef_search": f"{3 * DEPTH_OF_WALK.hashes // 2}",
    "hnsw.max_scan_tuples": "1000000",
}
"""How a connection walks through an index of embeddings, as its settings."""

# Seconds. A machine that has vanished does not say that its connections have ended.
_TIMEOUTS = {
    "connect_timeout": 3,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # milliseconds
}
_WAIT = 5.0  # seconds for a connection
_MAX_WAITING = 200
_QUICK = 2  # connections that no statement holds for long
_CHUNK = 500  # rows
_LOCK_TIME = 5.0  # seconds

Connection = AsyncConnection[TupleRow]
"""A connection of the pool."""


class _ReadableConnection(Connection):
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


class Pool(AsyncConnectionPool[Connection]):
    """The connections of a process to the database.

    Attributes:
        data: The folder of the embedded database; None if there is none.
    """

    data: Path | None = None
    _looked = -math.inf

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Keys are looked up by the others, and images by their IDs.
        slow = max(1, self.max_size - _QUICK)
        self._slow_turns = FairTurns[int](max(1, slow // 4), _MAX_WAITING)
        for number in range(slow):
            self._slow_turns.put(number)

    def slow_turn(self, collection_id: str) -> AbstractAsyncContextManager[int]:
        """The turn of a collection to make statements that may take long.

        One collection gets a quarter of the connections for that, so that nobody waits for the
        searches of a single other one.

        Raises:
            QueueFull: If too many wait, when the context is entered.
        """
        return self._slow_turns.turn(collection_id)

    def disk_is_full(self) -> bool:
        """Whether the embedded database has no space left to work in."""
        return self.data is not None and disk_is_full(self.data)

    async def find_another_server(self) -> None:
        """Connect anew, for what was the primary server may be a standby now."""
        now = time.monotonic()
        # Searches need the connections, too.
        if now - self._looked > _WAIT:
            self._looked = now
            await self.drain()

    async def takes_changes(self) -> bool:
        """Whether the database can be written to; raises `psycopg.Error` if it is not there."""
        row = await self.row("SHOW transaction_read_only")
        return row is not None and row[0] == "off"

    async def row(self, statement: str, *parameters: Any) -> TupleRow | None:
        """The first row of what a statement returns; None where it returns nothing."""
        async with self.connection() as connection:
            cursor = await connection.execute(statement, parameters, binary=True)
            return await cursor.fetchone()

    async def rows(
        self, statement: str, *parameters: Any, keep_plan: bool = False
    ) -> list[TupleRow]:
        """All rows of what a statement returns.

        Args:
            statement: The statement.
            parameters: Those of the statement.
            keep_plan: Whether PostgreSQL may keep its plan for other parameters. It should not
                where the best one depends on how large a collection is.
        """
        prepare = None if keep_plan else False
        async with self.connection() as connection:
            cursor = await connection.execute(statement, parameters, binary=True, prepare=prepare)
            rows = await cursor.fetchmany(_CHUNK)
            while len(rows) < cursor.rowcount:
                # Other requests are answered meanwhile.
                await asyncio.sleep(0)
                rows += await cursor.fetchmany(_CHUNK)
            return rows


def connection_pool(settings: Settings) -> Pool:
    """The connections of a process to the database, opened and closed as a context."""

    async def configure(connection: Connection) -> None:
        await register_vector_async(connection)
        for name, value in {
            **WALK,
            # Times of other zones are slower to read.
            "timezone": "UTC",
            # Compiling a statement takes longer than any of them does.
            "jit": "off",
            "statement_timeout": f"{1000 * settings.statement_time:.0f}",
            "lock_timeout": f"{1000 * _LOCK_TIME:.0f}",
        }.items():
            await connection.execute("SELECT set_config(%s, %s, false)", (name, value))

    pool: Pool

    async def check(connection: Connection) -> None:
        if _has_ended(connection):
            # The others are from before the end of the server as well.
            await pool.drain()
            raise OperationalError("the server has closed the connection")

    pool = Pool(
        settings.database,
        connection_class=_ReadableConnection,
        configure=configure,
        check=check,
        kwargs={"autocommit": True, **_timeouts(settings.database)},
        min_size=1,
        max_size=settings.database_connections,
        open=False,
        timeout=_WAIT,
        max_waiting=_MAX_WAITING,
        # Longer attempts wait ever longer between two tries, at most two seconds in this one; the
        # next request begins a new one.
        reconnect_timeout=2,
    )
    pool.data = settings.data
    return pool


def _timeouts(database: str) -> dict[str, int]:
    """The timeouts of connections that who runs the service has not set."""
    given = conninfo_to_dict(database)
    return {name: value for name, value in _TIMEOUTS.items() if name not in given}


def _has_ended(connection: Connection) -> bool:
    """Whether the server has closed a connection; this asks the system, not the server."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    # To a connection without a statement, the server has nothing else to say.
    return bool(poll.poll(0))
