"""The JSON objects of the API, each imported when it is first asked for."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .collection_info import CollectionInfo
    from .comparison import Comparison
    from .comparison_by_id import ComparisonById
    from .decision import Decision
    from .duplicate_group import DuplicateGroup
    from .duplicate_list import DuplicateList
    from .error_body import ErrorBody
    from .get_collection_session import GetCollectionSession
    from .image import Image
    from .image_list import ImageList
    from .listed_image import ListedImage
    from .point import Point
    from .rectangle import Rectangle
    from .search_by_id_results import SearchByIdResults
    from .search_images_regions import SearchImagesRegions
    from .search_result import SearchResult
    from .search_results import SearchResults
    from .transform import Transform

__all__ = (
    "CollectionInfo",
    "Comparison",
    "ComparisonById",
    "Decision",
    "DuplicateGroup",
    "DuplicateList",
    "ErrorBody",
    "GetCollectionSession",
    "Image",
    "ImageList",
    "ListedImage",
    "Point",
    "Rectangle",
    "SearchByIdResults",
    "SearchImagesRegions",
    "SearchResult",
    "SearchResults",
    "Transform",
)

_MODULES = {
    "CollectionInfo": ".collection_info",
    "Comparison": ".comparison",
    "ComparisonById": ".comparison_by_id",
    "Decision": ".decision",
    "DuplicateGroup": ".duplicate_group",
    "DuplicateList": ".duplicate_list",
    "ErrorBody": ".error_body",
    "GetCollectionSession": ".get_collection_session",
    "Image": ".image",
    "ImageList": ".image_list",
    "ListedImage": ".listed_image",
    "Point": ".point",
    "Rectangle": ".rectangle",
    "SearchByIdResults": ".search_by_id_results",
    "SearchImagesRegions": ".search_images_regions",
    "SearchResult": ".search_result",
    "SearchResults": ".search_results",
    "Transform": ".transform",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
