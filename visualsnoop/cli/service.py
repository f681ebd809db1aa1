"""The commands that look after a service: its keys, collections and database.

Its parts are imported when a command needs them: they come with the extra `server` only.
"""

import getpass
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from .options import database_options
from .serve import serve
from .transfer import TRANSFER_COMMANDS

_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def keys() -> None:
    """Make and revoke the key pairs that open collections.

    The service may be running or not. Its master key is needed to make keys: see serve --help.
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
@_json_option
@database_options
def create(
    name: str,
    user: str,
    read_only: bool,
    expires: datetime | None,
    as_json: bool,
    data: Path | None,
    database: str | None,
) -> None:
    """Make a key pair for the collection NAME, and the collection if there is none.

    The secret key is shown this once.
    """
    from ..server.storage.keys import create_keys
    from ..server.storage.master_key import opened_vault
    from ..server.storage.opening import opened_database

    with opened_database(data, database) as url:
        vault = opened_vault(url, data)
        made = create_keys(url, name, user, vault, is_read_only=read_only, expires=expires)
    _show(made, as_json)


@keys.command("list")
@_json_option
@database_options
def list_keys_(as_json: bool, data: Path | None, database: str | None) -> None:
    """List the key pairs of all collections, without their secret keys."""
    from ..server.storage.keys import list_keys
    from ..server.storage.opening import opened_database

    with opened_database(data, database) as url:
        listed = list_keys(url)
    _show_all(
        listed,
        as_json,
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
    """Remove the key pair of PUBLIC_KEY: it stops working at once."""
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
@_json_option
@database_options
def rotate(
    public_key: str, grace: float, as_json: bool, data: Path | None, database: str | None
) -> None:
    """Replace the key pair of PUBLIC_KEY by a new one with the same rights.

    The secret key is shown this once.
    """
    from ..server.storage.keys import rotate_keys
    from ..server.storage.master_key import opened_vault
    from ..server.storage.opening import opened_database

    with opened_database(data, database) as url:
        vault = opened_vault(url, data)
        made = rotate_keys(url, public_key, vault, grace=timedelta(hours=grace))
    _show(made, as_json)


@click.group()
def collections() -> None:
    """List, rename and delete collections."""


@collections.command("list")
@_json_option
@database_options
def list_collections_(as_json: bool, data: Path | None, database: str | None) -> None:
    """List all collections."""
    from ..server.storage.collections import list_collections
    from ..server.storage.opening import opened_database

    with opened_database(data, database) as url:
        listed = list_collections(url)
    _show_all(
        listed,
        as_json,
        lambda collection: (
            collection.collection_id,
            _time(collection.created),
            f"{collection.image_count} images",
            f"{collection.key_count} key pairs",
            f"{collection.name} ({collection.user})",
        ),
    )


@collections.command()
@click.argument("collection_id")
@click.argument("name")
@database_options
def rename(collection_id: str, name: str, data: Path | None, database: str | None) -> None:
    """Call the collection COLLECTION_ID by another NAME."""
    from ..server.storage.collections import rename_collection
    from ..server.storage.opening import opened_database

    with opened_database(data, database) as url:
        rename_collection(url, collection_id, name)
    click.echo(f"renamed {collection_id} to {name}")


@collections.command()
@click.argument("collection_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@database_options
def delete(collection_id: str, yes: bool, data: Path | None, database: str | None) -> None:
    """Delete the collection COLLECTION_ID with all its images and keys."""
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


def _show(made: Any, as_json: bool) -> None:
    """Print the fields of something, one on a line."""
    from attrs import asdict

    fields = asdict(made)
    if as_json:
        click.echo(json.dumps(fields))
        return
    for name, value in fields.items():
        click.echo(f"{name}: {value}")


def _show_all(
    listed: Sequence[Any], as_json: bool, columns: Callable[[Any], tuple[str, ...]]
) -> None:
    """Print things in columns, one on a line, or as JSON with all their fields."""
    from attrs import asdict

    if as_json:
        click.echo(
            json.dumps([asdict(one) for one in listed], default=datetime.isoformat, indent=2)
        )
        return
    rows = [columns(one) for one in listed]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


@click.group()
def db() -> None:
    """Look after the database."""


@db.command("upgrade")
@database_options
def upgrade_(data: Path | None, database: str | None) -> None:
    """Bring the tables to the state that this version of the service needs.

    The service does it by itself when it starts. Where several run over one database, or theirs is
    a role that may not change tables, do it before.
    """
    from ..server.storage.opening import opened_database
    from ..server.storage.schema import revision

    with opened_database(data, database) as url:
        click.echo(f"the database has revision {revision(url)}")


SERVICE_COMMANDS: Sequence[click.Command] = (
    *(serve, keys, collections, db),
    *TRANSFER_COMMANDS,
)
