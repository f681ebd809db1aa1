from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Self, cast, overload

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import Model, frozen, of_type

if TYPE_CHECKING:
    from ..models.listed_image import ListedImage


@_attrs_define(eq=False, frozen=True)
class ImageList(Model):
    """One page of the images of a collection, newest first.

    Attributes are Python values; as a dictionary it is the JSON object of the answer.
    """

    status: int = _attrs_field(validator=of_type(int))
    """The HTTP status of the answer."""

    message: str = _attrs_field(validator=of_type(str))
    """A short text for people."""

    collection_id: str = _attrs_field(validator=of_type(str))
    """The ID of the collection, 8 hexadecimal characters."""

    images: list[ListedImage] = _attrs_field(validator=of_type([Model]))
    """The images of this page, newest first."""

    next_image_id: None | str = _attrs_field(validator=of_type(str, type(None)))
    """The `start` of the next page; null on the last page."""

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "images", frozen(self.images))
        status = self.status
        message = self.message
        collection_id = self.collection_id
        images = self.images
        next_image_id = self.next_image_id

        dict.update(
            self,
            {
                "status": status,
                "message": message,
                "collection_id": collection_id,
                "images": frozen(images),
                "next_image_id": next_image_id,
            },
        )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """The model of a JSON object.

        Raises:
            ValueError, TypeError, KeyError: If a field is missing or not of its type.
        """
        from ..models.listed_image import ListedImage

        d = {**src_dict}
        status = d.pop("status")
        message = d.pop("message")
        collection_id = d.pop("collection_id")
        images = []
        _images = d.pop("images")
        for images_item_data in _images:
            images_item = ListedImage.from_dict(images_item_data)

            images.append(images_item)

        def _parse_next_image_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        next_image_id = _parse_next_image_id(d.pop("next_image_id"))

        model = cls(
            status=status,
            message=message,
            collection_id=collection_id,
            images=images,
            next_image_id=next_image_id,
        )
        return model._take_over(src_dict)

    @overload
    def __getitem__(self, key: Literal["status"], /) -> int: ...
    @overload
    def __getitem__(self, key: Literal["message"], /) -> str: ...
    @overload
    def __getitem__(self, key: Literal["collection_id"], /) -> str: ...
    @overload
    def __getitem__(self, key: Literal["images"], /) -> list[dict[str, Any]]: ...
    @overload
    def __getitem__(self, key: Literal["next_image_id"], /) -> None | str: ...
    @overload
    def __getitem__(self, key: str, /) -> Any: ...
    def __getitem__(self, key: str, /) -> Any:
        return super().__getitem__(key)
