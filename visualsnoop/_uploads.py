"""Image files of the user, opened as a stream of bytes that is never held whole."""

import errno
import inspect
import io
import os
import re
from collections.abc import (
    AsyncIterable,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
)
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NoReturn, Protocol, Self, TypeAlias

from ._image_readers import (
    BYTES,
    asynchronous,
    file_name,
    iterate,
    position,
    read_exactly,
    read_to_end,
    remaining_length,
)
from ._messages import shortened
from .exceptions import ImageInputError, ImageTypeError


class BinaryFile(Protocol):
    """A file object that is open for reading bytes; if it can seek, its size is announced."""

    def read(self, size: int, /) -> bytes: ...


class AsyncBinaryFile(Protocol):
    """A file object whose `read` is a coroutine function, such as an upload of Starlette."""

    def read(self, size: int, /) -> Awaitable[bytes]: ...


ImageInput: TypeAlias = (
    str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryFile | Iterable[bytes]
)
"""An image file: a path, its bytes, a binary file object, or an iterable of pieces of bytes."""

AsyncImageInput: TypeAlias = ImageInput | AsyncBinaryFile | AsyncIterable[bytes]
"""`ImageInput`, an asynchronous file object, or an asynchronous iterable of pieces of bytes."""

_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
# How the base64 of JPEG, PNG, GIF, WebP, TIFF and of HEIC and AVIF begins.
_BASE64 = re.compile("/9j/|iVBORw0KGgo|R0lGOD|UklGR|SUkq|TU0AK|AAAA..Z0eX")


@dataclass
class Upload:
    """An image file that is open, to be sent.

    Used as a context manager it closes what it has opened; what the user opened stays open.

    Attributes:
        length: How many bytes there are; None where that is not known beforehand.
    """

    length: int | None
    _chunks: Iterator[bytes]
    _again: Callable[[], Iterator[bytes]] | None = None
    _opened: ExitStack = field(default_factory=ExitStack)

    @classmethod
    def open(cls, image: ImageInput) -> Self:
        """Open an image, refusing what cannot be one before anything is sent.

        Raises:
            OSError: If a path cannot be opened: FileNotFoundError, IsADirectoryError, ...
            ImageTypeError: If `image` is of another type, or a file object in text mode.
            ImageInputError: If there are no bytes, or text was given that is no path.
            ImageReadError: If reading it fails.
        """
        if isinstance(image, BYTES):
            return cls._of_file(io.BytesIO(image), f"image of type {type(image).__name__}")
        if isinstance(image, (str, os.PathLike)):
            return cls._of_path(image)
        if hasattr(image, "read"):
            return cls._of_file(image, file_name(image))
        if isinstance(image, Iterable) and not isinstance(image, Mapping):
            return cls._of_pieces(iterate(image))
        if isinstance(image, AsyncIterable):
            raise asynchronous("image")
        raise ImageTypeError(
            "image must be a path, bytes, a binary file object or an iterable of bytes, "
            f"not {type(image).__name__}: save a picture of another library to a file or io.BytesIO"
        )

    @classmethod
    def _of_path(cls, path: str | os.PathLike[str]) -> Self:
        if isinstance(path, str):
            _refuse_url(path)
        with ExitStack() as opened:
            try:
                file = opened.enter_context(open(path, "rb"))
            except (OSError, ValueError) as error:
                _raise_for_path(path, error)
            upload = cls._of_file(file, f"file {shortened(repr(os.fspath(path)))}")
            upload._opened = opened.pop_all()
            return upload

    @classmethod
    def _of_file(cls, file: Any, name: str) -> Self:
        if inspect.iscoroutinefunction(file.read):
            raise asynchronous(name, file)
        start = position(file)
        length = remaining_length(file, name)
        if length is None:
            return cls._of_pieces(read_to_end(file, name), name)

        def again() -> Iterator[bytes]:
            file.seek(start)
            return read_exactly(file, length, name)

        chunks = read_exactly(file, length, name)
        return cls(length, chain([next(chunks)], chunks), again)

    @classmethod
    def _of_pieces(cls, pieces: Iterator[bytes], name: str = "image") -> Self:
        # The first piece is read now: nothing may be sent for an image without bytes.
        first = next((piece for piece in pieces if piece), None)
        if first is None:
            raise empty(name)
        return cls(None, chain([first], pieces))

    def stream(self) -> Iterator[bytes]:
        """The bytes, in pieces; they can be taken once, and again after `rewind`."""
        return self._chunks

    def rewind(self) -> bool:
        """Go back to the first byte; whether that could be done."""
        if self._again is None:
            return False
        try:
            self._chunks = self._again()
        except (OSError, ValueError):
            return False
        return True

    def close(self) -> None:
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()


def rewinding(image: Any) -> Callable[[], object] | None:
    """What rewinds an image, so that it can be sent again; None where it can be read only once."""
    if isinstance(image, (str, os.PathLike, *BYTES)):
        return lambda: None
    start = position(image)
    return None if start is None else lambda: image.seek(start)


def empty(name: str) -> ImageInputError:
    return ImageInputError(f"{name} is empty, or has been read to its end")


def _refuse_url(text: str) -> None:
    if text[:5].lower() == "data:":
        raise ImageInputError(
            "image is a data: URL: pass its bytes, base64.b64decode(url.partition(',')[2])"
        )
    if _URL.match(text):
        raise ImageInputError("image is a URL: download it first, and pass its bytes")


def _raise_for_path(path: str | os.PathLike[str], error: OSError | ValueError) -> NoReturn:
    """Raise the error of opening a path, or say that the text is no path."""
    if isinstance(path, str):
        if _BASE64.match(path):
            raise ImageInputError(
                "image is base64: pass its bytes, base64.b64decode(image)"
            ) from None
        is_too_long = isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG
        if is_too_long or isinstance(error, ValueError) or "\n" in path:
            raise ImageInputError(
                f"image is text of {len(path)} characters, and no path: pass bytes, "
                "base64.b64decode(image) if it is base64"
            ) from None
    name = shortened(os.fsdecode(path))
    if isinstance(error, OSError):
        raise type(error)(error.errno, error.strerror, name) from None
    raise ImageInputError(f"{name!r} is no path: {error}") from error
