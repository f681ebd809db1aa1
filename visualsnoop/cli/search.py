"""The commands that search by a picture, and compare two."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from ..models import (
    Comparison,
    ComparisonById,
    ImageInput,
    Regions,
    SearchByIdResults,
    SearchResult,
    SearchResults,
)
from .commands import NOTHING_FOUND, Question
from .connecting import open_collection
from .files import file_name
from .options import files_option, html_option, json_lines_option, profile_option
from .output import is_terminal, print_json, print_rows, printable
from .pictures import file_of, show_pictures
from .report import ReportPicture, Section, corners, region_in_query, write_report

_STDIN = Path("-")
_REGIONS: dict[str, Regions] = {"true": True, "false": False, "auto": "auto"}
_PICTURE = click.Path(path_type=Path, allow_dash=True)


@click.command(cls=Question)
@click.argument("image", type=_PICTURE, required=False)
@click.option("--id", "image_id", help="Search by a stored image instead.")
@click.option("--count", type=int, help="How many images to find at most, 1 to 1000; otherwise 10.")
@click.option("--min-score", type=float, help="The lowest score, 0 to 1; otherwise 0.4.")
@click.option("--offset", type=int, help="How many of the first results to leave out.")
@click.option(
    "--regions",
    type=click.Choice(list(_REGIONS)),
    help="Whether to search for parts of IMAGE too; otherwise auto: where none is the whole.",
)
@json_lines_option
@html_option
@files_option
@profile_option
def search(
    image: Path | None,
    image_id: str | None,
    regions: str | None,
    as_json: bool,
    html: Path | None,
    files: Path,
    profile: str | None,
    **limits: Any,
) -> None:
    """Find images similar to IMAGE, best first.

    IMAGE is a file, or - for standard input.

    Exit status: 0 if any is found, 1 if none is, 3 if that could not be found out.
    """
    _check_either(image, image_id)
    if regions is not None and image is None:
        raise click.UsageError("--regions is for a search by a picture, not by --id")
    found: SearchResults | SearchByIdResults
    # Standard input can be read once, and a report shows it.
    picture = sys.stdin.buffer.read() if image == _STDIN else image
    with open_collection(profile) as collection:
        if picture is not None:
            chosen = _REGIONS[regions] if regions else None
            found = collection.search_images(picture, regions=chosen, **limits)
        else:
            found = collection.search_images_by_id(str(image_id), **limits)
    if as_json:
        for result in found.results:
            print_json(result)
    else:
        _print_results(found, files)
    if html is not None:
        name = "standard input" if image == _STDIN else file_name(image or Path(str(image_id)))
        source = picture if image is not None else file_of(str(image_id), files)
        _write_results(html, name, source, found, files)
    if not found.results:
        sys.exit(NOTHING_FOUND)


def _print_results(found: SearchResults | SearchByIdResults, files: Path) -> None:
    if not is_terminal():
        print_rows(("score", "ID"), ((f"{one.score:.3f}", one.id) for one in found.results))
    elif found.results:
        print_rows(
            ("score", "ID", "change", "in common"),
            (
                (f"{one.score:.3f}", one.id, one.transform, _share(one.overlap))
                for one in found.results
            ),
        )
        show_pictures(
            (file_of(one.id, files), f"{one.score:.3f}  {printable(one.id)}")
            for one in found.results
        )
    else:
        click.echo("nothing is similar", err=True)


def _write_results(
    html: Path,
    name: str,
    source: Path | bytes | None,
    found: SearchResults | SearchByIdResults,
    files: Path,
) -> None:
    def sections() -> Iterator[Section]:
        for one in found.results:
            region = corners(one.region)
            notes = [note for note in (_changed(one), _in_common(one)) if note]
            yield Section(
                f"score {one.score:.3f}",
                [
                    ReportPicture(name, source, ["searched for"], [region_in_query(region)]),
                    ReportPicture(one.id, file_of(one.id, files), notes, [region]),
                ],
            )

    write_report(html, f"Similar to {name}", f"{len(found.results):,} found", sections())


def _changed(result: SearchResult) -> str:
    return "" if result.transform == "none" else result.transform.replace("_", " ")


def _in_common(result: SearchResult) -> str:
    return "" if result.overlap is None else f"{_share(result.overlap)} in common"


def _share(overlap: float | None) -> str:
    return "" if overlap is None else f"{overlap:.0%}"


@click.command(cls=Question)
@click.argument("image_id")
@click.argument("image", type=_PICTURE, required=False)
@click.option("--id", "other_id", help="Compare with another stored image instead.")
@click.option(
    "--min-score",
    type=click.FloatRange(0, 1),
    default=0.4,
    show_default=True,
    help="The lowest score for which the exit status is 0.",
)
@json_lines_option
@profile_option
def compare(
    image_id: str,
    image: Path | None,
    other_id: str | None,
    min_score: float,
    as_json: bool,
    profile: str | None,
) -> None:
    """Compare a stored image with a picture.

    IMAGE_ID is the ID of the stored one, IMAGE a file, or - for standard input. Prints the score,
    from 0 to 1, and whether the picture was mirrored or turned.

    Exit status: 0 if they are similar, 1 if they are not, 3 if that could not be found out.
    """
    _check_either(image, other_id)
    comparison: Comparison | ComparisonById
    with open_collection(profile) as collection:
        if image is not None:
            comparison = collection.compare_image(image_id, _opened(image))
        else:
            comparison = collection.compare_images_by_id(image_id, str(other_id))
    if as_json:
        print_json(comparison)
    else:
        print_rows(("score", "change"), [(f"{comparison.score:.3f}", comparison.transform)])
    if comparison.score < min_score:
        sys.exit(NOTHING_FOUND)


def _check_either(image: Path | None, image_id: str | None) -> None:
    if (image is None) == (image_id is None):
        raise click.UsageError("give either an image or --id")


def _opened(image: Path) -> ImageInput:
    return sys.stdin.buffer if image == _STDIN else image
