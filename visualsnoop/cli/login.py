"""The commands that store a key pair, and forget it."""

import re
import sys

import click

from .. import Collection
from .._environment import default_endpoint
from .options import DEFAULT_PROFILE, profile_option
from .output import printable
from .profiles import Profile, remove_profile, store_profile


@click.command()
@click.option(
    "--endpoint",
    default=default_endpoint,
    help="The URL of the service; otherwise that of VISUALSNOOP_ENDPOINT, or of this machine.",
)
@profile_option
def login(endpoint: str, profile: str | None) -> None:
    """Store a key pair, so that commands need no environment.

    Asks for the keys, or takes them from standard input: visualsnoop keys create holidays |
    visualsnoop login. The service is asked whether they are right. The secret key is kept in the
    keyring of the system, or else in a file that only you can read. Keys in the environment are
    taken before those that are stored.
    """
    public_key, secret_key = _asked_for() if sys.stdin.isatty() else _from_stdin()
    with Collection(public_key, secret_key, endpoint) as collection:
        told = f"{collection.name} of {collection.user}"
    name = profile or DEFAULT_PROFILE
    place = store_profile(Profile(name, endpoint, public_key, secret_key))
    click.echo(printable(f"logged in to {told}: the profile {name!r} is in {place}"))


def _asked_for() -> tuple[str, str]:
    public_key = click.prompt("Public key", type=str)
    return public_key.strip(), click.prompt("Secret key", type=str, hide_input=True).strip()


def _from_stdin() -> tuple[str, str]:
    text = sys.stdin.read(10_000)
    public_keys = re.findall(r"\b[0-9a-f]{20}\b", text)
    secret_keys = re.findall(r"\b[0-9A-Za-z]{40}\b", text)
    if len(public_keys) != 1 or len(secret_keys) != 1:
        raise click.UsageError(
            "standard input must be a key pair, as 'visualsnoop keys create' prints it"
        )
    return public_keys[0], secret_keys[0]


@click.command()
@profile_option
def logout(profile: str | None) -> None:
    """Forget a key pair that was stored. It goes on working: see keys revoke."""
    name = profile or DEFAULT_PROFILE
    if not remove_profile(name):
        raise click.ClickException(f"there is no profile {name!r}")
    click.echo(printable(f"forgot the profile {name!r}"))
