"""Exporting collections and importing them: nothing lost, nothing from a damaged file."""

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.local_service import client
from visualsnoop.server.matching.fingerprint import MODEL_DIMENSIONS, MODEL_VERSION
from visualsnoop.server.matching.keypoints import KEYPOINT
from visualsnoop.server.storage.collections import keep_with_images
from visualsnoop.server.storage.export_file import (
    Counts,
    ExportWriter,
    UnusableExport,
    new_export,
    records,
    verified,
)
from visualsnoop.server.storage.export_records import (
    ExportedDecision,
    ExportedImage,
    Record,
    Source,
)
from visualsnoop.server.storage.keys import NewKeys, create_keys
from visualsnoop.server.storage.transfer import export_collection, import_collection

from ..pictures import different_picture

DIMENSIONS = {1: 2, MODEL_VERSION: MODEL_DIMENSIONS, 2**31 - 1: 2}
MANY = 1200
SOURCE = Source("5f3c9a01", "holidays", "ada")

times = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
image_ids = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=100
)
images = st.builds(
    ExportedImage,
    image_id=image_ids,
    image_time=times,
    version=st.sampled_from([1, 2**31 - 1]),
    quality=st.integers(0, 100),
    pdq=st.binary(min_size=32, max_size=32),
    embedding=st.just(b"\0\x3c\0\x3c"),
    keypoints=st.just(bytes(KEYPOINT.itemsize)),
    detail=st.just(b""),
    size=st.none() | st.tuples(st.integers(1, 10**6), st.integers(1, 10**6)),
    thumbnail=st.none() | st.binary(max_size=9).map(lambda rest: b"RIFF\0\0\0\0WEBP" + rest),
)
decisions = st.builds(
    lambda ids, one, other: ExportedDecision(ids[0], one, ids[1], other),
    st.lists(image_ids, min_size=2, max_size=2, unique=True).map(
        lambda ids: sorted(ids, key=str.encode)
    ),
    times,
    times,
)


def write(path: Path, written: list[Record]) -> Counts:
    with new_export(path) as file:
        writer = ExportWriter(file, SOURCE)
        for record in written:
            writer.write(record)
        return writer.finish()


def image(image_id: str) -> ExportedImage:
    dice = random.Random(image_id)
    # Small positive numbers of float16.
    embedding = b"".join(bytes([dice.randrange(256), 0x30]) for _ in range(MODEL_DIMENSIONS))
    pdq, keypoints = dice.randbytes(32), dice.randbytes(44)
    return ExportedImage(
        image_id, datetime.now(UTC), MODEL_VERSION, 90, pdq, embedding, keypoints, b""
    )


def stored(database: str, collection_id: str) -> list[tuple[object, ...]]:
    """All that is kept of the images of a collection."""
    with psycopg.connect(database) as connection:
        return connection.execute(
            "SELECT image_id, image_time, version, quality, pdq, embedding::text, keypoints,"
            " detail, width, height FROM images WHERE collection_id = %s ORDER BY image_id",
            (collection_id,),
        ).fetchall()


@pytest.fixture
def holidays(service: str, keys: NewKeys) -> httpx.Client:
    """A collection of six images, of which two and two are copies, two said not to be."""
    with client(service, keys) as connection:
        for number, image_id in enumerate(["a", "b", "c", "d", "e", "f"]):
            picture = different_picture(number // 2)
            assert connection.post(f"/image/{image_id}", content=picture).is_success
        assert connection.put("/not-duplicates/b/a").is_success
        assert connection.get("/duplicates?min_score=0.99").json()["group_count"] == 2
    return client(service, keys)


@given(st.lists(images | decisions))
@settings(deadline=None)
def test_records_are_read_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, written: list[Record]
) -> None:
    path = tmp_path_factory.mktemp("export") / "holidays.gz"
    counts = write(path, written)
    assert verified(path, DIMENSIONS) == (SOURCE, counts)
    assert list(records(path, DIMENSIONS)) == written


@pytest.mark.parametrize("suffix", ["jsonl", "jsonl.gz"])
def test_imported_collection_is_the_exported_one(
    suffix: str, database: str, service: str, keys: NewKeys, holidays: httpx.Client, tmp_path: Path
) -> None:
    path = tmp_path / f"holidays.{suffix}"
    assert export_collection(database, keys.collection_id, path) == Counts(6, 1)
    done = import_collection(database, path, name=uuid4().hex)
    assert (done.added, done.present, done.kept) == (6, 0, 0)
    assert done.collection_id != keys.collection_id
    assert stored(database, done.collection_id) == stored(database, keys.collection_id)
    with psycopg.connect(database) as connection:
        row = connection.execute(
            "SELECT name FROM collections WHERE collection_id = %s", (done.collection_id,)
        ).fetchone()
        assert row is not None
    with holidays, client(service, create_keys(database, row[0], "ada")) as copy:
        groups, copied = (
            one.get("/duplicates?min_score=0.99").json()["groups"] for one in (holidays, copy)
        )
        assert groups == copied


def test_deleted_collection_comes_back_under_its_id(
    database: str, keys: NewKeys, holidays: httpx.Client, tmp_path: Path
) -> None:
    holidays.close()
    before = stored(database, keys.collection_id)
    export_collection(database, keys.collection_id, tmp_path / "export")
    with psycopg.connect(database) as connection:
        connection.execute(
            "DELETE FROM collections WHERE collection_id = %s", (keys.collection_id,)
        )
    assert import_collection(database, tmp_path / "export").collection_id == keys.collection_id
    assert stored(database, keys.collection_id) == before


@pytest.mark.parametrize("is_wanted", [True, False])
def test_thumbnails_come_back_with_a_collection_that_kept_them(
    is_wanted: bool, database: str, service: str, keys: NewKeys, tmp_path: Path
) -> None:
    keep_with_images(database, keys.collection_id, "thumbnails", True)
    with client(service, keys) as connection:
        connection.post("/image/a", content=different_picture(1))
        webp = connection.get("/image/a/thumbnail").content
        export_collection(database, keys.collection_id, tmp_path / "export")
        # One that has been turned off is not turned on, or filled, by a file.
        keep_with_images(database, keys.collection_id, "thumbnails", False)
        import_collection(database, tmp_path / "export")
        assert connection.get("/image/a/thumbnail").status_code == 404
        keep_with_images(database, keys.collection_id, "thumbnails", is_wanted)
        import_collection(database, tmp_path / "export")
        assert (connection.get("/image/a/thumbnail").content == webp) == is_wanted
    name = uuid4().hex
    import_collection(database, tmp_path / "export", name, "ada")
    with client(service, create_keys(database, name, "ada")) as copy:
        assert copy.get("/image/a/thumbnail").content == webp


def test_images_are_never_replaced(
    database: str, keys: NewKeys, holidays: httpx.Client, tmp_path: Path
) -> None:
    export_collection(database, keys.collection_id, tmp_path / "export")
    with holidays:
        holidays.put("/image/a", content=different_picture(7))
        holidays.delete("/image/c")
    replaced = stored(database, keys.collection_id)[0]
    done = import_collection(database, tmp_path / "export")
    assert (done.added, done.present, done.kept) == (1, 4, 1)
    assert stored(database, keys.collection_id)[0] == replaced
    with psycopg.connect(database) as connection:
        # It was said of the image that was replaced.
        said = connection.execute(
            "SELECT FROM not_duplicates WHERE collection_id = %s", (keys.collection_id,)
        )
        assert said.rowcount == 0


@pytest.mark.parametrize("suffix", ["jsonl", "jsonl.gz"])
@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9, 0.9999])
def test_file_that_is_not_whole_is_refused(part: float, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"export.{suffix}"
    write(path, [image(f"{number}") for number in range(20)])
    os.truncate(path, int(path.stat().st_size * part))
    with pytest.raises(UnusableExport, match=r"not whole|no export"):
        verified(path, DIMENSIONS)


@given(st.data())
@settings(deadline=None)
def test_changed_file_is_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("export") / "export"
    write(path, [image("one"), image("two")])
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    with pytest.raises(UnusableExport):
        verified(path, DIMENSIONS)


def test_nothing_is_imported_from_a_changed_file(database: str, tmp_path: Path) -> None:
    path = tmp_path / "export"
    write(path, [image("one"), image("two")])
    path.write_bytes(path.read_bytes().replace(b'"two"', b'"tow"'))
    name = uuid4().hex
    with pytest.raises(UnusableExport, match="changed"):
        import_collection(database, path, name)
    with psycopg.connect(database) as connection:
        found = connection.execute("SELECT FROM collections WHERE name = %s", (name,))
        assert found.rowcount == 0


def test_file_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "export"
    write(path, [])
    path.write_bytes(path.read_bytes().replace(b'"format_version":4', b'"format_version":5'))
    with pytest.raises(UnusableExport, match="newer"):
        verified(path, DIMENSIONS)


def test_other_files_are_refused(photo: Path) -> None:
    with pytest.raises(UnusableExport, match="no export"):
        verified(photo, DIMENSIONS)


def test_file_is_not_overwritten_and_not_open_to_others(
    database: str, keys: NewKeys, tmp_path: Path
) -> None:
    path = tmp_path / "export"
    export_collection(database, keys.collection_id, path)
    assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(FileExistsError, match="another name"):
        export_collection(database, keys.collection_id, path)


def command(database: str, *arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "visualsnoop", *map(str, arguments), f"--database={database}"],
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("share", [0.1, 0.6])
def test_import_that_was_killed_goes_on(share: float, database: str, tmp_path: Path) -> None:
    path = tmp_path / "export"
    write(path, [image(f"{number}") for number in range(MANY)])
    keys = create_keys(database, uuid4().hex, "ada")
    with psycopg.connect(database) as connection:
        (name,) = connection.execute(
            "SELECT name FROM collections WHERE collection_id = %s", (keys.collection_id,)
        ).fetchone() or ("",)
    with command(database, "import", path, f"--name={name}", "--user=ada") as importing:
        while len(stored(database, keys.collection_id)) < MANY * share:
            time.sleep(0.01)
        importing.send_signal(signal.SIGKILL)
    done = import_collection(database, path, name, "ada")
    assert done.collection_id == keys.collection_id
    assert done.added + done.present == MANY
    assert done.kept == 0
    assert len(stored(database, keys.collection_id)) == MANY


def test_export_that_was_killed_is_begun_again(database: str, tmp_path: Path) -> None:
    source, path = tmp_path / "source", tmp_path / "export"
    write(source, [image(f"{number}") for number in range(MANY)])
    collection_id = import_collection(database, source, uuid4().hex).collection_id
    unfinished = path.with_name("export.unfinished")
    with command(database, "export", collection_id, path) as exporting:
        while not unfinished.exists() or unfinished.stat().st_size < 100_000:
            time.sleep(0.001)
        exporting.send_signal(signal.SIGKILL)
    assert not path.exists()
    with command(database, "export", collection_id, path) as exporting:
        assert exporting.stdout is not None
        assert f"exported {MANY} images" in exporting.stdout.read()
    assert sorted(map(str, records(path, DIMENSIONS))) == sorted(
        map(str, records(source, DIMENSIONS))
    )


def test_lines_are_json_that_others_can_read(
    database: str, keys: NewKeys, holidays: httpx.Client, tmp_path: Path
) -> None:
    holidays.close()
    path = tmp_path / "export.gz"
    export_collection(database, keys.collection_id, path)
    with gzip.open(path) as file:
        first, *middle, last = map(json.loads, file)
    assert (first["format"], first["format_version"]) == ("visualsnoop-export", 4)
    assert [next(iter(line)) for line in middle] == 6 * ["image"] + ["not_duplicates"]
    assert last["end"]["images"] == 6
