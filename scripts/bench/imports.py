"""How much time `import visualsnoop` takes, beside `import httpx`, on which it is built.

Each import is done in a process of its own, as often as wanted, in turns. What counts is the least
time of a processor, which other programs hardly change. The command line of HTTPX, which it imports
where Click and Rich are installed, is left out, as it is missing where the SDK alone is installed.
Modules are compiled once, as they are where Python may write its caches.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile

PREPARED = "import sys; sys.modules['httpx._main'] = None"

HTTPX = "import httpx"
COLLECTION = "from visualsnoop import Collection"
IMPORTS = {
    HTTPX: HTTPX,
    "import httpx, attrs": "import httpx, attrs",
    "import visualsnoop": "import visualsnoop",
    COLLECTION: COLLECTION,
    "... and what the first calls import": (
        f"{COLLECTION}; from visualsnoop import _calls; _calls.get_collection(); "
        "_calls.get_image('beach'); from visualsnoop_api.models import CollectionInfo, Image"
    ),
}
GOALS = {"import visualsnoop": 1.15, COLLECTION: 1.25}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20, help="how often to import each")
    times = parser.parse_args().times
    statements = {"": "pass", **IMPORTS}
    seconds = dict.fromkeys(statements, float("inf"))
    with tempfile.TemporaryDirectory() as cache:
        for _ in range(times):
            for name, statement in statements.items():
                seconds[name] = min(seconds[name], time_of(f"{PREPARED}; {statement}", cache))
    started = seconds.pop("")
    of_httpx = seconds[HTTPX] - started
    for name, taken in seconds.items():
        milliseconds = (taken - started) * 1000
        ratio = (taken - started) / of_httpx
        print(
            f"{name:36} {milliseconds:6.1f} ms  {ratio:5.2f} x import httpx{verdict(name, ratio)}"
        )


def verdict(name: str, ratio: float) -> str:
    if name not in GOALS:
        return ""
    return f", goal {GOALS[name]:.2f}: {'met' if ratio <= GOALS[name] else 'not met'}"


def time_of(statement: str, cache: str) -> float:
    """The seconds of a processor for a process that does only this, its start included."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache, "PYTHONDONTWRITEBYTECODE": ""}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", statement], env=environment, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


if __name__ == "__main__":
    main()
