"""Connections of clients: those that send nothing, too slowly, or no HTTP are closed.

Uvicorn's protocol class has the time that a connection may be idle between two requests. Here it
gets what else a connection must not do, and it speaks of errors as the contract does. A process has
a limited number of connections; it closes the longest idle ones for new ones.
"""

import asyncio
import heapq
import sys
from collections.abc import Callable
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from .error_responses import error_response
from .request_limits import LARGEST_HEAD
from .request_log import new_request_id

_LINGER_TIME = 10.0  # seconds
_END_TIME = 1.0  # seconds
_LINGER_SIZE = 64 * 1024 * 1024  # bytes
_READ_TIME = 30.0  # seconds


class ConnectionConfig(uvicorn.Config):
    """Uvicorn's configuration, and what `Connection` needs.

    Attributes:
        head_time: Within how many seconds the head of a request must have come.
        max_connections: How many connections a process has at most.
    """

    def __init__(self, *args: Any, head_time: float, max_connections: int, **kwargs: Any) -> None:
        kwargs.update(http=Connection, h11_max_incomplete_event_size=LARGEST_HEAD)
        super().__init__(*args, **kwargs)
        self.head_time = head_time
        self.max_connections = max_connections


class Connection(H11Protocol):
    """The connection of a client."""

    config: ConnectionConfig

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._since = self.loop.time()
        self._head_timer = _Timer(self.loop, self.config.head_time, self._give_up_head)
        self._linger_timer = _Timer(self.loop, _LINGER_TIME, self._abort)
        self._end_timer = _Timer(self.loop, _END_TIME, self._abort)
        self._read_timer = _Timer(self.loop, _READ_TIME, self._abort)
        self._lingered = 0

    # As uvicorn has it: asyncio says BaseTransport, for the ends of pipes as well.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.config.max_connections:
            self._make_room()
        self._watch()

    def data_received(self, data: bytes) -> None:
        if self._end_timer.is_running:
            return
        if self._linger_timer.is_running:
            self._lingered += len(data)
            if self._lingered > _LINGER_SIZE:
                self._abort()
                return
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._since = self.loop.time()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        self._head_timer.stop()
        self._linger_timer.stop()
        self._end_timer.stop()
        self._read_timer.stop()

    @property
    def _is_between_requests(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _watch(self) -> None:
        """Set the time until the rest of a head, or of a body that nobody wants, must have come."""
        if self.transport.is_closing() or self._end_timer.is_running:
            return
        is_lingering = self._is_between_requests and self.conn.their_state is h11.SEND_BODY
        if not is_lingering:
            self._linger_timer.stop()
            self._lingered = 0
        else:
            # The answer was given before the body had come. A client that is still sending may not
            # see it if the connection is closed at once.
            self._linger_timer.start()
        if not self._is_between_requests or is_lingering:
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

    def _make_room(self) -> None:
        """Close the connections that have been idle for longest, a few at once."""
        idle = [
            one
            for one in self.connections
            if isinstance(one, Connection) and one is not self and one._is_between_requests
        ]
        for one in heapq.nsmallest(1 + len(idle) // 100, idle, key=lambda one: one._since):
            one.transport.close()
        if not idle:
            self._refuse(503, "Too many connections: try again in 2 seconds")

    def send_400_response(self, msg: str) -> None:
        # Uvicorn calls this while it handles the error, which tells what was wrong.
        error = sys.exception()
        if getattr(error, "error_status_hint", 400) == 431:
            received, _ = self.conn.trailing_data
            if b"\n" in received:
                self._refuse(431, f"The headers have more than {LARGEST_HEAD} bytes")
            else:
                self._refuse(414, f"The URL is longer than {LARGEST_HEAD} bytes")
        else:
            self._refuse(400, "This is no HTTP request")

    def _refuse(self, status: int, message: str) -> None:
        """Answer without the application, and close."""
        self._head_timer.stop()
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.close()
            return
        answer = error_response(status, message, {"Connection": "close"})
        answer.headers["X-Request-Id"] = new_request_id().decode()
        if status == 503:
            answer.headers["Retry-After"] = "2"
        head = h11.Response(status_code=status, headers=answer.raw_headers)
        for event in (head, h11.Data(data=bytes(answer.body)), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        if not self._is_between_requests:
            # The application may not answer any more.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        # The system would throw the answer away if it closed a connection with unread bytes.
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._end_timer.start()

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

    @property
    def is_running(self) -> bool:
        return self._handle is not None

    def start(self) -> None:
        """Begin to wait, unless it has begun."""
        if self._handle is None:
            self._handle = self._loop.call_later(self._seconds, self._act)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
