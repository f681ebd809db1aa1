"""`_uploads` for asyncio."""

import inspect
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Self, cast

from ._image_readers import BYTES, file_name, iterate_async, read_async
from ._threads import iterate_in_threads, open_in_thread
from ._uploads import AsyncImageInput, ImageInput, Upload, empty


@dataclass
class AsyncUpload:
    """`Upload` for asyncio: files and iterables are read in threads, never in the event loop.

    Attributes:
        length: How many bytes there are; None where that is not known beforehand.
    """

    length: int | None
    _chunks: AsyncIterator[bytes]
    _upload: Upload | None = None

    @classmethod
    async def open(cls, image: AsyncImageInput) -> Self:
        """Open an image as `Upload.open` does."""
        if inspect.iscoroutinefunction(getattr(image, "read", None)):
            return await cls._of_pieces(read_async(image, file_name(image)), file_name(image))
        if isinstance(image, AsyncIterable):
            return await cls._of_pieces(iterate_async(image), "image")
        if isinstance(image, BYTES):
            upload = Upload.open(image)
            return cls(upload.length, _without_threads(upload.stream()), upload)
        # What else could be asynchronous is refused there.
        blocking = cast(ImageInput, image)
        upload = await open_in_thread(lambda: Upload.open(blocking), Upload.close)
        return cls(upload.length, iterate_in_threads(upload.stream()), upload)

    @classmethod
    async def _of_pieces(cls, pieces: AsyncIterator[bytes], name: str) -> Self:
        async for first in pieces:
            if first:
                return cls(None, _chain(first, pieces))
        raise empty(name)

    def stream(self) -> AsyncIterator[bytes]:
        """The bytes, in pieces; they can be taken once, and again after `rewind`."""
        return self._chunks

    def rewind(self) -> bool:
        """Go back to the first byte; whether that could be done."""
        if self._upload is None or not self._upload.rewind():
            return False
        self._chunks = iterate_in_threads(self._upload.stream())
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        if self._upload is not None:
            self._upload.close()


async def _without_threads(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def _chain(first: bytes, remaining: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in remaining:
        yield piece
