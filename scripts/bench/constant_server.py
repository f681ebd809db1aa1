"""A server of constant answers at the least cost, so that what is measured is the client."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def serving() -> Iterator[str]:
    """The endpoint of a server in a process of its own."""
    program = [sys.executable, "-m", "scripts.bench.constant_server"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.terminate()


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(
        ConstantAnswers, "127.0.0.1", 0, backlog=1024
    )
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/v1", flush=True)
    await server.serve_forever()


class ConstantAnswers(asyncio.Protocol):
    """HTTP/1.1 as far as clients speak it that wait for each answer, and send no chunked bodies."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._head = b""
        self._answer = b""
        self._body_left = 0

    def data_received(self, data: bytes) -> None:
        if self._body_left:
            self._read_body(len(data))
            return
        self._head += data
        head, end, body = self._head.partition(b"\r\n\r\n")
        if not end:
            return
        self._head = b""
        self._answer = _answer(head)
        length = re.search(rb"\r\ncontent-length: (\d+)", head, re.IGNORECASE)
        self._body_left = int(length[1]) if length else 0
        self._read_body(len(body))

    def _read_body(self, size: int) -> None:
        self._body_left -= size
        if self._body_left == 0:
            self._transport.write(self._answer)


def _answer(head: bytes) -> bytes:
    if head.startswith(b"POST"):
        return _ADDED
    return _COLLECTION if b"/collection" in head.split()[1] else _IMAGE


def _response(status: str, **fields: object) -> bytes:
    body = json.dumps(
        {"status": int(status[:3]), "message": "OK", "collection_id": "5f3c9a01", **fields}
    )
    return (
        f"HTTP/1.1 {status}\r\nDate: Wed, 25 Nov 2026 12:00:00 GMT\r\n"
        "Content-Type: application/json\r\nX-Request-Id: 0123456789abcdef\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


_IMAGE_FIELDS = {
    "image_id": "beach",
    "image_time": "2026-01-01T00:00:00.000000+00:00",
    "quality": 98,
}
_COLLECTION = _response("200 OK", collection_name="load", user="ada", image_count=0)
_IMAGE = _response("200 OK", **_IMAGE_FIELDS)
_ADDED = _response("201 Created", **_IMAGE_FIELDS)


if __name__ == "__main__":
    asyncio.run(serve())
