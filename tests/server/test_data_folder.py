"""The data folder: nobody else gets in, and nothing that others have made is changed."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from visualsnoop.server.storage.data_folder import Account, claim_data_folder
from visualsnoop.server.storage.embedded import embedded_postgres
from visualsnoop.server.storage.master_key import opened_vault
from visualsnoop.server.storage.postgres import USER, programs, run_as
from visualsnoop.server.storage.schema import upgrade

from ..cli.command import run

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as somebody else")


@pytest.fixture(scope="module")
def parent() -> Iterator[Path]:
    """A folder that every user can pass, as those of the tests cannot be passed."""
    with tempfile.TemporaryDirectory(prefix="vs-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def folder(parent: Path) -> Path:
    """A folder of data, with a master key."""
    folder = parent / "data"
    with pytest.MonkeyPatch.context() as patch, embedded_postgres(folder) as url:
        patch.delenv("VISUALSNOOP_MASTER_KEY")
        upgrade(url)
        opened_vault(url, folder)
    return folder


@pytest.fixture
def other() -> Account:
    """An account that is neither that of the tests nor that of PostgreSQL."""
    return Account.of(pwd.getpwnam("daemon").pw_uid)


def attempt(account: Account, host: Path) -> str:
    """What an account is told that tries to connect, which must not succeed."""
    done = subprocess.run(
        [programs() / "psql", "--command=SELECT 1", f"host='{host}' user={USER} dbname=postgres"],
        user=account.uid,
        group=account.gid,
        extra_groups=[],
        capture_output=True,
        text=True,
        cwd="/",
    )
    assert done.returncode != 0, done.stdout
    return done.stderr


def as_account(account: Account, action: Callable[[], object]) -> str:
    """What an account is told that tries something, which must not succeed."""
    reading, writing = os.pipe()
    if (pid := os.fork()) == 0:
        os.setgroups([])
        os.setgid(account.gid)
        os.setuid(account.uid)
        try:
            action()
        except OSError as error:
            os.write(writing, str(error).encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(pid, 0)
    with os.fdopen(reading) as told:
        return told.read()


def owners_and_modes(folder: Path) -> dict[Path, tuple[int, int]]:
    status = {path: path.lstat() for path in [folder, *folder.rglob("*")]}
    return {path: (one.st_uid, one.st_mode) for path, one in status.items()}


def open_all(folder: Path) -> None:
    """Take away what keeps others from the socket, but for what PostgreSQL itself does."""
    for path in (folder, folder / "postgres", folder / "postgres" / "socket"):
        path.chmod(0o755)
    (folder / ".s.PGSQL.5432").chmod(0o777)


@pytest.mark.parametrize("mode", [0o755, 0o777, 0o1777, 0o750, 0o700])
def test_empty_folder_that_is_open_is_closed(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(mode)
    claim_data_folder(folder)
    assert folder.stat().st_mode & 0o7777 == 0o700


@needs_root
def test_other_users_get_no_further_than_the_folder(folder: Path, other: Account) -> None:
    folder.chmod(0o755)
    with embedded_postgres(folder):
        assert folder.stat().st_mode & 0o7777 == 0o700
        assert "Permission denied" in attempt(other, folder)


@needs_root
def test_other_users_reach_nothing_even_in_an_open_folder(folder: Path, other: Account) -> None:
    with embedded_postgres(folder):
        folder.chmod(0o755)
        for host in (folder, folder / "postgres" / "socket"):
            assert "Permission denied" in attempt(other, host)
        for path in folder.iterdir():
            if not path.is_symlink():
                assert path.stat().st_mode & 0o077 == 0, path


@needs_root
def test_other_users_are_refused_by_postgres_even_if_they_reach_it(
    folder: Path, other: Account
) -> None:
    with embedded_postgres(folder):
        of_postgres = Account.of((folder / "postgres").stat().st_uid)
        open_all(folder)
        for account in (other, of_postgres):
            assert "Peer authentication failed" in attempt(account, folder)
        (folder / "postgres").chmod(0o700)


def copy(folder: Path, to: Path, owner: Account) -> Path:
    """A copy of a folder of data that belongs to another account."""
    shutil.copytree(folder, to, symlinks=True)
    for path in [to, *to.rglob("*")]:
        os.chown(path, owner.uid, owner.gid, follow_symlinks=False)
    return to


@pytest.fixture
def earlier(folder: Path, parent: Path) -> Iterator[Path]:
    """A folder as earlier versions left it where the service was root's."""
    earlier = copy(folder, parent / "earlier", Account.for_postgres())
    earlier.chmod(0o755)
    (earlier / ".s.PGSQL.5432").unlink()
    (earlier / "server.lock").unlink()
    (earlier / "postgres" / "pg_hba.conf").write_text("local all all trust\n")
    yield earlier
    shutil.rmtree(earlier)


@needs_root
def test_database_that_an_earlier_version_left_open_is_closed(
    earlier: Path, other: Account
) -> None:
    with embedded_postgres(earlier) as url, psycopg.connect(url) as connection:
        rules = connection.execute("SELECT type, auth_method FROM pg_hba_file_rules").fetchall()
        assert rules == [("local", "peer")]
        open_all(earlier)
        assert "Peer authentication failed" in attempt(other, earlier)
        (earlier / "postgres").chmod(0o700)


@needs_root
def test_server_that_an_earlier_version_left_running_is_ended(
    earlier: Path, other: Account
) -> None:
    data = earlier / "postgres"
    run_as(
        Account.for_postgres(),
        *("pg_ctl", "start", "--wait", "--silent", f"--pgdata={data}", "--log=log"),
        f"--options=-c listen_addresses='' -c unix_socket_directories='{earlier}'",
        folder=data,
    )
    left = (data / "postmaster.pid").read_text().split()[0]
    with embedded_postgres(earlier) as url, psycopg.connect(url):
        assert not Path(f"/proc/{left}/cwd").exists()
        open_all(earlier)
        assert "Peer authentication failed" in attempt(other, earlier)
        data.chmod(0o700)
    assert not (data / "postmaster.pid").exists()


@needs_root
def test_folder_of_somebody_else_keeps_its_owner_when_root_uses_it(
    parent: Path, other: Account, folder: Path
) -> None:
    theirs = copy(folder, parent / "theirs", other)
    answer = run("keys", "list", f"--data={theirs}")
    assert answer.returncode == 0, answer.stderr
    owners = {uid for path, (uid, _) in owners_and_modes(theirs).items() if not path.is_symlink()}
    assert owners == {other.uid}


@needs_root
def test_master_key_that_root_makes_belongs_to_the_owner_of_the_folder(
    parent: Path, other: Account, new_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VISUALSNOOP_MASTER_KEY")
    folder = parent / "theirs without a key"
    folder.mkdir(mode=0o700)
    os.chown(folder, other.uid, other.gid)
    opened_vault(new_database, folder)
    assert (folder / "master.key").stat().st_uid == other.uid


@needs_root
def test_folder_of_somebody_else_is_refused_and_its_owner_named(
    folder: Path, parent: Path, other: Account
) -> None:
    told = as_account(other, lambda: claim_data_folder(folder))
    assert str(folder) in told
    assert "sudo -u root" in told
    squatted = parent / "squatted"
    squatted.mkdir(mode=0o777)
    os.chown(squatted, other.uid, other.gid)
    nobody = Account.of(pwd.getpwnam("bin").pw_uid)
    assert "sudo -u daemon" in as_account(nobody, lambda: claim_data_folder(squatted))
    assert squatted.stat().st_uid == other.uid


@needs_root
def test_folder_that_others_can_write_to_is_refused_unless_it_is_empty(
    parent: Path, other: Account
) -> None:
    folder = parent / "prepared by another"
    folder.mkdir()
    folder.chmod(0o777)
    (folder / "postgres").mkdir()
    os.chown(folder / "postgres", other.uid, other.gid)
    answer = run("keys", "list", f"--data={folder}")
    assert answer.returncode == 1
    assert f"chmod 700 '{folder}'" in answer.stderr
    assert folder.stat().st_mode & 0o7777 == 0o777


def test_folder_of_other_things_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "photos").mkdir(parents=True)
    (home / "photos" / "letter.txt").write_text("dear")
    home.chmod(0o755)
    before = owners_and_modes(tmp_path)
    answer = run("serve", "--port=0", f"--data={home}")
    assert answer.returncode == 1
    assert len(answer.stderr.splitlines()) == 1
    assert "photos" in answer.stderr
    assert "empty" in answer.stderr
    assert owners_and_modes(tmp_path) == before


def test_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    answer = run("keys", "list", f"--data={tmp_path / 'file'}")
    assert answer.returncode == 1
    assert f"{tmp_path / 'file'} is not a folder" in answer.stderr


def test_folders_above_are_left_as_they_were(tmp_path: Path) -> None:
    # Neither can be passed by the account that PostgreSQL has where the service is root's.
    above = tmp_path / "private" / "more"
    above.mkdir(mode=0o700, parents=True)
    (tmp_path / "private").chmod(0o700)
    folders = [above, *above.parents]
    before = [folder.stat().st_mode for folder in folders]
    with embedded_postgres(above / "data") as url, psycopg.connect(url):
        assert [folder.stat().st_mode for folder in folders] == before


def test_link_to_a_folder_is_followed(folder: Path, parent: Path) -> None:
    (parent / "link").symlink_to(folder)
    with embedded_postgres(parent / "link") as url, embedded_postgres(folder) as same:
        assert url == same


@needs_root
@pytest.mark.parametrize("name", ["in-use.lock", "start.lock", "server.lock", "postgres.log"])
def test_links_that_others_have_put_there_are_not_followed(
    parent: Path, other: Account, name: str
) -> None:
    folder, victim = parent / f"with {name}", parent / f"victim of {name}"
    folder.mkdir(mode=0o700)
    os.chown(folder, other.uid, other.gid)
    victim.write_text("precious")
    (folder / "postgres").mkdir()
    (folder / name).symlink_to(victim)
    with pytest.raises(OSError, match="symbolic links"), embedded_postgres(folder):
        pass
    assert (victim.read_text(), victim.stat().st_uid) == ("precious", os.geteuid())
