"""The nine operations of the contract: what each of them does and answers."""

import secrets
from typing import Any
from urllib.parse import unquote

from attrs import frozen
from starlette.requests import Request
from starlette.responses import JSONResponse

from .fingerprint import Fingerprint
from .fingerprinting import FingerprintPool
from .problems import bad_request, image_id_taken, no_image, too_large
from .settings import Settings
from .similarity import CANDIDATES, rank
from .store import Key, Store, StoredImage

_LONGEST_IMAGE_ID = 100
_MOST_LISTED = 1000
_LISTED_BY_DEFAULT = 100
_MOST_RESULTS = 10


@frozen
class Operations:
    """The operations, over what they need. Each takes a request and the key that has signed it."""

    settings: Settings
    store: Store
    fingerprints: FingerprintPool

    async def get_collection(self, request: Request, key: Key) -> JSONResponse:
        if request.query_params.get("session", "init") != "init":
            raise bad_request("session must be 'init', if it is given")
        return _answer(200, "OK", key, collection_name=key.collection_name, user=key.owner)

    async def add_image(self, request: Request, key: Key) -> JSONResponse:
        return await self._add(request, key, secrets.token_hex(16))

    async def add_image_with_id(self, request: Request, key: Key) -> JSONResponse:
        return await self._add(request, key, _path_image_id(request))

    async def _add(self, request: Request, key: Key, image_id: str) -> JSONResponse:
        fingerprint = await self.fingerprints.fingerprint(await self._body(request))
        image_time = await self.store.add(key.collection_id, image_id, fingerprint)
        if image_time is None:
            raise image_id_taken(image_id)
        return _image_answer(201, "Added", key, StoredImage(image_id, image_time))

    async def add_or_replace_image(self, request: Request, key: Key) -> JSONResponse:
        image_id = _path_image_id(request)
        fingerprint = await self.fingerprints.fingerprint(await self._body(request))
        image_time, is_new = await self.store.add_or_replace(
            key.collection_id, image_id, fingerprint
        )
        status, message = (201, "Added") if is_new else (200, "Updated")
        return _image_answer(status, message, key, StoredImage(image_id, image_time))

    async def get_image(self, request: Request, key: Key) -> JSONResponse:
        image = await self._stored(key, _path_image_id(request))
        return _image_answer(200, "OK", key, image)

    async def delete_image(self, request: Request, key: Key) -> JSONResponse:
        image_id = _path_image_id(request)
        image = await self.store.delete(key.collection_id, image_id)
        if image is None:
            raise no_image(image_id)
        return _image_answer(200, "Deleted", key, image)

    async def list_images(self, request: Request, key: Key) -> JSONResponse:
        count = _integer(request, "count", 1, _MOST_LISTED, _LISTED_BY_DEFAULT)
        start = request.query_params.get("start")
        # One image more than wanted tells whether and where the next page begins.
        if start is None:
            found = await self.store.newest(key.collection_id, count + 1)
        else:
            first = await self._stored(key, _checked_image_id(start))
            found = await self.store.newest_from(key.collection_id, first, count + 1)
        page, following = found[:count], found[count:]
        return _answer(
            200,
            "OK",
            key,
            images=[{"id": image.image_id, "image_time": _time(image)} for image in page],
            next_image_id=following[0].image_id if following else None,
        )

    async def search_images(self, request: Request, key: Key) -> JSONResponse:
        query = await self.fingerprints.fingerprint(await self._body(request))
        return _answer(200, "OK", key, results=await self._similar(key, query))

    async def search_images_by_id(self, request: Request, key: Key) -> JSONResponse:
        image_id = _path_image_id(request)
        stored = await self.store.find_fingerprint(key.collection_id, image_id)
        if stored is None:
            raise no_image(image_id)
        image, fingerprint = stored
        results = await self._similar(key, fingerprint, without=image_id)
        return _image_answer(200, "OK", key, image, results=results)

    async def _similar(
        self, key: Key, query: Fingerprint, without: str | None = None
    ) -> list[dict[str, Any]]:
        candidates = await self.store.candidates(key.collection_id, query, CANDIDATES)
        others = [candidate for candidate in candidates if candidate.image_id != without]
        scores = rank(query, [candidate.fingerprint for candidate in others])
        return [
            {"id": others[match.index].image_id, "rank": place, "score": round(match.score, 6)}
            for place, match in enumerate(scores[:_MOST_RESULTS])
        ]

    async def _stored(self, key: Key, image_id: str) -> StoredImage:
        image = await self.store.get(key.collection_id, image_id)
        if image is None:
            raise no_image(image_id)
        return image

    async def _body(self, request: Request) -> bytes:
        """The body, of which no more than the limit is taken in."""
        limit = self.settings.max_body
        problem = too_large(f"The image file is larger than {limit} bytes")
        if int(request.headers.get("content-length", "0")) > limit:
            raise problem
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > limit:
                raise problem
        return bytes(body)


def _answer(status: int, message: str, key: Key, **fields: Any) -> JSONResponse:
    return JSONResponse(
        {
            "status": status,
            "message": message,
            "collection_id": key.collection_id,
            **fields,
        },
        status,
    )


def _image_answer(
    status: int, message: str, key: Key, image: StoredImage, **fields: Any
) -> JSONResponse:
    return _answer(status, message, key, image_id=image.image_id, image_time=_time(image), **fields)


def _time(image: StoredImage) -> str:
    return image.image_time.isoformat(timespec="microseconds")


def _path_image_id(request: Request) -> str:
    # The application routes by the path as it was sent, so this is still percent-encoded.
    encoded: str = request.path_params["image_id"]
    try:
        return _checked_image_id(unquote(encoded, errors="strict"))
    except UnicodeDecodeError:
        raise bad_request("The image ID in the path is not percent-encoded UTF-8") from None


def _checked_image_id(image_id: str) -> str:
    if not 1 <= len(image_id) <= _LONGEST_IMAGE_ID:
        raise bad_request(
            f"An image ID must have 1 to {_LONGEST_IMAGE_ID} characters, not {len(image_id)}"
        )
    if "\0" in image_id:
        raise bad_request("An image ID must not contain the character U+0000")
    return image_id


def _integer(request: Request, name: str, least: int, most: int, default: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    # int() alone would also take '+1', '1_000' and digits of other scripts.
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
    if value is None or not least <= value <= most:
        raise bad_request(f"{name} must be a whole number from {least} to {most}, not {text!r}")
    return value
