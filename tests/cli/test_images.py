"""The commands that search, compare, list and delete images."""

import json
from pathlib import Path

from .command import run


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


def test_ids_that_no_image_has_are_named_unless_they_may_be_missing(
    environment: dict[str, str], photo: Path
) -> None:
    run("add", photo, "--id=one", **environment)
    deleted = run("delete", "one", "nobody", **environment)
    assert deleted.returncode == 1
    assert deleted.stdout == "deleted one\n"
    (error,) = deleted.stderr.splitlines()
    assert "nobody" in error
    again = run("delete", "one", "--skip-missing", **environment)
    assert again.returncode == 0
    assert again.stdout == "skipped one: there is none\n"


def test_ids_are_printed_on_one_line_whatever_is_in_them(
    environment: dict[str, str], photo: Path
) -> None:
    added = run("add", photo, "--id=two\nlines \x1b[31min red\u202e, été", **environment)
    assert added.stdout == "added two\\nlines \\x1b[31min red\\u202e, été\n"
    assert run("list", **environment).stdout.endswith(" two\\nlines \\x1b[31min red\\u202e, été\n")
