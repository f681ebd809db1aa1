"""How a service is set up."""

from datetime import timedelta
from pathlib import Path

from attrs import frozen

from .matching.fingerprint import MODEL
from .vault import Vault

MIB = 1024 * 1024


@frozen
class Settings:
    """What the service does, and how much of it.

    Attributes:
        database: How to connect to PostgreSQL, as libpq takes it.
        vault: What opens the secret keys that are stored there.
        data: The folder of the embedded database, whose disk must not be full; None if there is
            none.
        models: The models of embeddings: the first is for new images, and queries are compared
            with the images of each.
        date_window: How far the date of a request may be from now, either way.
        require_tls: Whether requests over plain HTTP are refused.
        path_prefix: What comes before the base path of the API in the paths of requests.
        metrics: Whether there is a page of metrics.
        metrics_per_collection: Whether it counts the images of each collection.
        max_body: How many bytes the body of a request may have.
        max_pixels: How many pixels a picture may have.
        upload_memory: How many bytes of bodies each process holds at most.
        send_time: Within how many seconds the head of a request must have come, and for how long
            its body may come slowly.
        body_rate: How many bytes of a body must come each second, apart from that.
        rate: How many requests a second each key pair may make in the long run; 0 for any number.
        queue: How many pictures may wait for a process that makes fingerprints.
        decode_time: After how many seconds the work on one picture is given up.
        fingerprint_processes: How many processes make fingerprints; None for one per core.
        database_connections: How many connections to the database each process has at most.
        statement_time: After how many seconds the database gives up a statement.
        least_disk: How many bytes must be free on the disk of the data.
    """

    database: str
    vault: Vault
    data: Path | None = None
    models: tuple[Path, ...] = (MODEL,)
    date_window: timedelta = timedelta(minutes=15)
    require_tls: bool = False
    path_prefix: str = ""
    metrics: bool = True
    metrics_per_collection: bool = False
    max_body: int = 32 * MIB
    max_pixels: int = 100_000_000
    upload_memory: int = 256 * MIB
    send_time: float = 10.0
    body_rate: int = 4096
    rate: float = 500.0
    queue: int = 100
    decode_time: float = 20.0
    fingerprint_processes: int | None = None
    database_connections: int = 10
    statement_time: float = 15.0
    least_disk: int = 256 * MIB


@frozen
class Listening:
    """Where the service listens, and how it treats connections.

    Attributes:
        host: The address to listen on.
        port: The port; 0 for any free one.
        workers: How many processes answer requests.
        certfile: The certificate for TLS, with those that lead to a known authority; None for
            plain HTTP.
        keyfile: Its private key; None if it is in the same file.
        trusted_proxies: The addresses of proxies whose `X-Forwarded-*` headers are believed,
            separated by commas; None for no proxy.
        max_connections: How many connections are open at most; the ones that have been idle for
            longest are closed for new ones.
        idle_time: After how many seconds without a request a connection is closed.
        stop_time: For how many seconds a service that is stopped finishes what it has accepted.
        log_format: "text" or "json".
    """

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    certfile: Path | None = None
    keyfile: Path | None = None
    trusted_proxies: str | None = None
    max_connections: int = 10_000
    idle_time: int = 60
    stop_time: int = 30
    log_format: str = "text"


def default_data_folder() -> Path:
    """Where the data of a service are kept unless one says otherwise."""
    import platformdirs

    return Path(platformdirs.user_data_dir("visualsnoop", appauthor=False))
