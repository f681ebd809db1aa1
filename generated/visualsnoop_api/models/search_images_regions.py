from typing import Any, Literal, TypeAlias

KnownSearchImagesRegions: TypeAlias = Literal["auto", "false", "true"]
"""The values of this version of the API."""

SearchImagesRegions: TypeAlias = KnownSearchImagesRegions | str
"""One of these values, or one that a newer server has."""


def check_search_images_regions(value: Any) -> SearchImagesRegions:
    """The value itself.

    Raises:
        TypeError: If it is no string.
    """
    if isinstance(value, str):
        return value
    raise TypeError(f"{value!r} is no string")
