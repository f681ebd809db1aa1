"""The commands that search, compare, list and delete images."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from .. import Collection
from ..models import Comparison, ComparisonById, SearchByIdResults, SearchResults
from .options import concurrency_option, json_option
from .outcomes import print_outcomes, printable


@click.command()
@click.argument("image", type=click.Path(path_type=Path), required=False)
@click.option("--id", "image_id", help="Search by a stored image instead.")
@click.option("--count", type=int, help="How many images to find at most, 1 to 1000; otherwise 10.")
@click.option("--min-score", type=float, help="The lowest score, 0 to 1; otherwise 0.4.")
@click.option("--offset", type=int, help="How many of the first results to leave out.")
@json_option
def search(image: Path | None, image_id: str | None, as_json: bool, **limits: Any) -> None:
    """Find images similar to IMAGE, best first."""
    _check_either(image, image_id)
    found: SearchResults | SearchByIdResults
    with Collection.from_env() as collection:
        if image is not None:
            found = collection.search_images(image, **limits)
        else:
            found = collection.search_images_by_id(str(image_id), **limits)
    if as_json:
        _print_json(found)
        return
    for result in found.results:
        click.echo(f"{result.score:.3f}  {printable(result.id)}")


@click.command()
@click.argument("image_id")
@click.argument("image", type=click.Path(path_type=Path), required=False)
@click.option("--id", "other_id", help="Compare with another stored image instead.")
@json_option
def compare(image_id: str, image: Path | None, other_id: str | None, as_json: bool) -> None:
    """Compare a stored image with a picture.

    IMAGE_ID is the ID of the stored one, IMAGE a file. Prints the score, from 0 to 1, and whether
    the picture was mirrored or turned.
    """
    _check_either(image, other_id)
    comparison: Comparison | ComparisonById
    with Collection.from_env() as collection:
        if image is not None:
            comparison = collection.compare_image(image_id, image)
        else:
            comparison = collection.compare_images_by_id(image_id, str(other_id))
    if as_json:
        _print_json(comparison)
    else:
        click.echo(f"{comparison.score:.3f}  {comparison.transform}")


@click.command()
@click.option("--min-score", type=float, help="The lowest score, 0.5 to 1; otherwise 0.7.")
@json_option
def duplicates(min_score: float | None, as_json: bool) -> None:
    """List groups of images that are copies.

    The surest groups come first; in each, the oldest image does.
    """
    with Collection.from_env() as collection:
        groups = list(collection.iter_duplicates(min_score))
    if as_json:
        _print_json(groups)
        return
    for number, group in enumerate(groups):
        if number > 0:
            click.echo()
        for image in group.images:
            click.echo(f"{group.score:.3f}  {printable(image.id)}")


@click.command("not-duplicates")
@click.argument("image_id")
@click.argument("other_id")
@click.option("--undo", is_flag=True, help="Take back what was said.")
def not_duplicates(image_id: str, other_id: str, undo: bool) -> None:
    """Say that two images are not duplicates.

    They are in no group together any more, however similar they are.
    """
    with Collection.from_env() as collection:
        say = collection.unset_not_duplicates if undo else collection.set_not_duplicates
        click.echo(say(image_id, other_id).message.lower())


@click.command("list")
def list_images() -> None:
    """List the images, newest first."""
    with Collection.from_env() as collection:
        for image in collection.iter_images(page_size=1000):
            click.echo(f"{image.image_time:%Y-%m-%d %H:%M:%S}  {printable(image.id)}")


@click.command()
@click.argument("image_ids", nargs=-1, required=True)
@click.option("--skip-missing", is_flag=True, help="Pass over IDs that no image has.")
@concurrency_option
def delete(image_ids: tuple[str, ...], skip_missing: bool, concurrency: int) -> None:
    """Remove images by their IDs."""
    with Collection.from_env() as collection:
        is_complete = print_outcomes(
            collection,
            collection.delete_images(image_ids, concurrency=concurrency, skip_missing=skip_missing),
            len(image_ids),
            lambda outcome: printable(outcome.item),
            skipped="there is none",
            go_on="To go on, give --skip-missing",
        )
    if not is_complete:
        sys.exit(1)


def _check_either(image: Path | None, image_id: str | None) -> None:
    if (image is None) == (image_id is None):
        raise click.UsageError("give either an image or --id")


def _print_json(answer: object) -> None:
    click.echo(json.dumps(answer, indent=2))
