"""Measures of the client under load, against a bare server in a process of its own.

client_load.py upload     how much memory the upload of a large file takes
client_load.py threads    whether answers get crossed when many threads use one collection
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from visualsnoop import AsyncCollection, Collection
from visualsnoop.server.settings import MIB

KEYS = ("0f1e2d3c4b5a69788796", "s" * 40)


class Handler(BaseHTTPRequestHandler):
    """Answers each request with the image ID that it names."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self) -> None:
        if "session=init" in self.path:
            self._answer(collection_name="load", user="ada", image_count=0)
        else:
            self._answer_image()

    def do_POST(self) -> None:
        left = int(self.headers["Content-Length"])
        while left > 0:
            left -= len(self.rfile.read(min(left, MIB)))
        self._answer_image()

    def _answer_image(self) -> None:
        image_id = self.path.rpartition("/")[2]
        time = "2026-01-01T00:00:00.000000+00:00"
        self._answer(image_id=image_id, image_time=time, quality=98)

    def _answer(self, **fields: object) -> None:
        answer = {"status": 200, "message": "OK", "collection_id": "5f3c9a01", **fields}
        body = json.dumps(answer).encode()
        self.send_response(201 if self.command == "POST" else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None: ...


class Server(ThreadingHTTPServer):
    request_queue_size = 256


def serve() -> None:
    with Server(("127.0.0.1", 0), Handler) as server:
        print(f"http://127.0.0.1:{server.server_port}/api/v1", flush=True)
        server.serve_forever()


@contextmanager
def serving() -> Iterator[str]:
    """The endpoint of a server in another process."""
    command = [sys.executable, __file__, "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


def growth_of_upload(endpoint: str, mib: int, client: str) -> float:
    """How many MiB the peak memory of a new process grows by when it uploads a sparse file."""
    with tempfile.NamedTemporaryFile() as file:
        file.truncate(mib * MIB)
        command = [sys.executable, __file__, "upload-one", endpoint, file.name, client]
        return float(subprocess.check_output(command, text=True))


def upload_one(endpoint: str, path: Path, client: str) -> None:
    small = path.with_name(path.name + ".small")
    small.write_bytes(b"picture")
    try:
        if client == "sync":
            with Collection(*KEYS, endpoint) as collection:
                collection.add_image(small, "small")
                before = _peak()
                collection.add_image(path, "large", timeout=(10, None))
        else:
            before = asyncio.run(_upload_one_async(endpoint, small, path))
    finally:
        small.unlink()
    print(_peak() - before)


async def _upload_one_async(endpoint: str, small: Path, large: Path) -> float:
    async with AsyncCollection(*KEYS, endpoint) as collection:
        await collection.add_image(small, "small")
        before = _peak()
        await collection.add_image(large, "large", timeout=(10, None))
    return before


def _peak() -> float:
    """The peak memory of this process so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (MIB if sys.platform == "darwin" else 1024)


def crossed_answers(endpoint: str, threads: int, calls: int) -> int:
    """How many of many calls, made by threads on one collection, got the answer of another."""
    with Collection(*KEYS, endpoint) as collection, ThreadPoolExecutor(threads) as pool:
        asked = [f"{number}" for number in range(calls)]
        answered = pool.map(lambda image_id: collection.get_image(image_id).image_id, asked)
        return sum(answer != image_id for answer, image_id in zip(answered, asked, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    commands = parser.add_subparsers(dest="command", required=True)
    upload = commands.add_parser("upload", help="memory of the upload of a sparse file")
    upload.add_argument("--mib", type=int, default=1024)
    threads = commands.add_parser("threads", help="many threads on one collection")
    threads.add_argument("--threads", type=int, default=100)
    threads.add_argument("--calls", type=int, default=10_000)
    commands.add_parser("serve", help="only run the server")
    one = commands.add_parser("upload-one", help="upload a file, and print the growth of memory")
    one.add_argument("endpoint")
    one.add_argument("path", type=Path)
    one.add_argument("client", choices=["sync", "async"])
    options = parser.parse_args()
    if options.command == "serve":
        serve()
    elif options.command == "upload-one":
        upload_one(options.endpoint, options.path, options.client)
    elif options.command == "upload":
        with serving() as endpoint:
            for client in ("sync", "async"):
                start = time.monotonic()
                growth = growth_of_upload(endpoint, options.mib, client)
                seconds = time.monotonic() - start
                print(
                    f"{client}: {options.mib} MiB in {seconds:.1f} s, +{growth:.1f} MiB of memory"
                )
    else:
        with serving() as endpoint:
            start = time.monotonic()
            crossed = crossed_answers(endpoint, options.threads, options.calls)
            seconds = time.monotonic() - start
            print(
                f"{options.calls} calls by {options.threads} threads in {seconds:.1f} s, "
                f"{crossed} answers crossed"
            )


if __name__ == "__main__":
    main()
