"""The command that tells what is stored: in a collection, or in the database of a service."""

from pathlib import Path

import click
from attrs import asdict

from .connecting import has_credentials, open_collection
from .options import database_options, json_option, profile_option
from .output import print_json, printable


@click.command()
@click.option("--service", is_flag=True, help="Of the service on this machine, whatever the keys.")
@json_option
@profile_option
@database_options
def info(
    service: bool, as_json: bool, profile: str | None, data: Path | None, database: str | None
) -> None:
    """Tell what is stored: in a collection, or in a whole service.

    Of the collection whose keys are in the environment or stored by login: its name, its owner and
    the number of its images. With --service, --data or --database, or where there are no keys, of
    the service: where it is, and how many images are by which models. Images of models that the
    service has not got are found by no search. What stands beside them says what to do.
    """
    is_of_service = service or data is not None or database is not None
    if is_of_service or not has_credentials(profile):
        _print_service(as_json, data, database)
    else:
        _print_collection(as_json, profile)


def _print_collection(as_json: bool, profile: str | None) -> None:
    with open_collection(profile) as collection:
        found, endpoint = collection.get_collection(), collection.endpoint
    if as_json:
        print_json(dict(found) | {"endpoint": endpoint})
        return
    for name, value in {
        "collection": found.collection_name,
        "ID": found.collection_id,
        "owner": found.user,
        "images": found.image_count,
        "endpoint": endpoint,
    }.items():
        click.echo(f"{name}: {printable(value)}")


def _print_service(as_json: bool, data: Path | None, database: str | None) -> None:
    from ..server.storage.database_info import database_info
    from ..server.storage.opening import data_folder, opened_database

    folder = data_folder(data) if database is None else None
    with opened_database(data, database) as url:
        found = database_info(url)
    if as_json:
        print_json({"data": folder and str(folder), **asdict(found)})
        return
    if folder is None:
        click.echo(f"database: {found.database}")
    else:
        click.echo(f"data: {folder}")
    click.echo(f"postgresql: {found.postgresql}")
    click.echo(f"revision: {found.revision}")
    click.echo(f"images: {sum(found.images.values())}")
    for version, count in found.images.items():
        click.echo(f"  fingerprint version {version}: {count} ({_searchable(version)})")


def _searchable(version: int) -> str:
    from ..server.matching.fingerprint import FIRST_CUSTOM_VERSION, MODEL_VERSION

    if version == MODEL_VERSION:
        return "the shipped model"
    if version >= FIRST_CUSTOM_VERSION:
        return "found where serve --model names the model that they were stored with"
    return "found by no search any more: add the pictures again"
