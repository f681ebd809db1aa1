"""The operations with this tag, one module each, imported when it is first asked for."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f".{name}", __name__)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
