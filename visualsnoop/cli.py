"""The command line: a collection's images here, the service in `_service_commands`."""

import json
import os
from pathlib import Path
from typing import Any

import click

from . import Collection, VisualSnoopError, __version__
from ._service_commands import SERVICE_COMMANDS

KEY_VARIABLES = ("VISUALSNOOP_PUBLIC_KEY", "VISUALSNOOP_SECRET_KEY")
DEFAULT_ENDPOINT = "http://127.0.0.1:8000/api/v1"


class _Commands(click.Group):
    """Prints what went wrong as one line, not as a traceback."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except (VisualSnoopError, OSError, ValueError) as error:
            raise click.ClickException(str(error)) from error
        except ModuleNotFoundError as error:
            raise click.ClickException(
                f"this needs {error.name}: pip install 'visualsnoop[server]'"
            ) from error


@click.group(cls=_Commands)
@click.version_option(__version__, message="%(version)s")
def cli() -> None:
    """Private image search: find the duplicates and look-alikes of any picture.

    The commands add, search, list and delete use the collection whose keys are in the environment:
    VISUALSNOOP_PUBLIC_KEY and VISUALSNOOP_SECRET_KEY, with VISUALSNOOP_ENDPOINT
    (http://127.0.0.1:8000/api/v1 unless set).
    """


@cli.command()
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--id", "image_id", help="The ID to store a single image under.")
@click.option("--update", is_flag=True, help="Replace images that have the ID already.")
def add(images: tuple[Path, ...], image_id: str | None, update: bool) -> None:
    """Add IMAGES to the collection, each under its file name."""
    if image_id is not None and len(images) > 1:
        raise click.UsageError("--id is for a single image")
    with _collection() as collection:
        for path in images:
            image = collection.add_image(path, image_id or path.name, update_existing=update)
            click.echo(f"{image.message.lower()} {image.image_id}")


@cli.command()
@click.argument("image", type=click.Path(path_type=Path), required=False)
@click.option("--id", "image_id", help="Search by a stored image instead.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def search(image: Path | None, image_id: str | None, as_json: bool) -> None:
    """Find the images that are similar to IMAGE, best first."""
    if (image is None) == (image_id is None):
        raise click.UsageError("give either an image or --id")
    with _collection() as collection:
        if image is not None:
            found = collection.search_images(image)
            answer, results = dict(found), found.results
        else:
            assert image_id is not None
            by_id = collection.search_images_by_id(image_id)
            answer, results = dict(by_id), by_id.results
    if as_json:
        click.echo(json.dumps(answer, indent=2))
        return
    for result in results:
        click.echo(f"{result.score:.3f}  {result.id}")


@cli.command("list")
def list_() -> None:
    """List the images of the collection, newest first."""
    with _collection() as collection:
        page = collection.get_images(count=1000)
        while True:
            for image in page.images:
                click.echo(f"{image.image_time:%Y-%m-%d %H:%M:%S}  {image.id}")
            if page.next_image_id is None:
                return
            page = collection.get_images(start=page.next_image_id, count=1000)


@cli.command()
@click.argument("image_ids", nargs=-1, required=True)
def delete(image_ids: tuple[str, ...]) -> None:
    """Remove the images with these IDs."""
    with _collection() as collection:
        for image_id in image_ids:
            collection.delete_image(image_id)
            click.echo(f"deleted {image_id}")


def _collection() -> Collection:
    public_key, secret_key = (os.environ.get(variable, "") for variable in KEY_VARIABLES)
    if not public_key or not secret_key:
        raise click.ClickException(
            f"set {' and '.join(KEY_VARIABLES)} to the keys that 'visualsnoop keys create' printed"
        )
    endpoint = os.environ.get("VISUALSNOOP_ENDPOINT") or DEFAULT_ENDPOINT
    return Collection(public_key, secret_key, endpoint)


for command in SERVICE_COMMANDS:
    cli.add_command(command)
