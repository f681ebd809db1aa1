"""The operations of the API as data: the request, and how to read the response.

Nothing here does any input or output, so that it serves blocking and asynchronous code alike.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

import httpx

# Of these packages an operation or a model is imported when it is first used.
from visualsnoop_api import models
from visualsnoop_api.api import collection, duplicates, images, search
from visualsnoop_api.types import UNSET, File, Model, Unset

from ._responses import response_error, unexpected_response
from .exceptions import InvalidImageIDError

if TYPE_CHECKING:
    from visualsnoop_api.models import (
        CollectionInfo,
        Comparison,
        ComparisonById,
        Decision,
        DuplicateList,
        ErrorBody,
        Image,
        ImageList,
        SearchByIdResults,
        SearchResults,
    )
    from visualsnoop_api.models.search_images_regions import SearchImagesRegions as KnownRegions

T = TypeVar("T")

Regions = bool | Literal["auto"]
"""Whether parts of a picture are searched for as well."""

_REGIONS: dict[Regions, KnownRegions] = {True: "true", False: "false", "auto": "auto"}

_MAX_IMAGE_ID_LENGTH = 100


@dataclass(frozen=True)
class Call(Generic[T]):
    """One call of an operation.

    Attributes:
        request: The arguments of `httpx.Client.stream`.
        parse: The generated function that reads a documented response.
        image_id: The ID of an image in the URL, of which an error may tell.
        body: The body of the request; None where it has none.
    """

    request: dict[str, Any]
    parse: Callable[[httpx.Response], T | ErrorBody | None]
    image_id: str | None = None
    body: Body | None = None

    def rewind(self) -> bool:
        """Whether the request can be sent once more, which is so unless its body has gone."""
        if self.body is None:
            return True
        if not self.body.rewind():
            return False
        self.request["content"] = self.body.stream()
        return True

    def result(self, response: httpx.Response) -> T:
        """The model of a response.

        Raises:
            ResponseError: If the server refused the request, failed, or answered something else.
        """
        try:
            response.raise_for_status()
        except httpx.HTTPStatusError as error:
            raise response_error(response, self.image_id) from error
        try:
            parsed = self.parse(response)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise unexpected_response(response) from error
        if parsed is None or isinstance(parsed, models.ErrorBody):
            raise unexpected_response(response)
        if isinstance(parsed, Model):
            parsed.take_response(response.status_code, response.headers)
        return parsed


class Body(Protocol):
    """A request body: its pieces, how many bytes they have in all, where that is known, and whether
    it can be read again."""

    @property
    def length(self) -> int | None: ...
    def stream(self) -> Iterable[bytes] | AsyncIterable[bytes]: ...
    def rewind(self) -> bool: ...


def init_session() -> Call[CollectionInfo]:
    return Call(
        collection.get_collection.build_request(session="init"), collection.get_collection.parse
    )


def get_collection() -> Call[CollectionInfo]:
    return Call(collection.get_collection.build_request(), collection.get_collection.parse)


def add_image(body: Body, image_id: str | None, update_existing: bool) -> Call[Image]:
    file = File(body.stream())
    if image_id is None:
        call = Call(images.add_image.build_request(body=file), images.add_image.parse)
    elif update_existing:
        request = images.add_or_replace_image.build_request(checked_image_id(image_id), body=file)
        call = Call(request, images.add_or_replace_image.parse, image_id)
    else:
        request = images.add_image_with_id.build_request(checked_image_id(image_id), body=file)
        call = Call(request, images.add_image_with_id.parse, image_id)
    return _with_body(call, body)


def delete_image(image_id: str) -> Call[Image]:
    request = images.delete_image.build_request(checked_image_id(image_id))
    return Call(request, images.delete_image.parse, image_id)


def get_image(image_id: str) -> Call[Image]:
    request = images.get_image.build_request(checked_image_id(image_id))
    return Call(request, images.get_image.parse, image_id)


def get_thumbnail(image_id: str) -> Call[bytes]:
    def parse(response: httpx.Response) -> bytes | ErrorBody | None:
        parsed = images.get_thumbnail.parse(response)
        return response.content if isinstance(parsed, File) else parsed

    request = images.get_thumbnail.build_request(checked_image_id(image_id))
    return Call(request, parse, image_id)


def get_images(start: str | None, count: int | None) -> Call[ImageList]:
    request = images.list_images.build_request(
        start=UNSET if start is None else checked_image_id(start, "start"),
        count=_unset_if_none(count),
    )
    return Call(request, images.list_images.parse, start)


def search_images(
    body: Body,
    count: int | None,
    min_score: float | None,
    offset: int | None,
    regions: Regions | None,
) -> Call[SearchResults]:
    request = search.search_images.build_request(
        body=File(body.stream()),
        count=_unset_if_none(count),
        min_score=_unset_if_none(min_score),
        offset=_unset_if_none(offset),
        regions=UNSET if regions is None else _REGIONS[regions],
    )
    return _with_body(Call(request, search.search_images.parse), body)


def search_images_by_id(
    image_id: str, count: int | None, min_score: float | None, offset: int | None
) -> Call[SearchByIdResults]:
    request = search.search_images_by_id.build_request(
        checked_image_id(image_id),
        count=_unset_if_none(count),
        min_score=_unset_if_none(min_score),
        offset=_unset_if_none(offset),
    )
    return Call(request, search.search_images_by_id.parse, image_id)


def compare_image(image_id: str, body: Body) -> Call[Comparison]:
    request = search.compare_image.build_request(
        checked_image_id(image_id), body=File(body.stream())
    )
    return _with_body(Call(request, search.compare_image.parse, image_id), body)


def compare_images_by_id(image_id: str, other_id: str) -> Call[ComparisonById]:
    request = search.compare_images_by_id.build_request(*_checked_image_ids(image_id, other_id))
    return Call(request, search.compare_images_by_id.parse, image_id)


def get_duplicates(
    min_score: float | None, count: int | None, offset: int | None
) -> Call[DuplicateList]:
    request = duplicates.list_duplicates.build_request(
        min_score=_unset_if_none(min_score),
        count=_unset_if_none(count),
        offset=_unset_if_none(offset),
    )
    return Call(request, duplicates.list_duplicates.parse)


def set_not_duplicates(image_id: str, other_id: str) -> Call[Decision]:
    request = duplicates.set_not_duplicates.build_request(*_checked_image_ids(image_id, other_id))
    return Call(request, duplicates.set_not_duplicates.parse, image_id)


def unset_not_duplicates(image_id: str, other_id: str) -> Call[Decision]:
    request = duplicates.unset_not_duplicates.build_request(*_checked_image_ids(image_id, other_id))
    return Call(request, duplicates.unset_not_duplicates.parse, image_id)


def checked_image_id(image_id: str, name: str = "image_id") -> str:
    """The image ID, refused here where the server could not be told it.

    Raises:
        InvalidImageIDError: If it is not of 1 to 100 characters, or cannot travel in a URL.
        TypeError: If it is not a string.
    """
    if not isinstance(image_id, str):
        raise TypeError(f"{name} must be a string, not {type(image_id).__name__}")
    if not 1 <= len(image_id) <= _MAX_IMAGE_ID_LENGTH:
        raise InvalidImageIDError(
            f"{name} must have 1 to {_MAX_IMAGE_ID_LENGTH} characters, not {len(image_id)}"
        )
    if image_id in (".", ".."):
        raise InvalidImageIDError(f"{name} must not be {image_id!r}: URLs cannot carry it")
    if "\0" in image_id or any("\ud800" <= character <= "\udfff" for character in image_id):
        raise InvalidImageIDError(f"{name} must not contain U+0000 or lone surrogates")
    return image_id


def _checked_image_ids(image_id: str, other_id: str) -> tuple[str, str]:
    return checked_image_id(image_id), checked_image_id(other_id, "other_id")


def _unset_if_none(value: T | None) -> T | Unset:
    """An optional parameter as the generated functions take it."""
    return UNSET if value is None else value


def _with_body(call: Call[T], body: Body) -> Call[T]:
    """The call with what is known of its body.

    Its length is announced, so that it need not be sent in chunked coding.
    """
    if body.length is not None:
        call.request["headers"]["Content-Length"] = str(body.length)
    return replace(call, body=body)
