"""Reports: whole in one file, and safe whatever names and pictures there are."""

import re
from pathlib import Path

import pytest

from scripts.terminal import on_terminal
from visualsnoop.cli.pictures import file_of
from visualsnoop.cli.report import ReportPicture, Section, region_in_query, write_report

from .command import run


def test_report_is_one_file_with_nothing_from_elsewhere(tmp_path: Path, photo: Path) -> None:
    file = tmp_path / "report.html"
    hostile = "<script>alert('1')</script>\udc80"
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    pictures = [
        ReportPicture(hostile, photo, [hostile], [[(0, 0), (0.5, 0), (0.5, 1), (0, 1)]]),
        ReportPicture("broken", broken),
        ReportPicture("elsewhere", None),
    ]
    write_report(file, hostile, hostile, [Section(hostile, pictures)])
    html = file.read_text()
    assert "<script" not in html
    assert re.findall(r'(?:src|href)="(.{10})', html) == ["data:image"]
    assert "url(" not in html
    assert html.count("no picture at hand") == 2
    assert 'points="0.0000,0.0000 0.5000,0.0000' in html


@pytest.mark.parametrize(
    ("region", "in_query"),
    [
        # The whole; cropped out of the middle; mirrored; one of two pictures of a collage.
        ([(0, 0), (1, 0), (1, 1), (0, 1)], [(0, 0), (1, 1)]),
        ([(0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)], [(-0.5, -0.5), (1.5, 1.5)]),
        ([(1, 0), (0, 0), (0, 1), (1, 1)], [(1, 0), (0, 1)]),
        ([(0, 0), (2, 0), (2, 1), (0, 1)], [(0, 0), (0.5, 1)]),
    ],
)
def test_stored_image_lies_in_the_query_as_the_query_does_in_it(
    region: list[tuple[float, float]], in_query: list[tuple[float, float]]
) -> None:
    assert region_in_query(region)[::2] == in_query


@pytest.mark.parametrize("region", [[], [(0, 0)] * 4])
def test_where_nothing_is_in_common_nothing_is_marked(region: list[tuple[float, float]]) -> None:
    assert region_in_query(region) == []


def test_image_id_leads_to_no_file_outside_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for path in (folder / "a.jpg", tmp_path / "secret.jpg"):
        path.write_bytes(b"")
    (folder / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    assert file_of("a.jpg", folder) == folder / "a.jpg"
    for image_id in (
        "../secret.jpg",
        str(tmp_path / "secret.jpg"),
        "link.jpg",
        "b.jpg",
        "a\0",
        ".",
    ):
        assert file_of(image_id, folder) is None


def test_search_writes_a_report_with_the_query_and_what_was_found(
    environment: dict[str, str], photos: list[Path], tmp_path: Path
) -> None:
    run("add", *photos[1:3], **environment)
    report = tmp_path / "report.html"
    found = run("search", photos[1], "--html", report, "--files", photos[1].parent, **environment)
    assert found.returncode == 0, found.stderr
    html = report.read_text()
    assert html.count("data:image/webp;base64,") == 2
    assert html.count("<polygon") == 2
    assert run("duplicates", "--html", report, **environment).returncode == 1
    assert "0 groups" in report.read_text()


_KITTY_PICTURE = "\x1b_Gi=[0-9]+,m=[01],f=100,q=2;iVBOR"
_PLACEHOLDER = "\U0010eeee"  # of a cell of a picture of kitty
_SIXEL_PICTURE = "\x1bP[0-9;]*q"


@pytest.mark.parametrize(
    ("answers", "shown", "not_shown"),
    [
        pytest.param(
            ["\x1b[?62;c", "\x1b_Gi=1;OK\x1b\\", "\x1b[6;20;10t"],
            [_KITTY_PICTURE, _PLACEHOLDER],
            [_SIXEL_PICTURE],
            id="kitty",
        ),
        pytest.param(
            ["\x1b[?62;4c", "\x1b[6;20;10t"],
            [_SIXEL_PICTURE],
            [_PLACEHOLDER],
            id="iTerm2",
        ),
        pytest.param(
            ["\x1b[?63;1;2;4;6;9;15;22c"],
            [_SIXEL_PICTURE],
            [_PLACEHOLDER],
            id="xterm, which does not tell the size of its cells",
        ),
        pytest.param(
            ["\x1b[?65;1;9c"],
            [],
            [_SIXEL_PICTURE, _KITTY_PICTURE, _PLACEHOLDER],
            id="a terminal that shows no pictures",
        ),
    ],
)
def test_terminals_that_can_show_pictures(
    environment: dict[str, str],
    photos: list[Path],
    answers: list[str],
    shown: list[str],
    not_shown: list[str],
) -> None:
    run("add", photos[1], **environment)
    command = ("search", photos[1], "--files", photos[1].parent)
    with on_terminal(*command, **environment) as terminal:
        # What it answers when it is asked for its attributes, for pictures and for the size of its
        # cells: beforehand, as nobody waits long for it.
        terminal.type("".join(answers))
        assert terminal.finish() == 0
    assert "\x1b[c" in terminal.shown
    for sequence in shown:
        assert re.search(sequence, terminal.shown)
    for sequence in not_shown:
        assert not re.search(sequence, terminal.shown)
    assert photos[1].name in terminal.text
    assert "Traceback" not in terminal.text
