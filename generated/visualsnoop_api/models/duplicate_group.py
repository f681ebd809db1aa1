from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Self, overload

from attrs import define as _attrs_define
from attrs import field as _attrs_field
from attrs.validators import instance_of

if TYPE_CHECKING:
    from ..models.listed_image import ListedImage


@_attrs_define(eq=False)
class DuplicateGroup(dict[str, Any]):
    """Images that are copies of one another.

    Attributes are Python values; as a dictionary it is the JSON object of the answer.

    Attributes:
        score (float): How similar two pictures are; 1 is the same picture. Of a group, the
            highest score of two of its images.
        images (list[ListedImage]): The images of the group, oldest first; the first may be the
            original.
    """

    score: float = _attrs_field(validator=instance_of((int, float)))
    images: list[ListedImage]

    def __attrs_post_init__(self) -> None:
        self.update(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """The attributes as a JSON object."""
        score = self.score
        images = []
        for images_item_data in self.images:
            images_item = images_item_data.to_dict()
            images.append(images_item)

        field_dict: dict[str, Any] = {
            "score": score,
            "images": images,
        }
        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """The model of a JSON object.

        Raises:
            ValueError, TypeError, KeyError: If a field is missing or not of its type.
        """
        from ..models.listed_image import ListedImage

        d = dict(src_dict)
        score = d.pop("score")
        images = []
        _images = d.pop("images")
        for images_item_data in _images:
            images_item = ListedImage.from_dict(images_item_data)

            images.append(images_item)

        model = cls(
            score=score,
            images=images,
        )
        model.update(src_dict)
        return model

    @overload
    def __getitem__(self, key: Literal["score"], /) -> float: ...
    @overload
    def __getitem__(self, key: Literal["images"], /) -> list[dict[str, Any]]: ...
    @overload
    def __getitem__(self, key: str, /) -> Any: ...
    def __getitem__(self, key: str, /) -> Any:
        return super().__getitem__(key)
