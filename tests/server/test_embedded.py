"""The PostgreSQL of the service: started, shared, stopped, and started after a crash."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from scripts.local_service import still_running
from visualsnoop.server.storage.embedded import embedded_postgres

from ..cli.command import run


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


@pytest.fixture(scope="module")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of data that is made once, to be moved about."""
    folder = tmp_path_factory.mktemp("initialised") / "data"
    with embedded_postgres(folder):
        return folder


NAMES = {
    "shell": "a$(touch hit)`touch hit`; touch hit; '\"\\ #",
    "characters": "-é 漢 %41 100% ,a,b ?host=x&y=z\n#\t",
    "bytes": os.fsdecode(b"not \xff UTF-8"),
    "long": "long" * 30,
    "deep": "/".join(["deep" * 50] * 8),
}


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where temporary files are, under a path that is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="vs-") as name:
        monkeypatch.setattr(tempfile, "tempdir", name)
        yield Path(name)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_any_path_of_the_folder_will_do(
    initialised: Path,
    tmp_path: Path,
    temporary: Path,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    initialised.rename(folder)
    try:
        with embedded_postgres(folder) as url, psycopg.connect(url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        folder.rename(initialised)
    assert list(tmp_path.rglob("hit")) == []
    assert list(temporary.iterdir()) == []


def test_new_folder_may_have_any_path(tmp_path: Path) -> None:
    folder = tmp_path / NAMES["shell"] / NAMES["characters"] / NAMES["bytes"]
    with embedded_postgres(folder) as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_temporary_folder_of_others_is_neither_used_nor_removed(
    initialised: Path, tmp_path: Path, temporary: Path
) -> None:
    folder = tmp_path / ("long" * 30)
    initialised.rename(folder)
    try:
        with embedded_postgres(folder):
            (address,) = temporary.glob("visualsnoop-*")
        prefix = address.name.rpartition("-")[0]
        # One that can be entered by others, and one that was left by a process that was killed.
        (temporary / f"{prefix}-theirs").mkdir(mode=0o755)
        (temporary / f"{prefix}-left").mkdir(mode=0o700)
        (temporary / f"{prefix}-link").symlink_to(temporary)
        with embedded_postgres(folder) as url, psycopg.connect(url):
            pass
    finally:
        folder.rename(initialised)
    left = {path.name.removeprefix(prefix) for path in temporary.iterdir()}
    assert left == {"-theirs", "-link"}


def test_no_secret_is_in_the_environment_of_postgres(
    initialised: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("VISUALSNOOP_MASTER_KEY", "PGPASSWORD", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "precious")
    # Nor do variables for clients of PostgreSQL change anything.
    for name, value in {"PGPORT": "1", "PGHOST": "none", "PGDATA": "none"}.items():
        monkeypatch.setenv(name, value)
    with embedded_postgres(initialised) as url, psycopg.connect(url):
        assert "precious" not in url
        for process in (server := psutil.Process(postmaster(initialised)), *server.children()):
            assert process.environ().keys() <= {"PATH", "TZ", "LD_LIBRARY_PATH", "LC_CTYPE"}
            assert str(initialised) not in " ".join(process.cmdline())


@pytest.mark.parametrize("text", ["", "\n", "not a number\n", "{pid}\n", "{pid}\nx\n1\n5432\n"])
def test_process_id_that_is_none_of_the_server_is_seen_through(
    initialised: Path, text: str
) -> None:
    owner = (initialised / "postgres").stat().st_uid
    # A process of the same account, as the ID may be another's after a restart of the machine.
    with subprocess.Popen(["sleep", "600"], user=owner) as another:
        (initialised / "postgres" / "postmaster.pid").write_text(text.format(pid=another.pid))
        (initialised / "postgres" / "socket" / ".s.PGSQL.5432.lock").write_text(f"{another.pid}\n")
        try:
            with embedded_postgres(initialised) as url, psycopg.connect(url):
                assert another.poll() is None
        finally:
            another.kill()


def test_server_that_is_left_by_killed_processes_is_ended_by_the_next_command(
    initialised: Path,
) -> None:
    with served(initialised) as process:
        below = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        for one in below:
            one.kill()
    left = psutil.Process(postmaster(initialised))
    assert run("keys", "list", f"--data={initialised}").returncode == 0
    assert still_running([left]) == []
    assert not is_running(initialised)


def test_failed_start_says_why_and_names_the_log(initialised: Path) -> None:
    settings = initialised / "postgres" / "postgresql.conf"
    before = settings.read_text()
    settings.write_text("max_connections = 0")
    try:
        answer = run("keys", "list", f"--data={initialised}")
    finally:
        settings.write_text(before)
    assert answer.returncode == 1
    assert len(answer.stderr.splitlines()) == 1
    assert "configuration file" in answer.stderr
    assert str(initialised / "postgres.log") in answer.stderr


def test_interrupted_creation_is_begun_anew(folder: Path) -> None:
    (folder / "postgres.unfinished" / "base").mkdir(parents=True)
    with embedded_postgres(folder) as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_others_cannot_look_into_the_folder(folder: Path) -> None:
    with embedded_postgres(folder):
        assert folder.stat().st_mode & 0o077 == 0
