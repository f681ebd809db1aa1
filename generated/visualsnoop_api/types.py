"""What the functions of this package share."""

from collections.abc import AsyncIterable, Iterable, Mapping
from typing import Generic, Literal, TypeVar

from attrs import define


class Unset:
    """The type of `UNSET`: an optional value that is not there, unlike null."""

    def __bool__(self) -> Literal[False]:
        return False


UNSET: Unset = Unset()


@define
class File:
    """A binary body.

    Attributes:
        payload: The bytes, whole or as a stream: an open binary file, a generator or, for the
            asyncio functions, an asynchronous generator.
    """

    payload: bytes | Iterable[bytes] | AsyncIterable[bytes]


T = TypeVar("T")


@define
class Response(Generic[T]):
    """The answer to a request.

    Attributes:
        status_code: The HTTP status.
        content: The body as it came.
        headers: The headers, whose names ignore case.
        parsed: The body as its model; None where the status is not in the API description.
    """

    status_code: int
    content: bytes
    headers: Mapping[str, str]
    parsed: T | None


__all__ = ["UNSET", "File", "Response", "Unset"]
