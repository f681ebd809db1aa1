"""Opening the collection that a command works on."""

import os

import click

from .. import Collection
from .._environment import keys_and_endpoint
from .options import DEFAULT_PROFILE
from .output import printable
from .profiles import find_profile

_KEYS = ("VISUALSNOOP_PUBLIC_KEY", "VISUALSNOOP_SECRET_KEY")


def open_collection(profile: str | None) -> Collection:
    """Open the collection of the keys in the environment, or else of those of a profile.

    Args:
        profile: The name of the profile; None for the usual one.

    Raises:
        ValueError: If there are no keys.
        VisualSnoopError: If the service refuses them, or cannot be reached.
    """
    return Collection(*credentials(profile))


def has_credentials(profile: str | None) -> bool:
    """Whether there are keys, in the environment or in a profile."""
    return (
        any(os.environ.get(name) for name in _KEYS)
        or profile is not None
        or find_profile(DEFAULT_PROFILE) is not None
    )


def credentials(profile: str | None) -> tuple[str, str, str]:
    """The public key, the secret key and the endpoint of `open_collection`.

    Raises:
        ValueError: If there are no keys.
    """
    if any(os.environ.get(name) for name in _KEYS):
        if profile is not None:
            click.echo(
                f"The keys in the environment are used, not those of the profile {profile!r}",
                err=True,
            )
        return keys_and_endpoint()
    stored = find_profile(profile or DEFAULT_PROFILE)
    if stored is not None:
        endpoint = os.environ.get("VISUALSNOOP_ENDPOINT") or stored.endpoint
        return stored.public_key, stored.secret_key, endpoint
    if profile is not None:
        raise ValueError(printable(f"there is no profile {profile!r}: visualsnoop login"))
    try:
        return keys_and_endpoint()
    except ValueError as error:
        raise ValueError(f"{error}, or store them by 'visualsnoop login'") from None
