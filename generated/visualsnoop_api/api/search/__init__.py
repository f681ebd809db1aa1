"""The operations with this tag, one module each."""

from . import search_images, search_images_by_id

__all__ = [
    "search_images",
    "search_images_by_id",
]
