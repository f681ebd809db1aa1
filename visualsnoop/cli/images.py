"""The commands that list, look up and delete images."""

import sys

import click

from ..exceptions import NotFoundError
from .commands import NOTHING_FOUND, Question
from .connecting import open_collection
from .options import concurrency_option, json_lines_option, profile_option
from .outcomes import Run, print_outcomes
from .output import print_json, print_rows, printable


@click.command("list")
@json_lines_option
@profile_option
def list_images(as_json: bool, profile: str | None) -> None:
    """List the images, newest first."""
    with open_collection(profile) as collection:
        images = collection.iter_images(page_size=1000)
        if as_json:
            for image in images:
                print_json(image)
            return
        print_rows(
            ("added (UTC)", "ID"),
            ((f"{image.image_time:%Y-%m-%d %H:%M:%S}", image.id) for image in images),
        )


@click.command(cls=Question)
@click.argument("image_id")
@json_lines_option
@profile_option
def get(image_id: str, as_json: bool, profile: str | None) -> None:
    """Tell what is known of the image IMAGE_ID: time, size and quality.

    Exit status: 0 if there is one, 1 if there is none, 3 if that could not be found out.
    """
    with open_collection(profile) as collection:
        try:
            image = collection.get_image(image_id)
        except NotFoundError as error:
            click.echo(f"Error: {printable(error)}", err=True)
            sys.exit(NOTHING_FOUND)
    if as_json:
        print_json(image)
        return
    has_size = image.width is not None and image.height is not None
    for name, value in {
        "ID": image.image_id,
        "added": f"{image.image_time:%Y-%m-%d %H:%M:%S} UTC",
        "size": f"{image.width} x {image.height}" if has_size else "unknown",
        "quality": image.quality,
    }.items():
        click.echo(f"{name}: {printable(value)}")


@click.command()
@click.argument("image_ids", nargs=-1, required=True)
@click.option("--skip-missing", is_flag=True, help="Pass over IDs that no image has.")
@json_lines_option
@profile_option
@concurrency_option
def delete(
    image_ids: tuple[str, ...],
    skip_missing: bool,
    as_json: bool,
    profile: str | None,
    concurrency: int,
) -> None:
    """Remove images by their IDs.

    Exit status: 0 if all is done, 1 if something could not be deleted, 130 if it was interrupted.
    """
    run = Run(
        title="Deleting",
        count=len(image_ids),
        name=printable,
        skipped="there is none",
        go_on="To go on, give --skip-missing",
        as_json=as_json,
    )
    with open_collection(profile) as collection:
        is_complete = print_outcomes(
            collection,
            collection.delete_images(image_ids, concurrency=concurrency, skip_missing=skip_missing),
            run,
        )
    if not is_complete:
        sys.exit(1)
