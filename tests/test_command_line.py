"""The command line as people use it: processes, their output and their exit status."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from visualsnoop.server.storage.collections import find_collection
from visualsnoop.server.storage.keys import NewKeys, list_keys


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "visualsnoop", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=120,
    )


@pytest.fixture
def environment(service: str, keys: NewKeys) -> dict[str, str]:
    return {
        "VISUALSNOOP_ENDPOINT": service,
        "VISUALSNOOP_PUBLIC_KEY": keys.public_key,
        "VISUALSNOOP_SECRET_KEY": keys.secret_key,
    }


def test_images_are_added_listed_found_and_deleted(
    environment: dict[str, str], photos: list[Path]
) -> None:
    added = run("add", *photos[:3], "--concurrency=1", **environment)
    assert added.stdout.splitlines() == [f"added {photo.name}" for photo in photos[:3]]
    listed = run("list", **environment).stdout.splitlines()
    assert [line.split()[-1] for line in listed] == [photo.name for photo in photos[2::-1]]
    found = run("search", photos[1], **environment).stdout.splitlines()
    assert found[0].split() == ["1.000", photos[1].name]
    assert run("delete", photos[1].name, **environment).returncode == 0
    as_json = json.loads(run("search", photos[1], "--json", **environment).stdout)
    assert photos[1].name not in [result["id"] for result in as_json["results"]]


def test_taken_id_is_one_line_of_error(environment: dict[str, str], photo: Path) -> None:
    run("add", photo, "--id", "beach", **environment)
    again = run("add", photo, "--id", "beach", **environment)
    assert again.returncode == 1
    assert len(again.stderr.splitlines()) == 1
    assert "'beach'" in again.stderr
    assert run("add", photo, "--id", "beach", "--update", **environment).returncode == 0


def test_images_that_fail_leave_the_others_alone(
    environment: dict[str, str], photos: list[Path], tmp_path: Path
) -> None:
    words = tmp_path / "words.jpg"
    words.write_text("no picture")
    added = run("add", photos[0], words, photos[1], tmp_path / "missing.jpg", **environment)
    assert added.returncode == 1
    assert set(added.stdout.splitlines()) == {f"added {photo.name}" for photo in photos[:2]}
    assert {line.split()[1] for line in added.stderr.splitlines()} == {"words.jpg:", "missing.jpg:"}
    deleted = run("delete", photos[0].name, "nobody", **environment)
    assert deleted.returncode == 1
    assert deleted.stdout.splitlines() == [f"deleted {photos[0].name}"]
    assert "'nobody'" in deleted.stderr


def test_what_is_there_already_is_skipped(environment: dict[str, str], photos: list[Path]) -> None:
    run("add", photos[0], **environment)
    again = run("add", *photos[:2], "--skip-existing", **environment)
    assert again.returncode == 0
    assert set(again.stdout.splitlines()) == {
        f"skipped {photos[0].name}",
        f"added {photos[1].name}",
    }


def test_search_takes_limits(environment: dict[str, str], photos: list[Path]) -> None:
    run("add", *photos[:3], **environment)
    limits = ("--count=1", "--min-score=0", "--offset=1")
    found = run("search", photos[0], *limits, **environment).stdout.splitlines()
    assert len(found) == 1
    assert float(found[0].split()[0]) < 0.4
    by_id = run("search", "--id", photos[0].name, "--min-score=0", "--count=1", **environment)
    assert len(by_id.stdout.splitlines()) == 1


def test_pictures_are_compared(environment: dict[str, str], photo: Path) -> None:
    for image_id in ("one", "other"):
        run("add", photo, "--id", image_id, **environment)
    assert run("compare", "one", photo, **environment).stdout.split() == ["1.000", "none"]
    assert run("compare", "one", "--id=other", **environment).stdout.split() == ["1.000", "none"]
    as_json = json.loads(run("compare", "one", photo, "--json", **environment).stdout)
    assert as_json["image_id"] == "one"
    assert run("compare", "one", **environment).returncode == 2


def test_duplicates_are_listed_until_they_are_said_to_be_none(
    environment: dict[str, str], photo: Path
) -> None:
    for image_id in ("one", "other"):
        run("add", photo, "--id", image_id, **environment)
    listed = run("duplicates", **environment).stdout.splitlines()
    assert listed == ["1.000  one", "1.000  other"]
    assert run("not-duplicates", "other", "one", **environment).returncode == 0
    assert json.loads(run("duplicates", "--json", **environment).stdout) == []
    assert run("not-duplicates", "one", "other", "--undo", **environment).returncode == 0
    assert len(run("duplicates", "--min-score=0.9", **environment).stdout.splitlines()) == 2


def test_missing_keys_are_named(photo: Path) -> None:
    answer = run("add", photo)
    assert answer.returncode == 1
    assert "VISUALSNOOP_SECRET_KEY" in answer.stderr


def test_keys_are_created_while_the_service_runs(service: str, database: str, photo: Path) -> None:
    made = json.loads(run("keys", "create", "cli", "--json", "--database", database).stdout)
    assert re.fullmatch("[0-9a-f]{8}", made["collection_id"])
    assert re.fullmatch("[0-9a-f]{20}", made["public_key"])
    assert re.fullmatch("[0-9A-Za-z]{40}", made["secret_key"])
    environment = {
        "VISUALSNOOP_ENDPOINT": service,
        "VISUALSNOOP_PUBLIC_KEY": made["public_key"],
        "VISUALSNOOP_SECRET_KEY": made["secret_key"],
    }
    assert run("add", photo, **environment).returncode == 0


def test_second_pair_of_keys_opens_the_same_collection(database: str) -> None:
    first, second, other = (
        json.loads(run("keys", "create", name, "--json", "--database", database).stdout)
        for name in ("pair", "pair", "another")
    )
    assert first["collection_id"] == second["collection_id"] != other["collection_id"]
    assert first["public_key"] != second["public_key"]


def test_data_folder_of_its_own_is_made_and_kept(tmp_path: Path) -> None:
    data = tmp_path / "new" / "folder"
    first, again = (
        json.loads(run("keys", "create", "kept", "--json", VISUALSNOOP_DATA=str(data)).stdout)
        for _ in range(2)
    )
    assert first["collection_id"] == again["collection_id"]


def test_data_folder_and_database_exclude_each_other(tmp_path: Path) -> None:
    answer = run("serve", "--data", tmp_path, "--database", "postgresql://localhost")
    assert answer.returncode == 1
    assert "not both" in answer.stderr


def test_database_that_cannot_be_reached_is_one_line_of_error() -> None:
    answer = run("keys", "create", "a", "--database", "postgresql://127.0.0.1:1/none")
    assert answer.returncode == 1
    assert "Traceback" not in answer.stderr
    assert "127.0.0.1" in answer.stderr


def test_port_that_is_taken_is_one_line_of_error(service: str, database: str) -> None:
    port = service.split(":")[2].split("/")[0]
    answer = run("serve", "--port", port, "--database", database)
    assert answer.returncode == 1
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("group", [(), ("keys",), ("collections",), ("db",)])
def test_list_of_commands_cuts_no_sentence_off(group: tuple[str, ...]) -> None:
    assert "..." not in run(*group, "--help").stdout.split("Commands:")[1]


def test_version_is_printed() -> None:
    from visualsnoop import __version__

    assert run("--version").stdout.strip() == __version__


def test_keys_are_listed_without_secrets_rotated_and_revoked(database: str) -> None:
    at = ("--database", database)
    made = json.loads(run("keys", "create", "cycle", "--read-only", "--json", *at).stdout)
    rotated = json.loads(
        run("keys", "rotate", made["public_key"], "--grace", "1", "--json", *at).stdout
    )
    listed = run("keys", "list", *at).stdout
    lines = {line.split()[0]: line for line in listed.splitlines()}
    assert "read-only" in lines[rotated["public_key"]]
    assert "never expires" in lines[rotated["public_key"]]
    assert "expires 20" in lines[made["public_key"]]
    as_json = run("keys", "list", "--json", *at).stdout
    for secret in (made["secret_key"], rotated["secret_key"]):
        assert secret not in listed + as_json
    assert made["public_key"] in {pair["public_key"] for pair in json.loads(as_json)}
    assert run("keys", "revoke", made["public_key"], *at).returncode == 0
    assert made["public_key"] not in {pair.public_key for pair in list_keys(database)}


def test_expiry_that_is_no_date_is_refused(database: str) -> None:
    answer = run("keys", "create", "a", "--expires", "tomorrow", "--database", database)
    assert answer.returncode == 2
    assert "2030-01-31" in answer.stderr


def test_collections_are_listed_renamed_and_deleted(database: str) -> None:
    at = ("--database", database)
    made = json.loads(run("keys", "create", "before", "--user", "eve", "--json", *at).stdout)
    collection_id = made["collection_id"]
    assert run("collections", "rename", collection_id, "after", *at).returncode == 0
    listed = run("collections", "list", *at).stdout.splitlines()
    (line,) = [line for line in listed if line.startswith(collection_id)]
    assert line.split()[3:] == ["0", "images", "1", "key", "pairs", "after", "(eve)"]
    unconfirmed = run("collections", "delete", collection_id, *at)
    assert unconfirmed.returncode == 1
    assert "after" in unconfirmed.stdout
    assert run("collections", "delete", collection_id, "--yes", *at).returncode == 0
    with pytest.raises(ValueError, match="no collection"):
        find_collection(database, collection_id)


def test_wrong_master_key_is_one_line_of_error(database: str, service: str) -> None:
    answer = run("serve", "--database", database, VISUALSNOOP_MASTER_KEY="ab" * 32)
    assert answer.returncode == 1
    assert "another master key" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
