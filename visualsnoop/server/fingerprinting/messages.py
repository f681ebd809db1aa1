"""Messages about pictures, between the processes of a service.

A message is a JSON object, and bytes that belong to it. It is sent as the lengths of both (two
unsigned numbers of 4 and 8 bytes), the object and the bytes. So whoever reads it runs nothing of
what a decoder may have been made to send by a picture, as it would with a pickle.
"""

import asyncio
import base64
import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

import numpy as np
from attrs import fields, frozen

from ..matching.fingerprint import Fingerprint
from ..matching.windows import Box

_LENGTHS = struct.Struct(">IQ")
_LONGEST_HEAD = 4 * 1024 * 1024
_LONGEST_BODY = 2**31


@frozen
class Message:
    """A message: its JSON object, and the bytes that belong to it."""

    head: Mapping[str, Any]
    body: bytes = b""

    def to_bytes(self) -> bytes:
        """What is sent, but for the body, which follows."""
        head = json.dumps(self.head).encode()
        return _LENGTHS.pack(len(head), len(self.body)) + head


async def send(writer: asyncio.StreamWriter, head: Mapping[str, Any], body: bytes = b"") -> None:
    """Send a message; raises `OSError` if the other end is gone."""
    writer.write(Message(head, body).to_bytes())
    writer.write(body)
    await writer.drain()


async def receive(reader: asyncio.StreamReader) -> Message:
    """The next message.

    Raises:
        EOFError: At the end of the connection.
        ValueError: If it is none.
    """
    head_length, body_length = _checked(await reader.readexactly(_LENGTHS.size))
    head = _object(await reader.readexactly(head_length))
    return Message(head, await reader.readexactly(body_length))


def write(file: BinaryIO, head: Mapping[str, Any], body: bytes = b"") -> None:
    """As `send`, to a pipe."""
    file.write(Message(head, body).to_bytes())
    file.write(body)
    file.flush()


def read(file: BinaryIO) -> Message:
    """As `receive`, from a pipe."""

    def exactly(count: int) -> bytes:
        data = file.read(count)
        if len(data) < count:
            raise EOFError
        return data

    head_length, body_length = _checked(exactly(_LENGTHS.size))
    return Message(_object(exactly(head_length)), exactly(body_length))


def _checked(lengths: bytes) -> tuple[int, int]:
    head_length, body_length = _LENGTHS.unpack(lengths)
    if head_length > _LONGEST_HEAD or body_length > _LONGEST_BODY:
        raise ValueError("too long a message")
    return head_length, body_length


def _object(text: bytes) -> Mapping[str, Any]:
    head = json.loads(text)
    if not isinstance(head, dict):
        raise ValueError("no JSON object")
    return head


@frozen
class Wanted:
    """What is wanted of a picture.

    Attributes:
        models: The indices of the models by which its fingerprints are wanted.
        thumbnail: Whether its thumbnail is.
        windows: The windows whose fingerprints are wanted; None for that of the whole picture.
        panels: Whether those of its panels are, too.
        embeddings, rest: Whether the embeddings of windows and panels are wanted, and the rest of
            their fingerprints.
    """

    models: Sequence[int]
    thumbnail: bool = False
    windows: Sequence[Box] | None = None
    panels: bool = False
    embeddings: bool = True
    rest: bool = True

    def to_json(self) -> dict[str, Any]:
        return {
            "models": list(self.models),
            "thumbnail": self.thumbnail,
            "windows": None if self.windows is None else list(self.windows),
            "panels": self.panels,
            "embeddings": self.embeddings,
            "rest": self.rest,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Wanted":
        windows = values["windows"]
        return cls(
            values["models"],
            values["thumbnail"],
            None if windows is None else [_box(each) for each in windows],
            values["panels"],
            values["embeddings"],
            values["rest"],
        )


@frozen
class Fingerprinted:
    """The fingerprints of a picture, and how long they took.

    Attributes:
        fingerprints: For each model that of the whole picture, if no windows were wanted, and of
            each window.
        windows: These windows, the panels among them.
        size: The width and the height of the picture, upright, in pixels.
        thumbnail: Its thumbnail, a WebP file; None unless it was wanted.
        decode_seconds, embed_seconds: How long it took to decode it, and to compute the rest.
    """

    fingerprints: Sequence[Fingerprint]
    windows: Sequence[Box]
    size: tuple[int, int]
    thumbnail: bytes | None
    decode_seconds: float
    embed_seconds: float

    def to_json(self) -> dict[str, Any]:
        return {
            "fingerprints": [_fingerprint_to_json(each) for each in self.fingerprints],
            "windows": list(self.windows),
            "size": self.size,
            "thumbnail": self.thumbnail and base64.b64encode(self.thumbnail).decode(),
            "decode_seconds": self.decode_seconds,
            "embed_seconds": self.embed_seconds,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Fingerprinted":
        """What `to_json` gave; raises `ValueError` if it did not."""
        try:
            width, height = map(int, values["size"])
            thumbnail = values["thumbnail"]
            return cls(
                [_fingerprint_from_json(each) for each in values["fingerprints"]],
                [_box(each) for each in values["windows"]],
                (width, height),
                None if thumbnail is None else base64.b64decode(thumbnail, validate=True),
                float(values["decode_seconds"]),
                float(values["embed_seconds"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"no fingerprints: {error}") from error


def _box(values: Sequence[float]) -> Box:
    left, top, right, bottom = map(float, values)
    return left, top, right, bottom


def _fingerprint_to_json(fingerprint: Fingerprint) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in _NAMES:
        value = getattr(fingerprint, name)
        if name == _EMBEDDING:
            value = value.astype("<f4").tobytes()
        values[name] = base64.b64encode(value).decode() if isinstance(value, bytes) else value
    return values


def _fingerprint_from_json(values: Mapping[str, Any]) -> Fingerprint:
    decoded: dict[str, Any] = {
        name: base64.b64decode(value, validate=True) if isinstance(value, str) else value
        for name, value in values.items()
    }
    decoded[_EMBEDDING] = np.frombuffer(decoded[_EMBEDDING], "<f4")
    return Fingerprint(**decoded)


_NAMES = [field.name for field in fields(Fingerprint)]
_EMBEDDING = "embedding"
