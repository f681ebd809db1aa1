"""Services of one's own on this machine, for scripts and tests: started, measured and killed."""

import os
import secrets
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx
import psutil
from attrs import frozen

from scripts.proofs.undefended import VARIABLE as UNDEFENDED
from visualsnoop import VisualSnoopHMACAuth
from visualsnoop.server.storage.embedded import embedded_postgres
from visualsnoop.server.storage.keys import NewKeys
from visualsnoop.server.storage.schema import upgrade


@frozen
class LocalService:
    """A running service.

    Attributes:
        process: The process that was started; others may be below it.
        endpoint: Where it answers, as clients take it.
    """

    process: subprocess.Popen[str]
    endpoint: str

    @classmethod
    def start(
        cls, *options: str, log: IO[str] | None = None, environment: Mapping[str, str] | None = None
    ) -> "LocalService":
        """Start a service on a free port.

        Args:
            options: Further options of `visualsnoop serve`.
            log: A file that takes what it has to say; None for where errors are printed.
            environment: Variables that it gets besides those of this process.

        Raises:
            RuntimeError: If it does not start; it has printed why.
        """
        # A proof may want to see what happens without one of its defences.
        module = "scripts.proofs.undefended" if UNDEFENDED in os.environ else "visualsnoop"
        command = [sys.executable, "-m", module, "serve", "--port=0", *options]
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        assert process.stdout is not None
        announcement = process.stdout.readline()
        if not announcement:
            process.stdout.close()
            raise RuntimeError(f"The service did not start; its exit status is {process.wait()}")
        return cls(process, announcement.split()[-1])

    def processes(self) -> list[psutil.Process]:
        """All processes of the service, the one that was started first."""
        first = psutil.Process(self.process.pid)
        return [first, *first.children(recursive=True)]

    def kill(self) -> list[psutil.Process]:
        """Kill the process that was started, without warning; those that were below it are given.

        They get no signal: that they end of themselves is up to them.
        """
        _, *below = self.processes()
        self.process.kill()
        self._reap()
        return below

    def stop(self) -> None:
        """Stop it as an operator does."""
        self.process.terminate()
        self._reap()

    def _reap(self) -> None:
        with self.process:
            pass


@contextmanager
def new_database() -> Iterator[tuple[str, Path]]:
    """A database for the time being, with the service's tables; its URL and its folder."""
    with (
        tempfile.TemporaryDirectory(prefix="visualsnoop-") as name,
        embedded_postgres(Path(name)) as database,
    ):
        upgrade(database)
        yield database, Path(name)


@contextmanager
def running_service(*options: str, log: IO[str] | None = None) -> Iterator[LocalService]:
    """A service for the time being, started as `LocalService.start` does."""
    service = LocalService.start(*options, log=log)
    try:
        yield service
    finally:
        service.stop()


def client(
    endpoint: str,
    keys: NewKeys,
    timeout: float = 60,
    verify: ssl.SSLContext | bool = True,
) -> httpx.Client:
    """An HTTP client that signs with a key pair. It retries nothing, so that nothing is hidden."""
    auth = VisualSnoopHMACAuth(keys.public_key, keys.secret_key)
    return httpx.Client(
        base_url=endpoint, auth=auth, timeout=timeout, trust_env=False, verify=verify
    )


def kill_postgres(folder: Path) -> None:
    """Kill the PostgreSQL whose data are in a folder, and all its processes, without warning."""
    first = psutil.Process(int((folder / "postmaster.pid").read_text().split()[0]))
    processes = [first, *first.children(recursive=True)]
    for process in processes:
        # The others end of themselves when the first is gone, perhaps before they are killed.
        try:
            process.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue
    still_running(processes)


def still_running(processes: Sequence[psutil.Process], longest: float = 60) -> list[psutil.Process]:
    """The processes that have not ended within some seconds."""
    give_up = time.monotonic() + longest
    while running := [process for process in processes if not _has_ended(process)]:
        if time.monotonic() > give_up:
            break
        time.sleep(0.02)
    return running


def _has_ended(process: psutil.Process) -> bool:
    try:
        # One that has ended may wait for the system to take note of it.
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def forget_environment() -> None:
    """Leave out what the environment says of another service, and make a master key for these."""
    for variable in [name for name in os.environ if name.startswith("VISUALSNOOP_")]:
        del os.environ[variable]
    os.environ["VISUALSNOOP_MASTER_KEY"] = secrets.token_hex(32)
