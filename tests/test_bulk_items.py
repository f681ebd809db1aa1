"""Many images at once: which files of a folder, under which IDs, and none lost without a word."""

import io
import os
import re
import socket
import tarfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote
from uuid import uuid4

import pytest

from visualsnoop import Collection
from visualsnoop.bulk import Outcome, walk_folder
from visualsnoop.exceptions import (
    DuplicateImageIDError,
    ImageInputError,
    InvalidImageIDError,
    VisualSnoopError,
)

from .sockets import Listener, listening, read_request, response, session_response
from .sync_and_async import Connect

KEYS = ("0f1e2d3c4b5a69788796", "s" * 40)


class Shelf:
    """A service that keeps the IDs of images, and takes anything for an image."""

    def __init__(self) -> None:
        self.image_ids: list[str] = []

    def serve(self, listener: Listener, connection: socket.socket) -> None:
        while head := read_request(listener, connection):
            method, target, _ = head.split(b" ", 2)
            image_id = unquote(target.decode().partition("/image/")[2]) or uuid4().hex
            is_there = image_id in self.image_ids
            if b"session=init" in target:
                connection.sendall(session_response())
            elif method == b"GET":
                connection.sendall(image(200, image_id) if is_there else refusal(404))
            elif is_there:
                connection.sendall(refusal(409))
            else:
                self.image_ids.append(image_id)
                connection.sendall(image(201, image_id))


def image(status: int, image_id: str) -> bytes:
    body = (
        '{"status": %d, "message": "OK", "collection_id": "5f3c9a01", "image_id": "%s",'
        ' "image_time": "2015-01-29T10:11:12.123456+00:00", "quality": 98}'
    )
    return response(status, (body % (status, image_id)).encode())


def refusal(status: int) -> bytes:
    return response(status, b'{"status": %d, "message": "no"}' % status)


@contextmanager
def shelf(connect: Connect) -> Iterator[tuple[Collection, Shelf]]:
    shelf = Shelf()
    with listening(shelf.serve) as listener, connect(*KEYS, listener.endpoint) as collection:
        yield collection, shelf


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"picture of " + name.encode())
    return folder


@pytest.fixture
def camera(tmp_path: Path) -> Path:
    """The folder of a camera that counts anew in each of its folders: 470 photos, 180 names."""
    sizes = [180, 150, 100, 40]
    return fill(
        tmp_path / "camera",
        *(
            f"{100 + number}CANON/IMG_{photo:04}.jpg"
            for number, size in enumerate(sizes)
            for photo in range(size)
        ),
    )


def becomes(outcome: Outcome[Any, Any]) -> Literal["added", "skipped", "failed"]:
    if outcome.error is not None:
        return "failed"
    return "skipped" if outcome.skipped else "added"


def test_photos_of_a_folder_that_share_their_names_are_all_added(
    connect: Connect, camera: Path
) -> None:
    with shelf(connect) as (collection, service):
        outcomes = list(collection.add_images(camera, skip_existing=True))
        assert Counter(map(becomes, outcomes)) == {"added": 470}
        assert len(set(service.image_ids)) == 470
        for outcome in outcomes:
            assert isinstance(outcome.item, Path)
            assert outcome.image_id == outcome.item.relative_to(camera).as_posix()
        again = list(collection.add_images(str(camera), skip_existing=True))
        assert Counter(map(becomes, again)) == {"skipped": 470}
        assert all(outcome.result is not None for outcome in again)


def test_file_name_that_comes_twice_is_an_error_that_names_both_files(
    connect: Connect, camera: Path
) -> None:
    with shelf(connect) as (collection, service):
        outcomes = list(collection.add_images(sorted(camera.rglob("*.jpg")), skip_existing=True))
        assert Counter(map(becomes, outcomes)) == {"added": 180, "failed": 290}
        assert len(service.image_ids) == 180
        for outcome in outcomes:
            if outcome.error is not None:
                assert type(outcome.error) is DuplicateImageIDError
                first = camera / "100CANON" / outcome.item.name
                assert repr(str(first)) in str(outcome.error)
                assert repr(str(outcome.item)) in str(outcome.error)
                assert "relative_to" in str(outcome.error)


def test_paths_relative_to_a_folder_are_ids(
    connect: Connect, camera: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(camera.parent)
    photos = Path("camera").rglob("*.jpg")
    with shelf(connect) as (collection, service):
        outcomes = list(collection.add_images(photos, relative_to=camera))
        assert Counter(map(becomes, outcomes)) == {"added": 470}
        assert "103CANON/IMG_0007.jpg" in service.image_ids
        (outcome,) = collection.add_images(["camera/../camera/100CANON/IMG_0000.jpg"])
        assert outcome.image_id == "IMG_0000.jpg"


def test_folder_within_another_can_be_added_under_the_ids_of_that_one(
    connect: Connect, camera: Path
) -> None:
    with shelf(connect) as (collection, service):
        list(collection.add_images(camera / "103CANON", relative_to=camera))
        assert sorted(service.image_ids) == [f"103CANON/IMG_{n:04}.jpg" for n in range(40)]


def test_path_outside_of_the_folder_is_an_error_of_its_item(
    connect: Connect, tmp_path: Path
) -> None:
    fill(tmp_path, "photos/a.jpg", "elsewhere/b.jpg")
    items = [tmp_path / "photos/a.jpg", tmp_path / "elsewhere/b.jpg"]
    with shelf(connect) as (collection, _):
        outcomes = list(collection.add_images(items, relative_to=tmp_path / "photos"))
    errors = [outcome.error for outcome in outcomes if outcome.error]
    assert [type(error) for error in errors] == [InvalidImageIDError]
    assert "elsewhere" in str(errors[0])


def test_id_that_comes_twice_among_pairs_is_an_error(connect: Connect) -> None:
    pairs = [
        ("one", b"picture"),
        ("two", b"picture"),
        ("one", b"another"),
        (None, b"a"),
        (None, b"b"),
    ]
    with shelf(connect) as (collection, _):
        outcomes = list(collection.add_images(pairs))
    (failed,) = [outcome for outcome in outcomes if outcome.error]
    assert failed.item == ("one", b"another")
    assert re.search("'one'.*item 1.*item 3", str(failed.error))


def test_id_that_an_item_before_failed_with_is_not_given_to_another_file(
    connect: Connect, tmp_path: Path
) -> None:
    fill(tmp_path, "b/beach.jpg")
    items = [tmp_path / "a/beach.jpg", tmp_path / "b/beach.jpg"]
    with shelf(connect) as (collection, service):
        outcomes = list(collection.add_images(items, concurrency=1))
    assert {type(outcome.error) for outcome in outcomes} == {
        FileNotFoundError,
        DuplicateImageIDError,
    }
    assert service.image_ids == []


def test_image_added_by_another_while_it_is_looked_for_is_skipped(connect: Connect) -> None:
    def serve(listener: Listener, connection: socket.socket) -> None:
        answers = iter([session_response(), refusal(404), refusal(409), image(200, "beach")])
        while read_request(listener, connection):
            connection.sendall(next(answers))

    with listening(serve) as listener, connect(*KEYS, listener.endpoint) as collection:
        (outcome,) = collection.add_images([("beach", b"picture")], skip_existing=True)
    assert (outcome.skipped, outcome.error) == (True, None)
    assert outcome.result is not None


def walked(folder: Path) -> list[str]:
    return [image_id for image_id, _ in walk_folder(folder)]


def test_walk_is_sorted_and_goes_down(tmp_path: Path) -> None:
    fill(tmp_path, "b/2.jpg", "b/1.jpg", "a.jpg", "c/d/e/3.webp", "words.txt")
    assert walked(tmp_path) == ["a.jpg", "b/1.jpg", "b/2.jpg", "c/d/e/3.webp", "words.txt"]
    assert walked(Path(f"{tmp_path}/b/../b")) == ["1.jpg", "2.jpg"]


def test_walk_leaves_out_hidden_names_and_what_is_no_file(tmp_path: Path) -> None:
    fill(tmp_path, "a.jpg", ".DS_Store", "._a.jpg", ".thumbnails/a.jpg")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").mkdir()
    assert walked(tmp_path) == ["a.jpg"]


def test_walk_follows_links_but_not_in_circles(tmp_path: Path) -> None:
    fill(tmp_path, "photos/a/1.jpg", "disk/2.jpg")
    photos = tmp_path / "photos"
    (photos / "disk").symlink_to(tmp_path / "disk")
    (photos / "a" / "up").symlink_to(photos)
    (photos / "one.jpg").symlink_to(photos / "a" / "1.jpg")
    assert walked(photos) == ["a/1.jpg", "disk/2.jpg", "one.jpg"]


def test_link_to_nowhere_in_a_folder_is_an_error_of_its_own(
    connect: Connect, tmp_path: Path
) -> None:
    fill(tmp_path, "a.jpg")
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere")
    with shelf(connect) as (collection, service):
        outcomes = {o.image_id: type(o.error) for o in collection.add_images(tmp_path)}
    assert outcomes == {"a.jpg": type(None), "gone.jpg": FileNotFoundError}
    assert service.image_ids == ["a.jpg"]


def test_folder_that_cannot_be_read_is_an_error_of_its_own(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, "a.jpg", "closed/b.jpg", "open/c.jpg")
    list_folder = os.listdir

    def listdir(folder: Any) -> list[str]:
        # The tests may run as root, to whom no folder is closed.
        if Path(folder).name == "closed":
            raise PermissionError(13, "Permission denied", str(folder))
        return list_folder(folder)

    monkeypatch.setattr("visualsnoop._folders.os.listdir", listdir)
    with shelf(connect) as (collection, service):
        outcomes = {o.image_id: o.error for o in collection.add_images(tmp_path)}
    assert sorted(service.image_ids) == ["a.jpg", "open/c.jpg"]
    assert isinstance(outcomes["closed"], OSError)


@pytest.mark.parametrize(
    ("folder", "kind"), [("missing", FileNotFoundError), ("a.jpg", NotADirectoryError)]
)
def test_folder_that_is_none_is_an_error(
    connect: Connect, tmp_path: Path, folder: str, kind: type[Exception]
) -> None:
    fill(tmp_path, "a.jpg")
    with shelf(connect) as (collection, _), pytest.raises(kind, match=folder):
        list(collection.add_images(tmp_path / folder))


def test_name_that_is_not_utf8_is_an_error_of_its_item(connect: Connect, tmp_path: Path) -> None:
    fill(tmp_path, "a.jpg")
    name = b"caf\xe9.jpg"
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(b"picture")
    for items in (tmp_path, sorted(tmp_path.iterdir())):
        with shelf(connect) as (collection, service):
            outcomes = list(collection.add_images(items))
        (error,) = [outcome.error for outcome in outcomes if outcome.error]
        assert type(error) is InvalidImageIDError
        str(error).encode()
        assert re.search(r"caf\\udce9\.jpg.*not UTF-8.*pair", str(error))
        assert service.image_ids == ["a.jpg"]


def test_path_that_is_too_long_for_an_id_is_an_error_of_its_item(
    connect: Connect, tmp_path: Path
) -> None:
    fill(tmp_path, "a.jpg", f"{'x' * 60}/{'y' * 60}.jpg")
    with shelf(connect) as (collection, service):
        outcomes = list(collection.add_images(tmp_path))
    (error,) = [outcome.error for outcome in outcomes if outcome.error]
    assert type(error) is InvalidImageIDError
    assert re.search(r"1 to 100 characters, not 125.*pair of ID and path", str(error))
    assert service.image_ids == ["a.jpg"]


def test_text_that_is_no_path_is_a_short_error_of_its_item(connect: Connect) -> None:
    items = ["x" * 100_000, ("one", "y" * 100_000), ("one", "z" * 100_000), ["id", "a.jpg"]]
    with shelf(connect) as (collection, service):
        # What type checkers refuse is refused at run time, too.
        outcomes = list(collection.add_images(items))  # type: ignore[type-var]
    assert [len(str(outcome.error)) < 700 for outcome in outcomes] == [True] * 4
    assert {type(outcome.error) for outcome in outcomes} == {
        InvalidImageIDError,
        ImageInputError,
        DuplicateImageIDError,
        TypeError,
    }
    assert service.image_ids == []


def test_single_text_is_not_taken_for_many_items(connect: Connect) -> None:
    with shelf(connect) as (collection, service):
        for run in (
            lambda: collection.delete_images("beach"),
            lambda: collection.search_many("beach.jpg"),
            # What type checkers refuse is refused at run time, too.
            lambda: collection.add_images(b"picture"),  # type: ignore[type-var]
        ):
            with pytest.raises(TypeError, match="list"):
                list(run())
    assert service.image_ids == []


def archive(photos: list[Path]) -> io.BytesIO:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        for photo in photos:
            tar.add(photo, photo.name)
    file.seek(0)
    return file


@pytest.mark.parametrize("mode", ["r|gz", "r:gz"])
def test_members_of_an_archive_are_added_as_they_are(
    collection: Collection, photos: list[Path], mode: Literal["r|gz", "r:gz"]
) -> None:
    with tarfile.open(fileobj=archive(photos[:5]), mode=mode) as tar:
        files = ((member.name, tar.extractfile(member)) for member in tar)
        items = ((name, file) for name, file in files if file is not None)
        outcomes = list(collection.add_images(items))
    assert [outcome.error for outcome in outcomes] == [None] * 5
    for photo in photos[:5]:
        (result, *_) = collection.search_images(photo).results
        assert (result.id, round(result.score, 2)) == (photo.name, 1)


def test_real_service_stores_a_folder(
    collection: Collection, photos: list[Path], tmp_path: Path
) -> None:
    for number, photo in enumerate(photos[:6]):
        folder = tmp_path / "camera" / f"{number % 3}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"IMG_{number // 3}.jpg").write_bytes(photo.read_bytes())
    (tmp_path / "camera" / "words.jpg").write_text("no picture")
    outcomes = list(collection.add_images(tmp_path / "camera"))
    assert {image.id for image in collection.iter_images()} == {
        f"{folder}/IMG_{number}.jpg" for folder in range(3) for number in range(2)
    }
    (failed,) = [outcome for outcome in outcomes if outcome.error]
    assert failed.image_id == "words.jpg"
    assert isinstance(failed.error, VisualSnoopError)
