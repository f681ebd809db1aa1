"""The keys and the endpoint that the environment names."""

import os

_DEFAULT_ENDPOINT = "http://127.0.0.1:8000/api/v1"


def keys_and_endpoint() -> tuple[str, str, str]:
    """The public key, the secret key and the endpoint.

    Raises:
        ValueError: If a key is not set.
    """
    return (
        _variable("VISUALSNOOP_PUBLIC_KEY"),
        _variable("VISUALSNOOP_SECRET_KEY"),
        os.environ.get("VISUALSNOOP_ENDPOINT") or _DEFAULT_ENDPOINT,
    )


def _variable(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise ValueError(f"{name} is not set: set it to what 'visualsnoop keys create' printed")
    return value
