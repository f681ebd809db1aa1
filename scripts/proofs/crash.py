"""Kill the service and its database at random moments, and see that nothing acknowledged is lost.

    python -m scripts.proofs.crash [--service-kills 200] [--database-kills 50] [--total-kills 10]
        [--rounds 5] [--seed N] [--without watcher|restarts]

Eight clients add, update and delete images of a real service over a real PostgreSQL. In the midst
of that, processes are killed (kill -9):

- the main process of the service, which is started again then;
- PostgreSQL with all its processes, which the service has to start again;
- all processes at once, after which a command has to end and remove what is left;
- in each round, one process of each kind after the other, with nothing done about it: a worker, one
  that reads pictures, and each of PostgreSQL's.

After each kill everything is checked that `acknowledged` promises, that the service is whole again,
and that no process of a killed service is left.

Exits with 0 only if all of that held each time. Leaves nothing behind. `--without` takes a defence
away, see `undefended`: it must fail then.
"""

import argparse
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from scripts.local_service import LocalService, forget_environment, kill_postgres, still_running
from scripts.proofs import undefended
from scripts.proofs.workload import Clients, Violation, wait_until_ready
from visualsnoop.server.storage.embedded import embedded_postgres
from visualsnoop.server.storage.keys import create_keys
from visualsnoop.server.storage.master_key import opened_vault
from visualsnoop.server.storage.schema import upgrade

CLIENTS = 8
LONGEST_WORK = 1.0  # seconds
LONGEST_HEALING = 60.0  # seconds


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--service-kills", type=int, default=200)
    parser.add_argument("--database-kills", type=int, default=50)
    parser.add_argument("--total-kills", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    undefended.add_option(parser)
    arguments = parser.parse_args()
    forget_environment()
    undefended.begin(arguments.without)
    print(f"seed {arguments.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="visualsnoop-crash-") as folder:
        try:
            counts = crash(
                Path(folder),
                service_kills=arguments.service_kills,
                database_kills=arguments.database_kills,
                total_kills=arguments.total_kills,
                rounds=arguments.rounds,
                seed=arguments.seed,
            )
        except Violation as violation:
            print(f"FAILED: {violation}")
            return 1
    for name, count in counts.items():
        print(f"{count:8} {name}")
    print("Everything that was acknowledged was there after each kill.")
    return 0


def crash(
    folder: Path,
    *,
    service_kills: int = 0,
    database_kills: int = 0,
    total_kills: int = 0,
    rounds: int = 0,
    seed: int,
) -> Mapping[str, int]:
    """Kill the service and its database so many times each; what was done how often.

    Raises:
        Violation: If anything that was acknowledged was not kept, or did not heal.
    """
    with embedded_postgres(folder) as database:
        upgrade(database)
        keys = create_keys(database, "crash", "crash", opened_vault(database, folder))
    # From here on, only the service looks after PostgreSQL.
    clients = Clients(keys, CLIENTS, seed)
    crashing = _Crashing(folder, clients, random.Random(seed))
    try:
        clients.prepare(crashing.service.endpoint)
        kills = [crashing.kill_service] * service_kills
        kills += [crashing.kill_database] * database_kills
        kills += [crashing.kill_all] * total_kills
        kills += [crashing.kill_one_by_one] * rounds
        crashing.dice.shuffle(kills)
        for number, kill in enumerate(kills, 1):
            kill()
            clients.check(crashing.service.endpoint)
            if number % 25 == 0:
                print(f"{number} kills", flush=True)
    finally:
        crashing.service.stop()
    if left := postgres_processes(folder):
        raise Violation(f"PostgreSQL runs on after the service has been stopped: {left}")
    return crashing.counts + clients.counts


class _Crashing:
    """The service that is killed and started again."""

    def __init__(self, folder: Path, clients: Clients, dice: random.Random) -> None:
        self._folder = folder
        self._clients = clients
        self.dice = dice
        self.counts: Counter[str] = Counter()
        self.service = self._start()

    def _start(self) -> LocalService:
        with (self._folder / "service.log").open("a") as log:
            service = LocalService.start(f"--data={self._folder}", log=log)
        wait_until_ready(service.endpoint)
        return service

    def kill_service(self) -> None:
        with self._clients.at_work(self.service.endpoint):
            self._work()
            below = self.service.kill()
        if left := still_running(below):
            raise Violation(f"processes of the killed service are left: {left}")
        self.service = self._start()
        self.counts["kills of the service"] += 1

    def kill_database(self) -> None:
        with self._clients.at_work(self.service.endpoint):
            self._work()
            kill_postgres(self._folder / "postgres")
            wait_until_ready(self.service.endpoint)
            self._work()
        self.counts["kills of the database"] += 1

    def kill_all(self) -> None:
        """Kill the processes of the service; what is left is for the next command."""
        with self._clients.at_work(self.service.endpoint):
            self._work()
            below = self.service.kill()
            for process in below:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        still_running(below)
        if not postgres_processes(self._folder):
            raise Violation("PostgreSQL has not been left")
        command = [sys.executable, "-m", "visualsnoop", "keys", "list", f"--data={self._folder}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        if left := postgres_processes(self._folder):
            raise Violation(f"PostgreSQL runs on after the next command: {left}")
        self.service = self._start()
        self.counts["kills of everything"] += 1

    def kill_one_by_one(self) -> None:
        """Kill a process of each kind but the main one, and wait each time until all is well."""
        wanted = len(self.service.processes())
        killed: set[str] = set()
        while others := [one for one in self._below() if _kind(one) not in killed]:
            process = self.dice.choice(others)
            killed.add(kind := _kind(process))
            with self._clients.at_work(self.service.endpoint):
                self._work()
                with suppress(psutil.NoSuchProcess):
                    process.kill()
                    self.counts[f"kills of one {kind!r}"] += 1
                still_running([process])
                wait_until_ready(self.service.endpoint, LONGEST_HEALING)
            self._wait_until_whole(wanted)

    def _below(self) -> list[psutil.Process]:
        _, *below = self.service.processes()
        return [*below, *postgres_processes(self._folder)]

    def _wait_until_whole(self, wanted: int) -> None:
        give_up = time.monotonic() + LONGEST_HEALING
        while len(self.service.processes()) < wanted:
            if time.monotonic() > give_up:
                raise Violation(f"of {wanted} processes some are gone for good")
            time.sleep(0.1)

    def _work(self) -> None:
        time.sleep(self.dice.uniform(0, LONGEST_WORK))


def _kind(process: psutil.Process) -> str:
    """What a process does, by its command: PostgreSQL's say so, the others by their modules."""
    with suppress(psutil.Error):
        command = " ".join(process.cmdline())
        if found := re.search(
            r"postgres: [a-z]+( [a-z]+)?|process_main|tracker|spawn_main", command
        ):
            return found[0]
        return Path(command.split()[0]).name if command else "none"
    return "none"


def postgres_processes(folder: Path) -> list[psutil.Process]:
    """The processes of the PostgreSQL whose data are in a folder, its first one first."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.cwd() == str(folder.resolve() / "postgres"):
                found.append(process)
    return found


if __name__ == "__main__":
    sys.exit(main())
