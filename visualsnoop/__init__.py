"""Private image search: put images into a collection, find the copies of any picture."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from .auth import VisualSnoopHMACAuth
    from .exceptions import VisualSnoopError
    from .models import AsyncCollection, Collection

__all__ = [
    "AsyncCollection",
    "Collection",
    "VisualSnoopError",
    "VisualSnoopHMACAuth",
    "__version__",
]

_MODULES = {
    "AsyncCollection": "_async_collection",
    "Collection": "_collection",
    "VisualSnoopError": "exceptions",
    "VisualSnoopHMACAuth": "auth",
}
_SUBMODULES = ("auth", "bulk", "exceptions", "models")


def __getattr__(name: str) -> Any:
    """Import what is asked for: most of the time goes into HTTPX, which not everybody needs."""
    if name in _MODULES:
        value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    elif name in _SUBMODULES:
        value = import_module(f"{__name__}.{name}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_SUBMODULES})
