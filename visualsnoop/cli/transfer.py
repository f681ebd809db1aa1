"""The commands that export a collection to a file, and import it."""

from pathlib import Path

import click

from .options import database_options


@click.command("export")
@click.argument("collection_id")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@database_options
def export_(collection_id: str, file: Path, data: Path | None, database: str | None) -> None:
    """Write a collection to a file.

    FILE gets the fingerprints, IDs, times, sizes, thumbnails, parts and decisions of the collection
    COLLECTION_ID. It is compressed if its name ends with .gz. The service may be running. There are
    no keys in it. If it is interrupted, begin it again.
    """
    from ..server.storage.opening import opened_database
    from ..server.storage.transfer import export_collection

    with opened_database(data, database) as url:
        counts = export_collection(url, collection_id, file)
    click.echo(f"exported {counts.images} images and {counts.decisions} decisions to {file}")


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--name", help="The name of the collection, if not that of the exported one.")
@click.option("--user", help="The user who owns it, if not that of the exported one.")
@database_options
def import_(
    file: Path, name: str | None, user: str | None, data: Path | None, database: str | None
) -> None:
    """Read a collection from an exported file.

    What FILE holds is added to the collection of that name and user, which is created if there is
    none. Nothing is done if FILE is damaged. Images that are there already are never replaced, so
    an import that was interrupted can be begun again. The service may be running.
    """
    from ..server.storage.opening import opened_database
    from ..server.storage.transfer import import_collection

    with opened_database(data, database) as url:
        done = import_collection(url, file, name, user)
    click.echo(
        f"imported into {done.collection_id}: {done.added} images added, {done.present} were there"
    )
    if done.kept:
        raise click.ClickException(
            f"{done.kept} images of {file} were left out: the collection has others of their IDs. "
            "Import them into a collection of another --name"
        )
