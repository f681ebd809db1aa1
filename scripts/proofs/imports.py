"""Import files that were crafted, and see that they are refused, or do no harm.

    python -m scripts.proofs.imports [--seconds 60] [--seed N] [--without import-checks]

A collection is exported, and values of its records are replaced at random: by other types, huge
ones, numbers that are none, sizes that do not fit; numbers and checksums of the file are set right.
Each file must be refused with the number of the line, and nothing of it be stored; or every image
of it must be found by a search of the running service, as well as those that were there before.
The process that imports must not take more than 256 MiB for it.

Exits with 0 only if all of that held, and files were refused and taken. So it must not with
`--without`, see `undefended`.
"""

import argparse
import base64
import hashlib
import json
import random
import re
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg

from scripts.local_service import client, forget_environment, new_database, running_service
from scripts.proofs import undefended
from scripts.proofs.workload import small_pictures
from visualsnoop.server.storage.export_file import UnusableExport
from visualsnoop.server.storage.keys import create_keys
from visualsnoop.server.storage.transfer import export_collection, import_collection

MOST_MEMORY = 256  # MiB
TAKEN, REFUSED = "taken", "refused"

Record = dict[str, Any]


class Violation(Exception):
    """An import has done what it must not."""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    undefended.add_option(parser)
    arguments = parser.parse_args()
    forget_environment()
    undefended.begin(arguments.without)
    print(f"seed {arguments.seed}", flush=True)
    try:
        outcomes, memory = attack(random.Random(arguments.seed), arguments.seconds)
    except Violation as violation:
        print(f"FAILED: {violation}")
        return 1
    print(f"{dict(outcomes)}; {memory:.0f} MiB more at most")
    is_good = outcomes[TAKEN] and outcomes[REFUSED] and memory <= MOST_MEMORY
    print("All was well." if is_good else "FAILED.")
    return 0 if is_good else 1


def attack(dice: random.Random, seconds: float) -> tuple[Counter[str], float]:
    """Import crafted files for so long; how that ended, and the MiB that it took.

    Raises:
        Violation: If one was stored that the service cannot search, or refused without a line.
    """
    outcomes: Counter[str] = Counter()
    with (
        new_database() as (database, folder),
        (folder / "service.log").open("w") as log,
        running_service(f"--database={database}", log=log) as service,
    ):
        keys = create_keys(database, "imports", "imports")
        pictures = small_pictures()
        with client(service.endpoint, keys) as connection:
            for number, picture in enumerate(pictures):
                connection.post(f"/image/{number}", content=picture).raise_for_status()
            path = folder / "exported"
            export_collection(database, keys.collection_id, path)
            source, *records = [json.loads(line) for line in path.read_text().splitlines()][:-1]
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                crafted = [craft(record, dice) for record in dice.sample(records, 3)]
                write(path, source, crafted)
                outcome, refused = imported(database, path)
                outcomes[outcome] += 1
                if outcome == REFUSED:
                    check_refusal(refused)
                else:
                    check_searches(connection, database, pictures, dice)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return outcomes, (after - before) / 1024


def craft(record: Record, dice: random.Random) -> Record:
    """A record with another image ID, and mostly something else that is not as it was."""
    ((kind, fields),) = record.items()
    fields = {**fields, "image_id": uuid4().hex}
    for _ in range(dice.choice([0, 1, 1, 2])):
        name = dice.choice(list(fields))
        fields[name] = dice.choice(CRAFTS)(fields[name], dice)
    if dice.random() < 0.05:
        fields.pop(dice.choice(list(fields)))
    return {kind: fields}


def _another(value: Any, dice: random.Random) -> Any:
    return dice.choice([None, True, -1, 0, 1, 2**31, 2**63, 1e308, "", "\0", "\ud800", [], {}])


def _huge(value: Any, dice: random.Random) -> Any:
    return base64.b64encode(bytes(700_000)).decode()


def _with_other_bytes(value: Any, dice: random.Random) -> Any:
    """Bytes of fingerprints that are of the right size, but not what they were."""
    try:
        data = bytearray(base64.b64decode(value, validate=True))
    except (TypeError, ValueError):
        return value
    for _ in range(dice.choice([1, 10, 1000])):
        if data:
            data[dice.randrange(len(data))] = dice.choice(
                [0, 0x7C, 0xFC, 0xFF, dice.randrange(256)]
            )
    return base64.b64encode(data).decode()


def _shorter(value: Any, dice: random.Random) -> Any:
    return value[: dice.randrange(len(value) + 1)] if isinstance(value, str) else value


def _longer(value: Any, dice: random.Random) -> Any:
    return value * dice.choice([2, 3, 100]) if isinstance(value, str) else value


CRAFTS: list[Callable[[Any, random.Random], Any]] = [
    _another,
    _huge,
    _with_other_bytes,
    _with_other_bytes,
    _shorter,
    _longer,
]


def write(path: Path, source: Record, records: list[Record]) -> None:
    """Write an export whose numbers and checksum are right."""
    lines = b"".join(json.dumps(record).encode() + b"\n" for record in (source, *records))
    kinds = [next(iter(record)) for record in records]
    end = {
        "images": kinds.count("image"),
        "not_duplicates": kinds.count("not_duplicates"),
        "sha256": hashlib.sha256(lines).hexdigest(),
    }
    path.write_bytes(lines + json.dumps({"end": end}).encode() + b"\n")


def imported(database: str, path: Path) -> tuple[str, str]:
    """Import a file into the collection: what became of it, and what was said."""
    with psycopg.connect(database) as connection:
        counting = "SELECT count(*) FROM images"
        (before,) = connection.execute(counting).fetchone() or (0,)
        try:
            import_collection(database, path, "imports", "imports")
        except UnusableExport as error:
            if connection.execute(counting).fetchone() != (before,):
                raise Violation("something of a file that was refused is stored") from error
            return REFUSED, str(error)
        except Exception as error:
            raise Violation(f"an import failed otherwise than by refusal: {error!r}") from error
    return TAKEN, ""


def check_refusal(message: str) -> None:
    if not re.search(r"\bline \d", message):
        raise Violation(f"a refusal does not tell the line: {message}")
    if len(message) > 1000:
        raise Violation(f"a refusal has {len(message)} characters")


def check_searches(
    connection: httpx.Client, database: str, pictures: list[bytes], dice: random.Random
) -> None:
    """See that the service still finds what was there, and can work with what has come."""
    number = dice.randrange(len(pictures))
    search = connection.post("/search?count=1000", content=pictures[number])
    if search.status_code != 200 or f"{number}" not in {
        result["id"] for result in search.json()["results"]
    }:
        raise Violation(f"a picture is not found any more: {search.text[:500]}")
    listed = connection.get("/images?count=3").json()["images"]
    for image in listed:
        if connection.get(f"/image/{image['id']}").status_code != 200:
            raise Violation(f"an image that is listed is not there: {image}")
    duplicates = connection.get("/duplicates?count=1000")
    if duplicates.status_code not in (200, 503):
        raise Violation(f"duplicates cannot be listed: {duplicates.text[:500]}")


if __name__ == "__main__":
    sys.exit(main())
