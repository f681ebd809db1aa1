"""The operations with this tag, one module each, imported when it is first asked for."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import list_duplicates, set_not_duplicates, unset_not_duplicates
__all__ = [
    "list_duplicates",
    "set_not_duplicates",
    "unset_not_duplicates",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f".{name}", __name__)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
