"""What `Collection` and `AsyncCollection` have in common: endpoint, keys, and what is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn, Self

import httpx

from ._call_options import CallOptions
from ._client import BaseClientOptions
from ._logging import configure_from_environment
from ._messages import shortened
from ._timeouts import TimeoutInput
from .auth import VisualSnoopHMACAuth
from .exceptions import CollectionStateError

if TYPE_CHECKING:
    from visualsnoop_api.models import CollectionInfo


class BaseCollection:
    """The endpoint and the keys of a collection, and what the service has said about it.

    Attributes:
        endpoint: The URL of the API.
    """

    def __init__(
        self, public_key: str, secret_key: str, endpoint: str, options: BaseClientOptions
    ) -> None:
        configure_from_environment()
        self._url = _checked_endpoint(endpoint)
        self.endpoint: str = str(self._url)
        self._auth = VisualSnoopHMACAuth(public_key, secret_key)
        self._info: CollectionInfo | None = None
        self._options = CallOptions().changed(request_retries=options.get("request_retries"))
        # What owns the connections, of a collection with other options.
        self._origin: BaseCollection | None = None

    def with_options(
        self,
        *,
        headers: Mapping[str, str] | None = None,
        request_id: str | None = None,
        request_retries: int | None = None,
        timeout: TimeoutInput = None,
    ) -> Self:
        """The same collection, over the same connections, with other options for its calls.

            tracked = collection.with_options(request_id="import-0042", request_retries=3)
            print(tracked.get_collection().message)

        It is closed when the one that it comes from is closed.

        Args:
            headers: Sent with each request, besides those of the collection.
            request_id: The ID under which the service logs the requests, instead of one of its own:
                1 to 128 ASCII letters, digits and `._:/+=-`.
            request_retries: How often to send a request again, as in `BaseClientOptions`.
            timeout: As in `Collection.add_image`, for calls that do not say.

        Raises:
            ValueError: If an option cannot be right.
        """
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        other._options = self._options.changed(headers, request_id, request_retries, timeout)
        other._origin = self
        return other

    @property
    def id(self) -> str:
        """The ID of the collection, 8 hexadecimal characters."""
        return self._opened.collection_id

    @property
    def name(self) -> str:
        """The name of the collection."""
        return self._opened.collection_name

    @property
    def user(self) -> str:
        """The user who owns the collection."""
        return self._opened.user

    @property
    def _opened(self) -> CollectionInfo:
        if self._info is None:
            raise CollectionStateError(
                "the collection is not open yet: use 'async with', or 'await collection.open()'"
            )
        return self._info

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._auth.public_key!r}, endpoint={self.endpoint!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"a {type(self).__name__} holds connections and a secret key, and cannot be copied or "
            "pickled: open one in each process, from the keys"
        )


def _checked_endpoint(endpoint: str) -> httpx.URL:
    try:
        url = httpx.URL(endpoint.rstrip("/"))
    except httpx.InvalidURL as error:
        raise ValueError(f"endpoint is not a URL: {shortened(str(error))}") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("endpoint must be a URL such as 'http://127.0.0.1:8000/api/v1'")
    if url.userinfo or url.query or url.fragment:
        raise ValueError("endpoint must have no user name, query or fragment")
    return url
