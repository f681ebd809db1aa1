"""The file to which a collection is exported: JSON lines, described in docs/scaling.md.

The first line says what the file is and of which collection; then there is a line for each image,
and one for each decision about two of them. The last line has the numbers of both, and the SHA-256
of all bytes before it. Where the name of the file ends with .gz, it is compressed.
"""

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any, TypeVar

from attrs import frozen

from ..settings import MIB
from .export_records import (
    Dimensions,
    ExportedImage,
    Record,
    Source,
    WrongRecord,
    decision_fields,
    image_fields,
    read_decision,
    read_image,
    read_source,
    source_fields,
)

FORMAT = "visualsnoop-export"
FORMAT_VERSION = 4

# Images of version 1 have no detail, those of version 2 neither size nor thumbnail, those of
# version 3 no parts.
_READ_VERSIONS = (1, 2, 3, 4)

File = IO[bytes] | gzip.GzipFile

_T = TypeVar("_T")

_LONGEST_LINE = MIB


class UnusableExport(ValueError):
    """The file is no export of a collection, or is not as it was written."""


@frozen
class Counts:
    """How much an export has."""

    images: int
    decisions: int


class ExportWriter:
    """Writes records to a file."""

    def __init__(self, file: File, source: Source) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()
        self._images = 0
        self._decisions = 0
        header = {"format": FORMAT, "format_version": FORMAT_VERSION}
        self._write({**header, **source_fields(source)})

    def write(self, record: Record) -> None:
        if isinstance(record, ExportedImage):
            self._images += 1
            self._write({"image": image_fields(record)})
        else:
            self._decisions += 1
            self._write({"not_duplicates": decision_fields(record)})

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


def verified(path: Path, dimensions: Dimensions) -> tuple[Source, Counts]:
    """What a file is an export of, after each of its records was read and found to be right.

    Args:
        path: The file.
        dimensions: How long the embeddings of each version are that may be in it.

    Raises:
        UnusableExport: If it is not whole, or has a record that cannot be stored.
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
            record = _record(path, number, fields, dimensions)
            images += isinstance(record, ExportedImage)
            decisions += not isinstance(record, ExportedImage)
            sha256.update(line)
    raise UnusableExport(f"{path} is not whole: its end is missing; export the collection again")


def records(path: Path, dimensions: Dimensions) -> Iterator[Record]:
    """The images and then the decisions of a file; the arguments and errors are of `verified`."""
    with _lines(path) as lines:
        next(lines)
        for number, line in enumerate(lines, 2):
            fields = _fields(path, number, line)
            if "end" in fields:
                return
            yield _record(path, number, fields, dimensions)


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
    except (ValueError, TypeError, KeyError, RecursionError):
        is_export = False
    if not is_export:
        raise UnusableExport(f"{path} is no export of a collection")
    if (version := fields.get("format_version")) not in _READ_VERSIONS:
        raise UnusableExport(
            f"{path} has version {version!r} of the format, and this program reads "
            f"{FORMAT_VERSION}: import it with a newer one"
        )
    return _checked(path, 1, lambda: read_source(fields))


def _fields(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        fields = None
    if not line.endswith(b"\n") or not isinstance(fields, dict):
        raise UnusableExport(f"{path} is not whole, or is damaged: see its line {number}")
    return fields


def _record(path: Path, number: int, fields: dict[str, Any], dimensions: Dimensions) -> Record:
    if "image" in fields:
        return _checked(path, number, lambda: read_image(fields["image"], dimensions))
    if "not_duplicates" in fields:
        return _checked(path, number, lambda: read_decision(fields["not_duplicates"]))
    raise UnusableExport(f"{path} has neither an image nor a decision in line {number}")


def _checked(path: Path, number: int, read: Callable[[], _T]) -> _T:
    try:
        return read()
    except WrongRecord as error:
        raise UnusableExport(f"{path} cannot be imported: in line {number}, {error}") from None


def _end_fields(counts: Counts, sha256: str) -> dict[str, Any]:
    return {"images": counts.images, "not_duplicates": counts.decisions, "sha256": sha256}
