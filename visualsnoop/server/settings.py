"""How a service is set up.

A setting that is an option of `visualsnoop serve` is told here and nowhere else: the command line
takes its name, its default, its unit, its limits and its help from the field.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from attrs import Attribute, field, fields, frozen

from .matching.fingerprint import MODEL

if TYPE_CHECKING:
    # The command line knows the options without it, and without what it needs.
    from .vault import Vault

MIB = 1024 * 1024  # bytes


@frozen
class Unit:
    """What an option counts in, where the setting counts in something else."""

    name: str
    size: Any = 1


BYTES = Unit("bytes")
SECONDS = Unit("seconds")
MINUTES = Unit("minutes", timedelta(minutes=1))
MEBIBYTES = Unit("MiB", MIB)
MEGAPIXELS = Unit("megapixels", 1_000_000)


@frozen
class Option:
    """The option of a setting.

    Attributes:
        default: What holds unless the option is given, in `unit`.
        help: What it is for.
        unit: What it counts in; None where it counts what its help names, or nothing.
        least: The smallest number that it takes.
        most: The largest one; None for any.
        parse: What reads it, and raises `ValueError` where it is wrong; None where any will do.
    """

    default: Any
    help: str
    unit: Unit | None
    least: float
    most: float | None
    parse: Callable[[Any], Any] | None

    def setting(self, value: Any) -> Any:
        """A value of the option as the value of the setting."""
        if self.parse is not None:
            return self.parse(value)
        return value if self.unit is None or value is None else value * self.unit.size


def option(
    default: Any,
    help: str,
    *,
    unit: Unit | None = None,
    least: float = 1,
    most: float | None = None,
    parse: Callable[[Any], Any] | None = None,
) -> Any:
    """A field that has an option; the arguments are those of `Option`."""
    option = Option(default, help, unit, least, most, parse)
    return field(default=option.setting(default), metadata={Option: option})


def options(settings: type) -> "dict[Attribute[Any], Option]":
    """The fields of `Listening` or `Settings` that have options, and these."""
    return {of: of.metadata[Option] for of in fields(settings) if Option in of.metadata}


def _path_prefix(text: str) -> str:
    prefix = text.rstrip("/")
    if prefix and not prefix.startswith("/"):
        raise ValueError("it starts with a slash, like /pictures")
    return prefix


@frozen
class Listening:
    """Where the service listens, and how it treats connections."""

    host: str = option("127.0.0.1", "Address to listen on.")
    port: int = option(8000, "Port; 0 for any free one.", least=0, most=65535)
    workers: int = option(1, "Processes that answer requests.")
    certfile: Path | None = option(None, "TLS certificate, with its chain.")
    keyfile: Path | None = option(None, "Its private key, if that is in another file.")
    log_format: Literal["text", "json"] = option("text", "Format of the log.")
    connections: int = option(
        10_000, "Open connections at most; new ones close the longest idle one."
    )
    idle_time: int = option(60, "Time that a connection may be idle.", unit=SECONDS)
    stop_time: int = option(
        30, "Time for a stopped service to finish what it has begun.", unit=SECONDS
    )
    proxy_headers: bool = option(False, "Believe the X-Forwarded-* headers of a proxy.")
    forwarded_allow_ips: str = option(
        "127.0.0.1", "Addresses of the proxies that are believed, separated by commas."
    )


@frozen
class Settings:
    """What the service does, and how much of it. Sizes are in bytes, times in seconds.

    Attributes:
        database: How to connect to PostgreSQL, as libpq takes it.
        vault: What opens the secret keys that are stored there.
        data: The folder of the embedded database, whose disk must not be full; None if there is
            none.
        models: The models of embeddings: the first is for new images, and queries are compared
            with the images of each.
    """

    database: str
    vault: "Vault"
    data: Path | None = None
    models: tuple[Path, ...] = (MODEL,)

    require_tls: bool = option(False, "Refuse requests over plain HTTP.")
    path_prefix: str = option("", "What comes before /api/v1 in paths.", parse=_path_prefix)
    date_window: timedelta = option(
        15, "How far the date of a request may be from now, either way.", unit=MINUTES, most=1440
    )
    rate: float = option(
        500, "Requests a second of each key pair in the long run; 0 for any number.", least=0
    )
    max_body: int = option(32, "Largest body of a request.", unit=MEBIBYTES)
    max_pixels: int = option(100, "Largest picture.", unit=MEGAPIXELS)
    send_time: float = option(
        10, "Time for the head of a request to come.", unit=SECONDS, least=0.1
    )
    body_rate: int = option(
        4096, "Bytes of a body that must come each second after that.", unit=BYTES
    )
    upload_memory: int = option(256, "Memory of each worker for bodies.", unit=MEBIBYTES)

    fingerprint_processes: int | None = option(None, "Processes that read pictures; one per core.")
    queue: int = option(100, "Pictures that may wait for these.", least=0)
    decode_time: float = option(
        20, "Longest time of a processor for a picture.", unit=SECONDS, least=0.1
    )
    decode_memory: int | None = option(
        None,
        "Memory for all pictures that are being read; 256 MiB for each of these processes, and no "
        "less than the largest picture and one of 24 megapixels need.",
        unit=MEBIBYTES,
        least=256,
    )
    database_connections: int = option(10, "Connections of each worker to the database.")
    statement_time: float = option(
        15, "Longest time for a statement in the database.", unit=SECONDS, least=0.1
    )
    least_disk: int = option(
        256, "Space that must be free on the disk of the data.", unit=MEBIBYTES, least=0
    )
    allow_unsearchable: bool = option(
        False, "Start even if images of an earlier model can be found no more."
    )
    page: bool = option(True, "Offer the page for people at /.")
    metrics: bool = option(True, "Offer /metrics for Prometheus.")
    metrics_per_collection: bool = option(False, "Count the images of each collection there.")


def default_data_folder() -> Path:
    """Where the data of a service are kept unless one says otherwise."""
    import platformdirs

    return Path(platformdirs.user_data_dir("visualsnoop", appauthor=False))
