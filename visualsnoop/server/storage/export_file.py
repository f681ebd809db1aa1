"""The file to which a collection is exported: JSON lines, described in docs/scaling.md.

The first line says what the file is and of which collection; then there is a line for each image,
and one for each decision about two of them. The last line has the numbers of both, and the SHA-256
of all bytes before it. Where the name of the file ends with .gz, it is compressed.
"""

import base64
import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, Any, TypeVar

from attrs import field, frozen

from ..matching.detail import read_detail
from ..settings import MIB

FORMAT = "visualsnoop-export"
FORMAT_VERSION = 2

# Images of version 1 have no detail.
_READ_VERSIONS = (1, 2)

File = IO[bytes] | gzip.GzipFile

_T = TypeVar("_T")

_LONGEST_LINE = MIB


class UnusableExport(ValueError):
    """The file is no export of a collection, or is not as it was written."""


@frozen
class Source:
    """The collection that was exported."""

    collection_id: str
    name: str
    user: str


@frozen
class ExportedImage:
    """An image, and its fingerprint.

    Attributes:
        embedding: Little-endian float16, one for each dimension.
        keypoints, detail: As they are stored; see `matching.fingerprint.Fingerprint`.
    """

    image_id: str
    image_time: datetime
    version: int
    quality: int
    pdq: bytes = field(repr=False)
    embedding: bytes = field(repr=False)
    keypoints: bytes = field(repr=False)
    detail: bytes = field(repr=False)


@frozen
class ExportedDecision:
    """Two images that are not duplicates; the decision is about what they were at these times."""

    image_id: str
    image_time: datetime
    other_id: str
    other_time: datetime


@frozen
class Counts:
    """How much an export has."""

    images: int
    decisions: int


Record = ExportedImage | ExportedDecision


class ExportWriter:
    """Writes records to a file."""

    def __init__(self, file: File, source: Source) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()
        self._images = 0
        self._decisions = 0
        header = {"format": FORMAT, "format_version": FORMAT_VERSION}
        collection = {"collection_id": source.collection_id, "name": source.name}
        self._write({**header, **collection, "user": source.user})

    def write(self, record: Record) -> None:
        if isinstance(record, ExportedImage):
            self._images += 1
            self._write({"image": _image_fields(record)})
        else:
            self._decisions += 1
            self._write({"not_duplicates": _decision_fields(record)})

    def finish(self) -> Counts:
        """Write the last line, without which the file is not accepted."""
        counts = Counts(self._images, self._decisions)
        self._write({"end": _end_fields(counts, self._sha256.hexdigest())})
        return counts

    def _write(self, fields: dict[str, Any]) -> None:
        line = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        self._sha256.update(line)
        self._file.write(line)


@contextmanager
def new_export(path: Path) -> Iterator[File]:
    """Write a file that only its owner can read, and that gets its name when it is whole.

    Raises:
        FileExistsError: If there is such a file already.
        OSError: If it cannot be written.
    """
    if path.exists():
        raise FileExistsError(f"{path} exists already: give another name")
    unfinished = path.with_name(f"{path.name}.unfinished")
    with open(unfinished, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as raw:
        if path.suffix == ".gz":
            with gzip.GzipFile(fileobj=raw, mode="wb") as compressed:
                yield compressed
        else:
            yield raw
        raw.flush()
        os.fsync(raw.fileno())
    unfinished.rename(path)


def verified(path: Path) -> tuple[Source, Counts]:
    """What a file is an export of, after it was read to its end and found to be whole.

    Raises:
        UnusableExport: If it is not.
        OSError: If it cannot be read.
    """
    sha256 = hashlib.sha256()
    images = decisions = 0
    with _lines(path) as lines:
        line = next(lines, b"")
        source = _source(path, line)
        sha256.update(line)
        for number, line in enumerate(lines, 2):
            fields = _fields(path, number, line)
            if "end" in fields:
                counts = Counts(images, decisions)
                if fields["end"] != _end_fields(counts, sha256.hexdigest()):
                    raise UnusableExport(f"{path} was changed after it was written, or is damaged")
                if next(lines, None) is not None:
                    raise UnusableExport(f"{path} goes on after its end, in line {number + 1}")
                return source, counts
            record = _record(path, number, fields)
            images += isinstance(record, ExportedImage)
            decisions += isinstance(record, ExportedDecision)
            sha256.update(line)
    raise UnusableExport(f"{path} is not whole: its end is missing; export the collection again")


def records(path: Path) -> Iterator[Record]:
    """The images and then the decisions of a file; raises as `verified` does."""
    with _lines(path) as lines:
        next(lines)
        for number, line in enumerate(lines, 2):
            fields = _fields(path, number, line)
            if "end" in fields:
                return
            yield _record(path, number, fields)


@contextmanager
def _lines(path: Path) -> Iterator[Iterator[bytes]]:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        try:
            yield iter(partial(file.readline, _LONGEST_LINE), b"")
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise UnusableExport(f"{path} is not whole, or is damaged: {error}") from None


def _source(path: Path, line: bytes) -> Source:
    try:
        fields = json.loads(line)
        is_export = fields["format"] == FORMAT
    except (ValueError, TypeError, KeyError):
        is_export = False
    if not is_export:
        raise UnusableExport(f"{path} is no export of a collection")
    if (version := fields.get("format_version")) not in _READ_VERSIONS:
        raise UnusableExport(
            f"{path} has version {version!r} of the format, and this program reads "
            f"{FORMAT_VERSION}: import it with a newer one"
        )
    return _checked(path, 1, lambda: Source(*(str(fields[name]) for name in _SOURCE)))


_SOURCE = ("collection_id", "name", "user")


def _fields(path: Path, number: int, line: bytes) -> dict[str, Any]:
    def read() -> dict[str, Any]:
        fields = json.loads(line)
        if not line.endswith(b"\n") or not isinstance(fields, dict):
            raise ValueError
        return fields

    return _checked(path, number, read)


def _record(path: Path, number: int, fields: dict[str, Any]) -> Record:
    if "image" in fields:
        return _checked(path, number, lambda: _read_image(fields["image"]))
    return _checked(path, number, lambda: _read_decision(fields["not_duplicates"]))


def _checked(path: Path, number: int, read: Callable[[], _T]) -> _T:
    try:
        return read()
    except (ValueError, TypeError, KeyError):
        raise UnusableExport(f"{path} is not whole, or is damaged: see its line {number}") from None


def _image_fields(image: ExportedImage) -> dict[str, Any]:
    return {
        "image_id": image.image_id,
        "image_time": image.image_time.isoformat(),
        "version": image.version,
        "quality": image.quality,
        "pdq": image.pdq.hex(),
        "embedding": base64.b64encode(image.embedding).decode(),
        "keypoints": base64.b64encode(image.keypoints).decode(),
        "detail": base64.b64encode(image.detail).decode(),
    }


def _read_image(fields: dict[str, Any]) -> ExportedImage:
    return ExportedImage(
        image_id=str(fields["image_id"]),
        image_time=datetime.fromisoformat(fields["image_time"]),
        version=int(fields["version"]),
        quality=int(fields["quality"]),
        pdq=bytes.fromhex(fields["pdq"]),
        embedding=base64.b64decode(fields["embedding"], validate=True),
        keypoints=base64.b64decode(fields["keypoints"], validate=True),
        detail=_read_detail(fields.get("detail", "")),
    )


def _read_detail(encoded: str) -> bytes:
    detail = base64.b64decode(encoded, validate=True)
    if detail:
        read_detail(detail)
    return detail


def _decision_fields(decision: ExportedDecision) -> dict[str, Any]:
    return {
        "image_id": decision.image_id,
        "image_time": decision.image_time.isoformat(),
        "other_id": decision.other_id,
        "other_time": decision.other_time.isoformat(),
    }


def _read_decision(fields: dict[str, Any]) -> ExportedDecision:
    return ExportedDecision(
        image_id=str(fields["image_id"]),
        image_time=datetime.fromisoformat(fields["image_time"]),
        other_id=str(fields["other_id"]),
        other_time=datetime.fromisoformat(fields["other_time"]),
    )


def _end_fields(counts: Counts, sha256: str) -> dict[str, Any]:
    return {"images": counts.images, "not_duplicates": counts.decisions, "sha256": sha256}
