from typing import Any, Literal, TypeAlias

KnownTransform: TypeAlias = Literal[
    "mirrored",
    "mirrored_rotated_180",
    "mirrored_rotated_270",
    "mirrored_rotated_90",
    "none",
    "rotated_180",
    "rotated_270",
    "rotated_90",
    "unknown",
]
"""The values of this version of the API."""

Transform: TypeAlias = KnownTransform | str
"""One of these values, or one that a newer server has."""


def check_transform(value: Any) -> Transform:
    """The value itself.

    Raises:
        TypeError: If it is no string.
    """
    if isinstance(value, str):
        return value
    raise TypeError(f"{value!r} is no string")
