"""The operations of the contract: what each of them does and answers."""

import heapq
import logging
import secrets
from collections.abc import Sequence
from typing import Any

import psycopg
from attrs import frozen
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse

from ..duplicates import LEAST_SCORE, Pairs
from ..errors import bad_request, image_id_taken, no_image
from ..fingerprinting.client import Fingerprints
from ..matching.fingerprint import Fingerprint
from ..matching.similarity import rank
from ..search import find_similar
from ..settings import Settings
from ..storage.images import Key, Store, StoredImage
from .bodies import Bodies
from .parameters import checked_image_id, integer, number, path_image_id

_log = logging.getLogger(__name__)

_MOST = 1000  # images, results or groups in one answer
_MOST_OFFSET = 100_000
_LOOK_ALIKE_SCORE = 0.4
_COPY_SCORE = 0.7


@frozen
class Operations:
    """The operations, over what they need. Each takes a request and the key that has signed it."""

    settings: Settings
    store: Store
    pairs: Pairs
    fingerprints: Fingerprints
    bodies: Bodies

    async def get_collection(self, request: Request, key: Key) -> JSONResponse:
        if request.query_params.get("session", "init") != "init":
            raise bad_request("session must be 'init', if it is given")
        return _answer(
            key,
            collection_name=key.collection_name,
            user=key.owner,
            image_count=await self.store.count(key.collection_id),
        )

    async def add_image(self, request: Request, key: Key) -> JSONResponse:
        return await self._add(request, key, secrets.token_hex(16))

    async def add_image_with_id(self, request: Request, key: Key) -> JSONResponse:
        return await self._add(request, key, path_image_id(request))

    async def _add(self, request: Request, key: Key, image_id: str) -> JSONResponse:
        fingerprint = await self._fingerprint_of_body(request)
        image = await self.store.add(key.collection_id, image_id, fingerprint)
        if image is None:
            raise image_id_taken(image_id)
        return self._stored_answer(key, image, is_new=True)

    async def add_or_replace_image(self, request: Request, key: Key) -> JSONResponse:
        image_id = path_image_id(request)
        fingerprint = await self._fingerprint_of_body(request)
        image, is_new = await self.store.add_or_replace(key.collection_id, image_id, fingerprint)
        return self._stored_answer(key, image, is_new=is_new)

    def _stored_answer(self, key: Key, image: StoredImage, *, is_new: bool) -> JSONResponse:
        status, message = (201, "Added") if is_new else (200, "Updated")
        answer = _answer(key, status, message, **_described(image))
        # Looking for its copies need not keep the client waiting.
        answer.background = BackgroundTask(self._pair_later, key, image)
        return answer

    async def _pair_later(self, key: Key, image: StoredImage) -> None:
        try:
            await self.pairs.pair(key.collection_id, image.image_id)
        except psycopg.Error as error:
            # It keeps waiting, and is compared when duplicates are asked for.
            _log.warning("The copies of an image will be looked for later: %s", error)

    async def get_image(self, request: Request, key: Key) -> JSONResponse:
        image = await self._image(key, path_image_id(request))
        return _answer(key, **_described(image))

    async def delete_image(self, request: Request, key: Key) -> JSONResponse:
        image_id = path_image_id(request)
        image = await self.store.delete(key.collection_id, image_id)
        if image is None:
            raise no_image(image_id)
        return _answer(key, 200, "Deleted", **_described(image))

    async def list_images(self, request: Request, key: Key) -> JSONResponse:
        count = integer(request, "count", least=1, most=_MOST, default=100)
        start = request.query_params.get("start")
        # One image more than wanted tells whether and where the next page begins.
        if start is None:
            found = await self.store.newest(key.collection_id, count + 1)
        else:
            first = await self._image(key, checked_image_id(start))
            found = await self.store.newest_from(key.collection_id, first, count + 1)
        page, following = found[:count], found[count:]
        return _answer(
            key,
            images=_listed(page),
            next_image_id=following[0].image_id if following else None,
        )

    async def search_images(self, request: Request, key: Key) -> JSONResponse:
        wanted = _Wanted.of(request)
        queries = await self._queries_of_body(request)
        return _answer(key, results=await self._similar(key, queries, wanted))

    async def search_images_by_id(self, request: Request, key: Key) -> JSONResponse:
        wanted = _Wanted.of(request)
        image, fingerprint = await self._fingerprint(key, path_image_id(request))
        results = await self._similar(key, [fingerprint], wanted, without=image.image_id)
        return _answer(key, **_described(image), results=results)

    async def _similar(
        self,
        key: Key,
        queries: Sequence[Fingerprint],
        wanted: "_Wanted",
        without: str | None = None,
    ) -> list[dict[str, Any]]:
        rankings = [
            await find_similar(self.store, key.collection_id, query, wanted.last, without)
            for query in queries
        ]
        scored = heapq.merge(*rankings, key=lambda item: -item[1].score)
        good = [item for item in scored if item[1].score >= wanted.min_score]
        return [
            {
                "id": image.image_id,
                "rank": place,
                "score": match.score,
                "transform": match.transform,
            }
            for place, (image, match) in enumerate(good)
        ][wanted.offset : wanted.last]

    async def compare_image(self, request: Request, key: Key) -> JSONResponse:
        image, fingerprint = await self._fingerprint(key, path_image_id(request))
        queries = await self._queries_of_body(request)
        comparable = [query for query in queries if query.version == fingerprint.version]
        if not comparable:
            raise bad_request(
                f"Image {image.image_id!r} was stored with another model: add it again to compare"
            )
        (match,) = rank(comparable[0], [fingerprint])
        return _answer(key, image_id=image.image_id, score=match.score, transform=match.transform)

    async def compare_images_by_id(self, request: Request, key: Key) -> JSONResponse:
        image, query = await self._fingerprint(key, path_image_id(request))
        other, fingerprint = await self._fingerprint(key, path_image_id(request, "other_id"))
        if query.version != fingerprint.version:
            raise bad_request("The images were stored with different models: add one again")
        (match,) = rank(query, [fingerprint])
        return _answer(
            key,
            image_id=image.image_id,
            other_id=other.image_id,
            score=match.score,
            transform=match.transform,
        )

    async def list_duplicates(self, request: Request, key: Key) -> JSONResponse:
        min_score = number(request, "min_score", least=LEAST_SCORE, most=1, default=_COPY_SCORE)
        count = integer(request, "count", least=1, most=_MOST, default=100)
        offset = integer(request, "offset", least=0, most=_MOST_OFFSET, default=0)
        groups = await self.pairs.groups(key.collection_id, min_score)
        return _answer(
            key,
            groups=[
                {"score": group.score, "images": _listed(group.images)}
                for group in groups[offset : offset + count]
            ],
            group_count=len(groups),
        )

    async def set_not_duplicates(self, request: Request, key: Key) -> JSONResponse:
        one, other = await self._pair(request, key)
        try:
            await self.pairs.set_not_duplicates(key.collection_id, one, other)
        except psycopg.errors.ForeignKeyViolation:
            raise no_image(other) from None
        return _answer(key, 200, "Not duplicates", image_id=one, other_id=other)

    async def unset_not_duplicates(self, request: Request, key: Key) -> JSONResponse:
        one, other = await self._pair(request, key)
        await self.pairs.unset_not_duplicates(key.collection_id, one, other)
        return _answer(key, 200, "Taken back", image_id=one, other_id=other)

    async def _pair(self, request: Request, key: Key) -> tuple[str, str]:
        one = await self._image(key, path_image_id(request))
        other = await self._image(key, path_image_id(request, "other_id"))
        if one == other:
            raise bad_request("An image is always a duplicate of itself: give two images")
        return one.image_id, other.image_id

    async def _fingerprint_of_body(self, request: Request) -> Fingerprint:
        async with self.bodies.read(request) as file:
            return await self.fingerprints.fingerprint(file)

    async def _queries_of_body(self, request: Request) -> Sequence[Fingerprint]:
        async with self.bodies.read(request) as file:
            return await self.fingerprints.queries(file)

    async def _image(self, key: Key, image_id: str) -> StoredImage:
        image = await self.store.get(key.collection_id, image_id)
        if image is None:
            raise no_image(image_id)
        return image

    async def _fingerprint(self, key: Key, image_id: str) -> tuple[StoredImage, Fingerprint]:
        found = await self.store.find_fingerprint(key.collection_id, image_id)
        if found is None:
            raise no_image(image_id)
        return found


@frozen
class _Wanted:
    """Which results of a search are wanted."""

    min_score: float
    offset: int
    last: int

    @classmethod
    def of(cls, request: Request) -> "_Wanted":
        count = integer(request, "count", least=1, most=_MOST, default=10)
        offset = integer(request, "offset", least=0, most=_MOST_OFFSET, default=0)
        min_score = number(request, "min_score", least=0, most=1, default=_LOOK_ALIKE_SCORE)
        return cls(min_score, offset, offset + count)


def _answer(key: Key, status: int = 200, message: str = "OK", **fields: Any) -> JSONResponse:
    content = {"status": status, "message": message, "collection_id": key.collection_id, **fields}
    return JSONResponse(content, status)


def _described(image: StoredImage) -> dict[str, Any]:
    return {
        "image_id": image.image_id,
        "image_time": _time(image),
        "quality": image.quality,
    }


def _listed(images: Sequence[StoredImage]) -> list[dict[str, str]]:
    return [{"id": image.image_id, "image_time": _time(image)} for image in images]


def _time(image: StoredImage) -> str:
    return image.image_time.isoformat(timespec="microseconds")
