"""The keys and the endpoint that the environment names."""

import os

_KEYS = ("VISUALSNOOP_PUBLIC_KEY", "VISUALSNOOP_SECRET_KEY")
_DEFAULT_ENDPOINT = "http://127.0.0.1:8000/api/v1"


def keys_and_endpoint() -> tuple[str, str, str]:
    """The public key, the secret key and the endpoint.

    Raises:
        ValueError: If a key is not set.
    """
    public_key, secret_key = (os.environ.get(name, "") for name in _KEYS)
    missing = [name for name in _KEYS if not os.environ.get(name)]
    if missing:
        raise ValueError(
            f"{' and '.join(missing)} not set: set the environment to what "
            "'visualsnoop keys create' printed"
        )
    return public_key, secret_key, default_endpoint()


def default_endpoint() -> str:
    """The endpoint that the environment names, or else that of a service on this machine."""
    return os.environ.get("VISUALSNOOP_ENDPOINT") or _DEFAULT_ENDPOINT
