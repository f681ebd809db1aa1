from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self, overload

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import Model, of_type


@_attrs_define(eq=False, frozen=True)
class Decision(Model):
    """What was decided of two images.

    Attributes are Python values; as a dictionary it is the JSON object of the answer.
    """

    status: int = _attrs_field(validator=of_type(int))
    """The HTTP status of the answer."""

    message: str = _attrs_field(validator=of_type(str))
    """A short text for people."""

    collection_id: str = _attrs_field(validator=of_type(str))
    """The ID of the collection, 8 hexadecimal characters."""

    image_id: str = _attrs_field(validator=of_type(str))
    """The ID of the one image."""

    other_id: str = _attrs_field(validator=of_type(str))
    """The ID of the other image."""

    def __attrs_post_init__(self) -> None:
        status = self.status
        message = self.message
        collection_id = self.collection_id
        image_id = self.image_id
        other_id = self.other_id

        dict.update(
            self,
            {
                "status": status,
                "message": message,
                "collection_id": collection_id,
                "image_id": image_id,
                "other_id": other_id,
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
        image_id = d.pop("image_id")
        other_id = d.pop("other_id")
        model = cls(
            status=status,
            message=message,
            collection_id=collection_id,
            image_id=image_id,
            other_id=other_id,
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
    def __getitem__(self, key: Literal["other_id"], /) -> str: ...
    @overload
    def __getitem__(self, key: str, /) -> Any: ...
    def __getitem__(self, key: str, /) -> Any:
        return super().__getitem__(key)
