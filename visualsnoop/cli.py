"""The command line: a collection's images, and the service that keeps them."""

import json
import os
from pathlib import Path
from typing import Any

import click

from . import Collection, VisualSnoopError, __version__

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


# What the options of a service are called where it is run and where its keys are made.
_data_option = click.option(
    "--data",
    type=click.Path(path_type=Path),
    envvar="VISUALSNOOP_DATA",
    help="The folder of the service's data.",
)
_database_option = click.option(
    "--database",
    envvar="VISUALSNOOP_DATABASE",
    help="A PostgreSQL of your own instead: postgresql://user:password@host/name.",
)


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, help="The port; 0 for any free one.")
@click.option(
    "--model",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="An ONNX file that makes the embeddings of new images instead of the shipped model.",
)
@_data_option
@_database_option
def serve(
    host: str, port: int, model: Path | None, data: Path | None, database: str | None
) -> None:
    """Run the service until it is interrupted."""
    from .server.commands import opened_database, run

    with opened_database(data, database) as url:
        run(url, host, port, model)


@cli.group()
def keys() -> None:
    """Make the keys of collections."""


@keys.command()
@click.argument("name")
@click.option("--user", default=lambda: _login_name(), help="The user who owns the collection.")
@click.option("--json", "as_json", is_flag=True, help="Print the keys as JSON.")
@_data_option
@_database_option
def create(name: str, user: str, as_json: bool, data: Path | None, database: str | None) -> None:
    """Make a key pair for the collection NAME, and the collection if there is none.

    The secret key is shown this once. The service may be running or not.
    """
    from attrs import asdict

    from .server.commands import opened_database
    from .server.keys import create_keys

    with opened_database(data, database) as url:
        made = asdict(create_keys(url, name, user))
    if as_json:
        click.echo(json.dumps(made))
        return
    for field, value in made.items():
        click.echo(f"{field}: {value}")


def _login_name() -> str:
    import getpass

    return getpass.getuser()
