"""The commands that search, compare, list and delete images."""

import json
import re
from pathlib import Path
from typing import Any

import psycopg

from scripts.bench.scale import fill
from scripts.terminal import on_terminal
from visualsnoop.server.storage.keys import NewKeys

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
    again = run("search", photos[1], **environment)
    assert again.returncode == 1
    assert again.stdout == ""


def test_search_takes_limits(environment: dict[str, str], photos: list[Path]) -> None:
    run("add", *photos[:3], **environment)
    limits = ("--count=1", "--min-score=0", "--offset=1")
    found = run("search", photos[0], *limits, **environment).stdout.splitlines()
    assert len(found) == 1
    assert float(found[0].split()[0]) < 0.4
    by_id = run("search", "--id", photos[0].name, "--min-score=0", "--count=1", **environment)
    assert len(by_id.stdout.splitlines()) == 1


def test_search_takes_regions(environment: dict[str, str], photo: Path) -> None:
    run("add", photo, **environment)
    assert photo.name in run("search", photo, "--regions=true", **environment).stdout
    refused = run("search", "--id", photo.name, "--regions=true", **environment)
    assert refused.returncode == 2
    assert "a search by a picture" in refused.stderr


def test_pictures_are_compared(environment: dict[str, str], photo: Path) -> None:
    for image_id in ("one", "other"):
        run("add", photo, "--id", image_id, **environment)
    assert run("compare", "one", photo, **environment).stdout.split() == ["1.000", "none"]
    assert run("compare", "one", "--id=other", **environment).stdout.split() == ["1.000", "none"]
    as_json = json.loads(run("compare", "one", photo, "--json", **environment).stdout)
    assert as_json["image_id"] == "one"
    assert run("compare", "one", **environment).returncode == 2


def test_exit_status_tells_nothing_found_from_what_could_not_be_found_out(
    environment: dict[str, str], photos: list[Path]
) -> None:
    run("add", photos[0], "--id=one", **environment)
    unknown = {**environment, "VISUALSNOOP_PUBLIC_KEY": "0" * 20}
    for found, not_found, failed in (
        (["search", photos[0]], ["search", photos[1]], ["search", "missing.jpg"]),
        (
            ["compare", "one", photos[0]],
            ["compare", "one", photos[1]],
            ["compare", "two", photos[0]],
        ),
        (["get", "one"], ["get", "two"], None),
    ):
        assert run(*found, **environment).returncode == 0
        assert run(*not_found, **environment).returncode == 1
        wrong = run(*found, **unknown) if failed is None else run(*failed, **environment)
        assert wrong.returncode == 3
        assert len(wrong.stderr.splitlines()) == 1
    assert run("duplicates", **environment).returncode == 1
    assert run("duplicates", **unknown).returncode == 3
    assert run("compare", "one", photos[1], "--min-score=0", **environment).returncode == 0


def test_every_command_prints_lines_of_json(environment: dict[str, str], photo: Path) -> None:
    def lines(*arguments: str | Path) -> list[dict[str, Any]]:
        done = run(*arguments, "--json", **environment)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    for image_id in ("one", "other"):
        run("add", photo, "--id", image_id, **environment)
    assert [image["id"] for image in lines("list")] == ["other", "one"]
    assert {result["id"]: result["score"] for result in lines("search", photo)}["one"] == 1
    (compared,) = lines("compare", "one", photo)
    assert compared["image_id"] == "one"
    (image,) = lines("get", "one")
    assert image["quality"] > 20
    (info,) = lines("info")
    assert info["image_count"] == 2
    assert info["endpoint"] == environment["VISUALSNOOP_ENDPOINT"]
    (group,) = lines("duplicates")
    assert [image["id"] for image in group["images"]] == ["one", "other"]
    (decision,) = lines("not-duplicates", "one", "other")
    assert decision["status"] == 200
    assert lines("delete", "one") == [{"image_id": "one", "outcome": "deleted"}]


def test_terminal_gets_tables_and_colours_unless_they_are_unwanted(
    environment: dict[str, str], photo: Path
) -> None:
    for image_id in ("[red]one[/red]", "two\x1b[2J"):
        run("add", photo, "--id", image_id, **environment)
    with on_terminal("search", photo, **environment) as terminal:
        assert terminal.finish() == 0
    heading, _, *rows = terminal.text.strip().splitlines()
    assert heading.split() == ["score", "ID", "change", "in", "common"]
    assert [row.split()[1] for row in rows] == ["[red]one[/red]", "two\\x1b[2J"]
    assert "\x1b[" in terminal.shown
    with on_terminal("list", NO_COLOR="1", **environment) as terminal:
        assert terminal.finish() == 0
    assert "[red]one[/red]" in terminal.text
    assert not re.search("\x1b\\[[0-9;]*3[0-9]", terminal.shown)


def test_duplicates_are_listed_until_they_are_said_to_be_none(
    environment: dict[str, str], photo: Path
) -> None:
    for image_id in ("one", "other"):
        run("add", photo, "--id", image_id, **environment)
    listed = run("duplicates", **environment).stdout.splitlines()
    assert listed == ["1.000  one", "1.000  other"]
    assert run("not-duplicates", "other", "one", **environment).returncode == 0
    assert run("duplicates", "--json", **environment).stdout == ""
    with on_terminal("duplicates", **environment) as terminal:
        assert terminal.finish() == 1
    assert terminal.text == "there are no duplicates\n"
    assert run("not-duplicates", "one", "other", "--undo", **environment).returncode == 0
    assert len(run("duplicates", "--min-score=0.9", **environment).stdout.splitlines()) == 2


def test_of_a_large_group_it_is_said_how_many_images_it_has(
    environment: dict[str, str], database: str, keys: NewKeys, tmp_path: Path
) -> None:
    with psycopg.connect(database) as connection:
        fill(connection, keys.collection_id, 1002)
        connection.execute(
            "INSERT INTO pairs SELECT collection_id, min(image_id) OVER (), image_id, 0.9"
            " FROM images WHERE collection_id = %s ORDER BY image_id OFFSET 1",
            (keys.collection_id,),
        )
    report = tmp_path / "report.html"
    listed = run("duplicates", "--html", report, **environment)
    assert len(listed.stdout.splitlines()) == 1000
    (told,) = listed.stderr.splitlines()
    assert told.endswith(": the oldest 1,000 of its 1,002 images are listed")
    assert "the oldest 1,000 of its 1,002 images" in report.read_text()
    (group,) = map(json.loads, run("duplicates", "--json", **environment).stdout.splitlines())
    assert (len(group["images"]), group["image_count"]) == (1000, 1002)


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
