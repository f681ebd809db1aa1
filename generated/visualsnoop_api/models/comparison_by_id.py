from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self, overload

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.transform import Transform, check_transform
from ..types import Model, of_type


@_attrs_define(eq=False, frozen=True)
class ComparisonById(Model):
    """How similar two stored images are.

    Attributes are Python values; as a dictionary it is the JSON object of the answer.

    Attributes:
        status (int): The HTTP status of the answer.
        message (str): A short text for people.
        collection_id (str): The ID of the collection, 8 hexadecimal characters.
        image_id (str): The ID of the one image.
        other_id (str): The ID of the other image.
        score (float): How similar two pictures are; 1 is the same picture. Of a group, the
            highest score of two of its images.
        transform (Transform): How the query was made from the stored image, apart from other
            changes: it was mirrored (left and right exchanged) where the name says so, and then
            turned clockwise. `unknown` where that cannot be told, or where the query lies askew.
            Newer servers may have more values than `none`, `rotated_90`, `rotated_180`,
            `rotated_270`, `mirrored`, `mirrored_rotated_90`, `mirrored_rotated_180`,
            `mirrored_rotated_270` and `unknown`: take one that you do not know for `unknown`.
    """

    status: int = _attrs_field(validator=of_type(int))
    message: str = _attrs_field(validator=of_type(str))
    collection_id: str = _attrs_field(validator=of_type(str))
    image_id: str = _attrs_field(validator=of_type(str))
    other_id: str = _attrs_field(validator=of_type(str))
    score: float = _attrs_field(validator=of_type(int, float))
    transform: Transform = _attrs_field(validator=of_type(str))

    def __attrs_post_init__(self) -> None:
        status = self.status
        message = self.message
        collection_id = self.collection_id
        image_id = self.image_id
        other_id = self.other_id
        score = self.score
        transform: str = self.transform

        dict.update(
            self,
            {
                "status": status,
                "message": message,
                "collection_id": collection_id,
                "image_id": image_id,
                "other_id": other_id,
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
        status = d.pop("status")
        message = d.pop("message")
        collection_id = d.pop("collection_id")
        image_id = d.pop("image_id")
        other_id = d.pop("other_id")
        score = d.pop("score")
        transform = check_transform(d.pop("transform"))

        model = cls(
            status=status,
            message=message,
            collection_id=collection_id,
            image_id=image_id,
            other_id=other_id,
            score=score,
            transform=transform,
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
    def __getitem__(self, key: Literal["other_id"], /) -> str: ...
    @overload
    def __getitem__(self, key: Literal["score"], /) -> float: ...
    @overload
    def __getitem__(self, key: Literal["transform"], /) -> str: ...
    @overload
    def __getitem__(self, key: str, /) -> Any: ...
    def __getitem__(self, key: str, /) -> Any:
        return super().__getitem__(key)
