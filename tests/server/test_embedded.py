"""The PostgreSQL of the service: started, shared, stopped, and started after a crash."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from visualsnoop.server.storage.embedded import embedded_postgres


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def is_running(folder: Path) -> bool:
    return (folder / "postgres" / "postmaster.pid").exists()


def postmaster(folder: Path) -> int:
    return int((folder / "postgres" / "postmaster.pid").read_text().split()[0])


def served(folder: Path) -> subprocess.Popen[str]:
    """A running service on the folder."""
    command = [sys.executable, "-m", "visualsnoop", "serve", "--port=0", f"--data={folder}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert "http://" in process.stdout.readline()
    return process


def test_data_are_kept_from_run_to_run(folder: Path) -> None:
    with embedded_postgres(folder) as url, psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    with embedded_postgres(folder) as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)


def test_last_user_stops_the_server(folder: Path) -> None:
    with embedded_postgres(folder):
        with embedded_postgres(folder):
            assert is_running(folder)
        assert is_running(folder)
    assert not is_running(folder)


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_stopped_service_leaves_nothing_running(folder: Path, stop: signal.Signals) -> None:
    with served(folder) as process:
        assert is_running(folder)
        process.send_signal(stop)
        process.wait(30)
    assert not is_running(folder)


def test_killed_service_is_followed_by_another(folder: Path) -> None:
    with served(folder) as process:
        process.kill()
    assert is_running(folder)
    with served(folder) as process:
        process.terminate()
    assert not is_running(folder)


def test_killed_server_is_started_again(folder: Path) -> None:
    with embedded_postgres(folder):
        os.kill(postmaster(folder), signal.SIGKILL)
        time.sleep(0.5)
    with embedded_postgres(folder) as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_server_that_is_killed_under_a_service_is_started_again(folder: Path) -> None:
    with served(folder) as process:
        os.kill(postmaster(folder), signal.SIGKILL)
        give_up = time.monotonic() + 60
        while True:
            try:
                with psycopg.connect(
                    f"host={folder} user=visualsnoop dbname=postgres"
                ) as connection:
                    assert connection.execute("SELECT 1").fetchone() == (1,)
                break
            except psycopg.OperationalError:
                assert time.monotonic() < give_up
                time.sleep(0.1)
        process.terminate()
    assert not is_running(folder)


def test_folder_with_a_long_path_is_used(tmp_path: Path) -> None:
    with embedded_postgres(tmp_path / ("long" * 30)) as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_interrupted_creation_is_begun_anew(folder: Path) -> None:
    (folder / "postgres.unfinished" / "base").mkdir(parents=True)
    with embedded_postgres(folder) as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_others_cannot_look_into_the_folder(folder: Path) -> None:
    with embedded_postgres(folder):
        assert folder.stat().st_mode & 0o077 == 0
