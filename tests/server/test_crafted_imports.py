"""Files that were written by somebody else: nothing is stored that searches cannot work with."""

import asyncio
import base64
import hashlib
import json
import random
import struct
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from scripts.local_service import client
from scripts.proofs import imports
from visualsnoop.server.duplicates import Duplicates
from visualsnoop.server.matching.decode import decode
from visualsnoop.server.matching.fingerprint import (
    MODEL_DIMENSIONS,
    MODEL_VERSION,
    Fingerprint,
)
from visualsnoop.server.matching.fingerprinter import Fingerprinter
from visualsnoop.server.search import find_similar
from visualsnoop.server.settings import Settings
from visualsnoop.server.storage.export_file import UnusableExport
from visualsnoop.server.storage.images import ImageStore
from visualsnoop.server.storage.keys import NewKeys, create_keys
from visualsnoop.server.storage.pool import connection_pool
from visualsnoop.server.storage.transfer import import_collection
from visualsnoop.server.vault import Vault

from ..pictures import different_picture

TIME = "2015-01-29T10:11:12.123456+00:00"
HUGE = base64.b64encode(bytes(700_000)).decode()


def embedding(*numbers: float, size: int = MODEL_DIMENSIONS) -> str:
    """An embedding that begins with some numbers; the others are 0.5."""
    rest = [0.5] * (size - len(numbers))
    return base64.b64encode(struct.pack(f"<{size}e", *numbers, *rest)).decode()


SOURCE = {
    "format": "visualsnoop-export",
    "format_version": 4,
    "collection_id": "5f3c9a01",
    "name": "holidays",
    "user": "ada",
    "has_thumbnails": True,
    "has_parts": True,
}
PART = {
    "box": [0, 0, 0.5, 1],
    "quality": 90,
    "pdq": "00" * 32,
    "embedding": embedding(),
    "keypoints": "",
    "detail": "",
}
IMAGE = {
    "image_id": "beach",
    "image_time": TIME,
    "version": MODEL_VERSION,
    "quality": 90,
    "pdq": "00" * 32,
    "embedding": embedding(),
    "keypoints": base64.b64encode(bytes(44)).decode(),
    "detail": "",
    "size": [4000, 3000],
    "thumbnail": base64.b64encode(b"RIFF\0\0\0\0WEBP").decode(),
    "parts": [PART],
}
DECISION = {"image_id": "a", "image_time": TIME, "other_id": "b", "other_time": TIME}


def crafted(path: Path, *records: Any, source: Any = SOURCE) -> Path:
    """A file whose numbers and SHA-256 are right, whatever is in it."""
    lines = b"".join(json.dumps(record).encode() + b"\n" for record in (source, *records))
    kinds = [next(iter(record), None) if isinstance(record, dict) else None for record in records]
    end = {
        "images": kinds.count("image"),
        "not_duplicates": kinds.count("not_duplicates"),
        "sha256": hashlib.sha256(lines).hexdigest(),
    }
    path.write_bytes(lines + json.dumps({"end": end}).encode() + b"\n")
    return path


def imported(database: str, path: Path) -> tuple[str, str, int]:
    """What an import says, the name of the collection, and how many images that has."""
    name = uuid4().hex
    message = ""
    try:
        import_collection(database, path, name)
    except UnusableExport as error:
        message = str(error)
    with psycopg.connect(database) as connection:
        stored = connection.execute(
            "SELECT image_id FROM images JOIN collections USING (collection_id) WHERE name = %s",
            (name,),
        ).rowcount
    return message, name, stored


def test_file_that_is_right_is_imported(database: str, tmp_path: Path) -> None:
    others = ({"image": {**IMAGE, "image_id": one}} for one in "ab")
    path = crafted(tmp_path / "file", *others, {"not_duplicates": DECISION})
    message, _, stored = imported(database, path)
    assert (message, stored) == ("", 2)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_file_of_an_earlier_format_is_imported(version: int, database: str, tmp_path: Path) -> None:
    source = {**SOURCE, "format_version": version}
    image = dict(IMAGE)
    del source["has_parts"], image["parts"]
    if version < 3:
        del source["has_thumbnails"], image["size"], image["thumbnail"]
    if version == 1:
        del image["detail"]
    message, _, stored = imported(
        database, crafted(tmp_path / "file", {"image": image}, source=source)
    )
    assert (message, stored) == ("", 1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("image_id", ""),
        ("image_id", "x" * 101),
        ("image_id", "a\0b"),
        ("image_id", "\ud800"),
        ("image_id", 7),
        ("image_id", None),
        ("image_time", "2015-01-29T10:11:12"),
        ("image_time", "0001-01-01T00:00:00+14:00"),
        ("image_time", "9999-12-31T23:59:59-14:00"),
        ("image_time", "yesterday"),
        ("image_time", 1422526272),
        ("version", 0),
        ("version", 3),
        ("version", 2**31),
        ("version", 10**30),
        ("version", True),
        ("version", "2"),
        ("version", 2.0),
        ("quality", -1),
        ("quality", 101),
        ("quality", 10**10),
        ("quality", None),
        ("pdq", ""),
        ("pdq", "00" * 31),
        ("pdq", "00" * 33),
        ("pdq", "xy" * 32),
        ("pdq", 5),
        ("embedding", ""),
        ("embedding", embedding(size=4)),
        ("embedding", embedding(size=MODEL_DIMENSIONS + 1)),
        ("embedding", base64.b64encode(bytes(2 * MODEL_DIMENSIONS - 1)).decode()),
        ("embedding", base64.b64encode(bytes(2 * MODEL_DIMENSIONS)).decode()),
        ("embedding", embedding(float("nan"))),
        ("embedding", embedding(float("inf"))),
        ("embedding", embedding(float("-inf"))),
        ("embedding", [0.5] * MODEL_DIMENSIONS),
        ("embedding", "not base64!"),
        ("keypoints", base64.b64encode(bytes(23)).decode()),
        ("keypoints", base64.b64encode(bytes(22 * 91)).decode()),
        ("keypoints", HUGE),
        ("keypoints", None),
        ("detail", base64.b64encode(b"no detail").decode()),
        ("detail", base64.b64encode(bytes(5)).decode()),
        ("detail", HUGE),
        ("size", 4000),
        ("size", []),
        ("size", [4000]),
        ("size", [0, 3000]),
        ("size", [4000, 2**31]),
        ("size", [4000.0, 3000.0]),
        ("size", [True, True]),
        ("size", "4000x3000"),
        ("parts", 7),
        ("parts", {}),
        ("parts", ["part"]),
        ("parts", 17 * [PART]),
        ("parts", [{**PART, "box": [0, 0, 1]}]),
        ("parts", [{**PART, "box": [0, 0, 0, 1]}]),
        ("parts", [{**PART, "box": [0, 0, 1, 1.5]}]),
        ("parts", [{**PART, "box": [0, 0, 1e-300, 1]}]),
        ("parts", [{**PART, "box": [0, 0, 1, "1"]}]),
        ("parts", [{**PART, "box": [0, 0, 1, 10**400]}]),
        ("parts", [{**PART, "box": [0, 0, 1, float("nan")]}]),
        ("parts", [{**PART, "quality": 101}]),
        ("parts", [{**PART, "pdq": ""}]),
        ("parts", [{**PART, "embedding": embedding(size=4)}]),
        ("parts", [{**PART, "keypoints": HUGE}]),
        ("parts", [{**PART, "detail": base64.b64encode(bytes(5)).decode()}]),
        ("thumbnail", ""),
        ("thumbnail", 7),
        ("thumbnail", "not base64!"),
        ("thumbnail", base64.b64encode(b"<svg onload='alert(1)'/>").decode()),
        ("thumbnail", base64.b64encode(b"RIFF\0\0\0\0WEBP" + bytes(200_000)).decode()),
    ],
)
def test_image_that_cannot_be_stored_is_refused_with_its_line(
    field: str, value: Any, database: str, tmp_path: Path
) -> None:
    good = {"image": {**IMAGE, "image_id": "good"}}
    path = crafted(tmp_path / "file", good, {"image": {**IMAGE, field: value}})
    message, _, stored = imported(database, path)
    assert stored == 0
    assert "in line 3" in message
    assert field in message
    # What is wrong may be large.
    assert len(message) < 500 + len(str(path))


@pytest.mark.parametrize(
    "decision",
    [
        {**DECISION, "other_id": "a"},
        {**DECISION, "image_id": "c"},
        {**DECISION, "other_id": ""},
        {**DECISION, "other_time": "2015"},
        {},
        [],
        "a",
    ],
)
def test_decision_that_cannot_be_stored_is_refused_with_its_line(
    decision: Any, database: str, tmp_path: Path
) -> None:
    path = crafted(tmp_path / "file", {"image": IMAGE}, {"not_duplicates": decision})
    message, _, stored = imported(database, path)
    assert stored == 0
    assert "in line 3" in message


@pytest.mark.parametrize("record", [{"video": {}}, {}, {"image": []}, {"image": None}])
def test_record_of_another_kind_is_refused_with_its_line(
    record: Any, database: str, tmp_path: Path
) -> None:
    message, _, stored = imported(database, crafted(tmp_path / "file", {"image": IMAGE}, record))
    assert stored == 0
    assert "in line 3" in message


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"image": 1e',
        b"[]",
        b"7",
        b"\xff\xfe",
        b"x" * 3_000_000,
    ],
)
def test_line_that_is_no_object_is_refused(line: bytes, database: str, tmp_path: Path) -> None:
    path = crafted(tmp_path / "file", {"image": IMAGE})
    first, *others = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + line + b"\n" + b"".join(others))
    message, _, stored = imported(database, path)
    assert stored == 0
    assert "see its line 2" in message


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("collection_id", "5F3C9A01"),
        ("collection_id", "x" * 8),
        ("collection_id", 5),
        ("name", ""),
        ("name", "a\0b"),
        ("user", None),
        ("has_thumbnails", "yes"),
        ("has_thumbnails", 1),
        ("has_parts", "no"),
    ],
)
def test_source_that_is_none_is_refused(
    field: str, value: Any, database: str, tmp_path: Path
) -> None:
    path = crafted(tmp_path / "file", {"image": IMAGE}, source={**SOURCE, field: value})
    message, _, stored = imported(database, path)
    assert stored == 0
    assert field in message


def put(column: str, value: object) -> Callable[[str, str], None]:
    """Puts something into a column of the first image, past the service."""

    def put_into(database: str, collection_id: str) -> None:
        with psycopg.connect(database) as connection:
            connection.execute(
                f"UPDATE images SET {column} = %s WHERE collection_id = %s"
                " AND image_id = 'damaged'".encode(),
                (value, collection_id),
            )

    return put_into


DAMAGES = {
    "short hash": put("pdq", bytes(31)),
    "long hash": put("pdq", bytes(64)),
    "no hash": put("pdq", b""),
    "odd keypoints": put("keypoints", bytes(23)),
    "many keypoints": put("keypoints", bytes(22 * 40_000)),
    "embedding of other dimensions": put("embedding", "[1,2,3,4]"),
    "embedding of zeros": put("embedding", str([0] * MODEL_DIMENSIONS)),
    "detail that is none": put("detail", b"no detail at all"),
    "detail of no size": put("detail", bytes(5)),
    "large detail": put("detail", bytes(200_000)),
}


@pytest.fixture(scope="module")
def fingerprint() -> Fingerprint:
    picture = decode(BytesIO(different_picture(1)), max_pixels=10**6)
    return Fingerprinter().fingerprint(picture)


def test_files_crafted_at_random_are_refused_or_do_no_harm() -> None:
    outcomes, memory = imports.attack(random.Random(1), seconds=4)
    assert outcomes[imports.TAKEN] > 0
    assert outcomes[imports.REFUSED] > 0
    assert memory < imports.MOST_MEMORY


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_fingerprint_does_not_spoil_searches(
    damage: Callable[[str, str], None], fingerprint: Fingerprint, new_database: str
) -> None:
    collection_id = create_keys(new_database, "holidays", "ada").collection_id

    async def search() -> tuple[set[str], set[str]]:
        async with connection_pool(Settings(new_database, Vault(bytes(32), "a test"))) as pool:
            images = ImageStore(pool)
            async with pool.connection() as connection:
                for one in ("damaged", "one", "other"):
                    await images.add(connection, collection_id, one, fingerprint, (4, 3))
            damage(new_database, collection_id)
            found = await find_similar(images, collection_id, fingerprint, stop=10)
            (group,) = (await Duplicates(pool, images).groups(collection_id, 0.7, 0, 10)).groups
            return (
                {image.image_id for image, match in found if match.score > 0.99},
                {image.image_id for image in group.images},
            )

    found, group = asyncio.run(search())
    assert {"one", "other"} <= found
    assert {"one", "other"} <= group


def test_search_by_a_damaged_image_says_what_to_do(
    service: str, database: str, keys: NewKeys
) -> None:
    with client(service, keys) as connection:
        for one in ("damaged", "one"):
            assert connection.post(f"/image/{one}", content=different_picture(1)).is_success
        put("pdq", b"")(database, keys.collection_id)
        damaged = connection.get("/search/damaged")
        assert damaged.status_code == 500
        assert "replace it" in damaged.json()["message"]
        assert connection.get("/compare/one/damaged").status_code == 500
        assert connection.get("/search/one").status_code == 200
        assert connection.put("/image/damaged", content=different_picture(1)).status_code == 200
        assert connection.get("/search/damaged").json()["results"][0]["id"] == "one"
