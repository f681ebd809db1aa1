"""How many requests a second many clients at once get answered, and by constant answers at most.

The requests are signed before, and clients do little more than send them and read as many bytes as
come: the machine is busy with the server.
"""

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import httpx

from visualsnoop import VisualSnoopHMACAuth
from visualsnoop.server.storage.keys import NewKeys

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def signed_requests(endpoint: str, paths: Sequence[str], keys: NewKeys) -> list[bytes]:
    """GET requests as they are sent."""
    auth = VisualSnoopHMACAuth(keys.public_key, keys.secret_key)
    requests = []
    for path in paths:
        request = next(auth.auth_flow(httpx.Request("GET", endpoint + path)))
        headers = b"".join(b"%s: %s\r\n" % header for header in request.headers.raw)
        requests.append(b"GET %s HTTP/1.1\r\n%s\r\n" % (request.url.raw_path, headers))
    return requests


def requests_a_second(
    endpoint: str, requests: Sequence[bytes], clients: int, seconds: float
) -> float:
    """How many of some requests, again and again, clients of one connection each get answered.

    Raises:
        RuntimeError: If one is not answered by 200.
    """
    numbers = count()

    async def work(end: float) -> int:
        url = urlsplit(endpoint)
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        answered = 0
        while time.monotonic() < end:
            writer.write(requests[next(numbers) % len(requests)])
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            if not head.startswith(b"HTTP/1.1 200") or length is None:
                raise RuntimeError(head.decode(errors="replace"))
            await reader.readexactly(int(length[1]))
            answered += 1
        writer.close()
        return answered

    async def work_all() -> int:
        end = time.monotonic() + seconds
        return sum(await asyncio.gather(*(work(end) for _ in range(clients))))

    started = time.monotonic()
    return asyncio.run(work_all()) / (time.monotonic() - started)


@contextmanager
def constant_service(answer: bytes) -> Iterator[str]:
    """A server of the same kind as the service's, in a process, that gives all the same answer."""
    program = [sys.executable, "-m", "scripts.bench.throughput"]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(answer)
        process.stdin.close()
        try:
            yield process.stdout.readline().decode().strip()
        finally:
            process.terminate()


def _serve() -> None:
    import socket

    import uvicorn

    answer = sys.stdin.buffer.read()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        config = uvicorn.Config(app, http="h11", lifespan="off", access_log=False, log_level=30)
        uvicorn.Server(config).run([listener])


if __name__ == "__main__":
    _serve()
