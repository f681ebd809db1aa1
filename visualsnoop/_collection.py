"""`Collection`, the documented way to the images of a collection."""

from collections.abc import Generator, Iterable, Iterator
from types import TracebackType
from typing import Self, TypeVar, Unpack

from visualsnoop_api.models import DuplicateGroup, Image, ListedImage, SearchResults

from . import _calls, bulk
from ._calls import Call
from ._client import Options, ProxiesInput, client
from ._concurrency import in_threads
from ._environment import keys_and_endpoint
from ._listing import Listing
from ._operations import Operations
from ._responses import connection_errors
from ._timeouts import TimeoutInput, httpx_timeout
from .bulk import ImageItem, OnProgress, Outcome
from .exceptions import NotFoundError

T = TypeVar("T")
Item = TypeVar("Item", bound=ImageItem)


class Collection(Operations):
    """A collection of images on a VisualSnoop service.

        with Collection(public_key, secret_key, "http://127.0.0.1:8000/api/v1") as collection:
            collection.add_image("beach.jpg", "beach")
            for result in collection.search_images("cropped.jpg").results:
                print(result.id, result.score)

    Making one asks the service which collection the keys belong to. Results have typed attributes,
    and are the dictionaries that came over the wire as well: `image.image_id`,
    `image["image_id"]`. A collection may be used by many threads at once, and goes on working in
    a process that is forked from the one that made it.

    Args:
        public_key: The public key, 20 hexadecimal characters.
        secret_key: The secret key that belongs to it, 40 characters.
        endpoint: The URL of the API with its base path; a slash at its end does not matter.
        proxies: The proxies to use, a dictionary as Python Requests takes it; by default those of
            the environment (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY). A SOCKS proxy, be it
            `socks5` or `socks5h`, looks up the name of the server itself.
        max_retries: How often to retry each connection: only when a host name does not resolve,
            when a connection fails or when it takes too long, never once data of the request may
            have reached the server.
        **options: More about connecting, `timeout` for one: see `Options`.

    Attributes:
        id: The ID of the collection, 8 hexadecimal characters.
        name: The name of the collection.
        user: The user who owns it.
        endpoint: The URL of the API.

    Raises:
        AuthenticationError: If the service refuses the keys.
        VisualSnoopError: If it cannot be reached, or answers something else.
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
        **options: Unpack[Options],
    ) -> None:
        super().__init__(public_key, secret_key, endpoint)
        self._client = client(self._url, self._auth, proxies, max_retries, options)
        try:
            self._session = self._send(_calls.init_session(), None)
        except BaseException:
            self._client.close()
            raise

    @classmethod
    def from_env(
        cls,
        proxies: ProxiesInput = None,
        max_retries: int = 2,
        **options: Unpack[Options],
    ) -> Self:
        """The collection whose keys are in the environment.

        They are VISUALSNOOP_PUBLIC_KEY and VISUALSNOOP_SECRET_KEY, and VISUALSNOOP_ENDPOINT where
        the service is not at http://127.0.0.1:8000/api/v1.

        Raises:
            ValueError: If a key is not set; and whatever making a `Collection` raises.
        """
        return cls(*keys_and_endpoint(), proxies, max_retries, **options)

    def iter_images(
        self, page_size: int | None = None, timeout: TimeoutInput = None
    ) -> Iterator[ListedImage]:
        """List all images, newest first, asking for a page when the one before is used up.

        Images may be added and deleted meanwhile: none is given twice, and none is left out that
        was there from the beginning to the end and kept its time.

        Args:
            page_size: How many images to ask for at once, 1 to 1,000; 100 by default.
            timeout: As in `add_image`, for each page.

        Raises:
            VisualSnoopError: If a page cannot be had.
        """
        listing = Listing()
        while not listing.is_finished:
            try:
                page = self.get_images(listing.start, page_size, timeout)
            except NotFoundError:
                if listing.start is None:
                    raise
                listing.start_is_gone()
            else:
                yield from listing.unseen(page)

    def iter_duplicates(
        self,
        min_score: float | None = None,
        page_size: int = 1000,
        timeout: TimeoutInput = None,
    ) -> Iterator[DuplicateGroup]:
        """List all groups of images that are copies of one another, best evidence first.

            for group in collection.iter_duplicates(min_score=0.9):
                for copy in group.images[1:]:
                    collection.delete_image(copy.id)

        All pages are asked for before the first group is given, so that nothing is left out when
        images are deleted meanwhile.

        Args:
            min_score: As in `get_duplicates`.
            page_size: How many groups to ask for at once, 1 to 1,000.
            timeout: As in `add_image`, for each page.

        Raises:
            VisualSnoopError: If a page cannot be had.
        """
        groups: list[DuplicateGroup] = []
        while page := self.get_duplicates(min_score, page_size, len(groups), timeout).groups:
            groups += page
        yield from groups

    def add_images(
        self,
        items: Iterable[Item],
        *,
        concurrency: int = 8,
        update_existing: bool = False,
        skip_existing: bool = False,
        on_progress: OnProgress | None = None,
        timeout: TimeoutInput = None,
    ) -> Generator[Outcome[Item, Image], None, None]:
        """Add many images, several at a time.

            for outcome in collection.add_images(Path("photos").glob("*.jpg"), skip_existing=True):
                if outcome.error:
                    print(outcome.item, outcome.error)

        Items are taken as they are needed, and outcomes are yielded as they come, in any order. No
        error of one item ends the others. Where the service asks to wait (status 429, or 503 with
        `Retry-After`) all wait, then the image is sent again; not so what can be read only once,
        an iterable for one.

        Closing the generator leaves out what has not begun. With `skip_existing` the work can be
        begun again later: what is there already is not sent again.

        Args:
            items: Paths, whose file names become the IDs, or pairs of ID and image.
            concurrency: How many images to send at a time.
            update_existing: Replace images whose IDs are taken.
            skip_existing: Pass over images whose IDs are taken, without sending them.
            on_progress: Called after each item, in the thread that takes the outcomes.
            timeout: As in `add_image`, for each image.

        Raises:
            ValueError: If `concurrency` is less than 1, or both `update_existing` and
                `skip_existing` are wanted.
        """
        steps = bulk.adding(update_existing, skip_existing, timeout)
        return in_threads(self, items, steps, concurrency, on_progress)

    def delete_images(
        self,
        image_ids: Iterable[str],
        *,
        concurrency: int = 8,
        skip_missing: bool = False,
        on_progress: OnProgress | None = None,
        timeout: TimeoutInput = None,
    ) -> Generator[Outcome[str, Image], None, None]:
        """Remove many images, several at a time; the rest is as in `add_images`.

        Args:
            image_ids: The IDs of the images.
            concurrency: How many images to remove at a time.
            skip_missing: Pass over IDs that no image has, instead of a `NotFoundError` for each.
            on_progress: As in `add_images`.
            timeout: As in `add_image`, for each image.
        """
        steps = bulk.deleting(skip_missing, timeout)
        return in_threads(self, image_ids, steps, concurrency, on_progress)

    def search_many(
        self,
        items: Iterable[Item],
        *,
        concurrency: int = 8,
        count: int | None = None,
        min_score: float | None = None,
        offset: int | None = None,
        on_progress: OnProgress | None = None,
        timeout: TimeoutInput = None,
    ) -> Generator[Outcome[Item, SearchResults], None, None]:
        """Search by many pictures, several at a time; the rest is as in `add_images`.

        Args:
            items: Paths, or pairs of a name of yours and a picture; the name, or the file name, is
                the `image_id` of the outcome.
            concurrency: How many searches to make at a time.
            count, min_score, offset: As in `search_images`, for each search.
            on_progress: As in `add_images`.
            timeout: As in `add_image`, for each search.
        """
        steps = bulk.searching(count, min_score, offset, timeout)
        return in_threads(self, items, steps, concurrency, on_progress)

    def close(self) -> None:
        """Close the connections. The collection cannot be used afterwards."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _send(self, call: Call[T], timeout: TimeoutInput) -> T:
        limits = httpx_timeout(timeout, self._client.timeout)
        with connection_errors(self.endpoint):
            response = self._client.request(**call.request, timeout=limits)
        return call.result(response)
