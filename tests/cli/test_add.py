"""The command that adds images: which files, under which IDs, and what is said of them."""

import hashlib
import json
import os
import shlex
import signal
import zlib
from pathlib import Path

import pytest

from scripts.terminal import on_terminal
from visualsnoop.server.storage.keys import create_keys

from ..pictures import different_picture
from ..services import Service
from .command import environment_of, run, run_with_input, started

HASHES = {
    hashlib.sha256(different_picture(zlib.crc32(name))).hexdigest()
    for name in (b"a/beach.jpg", b"b/2019/beach.jpg")
}


def fill(folder: Path, *names: str) -> Path:
    """A folder with small pictures, each another one."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(different_picture(zlib.crc32(name.encode())))
    return folder


@pytest.fixture
def camera(tmp_path: Path) -> Path:
    """The folders of a camera that counts anew in each: 9 photos with 4 names."""
    sizes = {"100CANON": 4, "101CANON": 3, "102CANON": 2}
    names = [f"{folder}/IMG_{n}.jpg" for folder, size in sizes.items() for n in range(size)]
    return fill(tmp_path / "camera", *names)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ids_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.*")}


def listed(environment: dict[str, str]) -> set[str]:
    return {line.split()[-1] for line in run("list", **environment).stdout.splitlines()}


def test_folders_are_walked_and_paths_are_the_ids(
    environment: dict[str, str], camera: Path
) -> None:
    added = run("add", camera, **environment)
    assert added.returncode == 0
    assert set(added.stdout.splitlines()) == {f"added {image_id}" for image_id in ids_in(camera)}
    assert listed(environment) == ids_in(camera)
    again = run("add", camera, "--skip-existing", **environment)
    assert again.returncode == 0
    assert set(again.stdout.splitlines()) == {
        f"skipped {image_id}: it was there before" for image_id in ids_in(camera)
    }


def test_files_that_would_get_one_id_are_named_and_nothing_is_added(
    environment: dict[str, str], camera: Path
) -> None:
    files = sorted(camera.rglob("*.jpg"))
    refused = run("add", *files, **environment)
    assert refused.returncode == 2
    for name, first in {files[4].name: files[0], files[5].name: files[1]}.items():
        (line,) = [line for line in refused.stderr.splitlines() if f"  {name}: " in line]
        assert f"{first} and " in line
    assert refused.stdout == ""
    assert listed(environment) == set()


@pytest.mark.parametrize(
    ("arguments", "image_ids"),
    [
        ("a b", {"beach.jpg", "2019/beach.jpg"}),
        ("a a/beach.jpg", {"beach.jpg"}),
        ("b --id-from=name", {"beach.jpg"}),
        ("b/2019/../2019/beach.jpg", {"beach.jpg"}),
        (".", {"a/beach.jpg", "b/2019/beach.jpg"}),
        ("a/beach.jpg '--id=any ID / at all'", {"any ID / at all"}),
        ("a/.hidden.jpg", {".hidden.jpg"}),
        ("a/beach.jpg b --id-from=hash", HASHES),
    ],
)
def test_dry_run_tells_the_ids_and_sends_nothing(
    here: Path, arguments: str, image_ids: set[str]
) -> None:
    fill(here, "a/beach.jpg", "b/2019/beach.jpg", "a/.hidden.jpg", ".git/beach.jpg")
    told = run("add", *shlex.split(arguments), "--dry-run")
    assert told.returncode == 0, told.stderr
    found = {
        line.removeprefix("would add ").rpartition(" from ")[0] for line in told.stdout.splitlines()
    }
    assert found == image_ids


@pytest.mark.parametrize("arguments", ["a b", "a b --id-from=name"])
def test_two_folders_with_the_same_path_in_them_are_refused(here: Path, arguments: str) -> None:
    fill(here, "a/2019/beach.jpg", "b/2019/beach.jpg")
    refused = run("add", *arguments.split(), "--dry-run")
    assert refused.returncode == 2
    assert "a/2019/beach.jpg and b/2019/beach.jpg" in refused.stderr


def test_same_picture_under_its_hash_is_added_once(environment: dict[str, str], here: Path) -> None:
    fill(here, "beach.jpg")
    (here / "copy.jpg").write_bytes((here / "beach.jpg").read_bytes())
    added = run("add", ".", "--id-from=hash", **environment)
    assert added.returncode == 0
    assert "skipped copy.jpg: it is the same as beach.jpg" in added.stdout
    assert len(listed(environment)) == 1


def test_what_cannot_be_added_is_named_and_leaves_the_rest_alone(
    environment: dict[str, str], here: Path
) -> None:
    folder = fill(here / "photos", "2019/beach.jpg", f"{'long' * 20}/{'name' * 10}.jpg")
    (folder / "notes.txt").write_text("no picture")
    (folder / "leads nowhere").symlink_to("nowhere.jpg")
    (here / "empty").mkdir()
    added = run("add", "photos", "missing.jpg", "empty", **environment)
    assert added.returncode == 1
    assert added.stdout == "added 2019/beach.jpg\n"
    errors = dict(line.removeprefix("Error: ").split(": ", 1) for line in added.stderr.splitlines())
    assert errors.keys() == {
        f"photos/{'long' * 20}/{'name' * 10}.jpg",
        "photos/notes.txt",
        "photos/leads nowhere",
        "missing.jpg",
        "empty",
    }
    assert "--id-from hash" in errors[f"photos/{'long' * 20}/{'name' * 10}.jpg"]
    assert "No such file" in errors["missing.jpg"]
    assert "no file" in errors["empty"]


def test_name_that_is_not_utf8_is_named_as_far_as_it_can_be(here: Path) -> None:
    fill(here, "beach.jpg").joinpath("beach.jpg").rename(os.fsdecode(bytes(here) + b"/caf\xe9.jpg"))
    refused = run("add", ".", "--dry-run")
    assert refused.returncode == 1
    assert "caf\N{REPLACEMENT CHARACTER}.jpg" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert run("add", ".", "--id-from=hash", "--dry-run").returncode == 0


def test_taken_id_is_told_with_the_options_that_help(
    environment: dict[str, str], photo: Path
) -> None:
    run("add", photo, "--id", "beach", **environment)
    again = run("add", photo, "--id", "beach", **environment)
    assert again.returncode == 1
    assert len(again.stderr.splitlines()) == 1
    assert "--update" in again.stderr
    assert "--skip-existing" in again.stderr
    assert "update_existing" not in again.stderr
    updated = run("add", photo, "--id", "beach", "--update", **environment)
    assert updated.stdout == "updated beach\n"


def test_options_that_exclude_each_other_are_refused(tmp_path: Path) -> None:
    for arguments in (
        ["a.jpg", "--update", "--skip-existing"],
        ["a.jpg", "b.jpg", "--id=one"],
        [tmp_path, "--id=one"],
    ):
        refused = run("add", *arguments)
        assert refused.returncode == 2


def test_keys_that_may_not_add_are_told_once(database: str, service: str, camera: Path) -> None:
    keys = create_keys(database, "read-only", "ada", is_read_only=True)
    added = run("add", camera, **environment_of(service, keys))
    assert added.returncode == 1
    assert len(added.stderr.splitlines()) == 1
    assert "read-only" in added.stderr


def test_service_that_is_gone_is_told_once_and_the_same_command_goes_on(
    database: str, environment: dict[str, str], tmp_path: Path
) -> None:
    folder = fill(tmp_path / "photos", *(f"{n}.jpg" for n in range(30)))
    with Service(f"--database={database}", log=tmp_path / "log") as service:
        dying = {**environment, "VISUALSNOOP_ENDPOINT": service.endpoint}
        with started("add", folder, **dying) as adding:
            assert adding.stdout is not None
            adding.stdout.readline()
            service.process.kill()
            _, errors = adding.communicate(timeout=120)
    assert adding.returncode == 1
    (error,) = errors.splitlines()
    assert "of 30 are done" in error
    # The service is at another port now, so that only what it has tells what was done.
    again = run("add", folder, "--skip-existing", **environment)
    assert again.returncode == 0, again.stderr
    assert listed(environment) == ids_in(folder)


def test_interrupted_command_goes_on_when_it_is_run_again(
    environment: dict[str, str], tmp_path: Path
) -> None:
    folder = fill(tmp_path / "photos", *(f"{n}.jpg" for n in range(30)))
    with started("add", folder, **environment) as adding:
        assert adding.stdout is not None
        adding.stdout.readline()
        adding.send_signal(signal.SIGINT)
        _, errors = adding.communicate(timeout=120)
    assert adding.returncode == 130
    assert "--skip-existing" in errors
    assert "Traceback" not in errors
    assert 0 < len(listed(environment)) < 30
    again = run("add", folder, **environment)
    assert again.returncode == 0, again.stderr
    assert listed(environment) == ids_in(folder)
    # The run has ended, and there is nothing to go on with any more.
    assert run("add", folder, **environment).returncode == 1


def test_interrupted_update_replaces_what_is_left(
    environment: dict[str, str], tmp_path: Path
) -> None:
    folder = fill(tmp_path / "photos", *(f"{n}.jpg" for n in range(20)))
    assert run("add", folder, **environment).returncode == 0
    with started("add", folder, "--update", "--concurrency=1", **environment) as adding:
        assert adding.stdout is not None
        first = adding.stdout.readline()
        adding.send_signal(signal.SIGINT)
        adding.communicate(timeout=120)
    again = run("add", folder, "--update", **environment).stdout.splitlines()
    assert first.replace("updated", "skipped").strip() in "\n".join(again)
    assert len(again) == 20
    assert any(line.startswith("updated ") for line in again)


def test_file_that_has_changed_since_the_interruption_is_not_taken_for_added(
    environment: dict[str, str], tmp_path: Path
) -> None:
    folder = fill(tmp_path / "photos", *(f"{n}.jpg" for n in range(20)))
    with started("add", folder, "--concurrency=1", **environment) as adding:
        assert adding.stdout is not None
        added = adding.stdout.readline().split()[1]
        adding.send_signal(signal.SIGINT)
        adding.communicate(timeout=120)
    (folder / added).write_bytes(different_picture(1))
    again = run("add", folder, **environment)
    assert again.returncode == 1
    (error,) = again.stderr.splitlines()
    assert f"{added}: the collection has an image of this ID already" in error


def test_files_of_the_folders_below_are_left_out_if_told_so(here: Path) -> None:
    fill(here, "a/beach.jpg", "a/b/beach.jpg", "a/.hidden.jpg")
    assert run("add", "a", "--recursive", "--dry-run").stdout.count("would add") == 2
    told = run("add", "a", "--no-recursive", "--dry-run").stdout
    assert told == "would add beach.jpg from a/beach.jpg\n"


@pytest.mark.parametrize("arguments", ["--id=piped", "--id-from=hash", ""])
def test_standard_input_is_a_picture(
    environment: dict[str, str], here: Path, arguments: str
) -> None:
    file = fill(here, "beach.jpg") / "beach.jpg"
    added = run_with_input(file, "add", "-", *arguments.split(), **environment)
    assert added.returncode == 0, added.stderr
    (image_id,) = listed(environment)
    assert added.stdout == f"added {image_id}\n"
    if arguments == "--id=piped":
        assert image_id == "piped"
    if arguments == "--id-from=hash":
        assert image_id == hashlib.sha256(file.read_bytes()).hexdigest()
    assert run_with_input(file, "search", "-", **environment).stdout.split() == ["1.000", image_id]
    assert run_with_input(file, "add", "-", file, **environment).returncode == 2


def test_outcomes_are_lines_of_json_if_told_so(environment: dict[str, str], here: Path) -> None:
    fill(here, "photos/beach.jpg").joinpath("photos/notes.txt").write_text("no picture")
    added = run("add", "photos", "--json", **environment)
    assert added.returncode == 1
    outcomes = {line["image_id"]: line for line in map(json.loads, added.stdout.splitlines())}
    assert outcomes.pop("beach.jpg") == {"image_id": "beach.jpg", "outcome": "added"}
    assert outcomes.pop("notes.txt")["outcome"] == "failed"
    assert not outcomes


def test_terminal_shows_a_bar_what_failed_and_a_summary(
    environment: dict[str, str], here: Path
) -> None:
    fill(here / "photos", "a.jpg", "b.jpg").joinpath("notes.txt").write_text("no picture")
    with on_terminal("add", "photos", **environment) as terminal:
        assert terminal.finish() == 1
    assert "3/3" in terminal.text
    assert "/s" in terminal.text
    assert "Error: photos/notes.txt: " in terminal.text
    assert "2 added, 1 failed" in terminal.text.replace("1 failed, 2 added", "2 added, 1 failed")
    assert "added a.jpg" not in terminal.text


def test_command_that_is_interrupted_at_a_terminal_goes_on(
    environment: dict[str, str], here: Path
) -> None:
    fill(here / "photos", *(f"{n}.jpg" for n in range(30)))
    with on_terminal("add", "photos", **environment) as terminal:
        terminal.read_until(r"[1-9]\d*/30")
        terminal.type("\x03")
        assert terminal.finish() == 130
    assert "run the same command again" in terminal.text
    assert "Traceback" not in terminal.text
    with on_terminal("add", "photos", **environment) as terminal:
        assert terminal.finish() == 0, terminal.text
    assert "skipped" in terminal.text
    assert listed(environment) == ids_in(here / "photos")
