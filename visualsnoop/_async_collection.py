"""`AsyncCollection`, the way to the images of a collection for asyncio."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable
from types import TracebackType
from typing import Self, TypeVar, Unpack

from visualsnoop_api.models import DuplicateGroup, Image, ListedImage, SearchResults

from . import _calls, bulk
from ._async_operations import AsyncOperations
from ._calls import Call
from ._client import MOST_CONNECTIONS, AsyncOptions, ProxiesInput, async_client
from ._concurrency import in_tasks
from ._environment import keys_and_endpoint
from ._listing import Listing
from ._responses import connection_errors
from ._timeouts import TimeoutInput, httpx_timeout
from .bulk import AsyncImageItem, OnProgress, Outcome
from .exceptions import NotFoundError

T = TypeVar("T")
Item = TypeVar("Item", bound=AsyncImageItem)


class AsyncCollection(AsyncOperations):
    """`Collection` for asyncio: the same arguments, methods, results and errors.

        async with AsyncCollection(public_key, secret_key, endpoint) as collection:
            await collection.add_image("beach.jpg", "beach")
            found = await collection.search_images("cropped.jpg")
            async for image in collection.iter_images():
                print(image.id)

    Making one sends nothing. `async with` or `open` asks the service which collection the keys
    belong to; `id`, `name` and `user` are known from then on. Files are read in threads, so that
    the event loop is never blocked. A collection may be used by many tasks at once, all of one
    event loop; a process that is forked needs another collection.

    Args:
        public_key, secret_key, endpoint, proxies, max_retries: As in `Collection`.
        **options: More about connecting: see `AsyncOptions`.

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
        **options: Unpack[AsyncOptions],
    ) -> None:
        super().__init__(public_key, secret_key, endpoint)
        self._client = async_client(self._url, self._auth, proxies, max_retries, options)
        # Calls wait for a connection here, as a pool of HTTPX gets slow with many that wait in it.
        self._turns = asyncio.Semaphore(MOST_CONNECTIONS)

    @classmethod
    def from_env(
        cls,
        proxies: ProxiesInput = None,
        max_retries: int = 2,
        **options: Unpack[AsyncOptions],
    ) -> Self:
        """The collection whose keys are in the environment: see `Collection.from_env`."""
        return cls(*keys_and_endpoint(), proxies, max_retries, **options)

    async def open(self) -> Self:
        """Ask the service which collection the keys belong to, unless it was asked before.

        Raises:
            AuthenticationError: If the service refuses the keys.
            VisualSnoopError: If it cannot be reached, or answers something else.
        """
        if self._session is None:
            self._session = await self._send(_calls.init_session(), None)
        return self

    async def iter_images(
        self, page_size: int | None = None, timeout: TimeoutInput = None
    ) -> AsyncIterator[ListedImage]:
        """List all images, newest first, for `async for`: see `Collection.iter_images`."""
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

    async def iter_duplicates(
        self,
        min_score: float | None = None,
        page_size: int = 1000,
        timeout: TimeoutInput = None,
    ) -> AsyncIterator[DuplicateGroup]:
        """List all groups of copies, for `async for`: see `Collection.iter_duplicates`."""
        groups: list[DuplicateGroup] = []
        while page := (
            await self.get_duplicates(min_score, page_size, len(groups), timeout)
        ).groups:
            groups += page
        for group in groups:
            yield group

    def add_images(
        self,
        items: Iterable[Item] | AsyncIterable[Item],
        *,
        concurrency: int = 8,
        update_existing: bool = False,
        skip_existing: bool = False,
        on_progress: OnProgress | None = None,
        timeout: TimeoutInput = None,
    ) -> AsyncGenerator[Outcome[Item, Image], None]:
        """Add many images, several at a time, for `async for`: see `Collection.add_images`.

        Closing the generator (`contextlib.aclosing` sees to it) also cancels what has begun.
        """
        steps = bulk.adding(update_existing, skip_existing, timeout)
        return in_tasks(self, items, steps, concurrency, on_progress)

    def delete_images(
        self,
        image_ids: Iterable[str] | AsyncIterable[str],
        *,
        concurrency: int = 8,
        skip_missing: bool = False,
        on_progress: OnProgress | None = None,
        timeout: TimeoutInput = None,
    ) -> AsyncGenerator[Outcome[str, Image], None]:
        """Remove many images, several at a time: see `Collection.delete_images`."""
        steps = bulk.deleting(skip_missing, timeout)
        return in_tasks(self, image_ids, steps, concurrency, on_progress)

    def search_many(
        self,
        items: Iterable[Item] | AsyncIterable[Item],
        *,
        concurrency: int = 8,
        count: int | None = None,
        min_score: float | None = None,
        offset: int | None = None,
        on_progress: OnProgress | None = None,
        timeout: TimeoutInput = None,
    ) -> AsyncGenerator[Outcome[Item, SearchResults], None]:
        """Search by many pictures, several at a time: see `Collection.search_many`."""
        steps = bulk.searching(count, min_score, offset, timeout)
        return in_tasks(self, items, steps, concurrency, on_progress)

    async def aclose(self) -> None:
        """Close the connections. The collection cannot be used afterwards."""
        await self._client.aclose()

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
        limits = httpx_timeout(timeout, self._client.timeout)
        async with self._turns:
            with connection_errors(self.endpoint):
                response = await self._client.request(**call.request, timeout=limits)
        return call.result(response)
