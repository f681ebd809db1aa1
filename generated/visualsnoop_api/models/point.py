from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self, overload

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import Model, of_type


@_attrs_define(eq=False, frozen=True)
class Point(Model):
    """A place in a picture, in units of its width and height from its top left corner.

    Attributes are Python values; as a dictionary it is the JSON object of the answer.
    """

    x: float = _attrs_field(validator=of_type(int, float))
    """From the left side, where it is 0, to the right side, where it is 1."""

    y: float = _attrs_field(validator=of_type(int, float))
    """From the top, where it is 0, to the bottom, where it is 1."""

    def __attrs_post_init__(self) -> None:
        x = self.x
        y = self.y

        dict.update(
            self,
            {
                "x": x,
                "y": y,
            },
        )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """The model of a JSON object.

        Raises:
            ValueError, TypeError, KeyError: If a field is missing or not of its type.
        """
        d = {**src_dict}
        x = d.pop("x")
        y = d.pop("y")
        model = cls(
            x=x,
            y=y,
        )
        return model._take_over(src_dict)

    @overload
    def __getitem__(self, key: Literal["x"], /) -> float: ...
    @overload
    def __getitem__(self, key: Literal["y"], /) -> float: ...
    @overload
    def __getitem__(self, key: str, /) -> Any: ...
    def __getitem__(self, key: str, /) -> Any:
        return super().__getitem__(key)
