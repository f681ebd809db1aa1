"""Copies among the files of a folder, without a service that runs already."""

import json
import re
import shlex
from pathlib import Path

import pytest

from visualsnoop.cli.copies import Format, print_copies, write_copies
from visualsnoop.cli.folder_duplicates import Copy, CopyGroup

from .command import run
from .test_add import fill

_ADDED = r"operation=add\w* status=20\d"


@pytest.fixture
def folder(tmp_path: Path, photos: list[Path]) -> Path:
    """A folder with a photo, two copies of it under odd names, another photo and no picture.

    There are other names of the photo, too: by links of each kind, and by a folder.
    """
    folder = fill(tmp_path / "photos", "other.jpg")
    (folder / "notes.txt").write_text("no picture")
    for name in ("a.jpg", "b/it's a copy.jpg", "b/two\nlines.jpg"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(photos[2].read_bytes())
    (folder / "0 symbolic link.jpg").symlink_to("a.jpg")
    (folder / "hard link.jpg").hardlink_to(folder / "a.jpg")
    (folder / "0 folder").symlink_to("b")
    return folder


def test_copies_are_found_again_from_what_is_kept_and_nothing_is_deleted(
    folder: Path, tmp_path: Path
) -> None:
    environment = {
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        # What is meant for other services is none of its business.
        "VISUALSNOOP_DATABASE": "postgresql://127.0.0.1:1/none",
        "VISUALSNOOP_ENDPOINT": "http://127.0.0.1:1/api/v1",
        "VISUALSNOOP_SERVE_PORT": "1",
        "HTTP_PROXY": "http://127.0.0.1:1",
    }
    before = sorted(folder.rglob("*"))
    report = tmp_path / "report.html"
    found = run("duplicates", folder, "--json", "--html", report, **environment)
    assert found.returncode == 0, found.stderr
    (group,) = map(json.loads, found.stdout.splitlines())
    names = {group["keep"]["path"], *(copy["path"] for copy in group["delete"])}
    copies = [folder / "a.jpg", folder / "b" / "it's a copy.jpg", folder / "b" / "two\nlines.jpg"]
    assert names == set(map(str, copies))
    assert group["frees"] == 2 * copies[0].stat().st_size
    assert group["file_count"] == 3
    assert group["keep"]["width"] > 0
    assert report.read_text().count("data:image/webp;base64,") == 3
    assert "notes.txt" in found.stderr

    log = tmp_path / "cache" / "visualsnoop" / "duplicates" / "service.log"
    assert len(re.findall(_ADDED, log.read_text())) == 4
    script = run("duplicates", folder, "--format=script", **environment).stdout
    commands = [words for words in map(shlex.split, _commands(script)) if words]
    assert all(words[:2] == ["rm", "--"] for words in commands)
    assert {words[2] for words in commands} | {group["keep"]["path"]} == names
    assert not re.search(_ADDED, log.read_text())
    assert sorted(folder.rglob("*")) == before

    for copy in copies[1:]:
        copy.unlink()
    nothing = run("duplicates", folder, **environment)
    assert nothing.returncode == 1
    assert nothing.stdout == ""


@pytest.mark.parametrize("form", ["text", "json", "script"])
def test_of_a_large_group_it_is_said_how_many_files_it_has(
    folder: Path, form: Format, capsys: pytest.CaptureFixture[str]
) -> None:
    """As of one with more than the service lists, which would take minutes."""
    keep, copy = (Copy(folder / name, 5, 2, 2, 0) for name in ("a.jpg", "b/it's a copy.jpg"))
    groups = [CopyGroup(0.9, keep, [copy], file_count=1002)]
    print_copies(groups, form)
    printed = capsys.readouterr()
    report = folder / "report.html"
    write_copies(report, folder, groups)
    told = "2 of its 1,002 files are listed"
    assert told in report.read_text()
    match form:
        case "json":
            assert json.loads(printed.out)["file_count"] == 1002
        case "script":
            assert told in printed.out
            assert len(_commands(printed.out)) == 1
        case "text":
            assert told in printed.err


def _commands(script: str) -> list[str]:
    """The commands of a script, as a shell would part them at the ends of lines."""
    lines = [line for line in script.splitlines(keepends=True) if not line.startswith("#")]
    return ["rm -- " + part for part in "".join(lines).split("rm -- ")[1:]]


def test_arguments_that_do_not_go_together_are_refused(tmp_path: Path) -> None:
    for arguments in (
        ["--format=script"],
        [tmp_path, "--format=script", "--json"],
        [tmp_path / "missing"],
    ):
        assert run("duplicates", *arguments).returncode == 2
