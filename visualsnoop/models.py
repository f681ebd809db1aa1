"""`Collection`, the documented way to the images of a collection, and what its methods return."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self, TypeVar

import httpx
from visualsnoop_api.models import (
    CollectionInfo,
    Image,
    ImageList,
    ListedImage,
    SearchByIdResults,
    SearchResult,
    SearchResults,
)

from . import _calls
from ._answers import connection_errors
from ._calls import Call
from ._pictures import ImageInput, Picture
from ._proxies import proxy_for
from ._timeouts import TimeoutInput, httpx_timeout
from ._transport import ConnectRetryTransport
from ._version import __version__
from .auth import VisualSnoopHMACAuth

__all__ = [
    "Collection",
    "CollectionInfo",
    "Image",
    "ImageInput",
    "ImageList",
    "ListedImage",
    "SearchByIdResults",
    "SearchResult",
    "SearchResults",
    "TimeoutInput",
]

T = TypeVar("T")

_DEFAULT_TIMEOUT = httpx.Timeout(connect=10, read=60, write=60, pool=None)


class Collection:
    """A collection of images on a VisualSnoop service.

        with Collection(public_key, secret_key, "http://127.0.0.1:8000/api/v1") as collection:
            collection.add_image("beach.jpg", "beach")
            for result in collection.search_images("cropped.jpg").results:
                print(result.id, result.score)

    Making one asks the service which collection the keys belong to. Results have typed attributes,
    and are the dictionaries that came over the wire as well: `image.image_id`,
    `image["image_id"]`. A collection may be used by many threads at once.

    Args:
        public_key: The public key, 20 hexadecimal characters.
        secret_key: The secret key that belongs to it, 40 characters.
        endpoint: The URL of the API with its base path; a slash at its end does not matter.
        proxies: The proxies to use, a dictionary as Python Requests takes it; by default those of
            the environment (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY).
        max_retries: How often to retry each connection: only when a host name does not resolve,
            when a connection fails or when it takes too long, never once data of the request may
            have reached the server.
        timeout: How long to wait for the server where a call does not say: seconds, or a
            `(connect, read)` tuple as in Requests; by default 10 seconds to connect and 60 to read.

    Attributes:
        id: The ID of the collection, 8 hexadecimal characters.
        name: The name of the collection.
        user: The user who owns it.
        endpoint: The URL of the API.

    Raises:
        AuthenticationError: If the service refuses the keys.
        VisualSnoopError: If it cannot be reached, or answers something else.
        ValueError: If a key or the endpoint cannot be right.
    """

    id: str
    name: str
    user: str

    def __init__(
        self,
        public_key: str,
        secret_key: str,
        endpoint: str = "http://visualsnoop.com/api/v1",
        proxies: Mapping[str, str | None] | None = None,
        max_retries: int = 2,
        *,
        timeout: TimeoutInput = None,
    ) -> None:
        url = _checked_endpoint(endpoint)
        self.endpoint = str(url)
        self._auth = VisualSnoopHMACAuth(public_key, secret_key)
        transport = httpx.HTTPTransport(proxy=proxy_for(url, proxies))
        self._client = httpx.Client(
            auth=self._auth,
            base_url=url,
            headers={"User-Agent": f"visualsnoop/{__version__}"},
            timeout=httpx_timeout(timeout, _DEFAULT_TIMEOUT),
            transport=ConnectRetryTransport(transport, max_retries),
        )
        try:
            session = self._send(_calls.init_session(), None)
        except BaseException:
            self._client.close()
            raise
        self.id = session.collection_id
        self.name = session.collection_name
        self.user = session.user

    def add_image(
        self,
        image: ImageInput,
        image_id: str | None = None,
        update_existing: bool = False,
        timeout: TimeoutInput = None,
    ) -> Image:
        """Add an image; never overwrite one, unless told to.

        Args:
            image: The image file: a path, a binary file object (from where it stands), its bytes,
                or an iterable of bytes. It is sent as a stream, never read whole.
            image_id: The ID to store it under, 1 to 100 characters; by default the service makes
                one, which is in the answer as `image_id`.
            update_existing: Replace the image that has this ID, if there is one.
            timeout: How long to wait for the server, in seconds: a number, or a `(connect, read)`
                tuple as in Requests.

        Returns:
            The image as it was added, with the `message` `Added` or `Updated`.

        Raises:
            ImageIDTakenError: If there is an image of this ID and `update_existing` is false.
            ImageRefusedError: If the service cannot read it as an image.
            TooLargeError: If it has too many bytes or pixels.
            InvalidImageIDError: If the ID cannot be used.
            OSError, TypeError, ValueError: If `image` cannot be opened, or is empty.
            VisualSnoopError: If anything else goes wrong.
        """
        with Picture.open(image) as picture:
            return self._send(_calls.add_image(picture, image_id, update_existing), timeout)

    def delete_image(self, image_id: str, timeout: TimeoutInput = None) -> Image:
        """Remove an image; the answer says what it was.

        Raises:
            NotFoundError: If there is no image of this ID.
            VisualSnoopError: If anything else goes wrong.
        """
        return self._send(_calls.delete_image(image_id), timeout)

    def get_image(self, image_id: str, timeout: TimeoutInput = None) -> Image:
        """Get what is known of an image: its ID and its time. The picture itself is not kept.

        Raises:
            NotFoundError: If there is no image of this ID.
            VisualSnoopError: If anything else goes wrong.
        """
        return self._send(_calls.get_image(image_id), timeout)

    def get_images(
        self, start: str | None = None, count: int | None = None, timeout: TimeoutInput = None
    ) -> ImageList:
        """List the images, newest first, a page at a time.

        Args:
            start: The ID of the first image wanted: `next_image_id` of the page before.
            count: How many images to return at most, 1 to 1,000; 100 by default.
            timeout: As in `add_image`.

        Raises:
            NotFoundError: If there is no image of the ID `start`.
            VisualSnoopError: If anything else goes wrong.
        """
        return self._send(_calls.get_images(start, count), timeout)

    def search_images(self, image: ImageInput, timeout: TimeoutInput = None) -> SearchResults:
        """Find the images that are similar to a picture, best first.

        Args:
            image: The picture, as in `add_image`; it is not added to the collection.
            timeout: As in `add_image`.

        Raises:
            ImageRefusedError: If the service cannot read it as an image.
            VisualSnoopError: If anything else goes wrong.
        """
        with Picture.open(image) as picture:
            return self._send(_calls.search_images(picture), timeout)

    def search_images_by_id(self, image_id: str, timeout: TimeoutInput = None) -> SearchByIdResults:
        """Find the images that are similar to a stored one, best first, without itself.

        Raises:
            NotFoundError: If there is no image of this ID.
            VisualSnoopError: If anything else goes wrong.
        """
        return self._send(_calls.search_images_by_id(image_id), timeout)

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

    def __repr__(self) -> str:
        return f"Collection({self._auth.public_key!r}, endpoint={self.endpoint!r})"

    def _send(self, call: Call[T], timeout: TimeoutInput) -> T:
        limits = httpx_timeout(timeout, self._client.timeout)
        with connection_errors(self.endpoint):
            response = self._client.request(**call.request, timeout=limits)
        return call.result(response)


def _checked_endpoint(endpoint: str) -> httpx.URL:
    try:
        url = httpx.URL(endpoint.rstrip("/"))
    except httpx.InvalidURL as error:
        raise ValueError(f"endpoint is not a URL: {error}") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("endpoint must be a URL such as 'http://127.0.0.1:8000/api/v1'")
    if url.userinfo or url.query or url.fragment:
        raise ValueError("endpoint must have no user name, query or fragment")
    return url
