"""The operations with this tag, one module each."""

from . import compare_image, compare_images_by_id, search_images, search_images_by_id

__all__ = [
    "compare_image",
    "compare_images_by_id",
    "search_images",
    "search_images_by_id",
]
