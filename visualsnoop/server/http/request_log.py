"""The log and the metrics of requests: the ID of each, its response and how long it took."""

import logging
import re
import time
from secrets import token_hex

from attrs import define, field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..logs import REQUEST_ID, REQUESTS_LOGGER
from ..metrics import REQUEST_SECONDS, REQUESTS

_log = logging.getLogger(REQUESTS_LOGGER)

_HEADER = b"x-request-id"
_ACCEPTED_ID = re.compile(rb"[A-Za-z0-9._:/+=-]{1,128}")


@define
class RequestRecord:
    """What the log and the metrics tell of a request; in its scope as `request_record`.

    Attributes:
        operation: The name of the operation; None until it is known.
        public_key: The public key, if it has signed the request.
    """

    operation: str | None = None
    public_key: str | None = None
    _status: int | None = field(default=None, init=False)
    _started: float = field(factory=time.perf_counter, init=False)
    _is_written: bool = field(default=False, init=False)

    def response_message(self, message: Message) -> None:
        """Take in what is about to be sent; the record is written at the end of the response."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
        elif not message.get("more_body"):
            self.write()

    def write(self) -> None:
        """Log and count the request, unless that has been done."""
        if self._is_written:
            return
        self._is_written = True
        seconds = time.perf_counter() - self._started
        # Who has gone away sees no status.
        operation, status = self.operation or "none", self._status or 499
        REQUESTS.labels(operation, status).inc()
        REQUEST_SECONDS.labels(operation).observe(seconds)
        fields = {
            "operation": operation,
            "status": status,
            "seconds": round(seconds, 6),
            "public_key": self.public_key,
        }
        level = logging.ERROR if status == 500 else logging.INFO
        _log.log(level, "request", extra={"fields": fields})


class RequestLogMiddleware:
    """ASGI middleware that logs each request, and gives it an ID unless it has one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        REQUEST_ID.set(request_id.decode())
        record = RequestRecord()
        # Seen by the connection as well, so it is in the scope itself, and not in a copy.
        scope["request_record"] = record

        async def send_recorded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (_HEADER, request_id)]
            # Written first: who has the response finds it in the log and in the counts.
            record.response_message(message)
            await send(message)

        try:
            await self._app(scope, receive, send_recorded)
        finally:
            record.write()


def _request_id(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == _HEADER and _ACCEPTED_ID.fullmatch(value):
            return bytes(value)
    return new_request_id()


def new_request_id() -> bytes:
    """An ID that no other request has: 32 hexadecimal characters."""
    return token_hex(16).encode()
