from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Literal, Self, cast, overload

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Model, Unset, of_type, timestamp


@_attrs_define(eq=False, frozen=True)
class Image(Model):
    """What is known of one image. The picture itself is not kept.

    Attributes are Python values; as a dictionary it is the JSON object of the answer.
    """

    status: int = _attrs_field(validator=of_type(int))
    """The HTTP status of the answer."""

    message: str = _attrs_field(validator=of_type(str))
    """What was done: `Added`, `Updated`, `OK` or `Deleted`."""

    collection_id: str = _attrs_field(validator=of_type(str))
    """The ID of the collection, 8 hexadecimal characters."""

    image_id: str = _attrs_field(validator=of_type(str))
    """The ID of the image."""

    image_time: datetime.datetime = _attrs_field(validator=of_type(datetime.datetime))
    """When the image was added or last replaced, in UTC, to the microsecond."""

    quality: int = _attrs_field(validator=of_type(int))
    """How much there is to recognise in the picture. Below 20 it has next to no detail, and is
    similar to pictures only that are the same."""

    width: int | None = _attrs_field(default=None, validator=of_type(int, type(None)))
    """How many pixels wide the picture was, upright; null of images that were stored before the
    service kept it."""

    height: int | None = _attrs_field(default=None, validator=of_type(int, type(None)))
    """How many pixels high it was, likewise."""

    def __attrs_post_init__(self) -> None:
        status = self.status
        message = self.message
        collection_id = self.collection_id
        image_id = self.image_id
        image_time = self.image_time.isoformat(timespec="microseconds")
        quality = self.quality
        width = self.width
        height = self.height

        dict.update(
            self,
            {
                "status": status,
                "message": message,
                "collection_id": collection_id,
                "image_id": image_id,
                "image_time": image_time,
                "quality": quality,
                "width": width,
                "height": height,
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
        image_time = timestamp(d.pop("image_time"))

        quality = d.pop("quality")

        def _parse_width(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        width = _parse_width(d.pop("width", UNSET))

        def _parse_height(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        height = _parse_height(d.pop("height", UNSET))

        model = cls(
            status=status,
            message=message,
            collection_id=collection_id,
            image_id=image_id,
            image_time=image_time,
            quality=quality,
            width=None if isinstance(width, Unset) else width,
            height=None if isinstance(height, Unset) else height,
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
    def __getitem__(self, key: Literal["quality"], /) -> int: ...
    @overload
    def __getitem__(self, key: Literal["width"], /) -> int | None: ...
    @overload
    def __getitem__(self, key: Literal["height"], /) -> int | None: ...
    @overload
    def __getitem__(self, key: str, /) -> Any: ...
    def __getitem__(self, key: str, /) -> Any:
        return super().__getitem__(key)
