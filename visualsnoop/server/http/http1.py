"""HTTP/1.1 requests as h11 reads them, by stricter rules.

What h11 forgives, no client of today sends; but a proxy in front may read it in another way, and
that is how requests are smuggled past it (RFC 9112, section 11.2). What costs more to read than to
send is refused as well.
"""

from collections import Counter

import h11

LARGEST_HEAD = 32 * 1024  # bytes
MAX_HEADERS = 100
LEAST_CHUNK = 128  # bytes, on average
_FREE_CHUNKS = 64  # that may be smaller

_VERSIONS = (b"1.0", b"1.1")
_SINGLE_HEADERS = (b"authorization", b"content-type", b"date", b"expect")


class RefusedRequest(h11.RemoteProtocolError):
    """A request that h11 would take; its text is for clients, `error_status_hint` the status."""


class StrictConnection(h11.Connection):
    """The server's end of an HTTP/1.1 connection.

    `next_event` raises `h11.RemoteProtocolError` as h11 does, and `RefusedRequest` for what is
    refused here.

    Attributes:
        method: The method of the request that is being read or answered; empty if there is none.
    """

    def __init__(self) -> None:
        super().__init__(h11.SERVER, LARGEST_HEAD)
        self.method: bytes = b""
        self._is_chunked = False
        self._chunks = 0
        self._chunked_size = 0

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        received = b""
        if self.their_state is h11.IDLE:
            self.method = b""
            _check_lines(_head(self.trailing_data[0]))
        elif self._is_chunked and self.their_state is h11.SEND_BODY:
            received = self.trailing_data[0]
        event = super().next_event()
        if isinstance(event, h11.Request):
            self._begin(event)
        elif isinstance(event, h11.Data) and self._is_chunked:
            self._count(event)
        elif isinstance(event, h11.EndOfMessage):
            trailer = received[: len(received) - len(self.trailing_data[0])]
            _check_line_ends(trailer)
        return event

    def _begin(self, request: h11.Request) -> None:
        self.method = request.method
        _check_request(request)
        self._is_chunked = any(name == b"transfer-encoding" for name, _ in request.headers)
        self._chunks = self._chunked_size = 0

    def _count(self, data: h11.Data) -> None:
        """Refuse a body in tiny chunks: each costs as much as thousands of bytes."""
        self._chunks += data.chunk_start
        self._chunked_size += len(data.data)
        if self._chunks > _FREE_CHUNKS + self._chunked_size // LEAST_CHUNK:
            raise _refused(f"The chunks of the body are smaller than {LEAST_CHUNK} bytes")


def _head(received: bytes) -> bytes:
    """What has come of a head, without what follows it."""
    end = received.find(b"\r\n\r\n")
    return received if end < 0 else received[: end + 2]


def _check_lines(head: bytes) -> None:
    _check_line_ends(head)
    # With the line of the request.
    if head.count(b"\r\n") > 1 + MAX_HEADERS:
        raise _refused(f"The request has more than {MAX_HEADERS} headers", 431)
    if b"\r\n " in head or b"\r\n\t" in head:
        raise _refused("A header is folded over several lines")


def _check_line_ends(lines: bytes) -> None:
    if lines.count(b"\n") != lines.count(b"\r\n"):
        raise _refused("A line ends with LF alone, and not with CRLF")


def _check_request(request: h11.Request) -> None:
    if request.http_version not in _VERSIONS:
        raise _refused("Only HTTP/1.1 and HTTP/1.0 are understood here", 505)
    counts = Counter(name for name, _ in request.headers)
    for name in _SINGLE_HEADERS:
        if counts[name] > 1:
            raise _refused(f"The request has several {name.decode().title()} headers")
    if counts[b"transfer-encoding"]:
        if counts[b"content-length"]:
            raise _refused("The request has both Content-Length and Transfer-Encoding")
        if request.http_version == b"1.0":
            raise _refused("HTTP/1.0 has no Transfer-Encoding")


def _refused(message: str, status: int = 400) -> RefusedRequest:
    return RefusedRequest(message, status)
