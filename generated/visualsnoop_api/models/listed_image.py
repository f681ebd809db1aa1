from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Literal, Self, overload

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import Model, of_type, timestamp


@_attrs_define(eq=False, frozen=True)
class ListedImage(Model):
    """One image of a list.

    Attributes are Python values; as a dictionary it is the JSON object of the answer.
    """

    id: str = _attrs_field(validator=of_type(str))
    """The ID of the image."""

    image_time: datetime.datetime = _attrs_field(validator=of_type(datetime.datetime))
    """When the image was added or last replaced, in UTC, to the microsecond."""

    def __attrs_post_init__(self) -> None:
        id = self.id
        image_time = self.image_time.isoformat(timespec="microseconds")

        dict.update(
            self,
            {
                "id": id,
                "image_time": image_time,
            },
        )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """The model of a JSON object.

        Raises:
            ValueError, TypeError, KeyError: If a field is missing or not of its type.
        """
        d = {**src_dict}
        id = d.pop("id")
        image_time = timestamp(d.pop("image_time"))

        model = cls(
            id=id,
            image_time=image_time,
        )
        return model._take_over(src_dict)

    @overload
    def __getitem__(self, key: Literal["id"], /) -> str: ...
    @overload
    def __getitem__(self, key: Literal["image_time"], /) -> str: ...
    @overload
    def __getitem__(self, key: str, /) -> Any: ...
    def __getitem__(self, key: str, /) -> Any:
        return super().__getitem__(key)
