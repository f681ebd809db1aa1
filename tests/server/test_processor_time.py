"""The time of a processor that a picture may take is that which the system counts."""

import subprocess
import sys

PROGRAM = """
import math, resource, signal, sys
from visualsnoop.server.fingerprinting.process_main import limited_time

def end(*_):
    print(limited_time() - limit)
    sys.exit()

signal.signal(signal.SIGXCPU, end)
limit = math.ceil(limited_time() + 0.2)
resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
while limited_time() < limit + 10:
    pass
print("no signal")
"""


def test_process_is_ended_when_its_clock_reaches_the_limit() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True
    )
    # The system looks at each tick, of which there are at least 100 a second.
    assert 0 <= float(done.stdout) < 0.5
