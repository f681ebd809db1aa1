from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self, overload

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.transform import Transform, check_transform
from ..types import Model, of_type


@_attrs_define(eq=False, frozen=True)
class SearchResult(Model):
    """One image that was found.

    Attributes are Python values; as a dictionary it is the JSON object of the answer.

    Attributes:
        id (str): The ID of the image.
        rank (int): The place among the results, counted from 0.
        score (float): How similar two pictures are; 1 is the same picture. Of a group, the
            highest score of two of its images.
        transform (Transform): How the query was made from the stored image, apart from other
            changes: it was mirrored (left and right exchanged) where the name says so, and then
            turned clockwise. `unknown` where that cannot be told, or where the query lies askew.
            Newer servers may have more values than `none`, `rotated_90`, `rotated_180`,
            `rotated_270`, `mirrored`, `mirrored_rotated_90`, `mirrored_rotated_180`,
            `mirrored_rotated_270` and `unknown`: take one that you do not know for `unknown`.
    """

    id: str = _attrs_field(validator=of_type(str))
    rank: int = _attrs_field(validator=of_type(int))
    score: float = _attrs_field(validator=of_type(int, float))
    transform: Transform = _attrs_field(validator=of_type(str))

    def __attrs_post_init__(self) -> None:
        id = self.id
        rank = self.rank
        score = self.score
        transform: str = self.transform

        dict.update(
            self,
            {
                "id": id,
                "rank": rank,
                "score": score,
                "transform": transform,
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
        rank = d.pop("rank")
        score = d.pop("score")
        transform = check_transform(d.pop("transform"))

        model = cls(
            id=id,
            rank=rank,
            score=score,
            transform=transform,
        )
        return model._take_over(src_dict)

    @overload
    def __getitem__(self, key: Literal["id"], /) -> str: ...
    @overload
    def __getitem__(self, key: Literal["rank"], /) -> int: ...
    @overload
    def __getitem__(self, key: Literal["score"], /) -> float: ...
    @overload
    def __getitem__(self, key: Literal["transform"], /) -> str: ...
    @overload
    def __getitem__(self, key: str, /) -> Any: ...
    def __getitem__(self, key: str, /) -> Any:
        return super().__getitem__(key)
