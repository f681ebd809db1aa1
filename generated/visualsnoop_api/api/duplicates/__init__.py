"""The operations with this tag, one module each."""

from . import list_duplicates, set_not_duplicates, unset_not_duplicates

__all__ = [
    "list_duplicates",
    "set_not_duplicates",
    "unset_not_duplicates",
]
