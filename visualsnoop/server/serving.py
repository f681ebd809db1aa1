"""The main process of the service, which looks after the workers that answer requests.

The operator starts and stops it. It restarts workers that have ended, runs the fingerprint pool,
and replaces one worker after the other on SIGHUP; the new ones read a renewed certificate.
Uvicorn's supervisor does most of it.
"""

import functools
import logging
import logging.config
import os
import resource
import signal
import socket
import ssl
import sys
import time
from pathlib import Path

from prometheus_client import multiprocess
from uvicorn.supervisors import Multiprocess

from .fingerprinting.server import serving_fingerprints
from .http.app import SOCKET, create_app
from .http.protocol import ConnectionConfig
from .http.routes import BASE_PATH
from .logs import logging_configuration
from .matching.fingerprint import model_version
from .metrics import FOLDER_VARIABLE
from .settings import Listening, Settings
from .storage.embedding_index import index_embeddings
from .storage.fingerprint_versions import check_versions
from .temporary_folder import temporary_folder

_START_TIME = 60.0  # seconds for a worker to start
_HEALTH_TIME = 30  # seconds without a sign of life, after which a worker is replaced
_END_TIME = 10.0  # seconds for a worker to end, after those in which it finishes requests
_OTHER_FILES = 256  # open files of a worker that are no connections of clients


def run(settings: Settings, listening: Listening) -> None:
    """Serve until interrupted; the URL is printed once connections are accepted.

    Args:
        settings: How the service is set up; its tables must be there.
        listening: Where and how it listens.

    Raises:
        OSError: If it cannot listen there, or cannot start.
        ValueError: If the certificate or the model cannot be used, or images be found no more.
    """
    # Until the supervisor has its own handler, so that what was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    logging.config.dictConfig(logging_configuration(listening.log_format))
    _check_certificate(listening)
    check_versions(
        settings.database,
        [model_version(model) for model in settings.models],
        allow_unsearchable=settings.allow_unsearchable,
    )
    listener = socket.create_server((listening.host, listening.port), backlog=2048)
    # Connections inherit it. Without it the body of an answer waits 40 ms for its head to arrive.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # What the processes share while the service runs.
    with listener, temporary_folder("visualsnoop-serve-") as folder:
        os.environ[FOLDER_VARIABLE] = str(folder)
        with serving_fingerprints(settings, folder / SOCKET) as models:
            for version, dimensions in models:
                index_embeddings(settings.database, version, dimensions)
            supervisor = _Supervisor(_config(settings, listening, folder), listener)
            supervisor.run()
    if not supervisor.has_started:
        raise OSError("The service could not be started: see its log")


def _config(settings: Settings, listening: Listening, folder: Path) -> ConnectionConfig:
    return ConnectionConfig(
        functools.partial(create_app, settings, folder),
        factory=True,
        lifespan="on",
        ws="none",
        workers=listening.workers,
        log_config=logging_configuration(listening.log_format),
        access_log=False,
        server_header=False,
        proxy_headers=listening.proxy_headers,
        forwarded_allow_ips=listening.forwarded_allow_ips,
        ssl_certfile=listening.certfile,
        ssl_keyfile=listening.keyfile,
        timeout_keep_alive=listening.idle_time,
        timeout_graceful_shutdown=listening.stop_time,
        timeout_worker_healthcheck=_HEALTH_TIME,
        head_time=settings.send_time,
        max_connections=_connections_per_worker(listening),
    )


def _connections_per_worker(listening: Listening) -> int:
    """The share of a worker of the connections, as far as the system lets it have them."""
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
    wanted = -(-listening.connections // listening.workers)
    return max(1, min(wanted, most_files - _OTHER_FILES))


def _check_certificate(listening: Listening) -> None:
    if listening.certfile is None:
        if listening.keyfile is not None:
            raise ValueError("a private key needs its certificate: give --certfile as well")
        return
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # No password: nobody is there to type it.
        context.load_cert_chain(listening.certfile, listening.keyfile, password="")
    except ssl.SSLError as error:
        raise ValueError(f"The certificate {listening.certfile} cannot be used: {error}") from None


class _Supervisor(Multiprocess):
    """Looks after the workers."""

    def __init__(self, config: ConnectionConfig, listener: socket.socket) -> None:
        super().__init__(config, [listener])
        self.has_started = False

    def init_processes(self) -> None:
        super().init_processes()
        self.has_started = all(
            [process.wait_until_ready(_START_TIME) for process in self.processes]
        )
        if not self.has_started:
            self.should_exit.set()
            return
        host, port = self.sockets[0].getsockname()[:2]
        host = f"[{host}]" if ":" in host else host
        scheme = "https" if self.config.ssl_certfile else "http"
        print(f"VisualSnoop listens on {scheme}://{host}:{port}{BASE_PATH}", flush=True)

    def terminate_all(self) -> None:
        # Who connects from now on is refused, and does not wait for the end of this process.
        for listener in self.sockets:
            listener.close()
        super().terminate_all()

    def join_all(self) -> None:
        give_up = time.monotonic() + (self.config.timeout_graceful_shutdown or 0) + _END_TIME
        for worker in self.processes:
            worker.process.join(max(0, give_up - time.monotonic()))
            # It has had its time, and does not react.
            worker.process.kill()
            worker.process.join()

    def keep_subprocess_alive(self) -> None:
        before = {process.pid for process in self.processes}
        super().keep_subprocess_alive()
        for pid in before - {process.pid for process in self.processes}:
            # What it was just doing is not counted any more. (prometheus-client declares no types.)
            multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]
