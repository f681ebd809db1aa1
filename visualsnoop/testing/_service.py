"""`MemoryService`, the service in memory."""

import os
import re
from collections import deque
from collections.abc import Mapping
from hashlib import sha256
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any, TypeAlias

import httpx
from attrs import define, frozen
from visualsnoop_api.models import Transform

from .._request_attempts import REQUEST_ID
from ..models import AsyncCollection, Collection
from ._operations import Request
from ._pictures import read_picture
from ._refusals import Refusal, read_only_key
from ._requests import (
    BASE_PATH,
    check_is_no_form,
    check_signature,
    decoded_image_ids,
    find_route,
)
from ._storage import Score, Scores, StoredCollection

PictureInput: TypeAlias = bytes | str | os.PathLike[str]
"""An image file: its bytes, or its path."""

_TAKEN_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")


@frozen
class KeyPair:
    """The keys of a collection of a `MemoryService`."""

    public_key: str
    """The public key, 20 hexadecimal characters."""

    secret_key: str
    """The secret key, 40 hexadecimal characters."""


@define(eq=False)
class _Keys:
    secret_key: str
    collection: StoredCollection
    is_read_only: bool


class MemoryService:
    """A service in memory, which answers as the contract says.

        service = MemoryService()
        with service.collection() as collection:
            collection.add_image(picture("beach"), "beach")
            print(collection.get_images().images[0].id)

    Keys, image IDs and times are the same in every run. It may be used from several threads and
    event loops at once.

    Attributes:
        endpoint: The URL of the API; nothing is sent there.
        transport: The HTTPX transport that answers, blocking and asynchronous: for collections that
            a program opens itself, and for any HTTPX client.
        requests: All requests so far.
    """

    def __init__(self) -> None:
        self.endpoint: str = f"http://visualsnoop.test{BASE_PATH}"
        self.transport: httpx.MockTransport = httpx.MockTransport(self._answer)
        self.requests: list[httpx.Request] = []
        self._keys: dict[str, _Keys] = {}
        self._scores = Scores()
        self._failures: deque[Refusal | Exception] = deque()
        self._numbers = count(1)
        self._lock = Lock()

    def create_keys(
        self, collection_name: str = "test", *, user: str = "test", read_only: bool = False
    ) -> KeyPair:
        """Create a key pair of the collection of a name, which is created if there is none.

        Args:
            collection_name: The name of the collection.
            user: The user who owns it, if it is created.
            read_only: Whether the keys cannot change the collection.
        """
        with self._lock:
            of_name = (k.collection for k in self._keys.values())
            collection = next((each for each in of_name if each.name == collection_name), None)
            number = next(self._numbers)
            if collection is None:
                collection = StoredCollection(f"{number:08x}", collection_name, user)
            digest = sha256(str(number).encode()).hexdigest()
            pair = KeyPair(digest[:20], digest[20:60])
            self._keys[pair.public_key] = _Keys(pair.secret_key, collection, read_only)
            return pair

    def collection(self, keys: KeyPair | None = None, **options: Any) -> Collection:
        """Open a collection.

        Args:
            keys: Its keys; by default those of a new, empty one.
            **options: Options of `Collection`.
        """
        pair = keys or self._keys_of_new_collection()
        options = {"transport": self.transport, **options}
        return Collection(pair.public_key, pair.secret_key, self.endpoint, **options)

    def async_collection(self, keys: KeyPair | None = None, **options: Any) -> AsyncCollection:
        """A collection for asyncio, to be opened by `async with`.

        Args:
            keys: Its keys; by default those of a new, empty one.
            **options: Options of `AsyncCollection`.
        """
        pair = keys or self._keys_of_new_collection()
        options = {"transport": self.transport, **options}
        return AsyncCollection(pair.public_key, pair.secret_key, self.endpoint, **options)

    def set_score(
        self,
        query: PictureInput,
        stored: PictureInput,
        score: float,
        transform: Transform = "none",
    ) -> None:
        """Say how similar a picture is to another one, wherever that is stored.

            service.set_score(picture("cropped"), picture("beach"), 0.83)

        Args:
            query: The picture that is searched by, or compared.
            stored: The picture that is stored.
            score: The score, 0 to 1.
            transform: How the query was mirrored or turned.

        Raises:
            ValueError: If the score is not from 0 to 1, or a file is no image.
        """
        if not 0 <= score <= 1:
            raise ValueError(f"score must be from 0 to 1, not {score!r}")
        with self._lock:
            self._scores.set(_digest(query), _digest(stored), Score(score, transform))

    def fail_next(
        self,
        failure: int | Exception,
        *,
        times: int = 1,
        message: str = "This failure was wanted",
        retry_after: float | None = None,
    ) -> None:
        """Let the next requests fail, before anything is done.

            service.fail_next(503, retry_after=2)
            service.fail_next(httpx.ReadTimeout("too late"), times=2)

        Args:
            failure: The status of the response, or an error that HTTPX shall raise.
            times: How many requests fail so.
            message: The message of the response.
            retry_after: The seconds that the response asks to wait.
        """
        if isinstance(failure, int):
            headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
            failure = Refusal(failure, message, headers)
        with self._lock:
            self._failures.extend([failure] * times)

    def _keys_of_new_collection(self) -> KeyPair:
        return self.create_keys(f"test {len(self._keys) + 1}")

    def _answer(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            self.requests.append(request)
            try:
                response = self._response(request)
            except Refusal as refusal:
                response = refusal.response()
            response.headers[REQUEST_ID] = self._request_id(request.headers)
            return response

    def _response(self, request: httpx.Request) -> httpx.Response:
        if self._failures:
            raise self._failures.popleft()
        route = find_route(request)
        secret_keys = {public: keys.secret_key for public, keys in self._keys.items()}
        keys = self._keys[check_signature(request, secret_keys)]
        if route.changes and keys.is_read_only:
            raise read_only_key()
        image_ids = decoded_image_ids(route)
        check_is_no_form(request.content)
        answer = route.operation(
            Request(keys.collection, self._scores, image_ids, request.url.params, request.content)
        )
        return httpx.Response(answer["status"], json=answer)

    def _request_id(self, headers: Mapping[str, str]) -> str:
        given = headers.get(REQUEST_ID, "")
        if _TAKEN_REQUEST_ID.fullmatch(given):
            return given
        return sha256(f"request {len(self.requests)}".encode()).hexdigest()[:32]


def _digest(picture: PictureInput) -> bytes:
    file = picture if isinstance(picture, bytes) else Path(picture).read_bytes()
    try:
        return read_picture(file).digest
    except Refusal as refusal:
        raise ValueError(refusal.message) from None
