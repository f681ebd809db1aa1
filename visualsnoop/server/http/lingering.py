"""Closing connections in stages, so that clients see the response (RFC 9112, section 9.6).

If a connection is closed while bytes of the client are unread, the system resets it, and a client
that is still sending may not see why it was refused. So it is told that nothing more comes, and
what it still sends is taken in for a while and thrown away.
"""

import asyncio
from collections.abc import Callable
from typing import Any

_DISCARDING_TIME = 60.0  # seconds, for what a client still sends
_PAUSE = 5.0  # seconds, after which one that sends nothing is not waited for
_CLOSING_TIME = 1.0  # seconds
# So often at most is read what is thrown away, however small the pieces are that it comes in.
_INTERVAL = 0.01  # seconds


class LingeringTransport:
    """A transport of asyncio, but for the way in which it is closed.

    Args:
        transport: The transport.
        loop: Its event loop.
        unread: How many bytes to take in and throw away when it is closed; None if the client has
            sent nothing that was not read.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        loop: asyncio.AbstractEventLoop,
        unread: Callable[[], int | None],
    ) -> None:
        self._transport = transport
        self._loop = loop
        self._unread = unread
        self._left = 0
        self._resume: asyncio.TimerHandle | None = None
        self._end: asyncio.TimerHandle | None = None
        self._pause: asyncio.TimerHandle | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    @property
    def is_lingering(self) -> bool:
        return self._end is not None

    def is_closing(self) -> bool:
        return self.is_lingering or self._transport.is_closing()

    def close(self) -> None:
        if self.is_closing():
            return
        left = self._unread()
        if left is None:
            self._transport.close()
            return
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._left = left
        self._end = self._loop.call_later(
            _DISCARDING_TIME if left else _CLOSING_TIME, self._transport.abort
        )
        self.discard(0)

    def discard(self, count: int) -> None:
        """Note that some bytes were thrown away, and take in more later."""
        self._left -= count
        self._transport.pause_reading()
        if self._left > 0:
            self._resume = self._loop.call_later(_INTERVAL, self._transport.resume_reading)
            if self._pause is not None:
                self._pause.cancel()
            self._pause = self._loop.call_later(_PAUSE, self._transport.abort)

    def lost(self) -> None:
        """Forget a connection that has ended."""
        for timer in (self._resume, self._pause, self._end):
            if timer is not None:
                timer.cancel()
