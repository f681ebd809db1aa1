from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self, overload

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import Model, of_type


@_attrs_define(eq=False, frozen=True)
class ErrorBody(Model):
    """Why a request was refused or failed.

    Attributes are Python values; as a dictionary it is the JSON object of the answer.
    """

    status: int = _attrs_field(validator=of_type(int))
    """The HTTP status of the answer."""

    message: str = _attrs_field(validator=of_type(str))
    """What was wrong and what to do about it."""

    def __attrs_post_init__(self) -> None:
        status = self.status
        message = self.message

        dict.update(
            self,
            {
                "status": status,
                "message": message,
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
        model = cls(
            status=status,
            message=message,
        )
        return model._take_over(src_dict)

    @overload
    def __getitem__(self, key: Literal["status"], /) -> int: ...
    @overload
    def __getitem__(self, key: Literal["message"], /) -> str: ...
    @overload
    def __getitem__(self, key: str, /) -> Any: ...
    def __getitem__(self, key: str, /) -> Any:
        return super().__getitem__(key)
