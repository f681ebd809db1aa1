"""What a process that reads pictures cannot do any more."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

# What is tried: each must raise `PermissionError`, once the rights are given up.
FORBIDDEN = {
    "connect to a database": "import socket; socket.socket(socket.AF_UNIX)",
    "use the network": "import socket; socket.socket(socket.AF_INET)",
    "run a program": "os.execv('/bin/true', ['true'])",
    "start a process": "os.fork()",
    "read a secret": "open(sys.argv[1], 'rb')",
    "list a folder": "os.listdir(os.path.dirname(sys.argv[1]))",
    "read the environment of another process": "open(f'/proc/{os.getppid()}/environ', 'rb')",
    "write a file": "open(sys.argv[1] + '.new', 'wb')",
    "remove a file": "os.remove(sys.argv[1])",
    "kill another process": "os.kill(os.getppid(), 0)",
    "give another process more memory": "resource.prlimit(os.getppid(), resource.RLIMIT_DATA)",
}

PROGRAM = """
import os, resource, sys
from visualsnoop.server.fingerprinting.sandbox import give_up_rights
give_up_rights()
try:
    {}
except PermissionError:
    print("forbidden")
else:
    print("allowed")
"""


def outcome(tried: str, secret: Path) -> str:
    command = [sys.executable, "-c", PROGRAM.format(tried), str(secret)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "master.key"
    path.write_text("a secret")
    return path


@pytest.mark.parametrize("what", FORBIDDEN)
def test_process_that_reads_pictures_cannot(what: str, secret: Path) -> None:
    assert outcome(FORBIDDEN[what], secret) == "forbidden"
    assert secret.exists()


def test_process_that_reads_pictures_can_compute_and_import(secret: Path) -> None:
    tried = (
        "import decimal, threading; thread = threading.Thread(target=bytearray, args=(10**8,));"
        " thread.start(); thread.join()"
    )
    assert "decimal" not in sys.builtin_module_names
    assert outcome(tried, secret) == "allowed"


def test_what_is_forbidden_is_possible_otherwise(secret: Path) -> None:
    # So that none of it is forbidden for another reason.
    assert os.listdir(secret.parent)
    assert secret.read_text()
    assert Path(f"/proc/{os.getppid()}/environ").exists()
    assert subprocess.run(["/bin/true"]).returncode == 0
