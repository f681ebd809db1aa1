"""The operations of the API, one subpackage for each tag."""

from . import collection, duplicates, images, search

__all__ = [
    "collection",
    "images",
    "search",
    "duplicates",
]
