"""Kill the primary database under load, promote its standby, and see that nothing is lost.

    python -m scripts.proofs.failover [--times 5] [--seed N] [--without standby]

A primary and a synchronous standby of PostgreSQL are started, and a service that is pointed at both
(`host=a,b target_session_attrs=read-write`). While eight clients add, update and delete images, the
primary is killed and the standby promoted, as an operator or a tool such as Patroni would. Then
everything is checked that `acknowledged` promises; the service is not restarted.

Prints after how many seconds images were stored again. Exits with 0 only if nothing that was
acknowledged was lost, something was, and that took no longer than 10 seconds. Leaves nothing
behind. A service that is not told of the standby (`--without standby`) must fail.
"""

import argparse
import os
import random
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import psutil
import psycopg
from attrs import frozen

from scripts.local_service import client, forget_environment, kill_postgres, running_service
from scripts.proofs.workload import Clients, Violation
from visualsnoop.server.storage.data_folder import Account
from visualsnoop.server.storage.keys import NewKeys, create_keys
from visualsnoop.server.storage.postgres import HERE, run_as
from visualsnoop.server.storage.schema import upgrade

CLIENTS = 8
USER = "visualsnoop"
STANDBY = "standby"
LONGEST_OUTAGE = 10.0  # seconds


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--without", choices=[STANDBY], help="what to take away: must fail")
    arguments = parser.parse_args()
    forget_environment()
    print(f"seed {arguments.seed}", flush=True)
    for number in range(arguments.times):
        with tempfile.TemporaryDirectory(prefix="visualsnoop-failover-") as folder:
            try:
                outage, counts = fail_over(
                    Path(folder), arguments.seed + number, with_standby=not arguments.without
                )
            except Violation as violation:
                print(f"FAILED: {violation}")
                return 1
        print(f"images were stored again after {outage:.1f} s; {dict(counts)}", flush=True)
        if outage > LONGEST_OUTAGE or not counts["acknowledged"]:
            print(f"FAILED: more than {LONGEST_OUTAGE:.0f} seconds, or nothing was acknowledged")
            return 1
    print("Everything that was acknowledged was there after each failover.")
    return 0


def fail_over(
    folder: Path, seed: int, *, with_standby: bool = True
) -> tuple[float, dict[str, int]]:
    """Fail over once; for how many seconds nothing was stored, and how requests ended.

    Raises:
        Violation: If anything that was acknowledged was not kept.
    """
    dice = random.Random(seed)
    with ExitStack() as stack:
        primary, standby = stack.enter_context(_replicated(folder))
        database = (
            f"postgresql://{USER}@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/postgres"
            "?target_session_attrs=read-write"
        )
        upgrade(database)
        if not with_standby:
            database = database.replace(f",127.0.0.1:{standby.port}", "")
        clients = Clients(create_keys(database, "failover", "failover"), CLIENTS, seed)
        probe = create_keys(database, "probe", "failover")
        log = stack.enter_context((folder / "service.log").open("w"))
        service = stack.enter_context(running_service(f"--database={database}", log=log))
        clients.prepare(service.endpoint)
        with clients.at_work(service.endpoint):
            time.sleep(dice.uniform(0.5, 2))
            killed = time.monotonic()
            kill_postgres(primary.data)
            standby.promote()
            _wait_until_stored(service.endpoint, probe)
            outage = time.monotonic() - killed
            time.sleep(1)
        clients.check(service.endpoint)
        return outage, clients.counts


def _wait_until_stored(endpoint: str, keys: NewKeys) -> None:
    """Try to store an image until that succeeds."""
    picture = (Path(__file__).parents[2] / "tests" / "photos" / "cell.jpg").read_bytes()
    give_up = time.monotonic() + 10 * LONGEST_OUTAGE
    with client(endpoint, keys) as connection:
        while time.monotonic() < give_up:
            try:
                if connection.post("/image", content=picture).status_code == 201:
                    return
            except httpx.TransportError:
                continue
            time.sleep(0.05)
    raise Violation("the service did not store anything after the standby was promoted")


@frozen
class _Postgres:
    """A PostgreSQL server on a port of loopback."""

    data: Path
    port: int
    account: Account

    def start(self, *options: str) -> None:
        settings = ["listen_addresses=127.0.0.1", f"port={self.port}", *options]
        settings.append("unix_socket_directories=.")
        self._run(
            *("pg_ctl", "start", "--wait", "--silent", f"--pgdata={HERE}", "--log=log"),
            f"--options={' '.join(f'-c {setting}' for setting in settings)}",
        )

    def promote(self) -> None:
        self._run("pg_ctl", "promote", "--no-wait", "--silent", f"--pgdata={HERE}")

    def _run(self, program: str, *arguments: str) -> None:
        run_as(self.account, program, *arguments, folder=self.data)

    def stop(self) -> None:
        # What it has stored is thrown away, so it may end as it does by a fault.
        with suppress(FileNotFoundError, psutil.NoSuchProcess):
            kill_postgres(self.data)

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(
            f"postgresql://{USER}@127.0.0.1:{self.port}/postgres", autocommit=True
        )


@contextmanager
def _replicated(folder: Path) -> Iterator[tuple[_Postgres, _Postgres]]:
    """A primary and its synchronous standby, running."""
    account = Account.for_postgres()
    primary = _Postgres(folder / "primary", _free_port(), account)
    standby = _Postgres(folder / STANDBY, _free_port(), account)
    for server in (primary, standby):
        server.data.mkdir(mode=0o700)
        os.chown(server.data, account.uid, account.gid)
    run_as(
        account,
        *("initdb", f"--pgdata={HERE}", f"--username={USER}", "--auth=trust"),
        *("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"),
        folder=primary.data,
    )
    try:
        primary.start()
        run_as(
            account,
            *("pg_basebackup", f"--pgdata={HERE}", "--checkpoint=fast"),
            "--write-recovery-conf",
            f"--dbname=host=127.0.0.1 port={primary.port} user={USER}",
            folder=standby.data,
        )
        standby.start(f"cluster_name={STANDBY}")
        _make_synchronous(primary)
        yield primary, standby
    finally:
        for server in (primary, standby):
            server.stop()


def _make_synchronous(primary: _Postgres) -> None:
    """Let the primary acknowledge nothing that the standby has not got."""
    with primary.connect() as connection:
        connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{STANDBY}'")
        connection.execute("SELECT pg_reload_conf()")
        for _ in range(600):
            state = connection.execute("SELECT sync_state FROM pg_stat_replication").fetchone()
            if state == ("sync",):
                return
            time.sleep(0.05)
    raise RuntimeError("the standby did not connect to the primary")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())
