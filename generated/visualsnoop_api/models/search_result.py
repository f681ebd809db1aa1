from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self, overload

from attrs import define as _attrs_define
from attrs import field as _attrs_field
from attrs.validators import instance_of


@_attrs_define(eq=False)
class SearchResult(dict[str, Any]):
    """One image that was found.

    Attributes are Python values; as a dictionary it is the JSON object of the answer.

    Attributes:
        id (str): The ID of the image.
        rank (int): The place among the results, counted from 0.
        score (float): How similar the two pictures are; 1 is the same picture.
    """

    id: str = _attrs_field(validator=instance_of(str))
    rank: int = _attrs_field(validator=instance_of(int))
    score: float = _attrs_field(validator=instance_of((int, float)))

    def __attrs_post_init__(self) -> None:
        self.update(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """The attributes as a JSON object."""
        id = self.id
        rank = self.rank
        score = self.score

        field_dict: dict[str, Any] = {
            "id": id,
            "rank": rank,
            "score": score,
        }
        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """The model of a JSON object.

        Raises:
            ValueError, TypeError, KeyError: If a field is missing or not of its type.
        """
        d = dict(src_dict)
        id = d.pop("id")
        rank = d.pop("rank")
        score = d.pop("score")
        model = cls(
            id=id,
            rank=rank,
            score=score,
        )
        model.update(src_dict)
        return model

    @overload
    def __getitem__(self, key: Literal["id"], /) -> str: ...
    @overload
    def __getitem__(self, key: Literal["rank"], /) -> int: ...
    @overload
    def __getitem__(self, key: Literal["score"], /) -> float: ...
    @overload
    def __getitem__(self, key: str, /) -> Any: ...
    def __getitem__(self, key: str, /) -> Any:
        return super().__getitem__(key)
