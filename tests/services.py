"""Services with options of their own, each a process as operators run it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.utils import formatdate
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx
import psutil

from scripts.local_service import LocalService
from visualsnoop.auth import VisualSnoopHMACAuth, signature
from visualsnoop.server.storage.keys import NewKeys

BASE_PATH = "/api/v1"


class Service:
    """A running service.

    Attributes:
        endpoint: The URL that it has printed.
        process: The process that looks after the others.
        log: The file of its log.
    """

    def __init__(self, *options: str | Path, log: Path, **environment: str) -> None:
        self.log = log
        with log.open("w") as stderr:
            self._service = LocalService.start(
                *map(str, options), log=stderr, environment=environment
            )
        self.process = self._service.process
        self.endpoint = self._service.endpoint

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._service.stop()

    @property
    def origin(self) -> str:
        """The URL without a path."""
        return self.endpoint.removesuffix(BASE_PATH)

    @property
    def address(self) -> tuple[str, int]:
        url = urlsplit(self.endpoint)
        assert url.hostname is not None
        assert url.port is not None
        return url.hostname, url.port

    def children(self) -> list[int]:
        """The processes that it has started, by their IDs."""
        return [child.pid for child in psutil.Process(self.process.pid).children()]

    def fingerprint_processes(self) -> list[int]:
        """Those of them that read pictures."""
        return [
            pid
            for pid in self.children()
            if b"fingerprinting.process_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
        ]

    def workers(self) -> list[int]:
        """Those of them that answer requests."""
        port = f"{self.address[1]:04X}"
        lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
        sockets = {
            f"socket:[{fields[9]}]"
            for fields in map(str.split, lines)
            if fields[1].endswith(f":{port}") and fields[3] == "0A"
        }
        return [pid for pid in self.children() if sockets & open_files(pid)]


def open_files(pid: int) -> set[str]:
    """What the open files of a process are; of one that has ended there are none."""
    with suppress(OSError):
        return {os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()}
    return set()


@contextmanager
def client(service: Service | str, keys: NewKeys) -> Iterator[httpx.Client]:
    """Makes signed requests to a service, over connections that are kept."""
    endpoint = service if isinstance(service, str) else service.endpoint
    auth = VisualSnoopHMACAuth(keys.public_key, keys.secret_key)
    with httpx.Client(base_url=endpoint, auth=auth, timeout=60) as opened:
        yield opened


def signed_head(keys: NewKeys, method: str, path: str, *headers: str) -> bytes:
    """The head of a signed request, as it is sent over a socket."""
    date = formatdate(usegmt=True)
    signed = signature(keys.secret_key, method, path, date)
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: test",
        f"Date: {date}",
        f"Authorization: VSHMAC {keys.public_key}:{signed}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode()
