"""The command that runs a service, and its many options."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from .options import database_options

_MIB = 1024 * 1024
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_COUNT = click.IntRange(1)
_SECONDS = click.FloatRange(0.1)


def _prefix(context: click.Context, option: click.Parameter, text: str) -> str:
    prefix = text.rstrip("/")
    if prefix and not prefix.startswith("/"):
        raise click.BadParameter("it starts with a slash, like /pictures")
    return prefix


def _option(name: str, kind: Any, default: Any, text: str, **more: Any) -> Callable[[Any], Any]:
    return click.option(name, type=kind, default=default, help=text, show_default=True, **more)


_LISTENING = [
    _option("--host", str, "127.0.0.1", "The address to listen on."),
    _option("--port", int, 8000, "The port; 0 for any free one."),
    _option("--workers", _COUNT, 1, "How many processes answer requests."),
    _option("--certfile", _FILE, None, "The certificate for TLS, with its chain."),
    _option("--keyfile", _FILE, None, "Its private key, if that is in another file."),
    _option("--log-format", click.Choice(["text", "json"]), "text", "What the log looks like."),
    _option("--connections", _COUNT, 10_000, "How many connections may be open."),
    _option("--idle-time", _COUNT, 60, "Seconds that a connection may be idle."),
    _option("--stop-time", _COUNT, 30, "Seconds to finish requests in when it is stopped."),
    click.option("--proxy-headers", is_flag=True, help="Believe X-Forwarded-* headers of a proxy."),
    _option("--forwarded-allow-ips", str, "127.0.0.1", "The proxies that are believed."),
]

_REQUESTS = [
    click.option("--require-tls", is_flag=True, help="Refuse requests over plain HTTP."),
    _option("--path-prefix", str, "", "What comes before /api/v1 in paths.", callback=_prefix),
    _option(
        "--date-window",
        click.IntRange(1, 1440),
        15,
        "How many minutes the date of a request may be from now, either way.",
    ),
    _option(
        "--rate",
        click.FloatRange(0),
        500,
        "Requests a second that each key pair may make; 0 for any number.",
    ),
    _option("--max-body", _COUNT, 32, "MiB that the body of a request may have."),
    _option("--max-pixels", _COUNT, 100, "Millions of pixels that a picture may have."),
    _option("--send-time", _SECONDS, 10, "Seconds within which a request's head must come."),
    _option("--body-rate", _COUNT, 4096, "Bytes of a body that must come each second after that."),
    _option("--upload-memory", _COUNT, 256, "MiB of bodies that each worker holds."),
]

_WORK = [
    _option("--model", _FILE, None, "An ONNX file for new images instead of the shipped model."),
    _option("--fingerprint-processes", _COUNT, None, "Processes that read pictures; one per core."),
    _option("--queue", click.IntRange(0), 100, "How many pictures may wait for these."),
    _option("--decode-time", _SECONDS, 20, "Seconds that a picture may take."),
    _option("--database-connections", _COUNT, 10, "Connections to the database of each worker."),
    _option("--statement-time", _SECONDS, 15, "Seconds that a statement in the database may take."),
    _option("--least-disk", click.IntRange(0), 256, "MiB that must be free on the disk."),
    click.option("--metrics/--no-metrics", default=True, help="Offer /metrics for Prometheus."),
    click.option(
        "--metrics-per-collection", is_flag=True, help="Count the images of each collection there."
    ),
]


def _all_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed([*_LISTENING, *_REQUESTS, *_WORK]):
        command = option(command)
    return command


@click.command(context_settings={"auto_envvar_prefix": "VISUALSNOOP_SERVE"})
@_all_options
@database_options
def serve(data: Path | None, database: str | None, **options: Any) -> None:
    """Run the service until it is interrupted.

    Secret keys are stored encrypted, under the master key in VISUALSNOOP_MASTER_KEY (64 hexadecimal
    digits) or else in the file master.key, which is made in the data folder: with --database, in
    the platform's usual one. All processes over one database need the same. Keep a copy of it.

    Each option can be given in the environment instead: --log-format as
    VISUALSNOOP_SERVE_LOG_FORMAT.
    """
    from ..server.serving import run
    from ..server.settings import Listening, Settings
    from ..server.storage.master_key import opened_vault
    from ..server.storage.opening import data_folder, models_with, opened_database

    listening = Listening(
        host=options["host"],
        port=options["port"],
        workers=options["workers"],
        certfile=options["certfile"],
        keyfile=options["keyfile"],
        trusted_proxies=options["forwarded_allow_ips"] if options["proxy_headers"] else None,
        max_connections=options["connections"],
        idle_time=options["idle_time"],
        stop_time=options["stop_time"],
        log_format=options["log_format"],
    )
    with opened_database(data, database) as url:
        settings = Settings(
            url,
            opened_vault(url, data),
            data=data_folder(data) if database is None else None,
            models=models_with(options["model"]),
            date_window=timedelta(minutes=options["date_window"]),
            max_body=options["max_body"] * _MIB,
            max_pixels=options["max_pixels"] * 1_000_000,
            upload_memory=options["upload_memory"] * _MIB,
            least_disk=options["least_disk"] * _MIB,
            **{name: options[name] for name in _SAME_NAMES},
        )
        run(settings, listening)


_SAME_NAMES = (
    "require_tls",
    "path_prefix",
    "rate",
    "send_time",
    "body_rate",
    "fingerprint_processes",
    "queue",
    "decode_time",
    "database_connections",
    "statement_time",
    "metrics",
    "metrics_per_collection",
)
