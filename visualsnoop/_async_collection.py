"""`AsyncCollection`, the client of an image collection for asyncio."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack, overload

from . import _calls
from ._async_client import build_async_client
from ._async_uploads import AsyncUpload
from ._base_collection import BaseCollection
from ._calls import Call, Regions
from ._client import MAX_CONNECTIONS, AsyncClientOptions, ProxiesInput, proxy_name
from ._environment import keys_and_endpoint
from ._event_loop import LoopBinding
from ._listing import Listing
from ._request_retries import repeatable_attempts
from ._response_body import read_body_async
from ._responses import connection_errors
from ._threads import iterate_in_threads
from ._timeouts import TimeoutInput
from ._uploads import AsyncImageInput
from .exceptions import NotFoundError

# Models, and what works on many images, are imported when they are first used.
if TYPE_CHECKING:
    from visualsnoop_api.models import (
        CollectionInfo,
        Comparison,
        ComparisonById,
        Decision,
        DuplicateGroup,
        DuplicateList,
        Image,
        ImageList,
        ListedImage,
        SearchByIdResults,
        SearchResults,
    )

    from ._bulk_items import PathInput
    from .bulk import AsyncImageItem, Outcome, ProgressCallback

T = TypeVar("T")
Item = TypeVar("Item", bound="AsyncImageItem")


class AsyncCollection(BaseCollection):
    """`Collection` for asyncio: the same arguments, methods, results and errors.

        async with AsyncCollection(public_key, secret_key, endpoint) as collection:
            await collection.add_image("beach.jpg", "beach")
            found = await collection.search_images("cropped.jpg")
            async for image in collection.iter_images():
                print(image.id)

    The constructor sends nothing. `async with` or `open` asks the service which collection the keys
    belong to; `id`, `name` and `user` are known from then on. Files are read in threads, so that
    the event loop is never blocked. A collection may be used by many tasks at once, all of one
    event loop; a forked process needs another collection.

    Args:
        public_key, secret_key, endpoint, proxies, max_retries: As in `Collection`.
        **options: `timeout`, certificates, headers, hooks and more: see `AsyncClientOptions`.

    Attributes:
        id, name, user, endpoint: As in `Collection`.

    Raises:
        ValueError: If a key, the endpoint or an option cannot be right.
        ImportError: If a proxy or an option needs a package that is not installed.
    """

    def __init__(
        self,
        public_key: str,
        secret_key: str,
        endpoint: str = "http://visualsnoop.com/api/v1",
        proxies: ProxiesInput = None,
        max_retries: int = 2,
        **options: Unpack[AsyncClientOptions],
    ) -> None:
        super().__init__(public_key, secret_key, endpoint, options)
        self._client = build_async_client(self._url, self._auth, proxies, max_retries, options)
        self._proxy = proxy_name(self._url, proxies, options)
        self._loop = LoopBinding(self._client)
        # Calls wait for a connection here, as HTTPX's pool gets slow when many wait in it.
        self._connection_slots = asyncio.Semaphore(MAX_CONNECTIONS)

    @classmethod
    def from_env(
        cls,
        proxies: ProxiesInput = None,
        max_retries: int = 2,
        **options: Unpack[AsyncClientOptions],
    ) -> Self:
        """Open the collection whose keys are in the environment.

        The keys are VISUALSNOOP_PUBLIC_KEY and VISUALSNOOP_SECRET_KEY. VISUALSNOOP_ENDPOINT is the
        endpoint; http://127.0.0.1:8000/api/v1 where it is not set.

        Args:
            proxies, max_retries: As in the constructor.
            **options: As in the constructor.

        Raises:
            ValueError: If a key is not set. Other errors are those of the constructor.
        """
        return cls(*keys_and_endpoint(), proxies, max_retries, **options)

    async def open(self) -> Self:
        """Ask the service which collection the keys belong to, unless it was asked before.

        Raises:
            AuthenticationError: If the service refuses the keys.
            VisualSnoopError: If it cannot be reached, or answers something else.
        """
        if self._info is None:
            self._info = await self._send(_calls.init_session(), None)
        return self

    async def get_collection(self, timeout: TimeoutInput = None) -> CollectionInfo:
        """Get the name, the owner and the number of images of the collection.

            info = await collection.get_collection()
            print(info.collection_name, info.image_count)

        Args:
            timeout: As in `add_image`.

        Raises:
            VisualSnoopError: If the service cannot be asked.
        """
        return await self._send(_calls.get_collection(), timeout)

    async def add_image(
        self,
        image: AsyncImageInput,
        image_id: str | None = None,
        update_existing: bool = False,
        timeout: TimeoutInput = None,
    ) -> Image:
        """Add an image; never overwrite one, unless told to.

            image = await collection.add_image("beach.jpg", "holiday/beach")
            print(image.image_id, image.image_time)

        Args:
            image: The image file: a path, a binary file object (read from its position on), bytes,
                or an iterable of bytes. `AsyncCollection` takes asynchronous file objects and
                iterables as well. It is sent as a stream, never read whole.
            image_id: The ID to store it under, 1 to 100 characters; by default the service assigns
                one, which is the `image_id` of the result.
            update_existing: Replace the image that has this ID, if there is one.
            timeout: How long to wait for the server, in seconds: a number, or a `(connect, read)`
                tuple as in Requests. Each wait for more data may take that long.

        Returns:
            The image as it was added, with the `message` `Added` or `Updated`.

        Raises:
            ImageExistsError: If there is an image of this ID and `update_existing` is false.
            ImageRefusedError: If the service cannot read it as an image.
            ImageTooLargeError: If it has too many bytes or pixels.
            ForbiddenError: If the keys are read-only.
            InvalidImageIDError: If the ID cannot be used.
            ImageInputError: If `image` is empty, of another type, or fails while it is read.
            OSError: If `image` is a path that cannot be opened.
            VisualSnoopError: If anything else goes wrong.
        """
        with await AsyncUpload.open(image) as upload:
            return await self._send(_calls.add_image(upload, image_id, update_existing), timeout)

    async def delete_image(self, image_id: str, timeout: TimeoutInput = None) -> Image:
        """Delete an image; the result says what it was.

        Args:
            image_id: The ID of the image.
            timeout: As in `add_image`.

        Raises:
            NotFoundError: If there is no image of this ID.
            ForbiddenError: If the keys are read-only.
            VisualSnoopError: If anything else goes wrong.
        """
        return await self._send(_calls.delete_image(image_id), timeout)

    async def get_image(self, image_id: str, timeout: TimeoutInput = None) -> Image:
        """Get the time and the quality of an image. The service does not keep the picture.

        Args:
            image_id: The ID of the image.
            timeout: As in `add_image`.

        Raises:
            NotFoundError: If there is no image of this ID.
            VisualSnoopError: If anything else goes wrong.
        """
        return await self._send(_calls.get_image(image_id), timeout)

    async def get_thumbnail(self, image_id: str, timeout: TimeoutInput = None) -> bytes:
        """Get the thumbnail of an image, if the collection keeps thumbnails.

            Path("beach.webp").write_bytes(await collection.get_thumbnail("holiday/beach"))

        Args:
            image_id: The ID of the image.
            timeout: As in `add_image`.

        Returns:
            A WebP file, no side of whose picture is longer than 256 pixels.

        Raises:
            NotFoundError: If there is no image of this ID, or it has no thumbnail.
            VisualSnoopError: If anything else goes wrong.
        """
        return await self._send(_calls.get_thumbnail(image_id), timeout)

    async def get_images(
        self, start: str | None = None, count: int | None = None, timeout: TimeoutInput = None
    ) -> ImageList:
        """List the images, newest first, a page at a time; `iter_images` goes over all pages.

            page = await collection.get_images(count=20)
            print(len(page.images), page.next_image_id)

        A page is a dictionary, as all results are: `len(page)` counts its keys, and a page without
        images is true. `page.images` is the list.

        Args:
            start: The ID of the first image wanted: `next_image_id` of the page before.
            count: How many images to return at most, 1 to 1,000; 100 by default.
            timeout: As in `add_image`.

        Raises:
            NotFoundError: If there is no image of the ID `start`.
            VisualSnoopError: If anything else goes wrong.
        """
        return await self._send(_calls.get_images(start, count), timeout)

    async def iter_images(
        self, page_size: int | None = None, timeout: TimeoutInput = None
    ) -> AsyncIterator[ListedImage]:
        """Iterate over all images, newest first, a request for each page.

        Images may be added and deleted meanwhile: none is yielded twice, and none is left out that
        was there from the beginning to the end and kept its time.

        Args:
            page_size: How many images to ask for at once, 1 to 1,000; 100 by default.
            timeout: As in `add_image`, for each page.

        Raises:
            VisualSnoopError: If the service cannot be asked for a page.
        """
        listing = Listing()
        while not listing.is_finished:
            try:
                page = await self.get_images(listing.start, page_size, timeout)
            except NotFoundError:
                if listing.start is None:
                    raise
                listing.start_is_gone()
            else:
                for image in listing.unseen(page):
                    yield image

    async def search_images(
        self,
        image: AsyncImageInput,
        timeout: TimeoutInput = None,
        *,
        count: int | None = None,
        min_score: float | None = None,
        offset: int | None = None,
        regions: Regions | None = None,
    ) -> SearchResults:
        """Find the images that are similar to a picture, best first.

            found = await collection.search_images("cropped.jpg", min_score=0.7)
            for result in found.results:
                print(result.id, result.score, result.transform)

        Args:
            image: The picture, as in `add_image`; it is not added to the collection.
            timeout: As in `add_image`.
            count: How many images to return at most, 1 to 1,000; 10 by default.
            min_score: The lowest score of a result, 0 to 1, 1 being the same picture. From 0.7 on
                results are copies with hardly an exception; down to 0.4, the default, more and
                more look-alikes are among them.
            offset: How many of the first results to leave out; 0 by default.
            regions: Whether to search for parts of the picture as well, which finds each picture of
                a collage, on a slide or within another photo. By default ("auto") that is done
                where no stored picture is a copy of the whole; True does it always, False never.

        Raises:
            ImageRefusedError: If the service cannot read it as an image.
            VisualSnoopError: If anything else goes wrong.
        """
        with await AsyncUpload.open(image) as upload:
            call = _calls.search_images(upload, count, min_score, offset, regions)
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
        """Find the images that are similar to a stored one, best first, without itself.

        Args:
            image_id: The ID of the stored image.
            timeout: As in `add_image`.
            count, min_score, offset: As in `search_images`.

        Raises:
            NotFoundError: If there is no image of this ID.
            VisualSnoopError: If anything else goes wrong.
        """
        call = _calls.search_images_by_id(image_id, count, min_score, offset)
        return await self._send(call, timeout)

    async def compare_image(
        self, image_id: str, image: AsyncImageInput, timeout: TimeoutInput = None
    ) -> Comparison:
        """Compare a picture with a stored image.

            comparison = await collection.compare_image("holiday/beach", "cropped.jpg")
            print(comparison.score, comparison.transform)

        Args:
            image_id: The ID of the stored image.
            image: The picture, as in `add_image`; it is not added to the collection.
            timeout: As in `add_image`.

        Returns:
            The `score`, 0 to 1, however low, and the `transform`: how it was mirrored or turned.

        Raises:
            NotFoundError: If there is no image of this ID.
            ImageRefusedError: If the service cannot read the picture as an image.
            VisualSnoopError: If anything else goes wrong.
        """
        with await AsyncUpload.open(image) as upload:
            return await self._send(_calls.compare_image(image_id, upload), timeout)

    async def compare_images_by_id(
        self, image_id: str, other_id: str, timeout: TimeoutInput = None
    ) -> ComparisonById:
        """Compare two stored images; the score is that of a search by the first.

        Args:
            image_id: The ID of the one image.
            other_id: The ID of the other image.
            timeout: As in `add_image`.

        Raises:
            NotFoundError: If there is no image of one of the IDs.
            VisualSnoopError: If anything else goes wrong.
        """
        return await self._send(_calls.compare_images_by_id(image_id, other_id), timeout)

    async def get_duplicates(
        self,
        min_score: float | None = None,
        count: int | None = None,
        offset: int | None = None,
        timeout: TimeoutInput = None,
    ) -> DuplicateList:
        """List the groups of images that are copies of one another, best evidence first.

        `iter_duplicates` goes over all pages.

            page = await collection.get_duplicates(min_score=0.9)
            for group in page.groups:
                print(group.score, [image.id for image in group.images])

        Args:
            min_score: How similar two images must be to be taken for copies, 0.5 to 1; 0.7 by
                default.
            count: How many groups to return at most, 1 to 1,000; 100 by default. There are fewer
                where they have many images.
            offset: How many of the first groups to leave out; 0 by default.
            timeout: As in `add_image`.

        Returns:
            The groups of this page as `groups`, and how many there are in all as `group_count`.
            Of a group with more than 1,000 images there are the oldest; `image_count` tells how
            many it has.

        Raises:
            ServerError: With status 503, if many images that came at once have still to be
                compared with the others. Ask again: the service goes on with it.
            VisualSnoopError: If anything else goes wrong.
        """
        return await self._send(_calls.get_duplicates(min_score, count, offset), timeout)

    async def iter_duplicates(
        self,
        min_score: float | None = None,
        page_size: int = 1000,
        timeout: TimeoutInput = None,
    ) -> AsyncIterator[DuplicateGroup]:
        """Iterate over all groups of images that are copies of one another, best evidence first.

            async for group in collection.iter_duplicates(min_score=0.9):
                for copy in group.images[1:]:
                    await collection.delete_image(copy.id)

        All pages are asked for before the first group is yielded, so that none is left out when
        images are deleted meanwhile.

        Args:
            min_score: As in `get_duplicates`.
            page_size: How many groups to ask for at once, 1 to 1,000.
            timeout: As in `add_image`, for each page.

        Raises:
            VisualSnoopError: If the service cannot be asked for a page.
        """
        groups: list[DuplicateGroup] = []
        while page := (
            await self.get_duplicates(min_score, page_size, len(groups), timeout)
        ).groups:
            groups += page
        for group in groups:
            yield group

    async def set_not_duplicates(
        self, image_id: str, other_id: str, timeout: TimeoutInput = None
    ) -> Decision:
        """Mark two images as no duplicates, however similar they are.

        The service keeps this until it is taken back, or one of them is replaced or deleted.

        Args:
            image_id: The ID of the one image.
            other_id: The ID of the other image.
            timeout: As in `add_image`.

        Raises:
            NotFoundError: If there is no image of one of the IDs.
            ForbiddenError: If the keys are read-only.
            VisualSnoopError: If anything else goes wrong.
        """
        return await self._send(_calls.set_not_duplicates(image_id, other_id), timeout)

    async def unset_not_duplicates(
        self, image_id: str, other_id: str, timeout: TimeoutInput = None
    ) -> Decision:
        """Take back `set_not_duplicates`; nothing changes where the two were not marked.

        Args:
            image_id, other_id, timeout: As in `set_not_duplicates`.

        Raises:
            NotFoundError: If there is no image of one of the IDs.
            ForbiddenError: If the keys are read-only.
            VisualSnoopError: If anything else goes wrong.
        """
        return await self._send(_calls.unset_not_duplicates(image_id, other_id), timeout)

    @overload
    def add_images(
        self,
        items: PathInput,
        *,
        relative_to: PathInput | None = None,
        concurrency: int = 8,
        update_existing: bool = False,
        skip_existing: bool = False,
        on_progress: ProgressCallback | None = None,
        timeout: TimeoutInput = None,
    ) -> AsyncGenerator[Outcome[Path, Image], None]: ...

    @overload
    def add_images(
        self,
        items: Iterable[Item] | AsyncIterable[Item],
        *,
        relative_to: PathInput | None = None,
        concurrency: int = 8,
        update_existing: bool = False,
        skip_existing: bool = False,
        on_progress: ProgressCallback | None = None,
        timeout: TimeoutInput = None,
    ) -> AsyncGenerator[Outcome[Item, Image], None]: ...

    def add_images(
        self,
        items: Iterable[Any] | AsyncIterable[Any] | PathInput,
        *,
        relative_to: PathInput | None = None,
        concurrency: int = 8,
        update_existing: bool = False,
        skip_existing: bool = False,
        on_progress: ProgressCallback | None = None,
        timeout: TimeoutInput = None,
    ) -> AsyncGenerator[Outcome[Any, Image], None]:
        """Add many images, several at a time.

            async for outcome in collection.add_images("photos", skip_existing=True):
                if outcome.error:
                    print(outcome.error)

        Of a folder all files are added, those of the folders below as well (`walk_folder` says
        which). The IDs are their paths in the folder: that of photos/2019/beach.jpg is
        "2019/beach.jpg". Of an iterable the IDs of paths are their file names, unless `relative_to`
        is given. An ID that comes twice in one run is an error that names both items.

            photos = Path("photos").rglob("*.jpg")
            async for outcome in collection.add_images(photos, relative_to="photos"):
                print(outcome.image_id, outcome.error or "added")

        Items are taken as they are needed, and outcomes are yielded as they come, in any order. No
        error of one item ends the others. Where the service asks to wait (status 429, or 503 with
        `Retry-After`) all wait, then the image is sent again; not so what can be read only once,
        an iterable for one. A member of a tar archive is read into memory when it is taken.

        Closing the generator leaves out what has not begun; an `AsyncCollection` cancels what has
        begun, too (`contextlib.aclosing` closes for you). With `skip_existing` the work can be
        begun again later: images that were there before are not sent again.

        Args:
            items: The path of a folder; or an iterable of paths and of pairs of ID and image, of an
                `AsyncCollection` an asynchronous iterable as well.
            relative_to: The folder in which paths are the IDs.
            concurrency: How many images to send at a time.
            update_existing: Replace images whose IDs are taken.
            skip_existing: Pass over images whose IDs are taken, without sending them.
            on_progress: Called after each item, in the thread or task that takes the outcomes.
            timeout: As in `add_image`, for each image.

        Raises:
            ValueError: If `concurrency` is less than 1, or both `update_existing` and
                `skip_existing` are wanted.
            OSError: If the folder is none, or cannot be read.
        """
        from . import _bulk_steps
        from ._concurrency import in_tasks
        from ._folders import files_in

        if is_folder := isinstance(items, (str, os.PathLike)):
            relative_to = items if relative_to is None else relative_to
            items = iterate_in_threads(files_in(items))
        steps = _bulk_steps.adding(update_existing, skip_existing, timeout, relative_to, is_folder)
        return in_tasks(self, items, steps, concurrency, on_progress)

    def delete_images(
        self,
        image_ids: Iterable[str] | AsyncIterable[str],
        *,
        concurrency: int = 8,
        skip_missing: bool = False,
        on_progress: ProgressCallback | None = None,
        timeout: TimeoutInput = None,
    ) -> AsyncGenerator[Outcome[str, Image], None]:
        """Delete many images, several at a time; the rest is as in `add_images`.

        Args:
            image_ids: The IDs of the images; of an `AsyncCollection` an asynchronous iterable of
                them as well.
            concurrency: How many images to delete at a time.
            skip_missing: Pass over IDs that no image has, instead of a `NotFoundError` for each.
            on_progress: As in `add_images`.
            timeout: As in `add_image`, for each image.
        """
        from . import _bulk_steps
        from ._concurrency import in_tasks

        steps = _bulk_steps.deleting(skip_missing, timeout)
        return in_tasks(self, image_ids, steps, concurrency, on_progress)

    def search_many(
        self,
        items: Iterable[Item] | AsyncIterable[Item],
        *,
        concurrency: int = 8,
        count: int | None = None,
        min_score: float | None = None,
        offset: int | None = None,
        regions: Regions | None = None,
        on_progress: ProgressCallback | None = None,
        timeout: TimeoutInput = None,
    ) -> AsyncGenerator[Outcome[Item, SearchResults], None]:
        """Search by many pictures, several at a time; the rest is as in `add_images`.

        Args:
            items: Paths, or pairs of a name of yours and a picture; the name, or the file name, is
                the `image_id` of the outcome.
            concurrency: How many searches to run at a time.
            count, min_score, offset, regions: As in `search_images`, for each search.
            on_progress: As in `add_images`.
            timeout: As in `add_image`, for each search.
        """
        from . import _bulk_steps
        from ._concurrency import in_tasks

        steps = _bulk_steps.searching(count, min_score, offset, regions, timeout)
        return in_tasks(self, items, steps, concurrency, on_progress)

    async def aclose(self) -> None:
        """Close the connections. The collection cannot be used afterwards."""
        await self._loop.aclose()

    async def __aenter__(self) -> Self:
        try:
            return await self.open()
        except BaseException:
            await self.aclose()
            raise

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def _send(self, call: Call[T], timeout: TimeoutInput) -> T:
        for attempt in repeatable_attempts(call, self._options.request_retries):
            with attempt:
                return await self._send_once(call, timeout)
            await asyncio.sleep(attempt.wait_after)
        raise AssertionError("the last attempt returns or raises")

    async def _send_once(self, call: Call[T], timeout: TimeoutInput) -> T:
        request = self._options.request(call, self.endpoint, timeout)
        await self._loop.check()
        async with self._connection_slots:
            with connection_errors(self.endpoint, self._proxy):
                async with self._client.stream(**request) as response:
                    body = await read_body_async(response)
        return call.result(body)
