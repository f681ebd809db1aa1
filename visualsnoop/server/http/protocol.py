"""Connections of clients: those that send nothing, too slowly, or no HTTP are closed.

Uvicorn's protocol class has the time that a connection may be idle between two requests. Here it
gets what else a connection must not do, and it speaks of errors as the contract does. A process has
a limited number of connections; it closes the longest idle ones for new ones.
"""

import asyncio
import heapq
import ssl
import sys
from collections.abc import Callable
from typing import Any, cast

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from ..settings import MIB
from .error_responses import error_response
from .http1 import LARGEST_HEAD, RefusedRequest, StrictConnection
from .lingering import LingeringTransport
from .request_log import RequestRecord, new_request_id

_READ_TIME = 30.0  # seconds
_SHUTDOWN_TIME = 2.0  # seconds
_DISCARDED_SIZE = 64 * MIB
_TLS_HANDSHAKE = b"\x16\x03"

# Each connection has its turn after so many bytes.
_RECEIVED = memoryview(bytearray(16 * 1024))
# What is thrown away is read a hundred times in a second at most (lingering.py). In pieces so large
# the longest body that is taken in needs little more than a second.
_DISCARDED = memoryview(bytearray(512 * 1024))


class ConnectionConfig(uvicorn.Config):
    """Uvicorn's configuration, and what `Connection` needs.

    Attributes:
        head_time: Within how many seconds the head of a request must have come, and a TLS
            handshake be done.
        max_connections: How many connections a process has at most.
        tls: With what connections are encrypted; None for plain HTTP.
    """

    def __init__(self, *args: Any, head_time: float, max_connections: int, **kwargs: Any) -> None:
        kwargs["http"] = Connection
        super().__init__(*args, **kwargs)
        self.head_time = head_time
        self.max_connections = max_connections
        self.tls: ssl.SSLContext | None = None

    def load(self) -> None:
        super().load()
        # Asyncio would tell of connections only when their handshakes are done.
        self.tls = self.ssl
        self.ssl: ssl.SSLContext | None = None


class Connection(H11Protocol, asyncio.BufferedProtocol):
    """The connection of a client."""

    config: ConnectionConfig
    conn: StrictConnection

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn = StrictConnection()
        self._since = self.loop.time()
        # None until requests are expected.
        self._lingering: LingeringTransport | None = None
        self._received_early = b""
        self._tls: asyncio.Task[None] | None = None
        self._is_refused = False
        self._head_timer = _Timer(self.loop, self.config.head_time, self._give_up_head)
        self._read_timer = _Timer(self.loop, _READ_TIME, self._abort)

    # As uvicorn has it: asyncio says BaseTransport, for the ends of pipes as well.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.connections.add(self)
        self.transport = transport
        has_room = len(self.connections) <= self.config.max_connections or self._make_room()
        if self.config.tls is None:
            self._expect_requests(transport)
            if not has_room:
                self._refuse(503, "Too many connections: try again in 2 seconds")
        elif has_room:
            self._tls = self.loop.create_task(self._start_tls(self.config.tls))
        else:
            transport.abort()

    async def _start_tls(self, context: ssl.SSLContext) -> None:
        try:
            encrypted = await self.loop.start_tls(
                self.transport,
                self,
                context,
                server_side=True,
                ssl_handshake_timeout=self.config.head_time,
                ssl_shutdown_timeout=_SHUTDOWN_TIME,
            )
        except OSError:
            self.connections.discard(self)
            self.transport.abort()
            return
        assert isinstance(encrypted, asyncio.Transport)
        self._expect_requests(encrypted)

    def _expect_requests(self, transport: asyncio.Transport) -> None:
        self._lingering = LingeringTransport(transport, self.loop, self._unread)
        super().connection_made(cast(asyncio.Transport, self._lingering))
        if self._received_early:
            self.data_received(self._received_early)
        self._watch()

    def get_buffer(self, sizehint: int) -> memoryview:
        is_discarded = self._lingering is not None and self._lingering.is_lingering
        return _DISCARDED if is_discarded else _RECEIVED

    def buffer_updated(self, nbytes: int) -> None:
        if self._lingering is None:
            # The handshake is done, but `_start_tls` has not had its turn.
            self._received_early += bytes(_RECEIVED[:nbytes])
        elif self._lingering.is_lingering:
            self._lingering.discard(nbytes)
        else:
            self.data_received(bytes(_RECEIVED[:nbytes]))
            self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._since = self.loop.time()
        if self.conn.their_state is h11.SEND_BODY:
            # Nobody wants the rest of the body.
            self.transport.close()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        self._head_timer.stop()
        self._read_timer.stop()
        if self._lingering is not None:
            self._lingering.lost()

    @property
    def _is_between_requests(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _unread(self) -> int | None:
        """How much of what the client sends to take in when the connection is closed."""
        if not self._is_refused and self.conn.their_state is h11.SEND_BODY:
            # Who has no key must not cost anything.
            record: RequestRecord | None = cast(Any, self.scope).get("request_record")
            return _DISCARDED_SIZE if record and record.public_key else 0
        return 0 if self._is_refused or self.conn.trailing_data[0] else None

    def _watch(self) -> None:
        """Set the time until the rest of a head must have come."""
        if self.transport.is_closing():
            return
        if not self._is_between_requests:
            self._head_timer.stop()
        elif self.timeout_keep_alive_task is None:
            self._head_timer.start()

    def _give_up_head(self) -> None:
        has_begun, _ = self.conn.trailing_data
        if has_begun:
            self._refuse(408, "The head of the request came too slowly")
        else:
            self.transport.close()

    def _abort(self) -> None:
        self.transport.abort()

    def _make_room(self) -> bool:
        """Close the connections that have been idle for longest, a few at once."""
        idle = [
            one
            for one in self.connections
            if isinstance(one, Connection) and one is not self and one._is_between_requests
        ]
        for one in heapq.nsmallest(1 + len(idle) // 100, idle, key=lambda one: one._since):
            # It ends a little later, and others may come until then.
            self.connections.discard(one)
            if one._lingering is None or one.transport.is_closing():
                one.transport.abort()
            else:
                one.transport.close()
        return bool(idle)

    def send_400_response(self, msg: str) -> None:
        # Uvicorn calls this while it handles the error, which tells what was wrong.
        error = sys.exception()
        received, _ = self.conn.trailing_data
        if received.startswith(_TLS_HANDSHAKE):
            self._refuse(400, "This port speaks HTTP without TLS: take http:// as endpoint")
        elif isinstance(error, RefusedRequest):
            self._refuse(error.error_status_hint, str(error))
        elif getattr(error, "error_status_hint", 400) == 431:
            if b"\n" in received:
                self._refuse(431, f"The headers have more than {LARGEST_HEAD} bytes")
            else:
                self._refuse(414, f"The URL is longer than {LARGEST_HEAD} bytes")
        else:
            self._refuse(400, "The request is not valid HTTP/1.1")

    def _refuse(self, status: int, message: str) -> None:
        """Respond without the application, and close."""
        self._is_refused = True
        self._head_timer.stop()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._send(status, message)
        if not self._is_between_requests:
            # The application may not respond any more.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()

    def _send(self, status: int, message: str) -> None:
        response = error_response(status, message, {"Connection": "close"})
        response.headers["X-Request-Id"] = new_request_id().decode()
        if status == 503:
            response.headers["Retry-After"] = "2"
        body = b"" if self.conn.method == b"HEAD" else bytes(response.body)
        head = h11.Response(status_code=status, headers=response.raw_headers)
        for event in (head, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")

    def pause_writing(self) -> None:
        super().pause_writing()
        # The client does not read what it has asked for.
        self._read_timer.start()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._read_timer.stop()


class _Timer:
    """Does something after some time, unless it is stopped before."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, seconds: float, act: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._seconds = seconds
        self._act = act
        self._handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to wait, unless it has begun."""
        if self._handle is None:
            self._handle = self._loop.call_later(self._seconds, self._act)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
