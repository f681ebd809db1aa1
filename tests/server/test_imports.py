"""Libraries that take tens of megabytes are loaded by the fingerprint processes alone."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..services import Service

HEAVY = ("PIL", "cv2", "onnxruntime", "pillow_heif", "pillow_jxl")


def loaded_by(program: str) -> set[str]:
    """The top-level modules that are loaded after a program in an interpreter of its own."""
    program += "\nimport sys\nprint(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    return set(done.stdout.splitlines()[-1].split())


def test_sdk_loads_nothing_of_the_server() -> None:
    loaded = loaded_by("from visualsnoop import Collection")
    assert loaded.isdisjoint([*HEAVY, "numpy", "psycopg", "starlette"])
    assert "httpx" in loaded


def test_listing_keys_loads_no_alembic_no_numpy_and_nothing_heavier(database: str) -> None:
    arguments = ["keys", "list", "--database", database]
    loaded = loaded_by(
        f"import sys\nsys.argv[1:] = {arguments}\n"
        "from visualsnoop.__main__ import main\ntry: main()\nexcept SystemExit: pass"
    )
    unused = {"alembic", "keyring", "numpy", "rich", "sqlalchemy", "textual_image"}
    assert loaded.isdisjoint({*HEAVY, *unused})
    assert "psycopg" in loaded


def test_stored_fingerprints_are_compared_without_what_computes_them() -> None:
    loaded = loaded_by("import visualsnoop.server.search, visualsnoop.server.fingerprinting.client")
    assert loaded.isdisjoint(HEAVY)
    assert "numpy" in loaded


@pytest.fixture(scope="module")
def running(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    options = (f"--database={database}", "--fingerprint-processes=1")
    with Service(*options, log=tmp_path_factory.mktemp("imports") / "log") as service:
        yield service


def test_workers_map_no_library_that_reads_pictures(running: Service, photo: Path) -> None:
    def mapped(pid: int) -> set[str]:
        maps = Path(f"/proc/{pid}/maps").read_text()
        return {name for name in HEAVY if re.search(rf"/_?{name}\b", maps)}

    assert [mapped(pid) for pid in running.workers()] == [set()]
    # What is looked for is found where it must be.
    others = set().union(*(mapped(pid) for pid in running.children()))
    assert others == set(HEAVY)
