"""The records of an exported collection, as JSON objects; each is checked when it is read."""

import base64
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from attrs import asdict, field, frozen
from numpy.typing import NDArray

from ..matching.fingerprint import Fingerprint
from ..matching.windows import MOST_PANELS, Box
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
    has_parts: bool = False


@frozen
class ExportedPart:
    """A part of an image, with a fingerprint of its own; as in `ExportedImage`.

    Attributes:
        box: Left, top, right and bottom, in units of the sides of the image.
    """

    box: Box
    quality: int
    pdq: bytes = field(repr=False)
    embedding: bytes = field(repr=False)
    keypoints: bytes = field(repr=False)
    detail: bytes = field(repr=False)

    @property
    def vector(self) -> NDArray[np.float16]:
        """The embedding as an array."""
        return np.frombuffer(self.embedding, "<f2")


@frozen
class ExportedImage:
    """An image, and its fingerprint.

    Attributes:
        embedding: Little-endian float16, one for each dimension.
        keypoints, detail: As they are stored; see `matching.fingerprint.Fingerprint`.
        size: Width and height of the picture, in pixels; None where they are not known.
        thumbnail: A WebP file; None where there is none.
        parts: Its parts, if they are kept.
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
    parts: Sequence[ExportedPart] = field(default=(), repr=False)

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
    # Versions before 3 of the format had no thumbnails, and those before 4 no parts.
    keeps = {"has_thumbnails": False, "has_parts": False, **fields}
    return Source(
        collection_id,
        _text(fields, "name"),
        _text(fields, "user"),
        _value(keeps, "has_thumbnails", bool),
        _value(keeps, "has_parts", bool),
    )


def image_fields(image: ExportedImage) -> dict[str, Any]:
    return {
        "image_id": image.image_id,
        "image_time": image.image_time.isoformat(),
        "version": image.version,
        **_described(image),
        "size": image.size,
        "thumbnail": _as_base64(image.thumbnail),
        "parts": [{"box": part.box, **_described(part)} for part in image.parts],
    }


def _described(pictured: ExportedImage | ExportedPart) -> dict[str, Any]:
    return {
        "quality": pictured.quality,
        "pdq": pictured.pdq.hex(),
        "embedding": _as_base64(pictured.embedding),
        "keypoints": _as_base64(pictured.keypoints),
        "detail": _as_base64(pictured.detail),
    }


def _as_base64(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


def read_image(fields: Any, dimensions: Dimensions) -> ExportedImage:
    """The image of a JSON object; raises `WrongRecord` if it cannot be stored."""
    image = ExportedImage(
        image_id=_image_id(fields, "image_id"),
        image_time=_time(fields, "image_time"),
        version=_integer(fields, "version"),
        # Version 1 of the format had no detail.
        **_read_described({"detail": "", **fields}),
        # Versions before 3 had neither.
        size=_size(fields, "size"),
        thumbnail=_thumbnail(fields, "thumbnail"),
        parts=_parts(fields, "parts"),
    )
    wanted = dimensions.get(image.version)
    if wanted is None:
        raise WrongRecord(
            f"version {image.version} is of a model that no service over this database has used: "
            "start one with this model first, or add the images again"
        )
    _check(image, image.version, wanted)
    for part in image.parts:
        try:
            _check(part, image.version, wanted)
        except WrongRecord as error:
            raise WrongRecord(f"of its parts, {error}") from None
    return image


def _read_described(fields: Any) -> dict[str, Any]:
    return {
        "quality": _integer(fields, "quality"),
        "pdq": _hexadecimal(fields, "pdq"),
        "embedding": _base64(fields, "embedding"),
        "keypoints": _base64(fields, "keypoints"),
        "detail": _base64(fields, "detail"),
    }


def _parts(fields: Any, name: str) -> Sequence[ExportedPart]:
    # Versions before 4 of the format had none.
    parts = _value({name: [], **fields}, name, list)
    if len(parts) > MOST_PANELS:
        raise WrongRecord(f"{name} must be no more than {MOST_PANELS}")
    try:
        return tuple(ExportedPart(box=_box(part, "box"), **_read_described(part)) for part in parts)
    except WrongRecord as error:
        raise WrongRecord(f"of its {name}, {error}") from None


def _box(fields: Any, name: str) -> Box:
    box = _value(fields, name, list)
    if len(box) == 4 and all(type(side) in (int, float) and 0 <= side <= 1 for side in box):
        # The database has no smaller numbers than these.
        left, top, right, bottom = np.array(box, np.float32).tolist()
        if left < right and top < bottom:
            return left, top, right, bottom
    raise WrongRecord(f"{name} must be left, top, right and bottom, from 0 to 1")


def _check(pictured: ExportedImage | ExportedPart, version: int, dimensions: int) -> None:
    """Raise `WrongRecord` if searches could not work with the fingerprint of a record."""
    if len(pictured.embedding) != 2 * dimensions:
        raise WrongRecord(
            f"embedding must have {dimensions} numbers of 2 bytes in version {version}"
        )
    fingerprint = Fingerprint(
        version=version,
        quality=pictured.quality,
        pdq=pictured.pdq,
        embedding=pictured.vector.astype(np.float32),
        keypoints=pictured.keypoints,
        detail=pictured.detail,
    )
    try:
        check_fingerprint(fingerprint)
    except ValueError as error:
        raise WrongRecord(str(error)) from None


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
