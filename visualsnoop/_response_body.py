"""Reading the body of a response, no further than a sensible size."""

from dataclasses import dataclass, field

import httpx

from .exceptions import UnexpectedResponseError

MAX_SIZE = 64 * 2**20  # bytes; a page of 1,000 images with the longest IDs is 1.4 MB

# Of these a piece of 64 KiB, which is what HTTPX reads at once, expands to 64 MiB at most.
ACCEPTED_ENCODINGS = ("gzip", "deflate")


def read_body(response: httpx.Response) -> httpx.Response:
    """The response with its body.

    Raises:
        UnexpectedResponseError: If the body is too large, or in an encoding not asked for.
    """
    if _is_surely_small(response):
        response.read()
        return response
    body = _Body(response)
    for piece in response.iter_bytes():
        body.add(piece)
    return body.response()


async def read_body_async(response: httpx.Response) -> httpx.Response:
    """`read_body` for asyncio."""
    if _is_surely_small(response):
        await response.aread()
        return response
    body = _Body(response)
    async for piece in response.aiter_bytes():
        body.add(piece)
    return body.response()


def _is_surely_small(response: httpx.Response) -> bool:
    """Whether the head says so, as it does of nearly all: that many bytes are read, and no more."""
    length = response.headers.get("content-length", "")
    is_plain = "content-encoding" not in response.headers
    return is_plain and length.isdecimal() and int(length) <= MAX_SIZE


@dataclass
class _Body:
    """The body of a response whose size is not known before it is read."""

    _response: httpx.Response
    _pieces: list[bytes] = field(default_factory=list, init=False)
    _size: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        encoding = self._response.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in (*ACCEPTED_ENCODINGS, "identity"):
            raise self._unexpected(f"is encoded in another way than {ACCEPTED_ENCODINGS}")
        length = self._response.headers.get("content-length", "")
        if length.isdecimal() and int(length) > MAX_SIZE:
            raise self._too_large()

    def add(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > MAX_SIZE:
            raise self._too_large()
        self._pieces.append(piece)

    def response(self) -> httpx.Response:
        headers = self._response.headers.copy()
        headers.pop("content-encoding", None)
        return httpx.Response(
            self._response.status_code,
            headers=headers,
            content=b"".join(self._pieces),
            request=self._response.request,
            extensions=self._response.extensions,
        )

    def _too_large(self) -> UnexpectedResponseError:
        return self._unexpected(f"is larger than {MAX_SIZE // 2**20} MiB, and was not read further")

    def _unexpected(self, what: str) -> UnexpectedResponseError:
        return UnexpectedResponseError(
            f"The response of {self._response.request.url} {what}: check the endpoint, and what "
            "proxies are on the way",
            status=self._response.status_code,
            headers=self._response.headers,
        )
