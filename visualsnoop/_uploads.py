"""Opening what the user gave as an image, as a stream of bytes that is never held whole."""

import asyncio
import io
import os
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from contextlib import ExitStack
from itertools import chain
from typing import IO, Protocol, Self, TypeAlias, cast

from attrs import define, field


class BinaryFile(Protocol):
    """A file object that is open for reading bytes; if it can seek, its size is announced."""

    def read(self, size: int, /) -> bytes: ...


ImageInput: TypeAlias = (
    str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryFile | Iterable[bytes]
)
"""An image file: a path, its bytes, a binary file object, or an iterable of pieces of bytes."""

AsyncImageInput: TypeAlias = ImageInput | AsyncIterable[bytes]
"""`ImageInput`, or an asynchronous iterable of pieces of bytes."""

BYTES = (bytes, bytearray, memoryview)

_CHUNK = 64 * 1024


@define
class Upload:
    """An image file that is ready to be sent, once.

    Used as a context manager it closes what it has opened; what the user opened stays open.

    Attributes:
        length: How many bytes there are; None where that is not known beforehand.
    """

    length: int | None
    _chunks: Iterator[bytes]
    _opened: ExitStack = field(factory=ExitStack)

    @classmethod
    def open(cls, image: ImageInput) -> Self:
        """Open an image, refusing what cannot be one before anything is sent.

        Raises:
            OSError: If a path cannot be opened: FileNotFoundError, IsADirectoryError, ...
            TypeError: If `image` is of another type, or a file object in text mode.
            ValueError: If there are no bytes, or a URL was given.
        """
        if isinstance(image, BYTES):
            return cls._of_file(io.BytesIO(image), f"image of type {type(image).__name__}")
        if isinstance(image, (str, os.PathLike)):
            return cls._of_path(image)
        if hasattr(image, "read"):
            return cls._of_file(
                cast(IO[bytes], image), f"file object {getattr(image, 'name', image)!r}"
            )
        if isinstance(image, Iterable):
            return cls._of_pieces(image)
        raise TypeError(
            "image must be a path, bytes, a binary file object or an iterable of bytes, "
            f"not {type(image).__name__}: save a picture of another library to a file or io.BytesIO"
        )

    @classmethod
    def _of_path(cls, path: str | os.PathLike[str]) -> Self:
        if isinstance(path, str) and path.startswith(("http://", "https://")):
            raise ValueError("image is a URL: download it first, and pass its bytes")
        with ExitStack() as opened:
            file = opened.enter_context(open(path, "rb"))
            picture = cls._of_file(file, f"file {os.fspath(path)!r}")
            picture._opened = opened.pop_all()
            return picture

    @classmethod
    def _of_file(cls, file: IO[bytes], name: str) -> Self:
        if isinstance(file.read(0), str):
            raise TypeError(f"{name} is open in text mode: open it with mode 'rb'")
        if not _is_seekable(file):
            return cls._of_pieces(iter(lambda: file.read(_CHUNK), b""), name)
        start = file.tell()
        length = file.seek(0, os.SEEK_END) - start
        file.seek(start)
        if length <= 0:
            raise _empty(name)
        return cls(length, _read(file, length, name))

    @classmethod
    def _of_pieces(cls, pieces: Iterable[bytes], name: str = "image") -> Self:
        remaining = (_as_bytes(piece, name) for piece in pieces)
        # The first piece is looked at now: nothing may be sent for an image without bytes.
        first = next((piece for piece in remaining if piece), None)
        if first is None:
            raise _empty(name)
        return cls(None, chain([first], remaining))

    def stream(self) -> Iterator[bytes]:
        """The bytes, in pieces; they can be taken once."""
        return self._chunks

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        self._opened.close()


@define
class AsyncUpload:
    """`Upload` for asyncio: files and iterables are read in threads, never in the event loop.

    Attributes:
        length: How many bytes there are; None where that is not known beforehand.
    """

    length: int | None
    _chunks: AsyncIterator[bytes]
    _picture: Upload | None = None

    @classmethod
    async def open(cls, image: AsyncImageInput) -> Self:
        """Open an image as `Upload.open` does."""
        if isinstance(image, AsyncIterable):
            return await cls._of_pieces(image)
        if isinstance(image, BYTES):
            picture = Upload.open(image)
            return cls(picture.length, _without_threads(picture.stream()), picture)
        picture = await asyncio.to_thread(Upload.open, image)
        return cls(picture.length, _in_threads(picture.stream()), picture)

    @classmethod
    async def _of_pieces(cls, pieces: AsyncIterable[bytes]) -> Self:
        remaining = aiter(_as_bytes(piece, "image") async for piece in pieces)
        async for first in remaining:
            if first:
                return cls(None, _chain(first, remaining))
        raise _empty("image")

    def stream(self) -> AsyncIterator[bytes]:
        """The bytes, in pieces; they can be taken once."""
        return self._chunks

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        if self._picture is not None:
            self._picture.__exit__(*args)


async def _without_threads(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def _in_threads(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
        yield chunk


async def _chain(first: bytes, remaining: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in remaining:
        yield piece


def _as_bytes(piece: object, name: str) -> bytes:
    if not isinstance(piece, BYTES):
        raise TypeError(f"{name} must yield bytes, not {type(piece).__name__}")
    return bytes(piece)


def _empty(name: str) -> ValueError:
    return ValueError(f"{name} is empty, or has been read to its end")


def _is_seekable(file: IO[bytes]) -> bool:
    seekable = getattr(file, "seekable", None)
    return seekable is not None and seekable()


def _read(file: IO[bytes], length: int, name: str) -> Iterator[bytes]:
    """Exactly as many bytes as were announced, even of a file that grows meanwhile."""
    while length > 0:
        chunk = file.read(min(_CHUNK, length))
        if not chunk:
            raise OSError(f"{name} got shorter while it was sent")
        length -= len(chunk)
        yield chunk
