from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Self, overload

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import Model, frozen, of_type, timestamp

if TYPE_CHECKING:
    from ..models.search_result import SearchResult


@_attrs_define(eq=False, frozen=True)
class SearchByIdResults(Model):
    """The images that are similar to a stored one, best first, without itself.

    Attributes are Python values; as a dictionary it is the JSON object of the answer.
    """

    status: int = _attrs_field(validator=of_type(int))
    """The HTTP status of the answer."""

    message: str = _attrs_field(validator=of_type(str))
    """A short text for people."""

    collection_id: str = _attrs_field(validator=of_type(str))
    """The ID of the collection, 8 hexadecimal characters."""

    image_id: str = _attrs_field(validator=of_type(str))
    """The ID of the image whose look-alikes were wanted."""

    image_time: datetime.datetime = _attrs_field(validator=of_type(datetime.datetime))
    """When that image was added or last replaced, in UTC, to the microsecond."""

    results: list[SearchResult] = _attrs_field(validator=of_type([Model]))
    """The similar images, best first."""

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "results", frozen(self.results))
        status = self.status
        message = self.message
        collection_id = self.collection_id
        image_id = self.image_id
        image_time = self.image_time.isoformat(timespec="microseconds")
        results = self.results

        dict.update(
            self,
            {
                "status": status,
                "message": message,
                "collection_id": collection_id,
                "image_id": image_id,
                "image_time": image_time,
                "results": frozen(results),
            },
        )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """The model of a JSON object.

        Raises:
            ValueError, TypeError, KeyError: If a field is missing or not of its type.
        """
        from ..models.search_result import SearchResult

        d = {**src_dict}
        status = d.pop("status")
        message = d.pop("message")
        collection_id = d.pop("collection_id")
        image_id = d.pop("image_id")
        image_time = timestamp(d.pop("image_time"))

        results = []
        _results = d.pop("results")
        for results_item_data in _results:
            results_item = SearchResult.from_dict(results_item_data)

            results.append(results_item)

        model = cls(
            status=status,
            message=message,
            collection_id=collection_id,
            image_id=image_id,
            image_time=image_time,
            results=results,
        )
        return model._take_over(src_dict)

    @overload
    def __getitem__(self, key: Literal["status"], /) -> int: ...
    @overload
    def __getitem__(self, key: Literal["message"], /) -> str: ...
    @overload
    def __getitem__(self, key: Literal["collection_id"], /) -> str: ...
    @overload
    def __getitem__(self, key: Literal["image_id"], /) -> str: ...
    @overload
    def __getitem__(self, key: Literal["image_time"], /) -> str: ...
    @overload
    def __getitem__(self, key: Literal["results"], /) -> list[dict[str, Any]]: ...
    @overload
    def __getitem__(self, key: str, /) -> Any: ...
    def __getitem__(self, key: str, /) -> Any:
        return super().__getitem__(key)
