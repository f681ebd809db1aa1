"""The command that opens the page of a service in a browser, signed in."""

import os
import webbrowser
from pathlib import Path

import click

from .._environment import default_endpoint
from .connecting import credentials
from .options import browser_option, database_options, profile_option


@click.command()
@click.argument("collection", required=False)
@click.option("--admin", is_flag=True, help="Open the page of collections and keys.")
@browser_option
@profile_option
@database_options
def look(
    collection: str | None,
    admin: bool,
    browser: bool,
    profile: str | None,
    data: Path | None,
    database: str | None,
) -> None:
    """Open the page of a running service.

    Prints a link that signs in once, within ten minutes. It opens the COLLECTION of this name or
    ID, by the oldest of its keys that may change it; without one, that of the keys in the
    environment, or stored by login. COLLECTION and --admin are for who runs the service, as they
    need its database.
    """
    if admin and collection is not None:
        raise click.UsageError("give either a collection or --admin")
    if admin or collection is not None:
        code, endpoint = _code_from_database(collection, data, database), default_endpoint()
    else:
        code, endpoint = _code_from_service(profile)
    open_page(endpoint, code, browser)


def open_page(endpoint: str, code: str, browser: bool) -> None:
    """Print the link of a page, and open it in a browser that can be seen.

    Args:
        endpoint: The URL of the API.
        code: What signs in, once.
        browser: Whether it is to be opened.
    """
    # What comes after the # is neither sent nor logged.
    link = f"{endpoint.removesuffix('/api/v1')}/#code={code}"
    click.echo(link)
    if browser and _has_display():
        webbrowser.open(link)


def _code_from_database(collection: str | None, data: Path | None, database: str | None) -> str:
    from ..server.storage.opening import opened_database
    from ..server.storage.sessions import create_code, key_of_collection

    with opened_database(data, database) as url:
        return create_code(url, None if collection is None else key_of_collection(url, collection))


def _code_from_service(profile: str | None) -> tuple[str, str]:
    import httpx

    from .. import VisualSnoopHMACAuth
    from .._responses import connection_errors, response_error

    public_key, secret_key, endpoint = credentials(profile)
    endpoint = endpoint.rstrip("/")
    url = f"{endpoint.removesuffix('/api/v1')}/page/codes"
    with connection_errors(endpoint, None):
        response = httpx.post(url, auth=VisualSnoopHMACAuth(public_key, secret_key))
    if not response.is_success:
        raise response_error(response)
    return response.json()["code"], endpoint


def _has_display() -> bool:
    """Whether a browser that is opened can be seen: not over SSH, or as a service."""
    is_elsewhere = any(os.environ.get(name) for name in ("SSH_CONNECTION", "CI"))
    return not is_elsewhere and (
        os.name == "nt"
        or os.uname().sysname == "Darwin"
        or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    )
