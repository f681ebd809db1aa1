"""The collections of images, and what their methods take and return."""

from visualsnoop_api.models import (
    CollectionInfo,
    Image,
    ImageList,
    ListedImage,
    SearchByIdResults,
    SearchResult,
    SearchResults,
)

from ._async_collection import AsyncCollection
from ._collection import Collection
from ._connections import AsyncOptions, ConnectionOptions, Options
from ._pictures import AsyncImageInput, ImageInput
from ._timeouts import TimeoutInput

__all__ = [
    "AsyncCollection",
    "AsyncImageInput",
    "AsyncOptions",
    "Collection",
    "CollectionInfo",
    "ConnectionOptions",
    "Image",
    "ImageInput",
    "ImageList",
    "ListedImage",
    "Options",
    "SearchByIdResults",
    "SearchResult",
    "SearchResults",
    "TimeoutInput",
]
