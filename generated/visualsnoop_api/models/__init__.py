"""Contains all the data models used in inputs/outputs"""

from .collection_info import CollectionInfo
from .error import Error
from .get_collection_session import GetCollectionSession
from .image import Image
from .image_list import ImageList
from .listed_image import ListedImage
from .search_by_id_results import SearchByIdResults
from .search_result import SearchResult
from .search_results import SearchResults

__all__ = (
    "CollectionInfo",
    "Error",
    "GetCollectionSession",
    "Image",
    "ImageList",
    "ListedImage",
    "SearchByIdResults",
    "SearchResult",
    "SearchResults",
)
