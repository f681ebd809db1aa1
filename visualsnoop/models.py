"""`Collection` and `AsyncCollection`, and the types that their methods take and return."""

from visualsnoop_api.models import (
    CollectionInfo,
    Comparison,
    ComparisonById,
    Decision,
    DuplicateGroup,
    DuplicateList,
    Image,
    ImageList,
    ListedImage,
    Point,
    Rectangle,
    SearchByIdResults,
    SearchResult,
    SearchResults,
    Transform,
)
from visualsnoop_api.types import ResponseHead

from ._async_collection import AsyncCollection
from ._calls import Regions
from ._client import AsyncClientOptions, BaseClientOptions, ClientOptions
from ._collection import Collection
from ._request_attempts import RequestAttempt
from ._timeouts import TimeoutInput
from ._uploads import AsyncImageInput, ImageInput

__all__ = [
    "AsyncClientOptions",
    "AsyncCollection",
    "AsyncImageInput",
    "BaseClientOptions",
    "ClientOptions",
    "Collection",
    "CollectionInfo",
    "Comparison",
    "ComparisonById",
    "Decision",
    "DuplicateGroup",
    "DuplicateList",
    "Image",
    "ImageInput",
    "ImageList",
    "ListedImage",
    "Point",
    "Rectangle",
    "Regions",
    "RequestAttempt",
    "ResponseHead",
    "SearchByIdResults",
    "SearchResult",
    "SearchResults",
    "TimeoutInput",
    "Transform",
]
