"""Kill the service and its database at random moments, and see that nothing acknowledged is lost.

    python -m scripts.proofs.crash [--service-kills 200] [--database-kills 50] [--seed N]

Eight clients add, update and delete images of a real service over a real PostgreSQL. In the midst
of that the service is killed (kill -9) and started again, or PostgreSQL with all its processes is,
under a service that goes on running. After each kill everything is checked that `acknowledged`
promises, and that no process of the killed service is left.

Exits with 0 only if all of that held each time. Leaves nothing behind.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from scripts.local_service import LocalService, forget_environment, kill_postgres, still_running
from scripts.proofs.workload import Clients, Violation, wait_until_ready
from visualsnoop.server.storage.embedded import embedded_postgres
from visualsnoop.server.storage.keys import create_keys
from visualsnoop.server.storage.master_key import opened_vault
from visualsnoop.server.storage.schema import upgrade

CLIENTS = 8
LONGEST_WORK = 1.0  # seconds


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--service-kills", type=int, default=200)
    parser.add_argument("--database-kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    arguments = parser.parse_args()
    forget_environment()
    print(f"seed {arguments.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="visualsnoop-crash-") as folder:
        try:
            counts = crash(
                Path(folder), arguments.service_kills, arguments.database_kills, arguments.seed
            )
        except Violation as violation:
            print(f"FAILED: {violation}")
            return 1
    for name, count in counts.items():
        print(f"{count:8} {name}")
    print("Everything that was acknowledged was there after each kill.")
    return 0


def crash(folder: Path, service_kills: int, database_kills: int, seed: int) -> Mapping[str, int]:
    """Kill the service and its database so many times each; what was done how often.

    Raises:
        Violation: If anything that was acknowledged was not kept.
    """
    with embedded_postgres(folder) as database:
        upgrade(database)
        keys = create_keys(database, "crash", "crash", opened_vault(database, folder))
        clients = Clients(keys, CLIENTS, seed)
        crashing = _Crashing(folder, clients, random.Random(seed))
        try:
            clients.prepare(crashing.service.endpoint)
            kills = [crashing.kill_service] * service_kills
            kills += [crashing.kill_database] * database_kills
            crashing.dice.shuffle(kills)
            for number, kill in enumerate(kills, 1):
                kill()
                clients.check(crashing.service.endpoint)
                if number % 25 == 0:
                    print(f"{number} kills", flush=True)
        finally:
            crashing.service.stop()
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
            return LocalService.start(f"--data={self._folder}", log=log)

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
            # Where the service does not start it again itself, this does.
            with embedded_postgres(self._folder):
                wait_until_ready(self.service.endpoint)
            self._work()
        self.counts["kills of the database"] += 1

    def _work(self) -> None:
        time.sleep(self.dice.uniform(0, LONGEST_WORK))


if __name__ == "__main__":
    sys.exit(main())
