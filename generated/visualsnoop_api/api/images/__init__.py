"""The operations with this tag, one module each."""

from . import (
    add_image,
    add_image_with_id,
    add_or_replace_image,
    delete_image,
    get_image,
    get_thumbnail,
    list_images,
)

__all__ = [
    "add_image",
    "add_image_with_id",
    "add_or_replace_image",
    "delete_image",
    "get_image",
    "get_thumbnail",
    "list_images",
]
