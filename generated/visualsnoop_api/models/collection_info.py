from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self, overload

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import Model, of_type


@_attrs_define(eq=False, frozen=True)
class CollectionInfo(Model):
    """The collection that the keys belong to.

    Attributes are Python values; as a dictionary it is the JSON object of the answer.
    """

    status: int = _attrs_field(validator=of_type(int))
    """The HTTP status of the answer."""

    message: str = _attrs_field(validator=of_type(str))
    """A short text for people."""

    collection_id: str = _attrs_field(validator=of_type(str))
    """The ID of the collection, 8 hexadecimal characters."""

    collection_name: str = _attrs_field(validator=of_type(str))
    """The name of the collection."""

    user: str = _attrs_field(validator=of_type(str))
    """The user who owns the collection."""

    image_count: int = _attrs_field(validator=of_type(int))
    """How many images the collection has."""

    def __attrs_post_init__(self) -> None:
        status = self.status
        message = self.message
        collection_id = self.collection_id
        collection_name = self.collection_name
        user = self.user
        image_count = self.image_count

        dict.update(
            self,
            {
                "status": status,
                "message": message,
                "collection_id": collection_id,
                "collection_name": collection_name,
                "user": user,
                "image_count": image_count,
            },
        )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """The model of a JSON object.

        Raises:
            ValueError, TypeError, KeyError: If a field is missing or not of its type.
        """
        d = {**src_dict}
        status = d.pop("status")
        message = d.pop("message")
        collection_id = d.pop("collection_id")
        collection_name = d.pop("collection_name")
        user = d.pop("user")
        image_count = d.pop("image_count")
        model = cls(
            status=status,
            message=message,
            collection_id=collection_id,
            collection_name=collection_name,
            user=user,
            image_count=image_count,
        )
        return model._take_over(src_dict)

    @overload
    def __getitem__(self, key: Literal["status"], /) -> int: ...
    @overload
    def __getitem__(self, key: Literal["message"], /) -> str: ...
    @overload
    def __getitem__(self, key: Literal["collection_id"], /) -> str: ...
    @overload
    def __getitem__(self, key: Literal["collection_name"], /) -> str: ...
    @overload
    def __getitem__(self, key: Literal["user"], /) -> str: ...
    @overload
    def __getitem__(self, key: Literal["image_count"], /) -> int: ...
    @overload
    def __getitem__(self, key: str, /) -> Any: ...
    def __getitem__(self, key: str, /) -> Any:
        return super().__getitem__(key)
