"""The commands for the keys, the collections and the database of a service.

They import the service's modules when they run, for these need the extra `server`.
"""

import getpass
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import click
from attrs import asdict

from .commands import CommandGroup
from .options import database_options, json_lines_option, json_option
from .output import counted, print_json, print_rows


@click.group(cls=CommandGroup)
def keys() -> None:
    """Manage the keys that open collections.

    The service may be running or not. Its master key is needed to create keys: see serve --help.
    """


def _expiry(context: click.Context, option: click.Parameter, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        expires = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not like 2030-01-31 or 2030-01-31T18:00Z") from None
    return expires if expires.tzinfo else expires.replace(tzinfo=UTC)


@keys.command()
@click.argument("name")
@click.option("--user", default=getpass.getuser, help="The user who owns the collection.")
@click.option("--read-only", is_flag=True, help="Let the keys find and list images only.")
@click.option(
    "--expires",
    metavar="DATE",
    callback=_expiry,
    help="When the keys stop working: 2030-01-31, or 2030-01-31T18:00 (UTC unless it says).",
)
@click.option("--thumbnails", is_flag=True, help="Have the collection keep thumbnails.")
@click.option("--parts", is_flag=True, help="Have the collection keep the parts of its images.")
@json_option
@database_options
def create(
    name: str,
    user: str,
    read_only: bool,
    expires: datetime | None,
    thumbnails: bool,
    parts: bool,
    as_json: bool,
    data: Path | None,
    database: str | None,
) -> None:
    """Create a key pair for a collection.

    The collection NAME is created if there is none. The secret key is shown this once.
    """
    from ..server.storage.keys import create_keys
    from ..server.storage.master_key import opened_vault
    from ..server.storage.opening import opened_database

    with opened_database(data, database) as url:
        vault = opened_vault(url, data)
        new_keys = create_keys(
            url,
            name,
            user,
            vault,
            is_read_only=read_only,
            expires=expires,
            with_thumbnails=thumbnails,
            with_parts=parts,
        )
    _print_keys(new_keys, as_json)


@keys.command("list")
@json_lines_option
@database_options
def list_keys_(as_json: bool, data: Path | None, database: str | None) -> None:
    """List all key pairs, without secret keys."""
    from ..server.storage.keys import list_keys
    from ..server.storage.opening import opened_database

    with opened_database(data, database) as url:
        listed = list_keys(url)
    _print_listed(
        listed,
        as_json,
        ("public key", "collection ID", "", "", "collection (owner)"),
        lambda pair: (
            pair.public_key,
            pair.collection_id,
            "read-only" if pair.is_read_only else "read-write",
            _expiry_text(pair.expires),
            f"{pair.collection_name} ({pair.user})",
        ),
    )


def _expiry_text(expires: datetime | None) -> str:
    if expires is None:
        return "never expires"
    verb = "expires" if expires > datetime.now(UTC) else "expired"
    return f"{verb} {_time(expires)}"


@keys.command()
@click.argument("public_key")
@database_options
def revoke(public_key: str, data: Path | None, database: str | None) -> None:
    """Revoke a key pair at once."""
    from ..server.storage.keys import revoke_keys
    from ..server.storage.opening import opened_database

    with opened_database(data, database) as url:
        revoke_keys(url, public_key)
    click.echo(f"revoked {public_key}")


@keys.command()
@click.argument("public_key")
@click.option(
    "--grace",
    metavar="HOURS",
    type=click.FloatRange(0, 8784),
    default=0,
    help="For how long the old pair still works: not at all unless given.",
)
@json_option
@database_options
def rotate(
    public_key: str, grace: float, as_json: bool, data: Path | None, database: str | None
) -> None:
    """Replace a key pair by a new one.

    The new one has the rights of that of PUBLIC_KEY. The secret key is shown this once.
    """
    from ..server.storage.keys import rotate_keys
    from ..server.storage.master_key import opened_vault
    from ..server.storage.opening import opened_database

    with opened_database(data, database) as url:
        vault = opened_vault(url, data)
        new_keys = rotate_keys(url, public_key, vault, grace=timedelta(hours=grace))
    _print_keys(new_keys, as_json)


@click.group(cls=CommandGroup)
def collections() -> None:
    """Manage collections, and whether they keep thumbnails and parts."""


@collections.command("list")
@json_lines_option
@database_options
def list_collections_(as_json: bool, data: Path | None, database: str | None) -> None:
    """List all collections."""
    from ..server.storage.collections import list_collections
    from ..server.storage.opening import opened_database

    with opened_database(data, database) as url:
        listed = list_collections(url)
    _print_listed(
        listed,
        as_json,
        ("ID", "created (UTC)", "", "", "", "", "name (owner)"),
        lambda collection: (
            collection.collection_id,
            _time(collection.created),
            counted(collection.image_count, "image"),
            counted(collection.key_count, "key pair"),
            "thumbnails" if collection.has_thumbnails else "no thumbnails",
            "parts" if collection.has_parts else "no parts",
            f"{collection.name} ({collection.user})",
        ),
    )


@collections.command()
@click.argument("collection_id")
@click.argument("name")
@database_options
def rename(collection_id: str, name: str, data: Path | None, database: str | None) -> None:
    """Give a collection another name."""
    from ..server.storage.collections import rename_collection
    from ..server.storage.opening import opened_database

    with opened_database(data, database) as url:
        rename_collection(url, collection_id, name)
    click.echo(f"renamed {collection_id} to {name}")


@collections.command()
@click.argument("collection")
@click.argument("switch", type=click.Choice(["on", "off"]))
@database_options
def thumbnails(collection: str, switch: str, data: Path | None, database: str | None) -> None:
    """Keep thumbnails of a collection, or delete them.

    COLLECTION is its name or ID. Once it is "on", a small picture is kept of each image that is
    added; "off" deletes them all at once, and keeps none.
    """
    _keep("thumbnails", collection, switch, data, database)


@collections.command()
@click.argument("collection")
@click.argument("switch", type=click.Choice(["on", "off"]))
@database_options
def parts(collection: str, switch: str, data: Path | None, database: str | None) -> None:
    """Keep the parts of images, by which searches find what they are composed of.

    COLLECTION is its name or ID. Once it is "on", a collage, slide or screenshot that is added is
    found by each of the pictures in it; "off" deletes all parts at once, and keeps none.
    """
    _keep("parts", collection, switch, data, database)


def _keep(
    kept: Literal["thumbnails", "parts"],
    collection: str,
    switch: str,
    data: Path | None,
    database: str | None,
) -> None:
    from ..server.storage.collections import keep_with_images, resolve_collection
    from ..server.storage.opening import opened_database

    with opened_database(data, database) as url:
        deleted = keep_with_images(url, resolve_collection(url, collection), kept, switch == "on")
    if switch == "on":
        click.echo(f"{collection} keeps {kept} of what is added from now on")
    else:
        click.echo(f"{collection} keeps no {kept}; {deleted} were deleted")


@collections.command()
@click.argument("collection_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@database_options
def delete(collection_id: str, yes: bool, data: Path | None, database: str | None) -> None:
    """Delete a collection, its images and its keys."""
    from ..server.storage.collections import delete_collection, find_collection
    from ..server.storage.opening import opened_database

    with opened_database(data, database) as url:
        found = find_collection(url, collection_id)
        if not yes:
            click.confirm(
                f"Delete {found.name} of {found.user} with {found.image_count} images and "
                f"{found.key_count} key pairs for good?",
                abort=True,
            )
        delete_collection(url, collection_id)
    click.echo(f"deleted {collection_id}")


@click.group(cls=CommandGroup)
def db() -> None:
    """Look after the database."""


@db.command("upgrade")
@database_options
def upgrade_(data: Path | None, database: str | None) -> None:
    """Upgrade the tables to this version of the service.

    The service does it by itself when it starts. Do it before where several run over one database,
    or where their role may not change tables.
    """
    from ..server.storage.opening import opened_database
    from ..server.storage.schema import revision

    with opened_database(data, database) as url:
        click.echo(f"the database has revision {revision(url)}")


def _print_keys(keys: Any, as_json: bool) -> None:
    """Print a new key pair, a field on a line."""
    fields = asdict(keys)
    if as_json:
        print_json(fields)
        return
    for name, value in fields.items():
        click.echo(f"{name}: {value}")


def _print_listed(
    listed: Sequence[Any],
    as_json: bool,
    headings: Sequence[str],
    cells: Callable[[Any], Sequence[str]],
) -> None:
    """Print a row for each thing, or a line of JSON with all that is known of it."""
    if not as_json:
        print_rows(headings, map(cells, listed))
        return
    for one in listed:
        print_json(asdict(one))


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
