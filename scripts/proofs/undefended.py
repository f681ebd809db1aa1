"""A service without one of its defences, by which to see that the proofs fail without it.

    python -m scripts.proofs.abuse --attacks tiny-chunks --without chunks

A proof that is told `--without DEFENCE` starts its services by this module. The defences are:

    chunks          bodies in tiny chunks are refused, and those of clients without keys not read
    headers         a request has no more than 100 headers
    end-of-slow     heads, bodies and TLS handshakes that do not go on are given up
    upload-shares   a key pair gets no more than a share of the memory for bodies
    turns           key pairs take turns at the processes that read pictures, and collections at
                    the connections to the database
    costs           what a picture may cost is bounded by the size that its file claims
    restarts        fingerprint processes that end are replaced
    watcher         PostgreSQL is started again when it has ended
    import-checks   imported records are checked
    steady-decoder  decoders do not die: without it they do so of one file in fifty
    bounded-memory  nothing is kept of a request: without it each one leaves 50 KiB behind
"""

import asyncio
import hashlib
import os
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

VARIABLE = "UNDEFENDED"
"""The environment variable that names the defence that a service is started without."""

_ROOT = Path(__file__).parents[2]
_PROCESS = "visualsnoop.server.fingerprinting.process_main"


def add_option(parser: ArgumentParser) -> None:
    """Let a proof be tried with a defence taken away."""
    parser.add_argument("--without", choices=DEFENCES, help="a defence to take away: must fail")


def begin(without: str | None) -> None:
    """Take a defence away in this process, and in those of services that it starts."""
    os.environ.pop(VARIABLE, None)
    if without is not None:
        os.environ[VARIABLE] = without
        DEFENCES[without]()


def _chunks() -> None:
    from uvicorn.protocols.http.h11_impl import H11Protocol

    from visualsnoop.server.http import http1, protocol

    _replace(http1.StrictConnection, "_count", lambda self, data: None)
    _replace(protocol.Connection, "on_response_complete", H11Protocol.on_response_complete)


def _headers() -> None:
    from visualsnoop.server.http import http1

    _replace(http1, "MAX_HEADERS", 10**9)


def _end_of_slow() -> None:
    from visualsnoop.server.http import bodies, protocol

    _replace(protocol._Timer, "start", lambda self: None)
    _replace(protocol.Connection, "_make_room", lambda self: True)
    init = bodies.BodyReader.__init__

    def patient(self: Any, settings: Any, is_valid: Any) -> None:
        init(self, settings, is_valid)
        self._send_time = 10**6

    _replace(bodies.BodyReader, "__init__", patient)
    start_tls = asyncio.BaseEventLoop.start_tls

    async def patient_tls(self: Any, *args: Any, **options: Any) -> Any:
        return await start_tls(self, *args, **{**options, "ssl_handshake_timeout": 10**6})

    _replace(asyncio.BaseEventLoop, "start_tls", patient_tls)


def _upload_shares() -> None:
    from visualsnoop.server.http import upload_quota

    _replace(upload_quota, "_SHARE", 1.0)


def _turns() -> None:
    from visualsnoop.server.turns import FairTurns

    init, get, done = FairTurns.__init__, FairTurns.get, FairTurns.done
    _replace(FairTurns, "__init__", lambda self, per_key, queue: init(self, 10**9, queue))
    _replace(FairTurns, "get", lambda self, name: get(self, "everybody"))
    _replace(FairTurns, "done", lambda self, name, cost=0: done(self, "everybody"))


def _costs() -> None:
    _replace_processes()
    from visualsnoop.server.fingerprinting import pool, process_main
    from visualsnoop.server.matching import cost_limits

    _replace(cost_limits, "_MOST_SCANS", 10**9)
    _replace(cost_limits, "_MOST_SEGMENTS", 10**9)
    _replace(process_main, "_limit", lambda which, soft: None)
    _replace(pool, "_MOST_STARVED", 10**6)


def _restarts() -> None:
    from visualsnoop.server.fingerprinting.pool import FingerprintPool

    async def run_once(self: Any, process: Any = None) -> None:
        await self._run(process or await _started(self))

    async def _started(pool: Any) -> Any:
        from visualsnoop.server.fingerprinting.process import FingerprintProcess

        return await FingerprintProcess.start(pool._setup)

    _replace(FingerprintPool, "_keep_running", run_once)


def _watcher() -> None:
    from contextlib import nullcontext

    from visualsnoop.server.storage import embedded

    _replace(embedded, "_kept_running", lambda server: nullcontext())


def _import_checks() -> None:
    from visualsnoop.server.storage import export_records

    _replace(export_records, "check_fingerprint", lambda *args, **options: None)


def _steady_decoder() -> None:
    _replace_processes()
    from visualsnoop.server.fingerprinting import process_main
    from visualsnoop.server.matching.decode import decode

    def deadly(file: Any, **options: Any) -> Any:
        if hashlib.sha256(file.getvalue()).digest()[0] < 5:
            os.abort()
        return decode(file, **options)

    _replace(process_main, "decode", deadly)


def _bounded_memory() -> None:
    from visualsnoop.server.http.request_log import RequestRecord

    kept: list[bytes] = []
    write = RequestRecord.write

    def leaking(self: Any) -> None:
        kept.append(os.urandom(50_000))
        write(self)

    _replace(RequestRecord, "write", leaking)


DEFENCES: dict[str, Callable[[], None]] = {
    "chunks": _chunks,
    "headers": _headers,
    "end-of-slow": _end_of_slow,
    "upload-shares": _upload_shares,
    "turns": _turns,
    "costs": _costs,
    "restarts": _restarts,
    "watcher": _watcher,
    "import-checks": _import_checks,
    "steady-decoder": _steady_decoder,
    "bounded-memory": _bounded_memory,
}


def _replace(owner: Any, name: str, value: Any) -> None:
    """Replace what is there; a defence that has another name by now is an error."""
    getattr(owner, name)
    setattr(owner, name, value)


def _replace_processes() -> None:
    """Let the processes that read pictures do without the defence, too."""
    start = asyncio.create_subprocess_exec
    defence = os.environ[VARIABLE]
    code = (
        f"import sys; sys.path.insert(0, {str(_ROOT)!r}); import os; "
        f"os.environ[{VARIABLE!r}] = {defence!r}; import scripts.proofs.undefended as undefended; "
        f"undefended.DEFENCES[{defence!r}](); from {_PROCESS} import main; main()"
    )

    async def start_undefended(program: str, *args: str, **options: Any) -> Any:
        if args[-2:] == ("-m", _PROCESS):
            args = (*args[:-2], "-c", code)
        return await start(program, *args, **options)

    _replace(asyncio, "create_subprocess_exec", start_undefended)


# The workers, which are started anew, load this module as their main one, and get here as well.
if __name__ in ("__main__", "__mp_main__"):
    DEFENCES[os.environ[VARIABLE]]()

if __name__ == "__main__":
    from visualsnoop.__main__ import main

    main()
