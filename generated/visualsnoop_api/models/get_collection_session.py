from typing import Any, Literal, TypeAlias

KnownGetCollectionSession: TypeAlias = Literal["init"]
"""The values of this version of the API."""

GetCollectionSession: TypeAlias = KnownGetCollectionSession | str
"""One of these values, or one that a newer server has."""


def check_get_collection_session(value: Any) -> GetCollectionSession:
    """The value itself.

    Raises:
        TypeError: If it is no string.
    """
    if isinstance(value, str):
        return value
    raise TypeError(f"{value!r} is no string")
