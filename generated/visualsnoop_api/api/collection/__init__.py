"""The operations with this tag, one module each."""

from . import get_collection

__all__ = [
    "get_collection",
]
