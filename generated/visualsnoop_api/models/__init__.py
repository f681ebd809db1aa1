"""Contains all the data models used in inputs/outputs"""

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
