from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Self, cast, overload

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.transform import Transform, check_transform
from ..types import UNSET, Model, Unset, frozen, of_type

if TYPE_CHECKING:
    from ..models.point import Point


@_attrs_define(eq=False, frozen=True)
class SearchResult(Model):
    """One image that was found.

    Attributes are Python values; as a dictionary it is the JSON object of the answer.
    """

    id: str = _attrs_field(validator=of_type(str))
    """The ID of the image."""

    rank: int = _attrs_field(validator=of_type(int))
    """The place among the results, counted from 0."""

    score: float = _attrs_field(validator=of_type(int, float))
    """How similar two pictures are; 1 is the same picture. Of a group, the highest score of two of
    its images."""

    transform: Transform = _attrs_field(validator=of_type(str))
    """How the query was made from the stored image, apart from other changes: it was mirrored
    (left and right exchanged) where the name says so, and then turned clockwise. `unknown`
    where that cannot be told, or where the query lies askew. Newer servers may have more values
    than `none`, `rotated_90`, `rotated_180`, `rotated_270`, `mirrored`, `mirrored_rotated_90`,
    `mirrored_rotated_180`, `mirrored_rotated_270` and `unknown`: take one that you do not know
    for `unknown`."""

    region: list[Point] | None = _attrs_field(default=None, validator=of_type([Model], type(None)))
    """Where the query lies in the stored image: its corners, top left, top right, bottom right and
    bottom left, in units of the width and the height of the stored image. What lies outside of
    0 to 1 is not in the stored image: of a collage, the corners are far outside. Null where
    nothing was found in common."""

    overlap: float | None = _attrs_field(default=None, validator=of_type(int, float, type(None)))
    """Which share of the two pictures, laid on each other, was found to be the same. Null where
    that could not be told, as of pictures without detail."""

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "region", frozen(self.region))
        id = self.id
        rank = self.rank
        score = self.score
        transform = self.transform
        region = self.region
        overlap = self.overlap

        dict.update(
            self,
            {
                "id": id,
                "rank": rank,
                "score": score,
                "transform": transform,
                "region": frozen(region),
                "overlap": overlap,
            },
        )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """The model of a JSON object.

        Raises:
            ValueError, TypeError, KeyError: If a field is missing or not of its type.
        """
        from ..models.point import Point

        d = {**src_dict}
        id = d.pop("id")
        rank = d.pop("rank")
        score = d.pop("score")
        transform = check_transform(d.pop("transform"))

        def _parse_region(data: object) -> list[Point] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                componentsschemas_region_type_0 = []
                _componentsschemas_region_type_0 = data
                for componentsschemas_region_type_0_item_data in _componentsschemas_region_type_0:
                    componentsschemas_region_type_0_item = Point.from_dict(
                        componentsschemas_region_type_0_item_data
                    )

                    componentsschemas_region_type_0.append(componentsschemas_region_type_0_item)

                return componentsschemas_region_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[Point] | None | Unset, data)

        region = _parse_region(d.pop("region", UNSET))

        def _parse_overlap(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        overlap = _parse_overlap(d.pop("overlap", UNSET))

        model = cls(
            id=id,
            rank=rank,
            score=score,
            transform=transform,
            region=None if isinstance(region, Unset) else region,
            overlap=None if isinstance(overlap, Unset) else overlap,
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
    def __getitem__(self, key: Literal["region"], /) -> list[dict[str, Any]] | None: ...
    @overload
    def __getitem__(self, key: Literal["overlap"], /) -> float | None: ...
    @overload
    def __getitem__(self, key: str, /) -> Any: ...
    def __getitem__(self, key: str, /) -> Any:
        return super().__getitem__(key)
