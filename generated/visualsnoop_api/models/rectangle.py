from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self, overload

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import Model, of_type


@_attrs_define(eq=False, frozen=True)
class Rectangle(Model):
    """A part of the stored image, in units of its width and height.

    Attributes are Python values; as a dictionary it is the JSON object of the answer.
    """

    left: float = _attrs_field(validator=of_type(int, float))
    """Its left side, from 0 to 1."""

    top: float = _attrs_field(validator=of_type(int, float))
    """Its upper side, from 0 to 1."""

    right: float = _attrs_field(validator=of_type(int, float))
    """Its right side, from 0 to 1."""

    bottom: float = _attrs_field(validator=of_type(int, float))
    """Its lower side, from 0 to 1."""

    def __attrs_post_init__(self) -> None:
        left = self.left
        top = self.top
        right = self.right
        bottom = self.bottom

        dict.update(
            self,
            {
                "left": left,
                "top": top,
                "right": right,
                "bottom": bottom,
            },
        )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """The model of a JSON object.

        Raises:
            ValueError, TypeError, KeyError: If a field is missing or not of its type.
        """
        d = {**src_dict}
        left = d.pop("left")
        top = d.pop("top")
        right = d.pop("right")
        bottom = d.pop("bottom")
        model = cls(
            left=left,
            top=top,
            right=right,
            bottom=bottom,
        )
        return model._take_over(src_dict)

    @overload
    def __getitem__(self, key: Literal["left"], /) -> float: ...
    @overload
    def __getitem__(self, key: Literal["top"], /) -> float: ...
    @overload
    def __getitem__(self, key: Literal["right"], /) -> float: ...
    @overload
    def __getitem__(self, key: Literal["bottom"], /) -> float: ...
    @overload
    def __getitem__(self, key: str, /) -> Any: ...
    def __getitem__(self, key: str, /) -> Any:
        return super().__getitem__(key)
