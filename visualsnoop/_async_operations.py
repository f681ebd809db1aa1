"""The methods of `AsyncCollection` that make one call of the API each."""

from abc import abstractmethod
from typing import TypeVar

from visualsnoop_api.models import (
    CollectionInfo,
    Comparison,
    ComparisonById,
    Decision,
    DuplicateList,
    Image,
    ImageList,
    SearchByIdResults,
    SearchResults,
)

from . import _calls
from ._calls import Call
from ._identity import Identity
from ._timeouts import TimeoutInput
from ._uploads import AsyncImageInput, AsyncPicture

T = TypeVar("T")


class AsyncOperations(Identity):
    """`Operations` for asyncio."""

    @abstractmethod
    async def _send(self, call: Call[T], timeout: TimeoutInput) -> T: ...

    async def get_collection(self, timeout: TimeoutInput = None) -> CollectionInfo:
        """Get what the service says of the collection now: see `Collection.get_collection`."""
        return await self._send(_calls.get_collection(), timeout)

    async def add_image(
        self,
        image: AsyncImageInput,
        image_id: str | None = None,
        update_existing: bool = False,
        timeout: TimeoutInput = None,
    ) -> Image:
        """Add an image; never overwrite one, unless told to: see `Collection.add_image`.

        `image` may also be an asynchronous iterable of bytes.
        """
        with await AsyncPicture.open(image) as picture:
            return await self._send(_calls.add_image(picture, image_id, update_existing), timeout)

    async def delete_image(self, image_id: str, timeout: TimeoutInput = None) -> Image:
        """Remove an image; the answer says what it was: see `Collection.delete_image`."""
        return await self._send(_calls.delete_image(image_id), timeout)

    async def get_image(self, image_id: str, timeout: TimeoutInput = None) -> Image:
        """Get what is known of an image: see `Collection.get_image`."""
        return await self._send(_calls.get_image(image_id), timeout)

    async def get_images(
        self, start: str | None = None, count: int | None = None, timeout: TimeoutInput = None
    ) -> ImageList:
        """List the images, newest first, a page at a time: see `Collection.get_images`."""
        return await self._send(_calls.get_images(start, count), timeout)

    async def search_images(
        self,
        image: AsyncImageInput,
        timeout: TimeoutInput = None,
        *,
        count: int | None = None,
        min_score: float | None = None,
        offset: int | None = None,
    ) -> SearchResults:
        """Find the images that are similar to a picture: see `Collection.search_images`."""
        with await AsyncPicture.open(image) as picture:
            call = _calls.search_images(picture, count, min_score, offset)
            return await self._send(call, timeout)

    async def search_images_by_id(
        self,
        image_id: str,
        timeout: TimeoutInput = None,
        *,
        count: int | None = None,
        min_score: float | None = None,
        offset: int | None = None,
    ) -> SearchByIdResults:
        """Find those that are similar to a stored one: see `Collection.search_images_by_id`."""
        call = _calls.search_images_by_id(image_id, count, min_score, offset)
        return await self._send(call, timeout)

    async def compare_image(
        self, image_id: str, image: AsyncImageInput, timeout: TimeoutInput = None
    ) -> Comparison:
        """Compare a picture with a stored image: see `Collection.compare_image`."""
        with await AsyncPicture.open(image) as picture:
            return await self._send(_calls.compare_image(image_id, picture), timeout)

    async def compare_images_by_id(
        self, image_id: str, other_id: str, timeout: TimeoutInput = None
    ) -> ComparisonById:
        """Compare two stored images: see `Collection.compare_images_by_id`."""
        return await self._send(_calls.compare_images_by_id(image_id, other_id), timeout)

    async def get_duplicates(
        self,
        min_score: float | None = None,
        count: int | None = None,
        offset: int | None = None,
        timeout: TimeoutInput = None,
    ) -> DuplicateList:
        """List the groups of copies, a page at a time: see `Collection.get_duplicates`."""
        return await self._send(_calls.get_duplicates(min_score, count, offset), timeout)

    async def set_not_duplicates(
        self, image_id: str, other_id: str, timeout: TimeoutInput = None
    ) -> Decision:
        """Say that two images are not duplicates: see `Collection.set_not_duplicates`."""
        return await self._send(_calls.set_not_duplicates(image_id, other_id), timeout)

    async def unset_not_duplicates(
        self, image_id: str, other_id: str, timeout: TimeoutInput = None
    ) -> Decision:
        """Take that back: see `Collection.unset_not_duplicates`."""
        return await self._send(_calls.unset_not_duplicates(image_id, other_id), timeout)
