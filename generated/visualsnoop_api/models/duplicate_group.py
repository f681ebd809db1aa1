from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Self, overload

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Model, Unset, frozen, of_type

if TYPE_CHECKING:
    from ..models.listed_image import ListedImage


@_attrs_define(eq=False, frozen=True)
class DuplicateGroup(Model):
    """Images that are copies of one another.

    Attributes are Python values; as a dictionary it is the JSON object of the answer.
    """

    score: float = _attrs_field(validator=of_type(int, float))
    """How similar two pictures are; 1 is the same picture. Of a group, the highest score of two of
    its images."""

    images: list[ListedImage] = _attrs_field(validator=of_type([Model]))
    """The images of the group, oldest first; the first may be the original. Of a larger group the
    oldest 1,000."""

    image_count: int | None = _attrs_field(default=None, validator=of_type(int, type(None)))
    """How many images the group has, those that are not listed included."""

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "images", frozen(self.images))
        score = self.score
        images = self.images
        image_count = self.image_count

        dict.update(
            self,
            {
                "score": score,
                "images": frozen(images),
                "image_count": image_count,
            },
        )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """The model of a JSON object.

        Raises:
            ValueError, TypeError, KeyError: If a field is missing or not of its type.
        """
        from ..models.listed_image import ListedImage

        d = {**src_dict}
        score = d.pop("score")
        images = []
        _images = d.pop("images")
        for images_item_data in _images:
            images_item = ListedImage.from_dict(images_item_data)

            images.append(images_item)

        image_count = d.pop("image_count", UNSET)
        model = cls(
            score=score,
            images=images,
            image_count=None if isinstance(image_count, Unset) else image_count,
        )
        return model._take_over(src_dict)

    @overload
    def __getitem__(self, key: Literal["score"], /) -> float: ...
    @overload
    def __getitem__(self, key: Literal["images"], /) -> list[dict[str, Any]]: ...
    @overload
    def __getitem__(self, key: Literal["image_count"], /) -> int: ...
    @overload
    def __getitem__(self, key: str, /) -> Any: ...
    def __getitem__(self, key: str, /) -> Any:
        return super().__getitem__(key)
