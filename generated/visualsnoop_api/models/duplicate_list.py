from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Self, overload

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import Model, frozen, of_type

if TYPE_CHECKING:
    from ..models.duplicate_group import DuplicateGroup


@_attrs_define(eq=False, frozen=True)
class DuplicateList(Model):
    """Groups of images that are copies of one another.

    Attributes are Python values; as a dictionary it is the JSON object of the answer.
    """

    status: int = _attrs_field(validator=of_type(int))
    """The HTTP status of the answer."""

    message: str = _attrs_field(validator=of_type(str))
    """A short text for people."""

    collection_id: str = _attrs_field(validator=of_type(str))
    """The ID of the collection, 8 hexadecimal characters."""

    groups: list[DuplicateGroup] = _attrs_field(validator=of_type([Model]))
    """The groups of this page, best evidence first."""

    group_count: int = _attrs_field(validator=of_type(int))
    """How many groups there are in all."""

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "groups", frozen(self.groups))
        status = self.status
        message = self.message
        collection_id = self.collection_id
        groups = self.groups
        group_count = self.group_count

        dict.update(
            self,
            {
                "status": status,
                "message": message,
                "collection_id": collection_id,
                "groups": frozen(groups),
                "group_count": group_count,
            },
        )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """The model of a JSON object.

        Raises:
            ValueError, TypeError, KeyError: If a field is missing or not of its type.
        """
        from ..models.duplicate_group import DuplicateGroup

        d = {**src_dict}
        status = d.pop("status")
        message = d.pop("message")
        collection_id = d.pop("collection_id")
        groups = []
        _groups = d.pop("groups")
        for groups_item_data in _groups:
            groups_item = DuplicateGroup.from_dict(groups_item_data)

            groups.append(groups_item)

        group_count = d.pop("group_count")
        model = cls(
            status=status,
            message=message,
            collection_id=collection_id,
            groups=groups,
            group_count=group_count,
        )
        return model._take_over(src_dict)

    @overload
    def __getitem__(self, key: Literal["status"], /) -> int: ...
    @overload
    def __getitem__(self, key: Literal["message"], /) -> str: ...
    @overload
    def __getitem__(self, key: Literal["collection_id"], /) -> str: ...
    @overload
    def __getitem__(self, key: Literal["groups"], /) -> list[dict[str, Any]]: ...
    @overload
    def __getitem__(self, key: Literal["group_count"], /) -> int: ...
    @overload
    def __getitem__(self, key: str, /) -> Any: ...
    def __getitem__(self, key: str, /) -> Any:
        return super().__getitem__(key)
