"""Reading the file objects and iterables of users, whatever they are, as pieces of bytes."""

import inspect
import os
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from typing import Any

from ._messages import shortened
from .exceptions import ImageInputError, ImageReadError, ImageTypeError

BYTES = (bytes, bytearray, memoryview)

_CHUNK = 256 * 1024  # bytes; to send smaller pieces takes a third more of a processor


def position(file: Any) -> int | None:
    """Where a file object stands; None where it cannot seek, or is odd in what it says of it."""
    if inspect.iscoroutinefunction(getattr(file, "seekable", None)):
        return None
    try:
        position = file.tell() if file.seekable() is True else None
    except Exception:
        return None
    return position if isinstance(position, int) else None


def remaining_length(file: Any, name: str) -> int | None:
    """How many bytes are left in a file object; None where that is not known beforehand."""
    start = position(file)
    if start is None:
        return None
    try:
        file.seek(0, os.SEEK_END)
        end = file.tell()
    except Exception:
        end = None
    if end is not None:
        with _reading(name):
            file.seek(start)
    if position(file) != start:
        raise ImageReadError(f"{name} cannot be rewound: pass its bytes")
    # There are files that say that they are empty, and are not: those of /proc, for example.
    return end - start if end is not None and end > start else None


def read_exactly(file: Any, length: int, name: str) -> Iterator[bytes]:
    """Exactly as many bytes as were announced, even of a file that grows meanwhile."""
    while length > 0:
        wanted = min(_CHUNK, length)
        chunk = _read(file, wanted, name)
        if not chunk:
            raise ImageReadError(f"{name} got shorter while it was read")
        if len(chunk) > wanted:
            raise ImageReadError(f"{name} gave more bytes than it was asked for: pass its bytes")
        length -= len(chunk)
        yield chunk


def read_to_end(file: Any, name: str) -> Iterator[bytes]:
    while chunk := _read(file, _CHUNK, name):
        yield chunk
    _check_is_whole(file, name)


def read_whole(file: Any) -> bytes:
    """The bytes that are left in a file object."""
    return b"".join(read_to_end(file, file_name(file)))


async def read_async(file: Any, name: str) -> AsyncIterator[bytes]:
    while True:
        with _reading(name):
            chunk = _of_file(await file.read(_CHUNK), name)
        if not chunk:
            return
        yield chunk


def iterate(image: Iterable[Any]) -> Iterator[bytes]:
    with _reading("image"):
        for piece in image:
            yield _as_bytes(piece, "image")


async def iterate_async(image: AsyncIterable[Any]) -> AsyncIterator[bytes]:
    with _reading("image"):
        async for piece in image:
            yield _as_bytes(piece, "image")


def file_name(file: object) -> str:
    """What a file object is called in messages."""
    try:
        name = getattr(file, "name", None)
    except Exception:
        name = None
    if isinstance(name, (str, bytes, os.PathLike)):
        return f"file object {shortened(repr(name))}"
    return f"file object of type {type(file).__name__}"


def asynchronous(name: str, file: object = None) -> ImageTypeError:
    # Uploads of web frameworks have a file in them.
    what = "image.file" if hasattr(file, "file") else "its bytes (await image.read())"
    return ImageTypeError(f"{name} is asynchronous: pass {what}, or use AsyncCollection")


def _read(file: Any, size: int, name: str) -> bytes:
    with _reading(name):
        return _of_file(file.read(size), name)


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """Raise what the image of the user raises within as an error of this package."""
    try:
        yield
    except ImageInputError:
        raise
    except Exception as error:
        kind = type(error).__name__
        raise ImageReadError(
            f"{name} could not be read: {kind}: {shortened(str(error))}"
        ) from error


def _check_is_whole(file: Any, name: str) -> None:
    # It takes a connection that breaks for the end of the body, when it is read in pieces.
    if isinstance(file, HTTPResponse) and file.length:
        raise ImageReadError(f"{name} broke off: {file.length} bytes are missing")


def _of_file(chunk: Any, name: str) -> bytes:
    if isinstance(chunk, str):
        raise ImageTypeError(f"{name} is open in text mode: open it with mode 'rb'")
    return _as_bytes(chunk, name)


def _as_bytes(piece: Any, name: str) -> bytes:
    if isinstance(piece, BYTES):
        return bytes(piece)
    if inspect.isawaitable(piece):
        if inspect.iscoroutine(piece):
            piece.close()
        raise asynchronous(name)
    raise ImageTypeError(f"{name} must yield bytes, not {type(piece).__name__}")
