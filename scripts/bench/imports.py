"""How much time `import visualsnoop` takes, beside `import httpx`, on which it is built.

Each import is done in a process of its own, as often as wanted, in turns. What counts is the least
time of a processor, which other programs hardly change.
"""

import argparse
import resource
import subprocess
import sys

IMPORTS = (
    "import httpx",
    "import visualsnoop",
    "from visualsnoop import Collection",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20, help="how often to import each")
    times = parser.parse_args().times
    seconds = dict.fromkeys(("pass", *IMPORTS), float("inf"))
    for _ in range(times):
        for statement in seconds:
            seconds[statement] = min(seconds[statement], time_of(statement))
    started = seconds.pop("pass")
    of_httpx = seconds["import httpx"] - started
    for statement, taken in seconds.items():
        milliseconds = (taken - started) * 1000
        ratio = (taken - started) / of_httpx
        print(f"{statement:36} {milliseconds:6.1f} ms  {ratio:5.2f} x import httpx")


def time_of(statement: str) -> float:
    """The seconds of a processor for a process that does only this, its start included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", statement], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


if __name__ == "__main__":
    main()
