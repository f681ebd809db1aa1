"""Private image search: put images into a collection, find the copies of any picture."""

from ._version import __version__
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
