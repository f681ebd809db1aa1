from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self, overload

from attrs import define as _attrs_define
from attrs import field as _attrs_field
from attrs.validators import instance_of


@_attrs_define(eq=False)
class ErrorBody(dict[str, Any]):
    """Why a request was refused or failed.

    Attributes are Python values; as a dictionary it is the JSON object of the answer.

    Attributes:
        status (int): The HTTP status of the answer.
        message (str): What was wrong and what to do about it.
    """

    status: int = _attrs_field(validator=instance_of(int))
    message: str = _attrs_field(validator=instance_of(str))

    def __attrs_post_init__(self) -> None:
        self.update(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """The attributes as a JSON object."""
        status = self.status
        message = self.message

        field_dict: dict[str, Any] = {
            "status": status,
            "message": message,
        }
        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """The model of a JSON object.

        Raises:
            ValueError, TypeError, KeyError: If a field is missing or not of its type.
        """
        d = dict(src_dict)
        status = d.pop("status")
        message = d.pop("message")
        model = cls(
            status=status,
            message=message,
        )
        model.update(src_dict)
        return model

    @overload
    def __getitem__(self, key: Literal["status"], /) -> int: ...
    @overload
    def __getitem__(self, key: Literal["message"], /) -> str: ...
    @overload
    def __getitem__(self, key: str, /) -> Any: ...
    def __getitem__(self, key: str, /) -> Any:
        return super().__getitem__(key)
