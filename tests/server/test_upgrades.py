"""Databases that earlier versions have written: images are found, or it is said why they are not.

Each was written by the service as it was when its revision was the newest, from the photos of these
tests and a copy of the first. They were dumped by pg_dump, and their master key is 32 times AB.
"""

import lzma
import subprocess
from hashlib import blake2b
from pathlib import Path

import httpx
import psycopg
import pytest

from visualsnoop.server.matching.fingerprint import MODEL_VERSION
from visualsnoop.server.storage import schema
from visualsnoop.server.storage.keys import create_keys
from visualsnoop.server.storage.postgres import programs
from visualsnoop.server.vault import Vault

from ..cli.command import run
from ..services import Service, client

DATABASES = Path(__file__).with_name("earlier_databases")
MASTER_KEY = "ab" * 32

MIGRATIONS = {
    "0001_collections_keys_images.py": "6b818d6dc97f079c7cd293ccee8495a0",
    "0002_versions_pairs_decisions.py": "a18be5e96498218449dc8aba2fd8ea63",
    "0003_keypoints.py": "78e5767fe97877756ffe5eca1328ad51",
    "0004_detail.py": "694858722d92c9710df84cb98e0d2055",
    "0005_images_by_version.py": "c07f05b4959bfb32de08d18d5676d385",
    "0006_page.py": "75307f873a6ed5de42895cb9ef3b3f75",
    "0007_parts.py": "a1041e6c23b753e104efdb0b7dc755e2",
}
"""The checksums of the migrations. One that has been released is never edited: write another."""


@pytest.fixture
def earlier(request: pytest.FixtureRequest, bare_database: str) -> str:
    """How to connect to a database that an earlier version has written."""
    dump = lzma.decompress((DATABASES / f"{request.param}.sql.xz").read_bytes())
    subprocess.run(
        [programs() / "psql", "--quiet", "--set=ON_ERROR_STOP=1", bare_database],
        input=dump,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return bare_database


@pytest.mark.parametrize(
    "earlier", ["0002-version-2", "0003-version-2", "0003-version-3"], indirect=True
)
def test_all_images_of_an_earlier_version_are_found(
    earlier: str, photos: list[Path], tmp_path: Path
) -> None:
    vault = Vault(bytes.fromhex(MASTER_KEY), "a test")
    log = tmp_path / "log"
    with Service(f"--database={earlier}", log=log, VISUALSNOOP_MASTER_KEY=MASTER_KEY) as service:
        with client(service, create_keys(earlier, "holidays", "ada", vault)) as signed:
            for photo in photos:
                searched = signed.post("/search", content=photo.read_bytes()).json()["results"]
                assert searched[0]["id"].removesuffix(" again") == photo.stem
                # Without detail there is less to be sure by.
                assert searched[0]["score"] >= 0.6
        assert "visualsnoop_unsearchable_images 0.0" in metrics(service)
    assert "no search" not in log.read_text()


def metrics(service: Service) -> str:
    return httpx.get(f"{service.origin}/metrics", timeout=30).text


@pytest.mark.parametrize(
    ("earlier", "told"),
    [
        ("0001-unsealed", "secret keys unencrypted"),
        ("0002-version-1", "15 images have fingerprints of other models (15 of version 1)"),
    ],
    indirect=["earlier"],
)
def test_images_that_can_be_found_no_more_are_a_reason_not_to_start(
    earlier: str, told: str
) -> None:
    answer = run("serve", "--port=0", f"--database={earlier}", VISUALSNOOP_MASTER_KEY=MASTER_KEY)
    assert answer.returncode == 1
    assert told in answer.stderr
    assert "add the" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


@pytest.mark.parametrize("earlier", ["0002-version-1"], indirect=True)
def test_service_that_is_to_start_all_the_same_counts_what_it_does_not_find(
    earlier: str, photos: list[Path], tmp_path: Path
) -> None:
    vault = Vault(bytes.fromhex(MASTER_KEY), "a test")
    options = (f"--database={earlier}", "--allow-unsearchable")
    log = tmp_path / "log"
    with Service(*options, log=log, VISUALSNOOP_MASTER_KEY=MASTER_KEY) as service:
        assert "15 images have fingerprints of other models" in log.read_text()
        assert "visualsnoop_unsearchable_images 15.0" in metrics(service)
        file = photos[0].read_bytes()
        with client(service, create_keys(earlier, "holidays", "ada", vault)) as signed:
            assert signed.post("/search", content=file).json()["results"] == []
            assert signed.put(f"/image/{photos[0].stem}", content=file).status_code == 200
            assert len(signed.post("/search", content=file).json()["results"]) == 1
        assert "visualsnoop_unsearchable_images 14.0" in metrics(service)
    info = run("info", f"--database={earlier}").stdout
    assert "images: 15\n" in info
    assert "version 1: 14 (found by no search any more" in info
    assert f"version {MODEL_VERSION}: 1 (the shipped model)" in info


@pytest.mark.parametrize("earlier", ["0003-version-2"], indirect=True)
def test_images_of_a_model_that_was_given_are_told_with_a_warning(
    earlier: str, tmp_path: Path
) -> None:
    with psycopg.connect(earlier) as connection:
        connection.execute("UPDATE images SET version = 1234567 WHERE image_id < 'c'")
    log = tmp_path / "log"
    with Service(f"--database={earlier}", log=log, VISUALSNOOP_MASTER_KEY=MASTER_KEY) as service:
        assert "visualsnoop_unsearchable_images 3.0" in metrics(service)
    assert "3 of version 1234567" in log.read_text()
    assert "--model" in log.read_text()


def test_info_shows_no_password(new_database: str) -> None:
    info = run("info", f"--database={new_database}&password=precious")
    assert info.returncode == 0
    assert "revision: " in info.stdout
    assert "postgresql: 18" in info.stdout
    assert "precious" not in info.stdout + info.stderr


def test_released_migrations_are_as_they_were() -> None:
    folder = Path(schema.__file__).parent / "migrations" / "versions"
    found = {
        path.name: blake2b(path.read_bytes(), digest_size=16).hexdigest()
        for path in folder.glob("*.py")
    }
    assert found == MIGRATIONS
