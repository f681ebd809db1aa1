"""The records of an exported collection, as JSON objects; each is checked when it is read."""

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
from attrs import asdict, field, frozen
from numpy.typing import NDArray

from ..matching.fingerprint import Fingerprint
from .fingerprint_columns import check_fingerprint
from .thumbnails import check_thumbnail

_LONGEST_IMAGE_ID = 100
_LARGEST_SIDE = 2**31 - 1  # of the type integer in PostgreSQL
_COLLECTION_ID = re.compile(r"[0-9a-f]{8}")
# PostgreSQL has years that Python has not.
_EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
_LATEST = datetime(9999, 12, 30, tzinfo=UTC)

Dimensions = Mapping[int, int]
"""How long the embeddings of each version are that the service knows."""


class WrongRecord(ValueError):
    """A record cannot be imported; the message says why."""


@frozen
class Source:
    """The collection that was exported."""

    collection_id: str
    name: str
    user: str
    has_thumbnails: bool = False


@frozen
class ExportedImage:
    """An image, and its fingerprint.

    Attributes:
        embedding: Little-endian float16, one for each dimension.
        keypoints, detail: As they are stored; see `matching.fingerprint.Fingerprint`.
        size: Width and height of the picture, in pixels; None where they are not known.
        thumbnail: A WebP file; None where there is none.
    """

    image_id: str
    image_time: datetime
    version: int
    quality: int
    pdq: bytes = field(repr=False)
    embedding: bytes = field(repr=False)
    keypoints: bytes = field(repr=False)
    detail: bytes = field(repr=False)
    size: tuple[int, int] | None = None
    thumbnail: bytes | None = field(default=None, repr=False)

    @property
    def vector(self) -> NDArray[np.float16]:
        """The embedding as an array."""
        return np.frombuffer(self.embedding, "<f2")


@frozen
class ExportedDecision:
    """Two images that are not duplicates; the decision is about what they were at these times."""

    image_id: str
    image_time: datetime
    other_id: str
    other_time: datetime


Record = ExportedImage | ExportedDecision


def source_fields(source: Source) -> dict[str, Any]:
    return asdict(source)


def read_source(fields: Any) -> Source:
    """The source of a JSON object; raises `WrongRecord` if it is none."""
    collection_id = _text(fields, "collection_id")
    if not _COLLECTION_ID.fullmatch(collection_id):
        raise WrongRecord("collection_id must be 8 hexadecimal characters")
    # Versions before 3 of the format had no thumbnails.
    has_thumbnails = _value({"has_thumbnails": False, **fields}, "has_thumbnails", bool)
    return Source(collection_id, _text(fields, "name"), _text(fields, "user"), has_thumbnails)


def image_fields(image: ExportedImage) -> dict[str, Any]:
    return {
        "image_id": image.image_id,
        "image_time": image.image_time.isoformat(),
        "version": image.version,
        "quality": image.quality,
        "pdq": image.pdq.hex(),
        "embedding": _as_base64(image.embedding),
        "keypoints": _as_base64(image.keypoints),
        "detail": _as_base64(image.detail),
        "size": image.size,
        "thumbnail": _as_base64(image.thumbnail),
    }


def _as_base64(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


def read_image(fields: Any, dimensions: Dimensions) -> ExportedImage:
    """The image of a JSON object; raises `WrongRecord` if it cannot be stored."""
    image = ExportedImage(
        image_id=_image_id(fields, "image_id"),
        image_time=_time(fields, "image_time"),
        version=_integer(fields, "version"),
        quality=_integer(fields, "quality"),
        pdq=_hexadecimal(fields, "pdq"),
        embedding=_base64(fields, "embedding"),
        keypoints=_base64(fields, "keypoints"),
        # Version 1 of the format had none.
        detail=_base64({"detail": "", **fields}, "detail"),
        # Versions before 3 had neither.
        size=_size(fields, "size"),
        thumbnail=_thumbnail(fields, "thumbnail"),
    )
    wanted = dimensions.get(image.version)
    if wanted is None:
        raise WrongRecord(
            f"version {image.version} is of a model that no service over this database has used: "
            "start one with this model first, or add the images again"
        )
    if len(image.embedding) != 2 * wanted:
        raise WrongRecord(
            f"embedding must have {wanted} numbers of 2 bytes in version {image.version}"
        )
    fingerprint = Fingerprint(
        version=image.version,
        quality=image.quality,
        pdq=image.pdq,
        embedding=image.vector.astype(np.float32),
        keypoints=image.keypoints,
        detail=image.detail,
    )
    try:
        check_fingerprint(fingerprint)
    except ValueError as error:
        raise WrongRecord(str(error)) from None
    return image


def decision_fields(decision: ExportedDecision) -> dict[str, Any]:
    return {
        "image_id": decision.image_id,
        "image_time": decision.image_time.isoformat(),
        "other_id": decision.other_id,
        "other_time": decision.other_time.isoformat(),
    }


def read_decision(fields: Any) -> ExportedDecision:
    """The decision of a JSON object; raises `WrongRecord` if it cannot be stored."""
    decision = ExportedDecision(
        image_id=_image_id(fields, "image_id"),
        image_time=_time(fields, "image_time"),
        other_id=_image_id(fields, "other_id"),
        other_time=_time(fields, "other_time"),
    )
    # In the order of their bytes, as the table has it.
    if decision.image_id.encode() >= decision.other_id.encode():
        raise WrongRecord("image_id must come before other_id")
    return decision


def _image_id(fields: Any, name: str) -> str:
    image_id = _text(fields, name)
    if len(image_id) > _LONGEST_IMAGE_ID:
        raise WrongRecord(f"{name} must have 1 to {_LONGEST_IMAGE_ID} characters")
    return image_id


def _text(fields: Any, name: str) -> str:
    value = _value(fields, name, str)
    if not value or "\0" in value or not _is_unicode(value):
        raise WrongRecord(f"{name} must be text that is not empty, without U+0000")
    return str(value)


def _is_unicode(text: str) -> bool:
    # JSON can have halves of characters.
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _time(fields: Any, name: str) -> datetime:
    try:
        time = datetime.fromisoformat(_value(fields, name, str))
        if time.tzinfo is not None and _EARLIEST <= time <= _LATEST:
            return time
    except (ValueError, OverflowError):
        pass
    raise WrongRecord(f"{name} must be a time of ISO 8601 with its distance from UTC")


def _integer(fields: Any, name: str) -> int:
    value: int = _value(fields, name, int)
    if isinstance(value, bool):
        raise WrongRecord(f"{name} must be of the type int")
    return value


def _size(fields: Any, name: str) -> tuple[int, int] | None:
    if fields.get(name) is None:
        return None
    sides = _value(fields, name, list)
    if len(sides) != 2 or not all(type(side) is int for side in sides):
        raise WrongRecord(f"{name} must be a width and a height")
    width, height = sides
    if not 1 <= min(sides) <= max(sides) <= _LARGEST_SIDE:
        raise WrongRecord(f"{name} must be between 1 and {_LARGEST_SIDE}")
    return width, height


def _thumbnail(fields: Any, name: str) -> bytes | None:
    if fields.get(name) is None:
        return None
    webp = _base64(fields, name)
    try:
        check_thumbnail(webp)
    except ValueError as error:
        raise WrongRecord(str(error)) from None
    return webp


def _hexadecimal(fields: Any, name: str) -> bytes:
    try:
        return bytes.fromhex(_value(fields, name, str))
    except ValueError:
        raise WrongRecord(f"{name} must be hexadecimal") from None


def _base64(fields: Any, name: str) -> bytes:
    try:
        return base64.b64decode(_value(fields, name, str), validate=True)
    except ValueError:
        raise WrongRecord(f"{name} must be base64") from None


def _value(fields: Any, name: str, kind: type) -> Any:
    if not isinstance(fields, dict):
        raise WrongRecord("it must be a JSON object")
    value = fields.get(name)
    if not isinstance(value, kind):
        raise WrongRecord(f"{name} must be of the type {kind.__name__}")
    return value
