"""Key pairs that `login` has stored, each under the name of a profile.

Endpoint and public key are in a file that is open to its owner only. The secret key is in the
keyring of the system if there is one, or else in that file, too.
"""

import json
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from attrs import field, frozen

_KEYRING_SERVICE = "visualsnoop"


@frozen
class Profile:
    """A stored key pair.

    Attributes:
        name: What it is stored under.
        endpoint: The URL of the service.
        public_key: The public key.
        secret_key: The secret key.
    """

    name: str
    endpoint: str
    public_key: str
    secret_key: str = field(repr=False)


def profiles_file() -> Path:
    """Where profiles are stored."""
    import platformdirs

    return platformdirs.user_config_path("visualsnoop", appauthor=False) / "profiles.json"


def profile_names() -> list[str]:
    """The names of all profiles.

    Raises:
        OSError: If the file of profiles cannot be read, or can be by others.
    """
    return sorted(_read())


def find_profile(name: str) -> Profile | None:
    """The profile of a name; None if there is none.

    Raises:
        OSError: If the file of profiles cannot be read, or can be by others.
        ValueError: If it is no file of profiles, or the keyring does not give the secret key.
    """
    stored = _read().get(name)
    if stored is None:
        return None
    secret_key = stored.get("secret_key") or _from_keyring(name)
    if secret_key is None:
        raise ValueError(
            f"the keyring does not give the secret key of the profile {name!r}: log in again"
        )
    return Profile(name, stored["endpoint"], stored["public_key"], secret_key)


def store_profile(profile: Profile) -> str:
    """Store a profile, in the place of one of this name.

    Returns:
        Where its secret key is: in the file, or "the keyring".

    Raises:
        OSError: If the file of profiles cannot be written, or could be read by others.
    """
    profiles = _read()
    stored = {"endpoint": profile.endpoint, "public_key": profile.public_key}
    is_in_keyring = _to_keyring(profile)
    if not is_in_keyring:
        stored["secret_key"] = profile.secret_key
    _write({**profiles, profile.name: stored})
    return "the keyring" if is_in_keyring else str(profiles_file())


def remove_profile(name: str) -> bool:
    """Remove a profile; whether there was one.

    Raises:
        OSError: If the file of profiles cannot be written, or could be read by others.
    """
    profiles = _read()
    if profiles.pop(name, None) is None:
        return False
    _write(profiles)
    _remove_from_keyring(name)
    return True


def _read() -> dict[str, dict[str, str]]:
    path = profiles_file()
    try:
        with path.open(encoding="utf-8") as file:
            status = os.fstat(file.fileno())
            if os.name == "posix" and stat.S_IMODE(status.st_mode) & 0o077:
                raise PermissionError(
                    f"{path} has secret keys and is open to other users: chmod 600 '{path}'"
                )
            profiles = json.load(file)
    except FileNotFoundError:
        return {}
    except ValueError:
        # Its text is in no message, as secret keys may be in it.
        profiles = None
    if not _are_profiles(profiles):
        raise ValueError(f"{path} is damaged: remove it, and log in again")
    return dict(profiles)


def _are_profiles(profiles: Any) -> bool:
    return isinstance(profiles, dict) and all(
        isinstance(stored, dict)
        and {"endpoint", "public_key"} <= stored.keys()
        and all(isinstance(value, str) for value in stored.values())
        for stored in profiles.values()
    )


def _write(profiles: dict[str, dict[str, str]]) -> None:
    path = profiles_file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Nobody else can read what `mkstemp` makes.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump(profiles, file, indent=2)
            file.write("\n")
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def _to_keyring(profile: Profile) -> bool:
    """Store a secret key in the keyring; whether it is there now."""
    try:
        import keyring

        keyring.set_password(_KEYRING_SERVICE, profile.name, profile.secret_key)
    # Backends raise what they like, where there is no keyring or it is locked.
    except Exception:
        return False
    return _from_keyring(profile.name) == profile.secret_key


def _from_keyring(name: str) -> str | None:
    try:
        import keyring

        return keyring.get_password(_KEYRING_SERVICE, name)
    except Exception:
        return None


def _remove_from_keyring(name: str) -> None:
    with suppress(Exception):
        import keyring

        keyring.delete_password(_KEYRING_SERVICE, name)
