"""`Collection` with a real service: typed results, every kind of refusal, every kind of image."""

import copy
import io
import json
import pickle
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from visualsnoop import Collection, VisualSnoopError
from visualsnoop.exceptions import (
    AuthenticationError,
    BadRequestError,
    ImageExistsError,
    ImageRefusedError,
    ImageTooLargeError,
    InvalidImageIDError,
    NotFoundError,
)
from visualsnoop.models import ImageInput
from visualsnoop.server.storage.keys import NewKeys


def test_collection_knows_what_it_is(collection: Collection, keys: NewKeys) -> None:
    assert collection.id == keys.collection_id
    assert collection.user == "ada"
    assert len(collection.name) == 32


def test_time_of_an_image_is_a_time(collection: Collection, photo: Path) -> None:
    image = collection.add_image(photo, "beach")
    assert abs(datetime.now(UTC) - image.image_time) < timedelta(minutes=1)
    assert image["image_time"] == image.image_time.isoformat(timespec="microseconds")


def test_result_is_the_dictionary_that_came(collection: Collection, photo: Path) -> None:
    image = collection.add_image(photo, "beach")
    documented = {
        "status": 201,
        "message": "Added",
        "collection_id": collection.id,
        "image_id": "beach",
        "image_time": image["image_time"],
    }
    assert dict(image) == json.loads(json.dumps(image))
    assert dict(image).items() >= documented.items()


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_result_can_be_copied_and_pickled(
    duplicate: Callable[[object], object], collection: Collection, photo: Path
) -> None:
    image = collection.add_image(photo, "beach")
    twin = duplicate(image)
    assert twin == image
    assert vars_of(twin) == vars_of(image)


def vars_of(result: object) -> list[object]:
    return [getattr(result, name) for name in ("status", "message", "image_id", "image_time")]


def test_same_picture_has_score_one(collection: Collection, photo: Path) -> None:
    collection.add_image(photo, "beach")
    (result,) = collection.search_images(photo).results
    assert (result.id, result.rank) == ("beach", 0)
    assert result.score == pytest.approx(1, abs=0.001)


def test_replacing_an_image_changes_what_is_found(
    collection: Collection, photos: list[Path]
) -> None:
    collection.add_image(photos[0], "one")
    collection.add_image(photos[1], "two")
    collection.add_image(photos[2], "one", update_existing=True)
    assert collection.search_images(photos[2]).results[0].id == "one"
    assert collection.search_images(photos[0]).results == []


def test_update_of_a_free_id_adds(collection: Collection, photo: Path) -> None:
    image = collection.add_image(photo, "beach", update_existing=True)
    assert (image.status, image.message) == (201, "Added")


def test_deleted_image_is_found_no_more(collection: Collection, photo: Path) -> None:
    collection.add_image(photo, "beach")
    collection.delete_image("beach")
    assert collection.search_images(photo).results == []
    assert collection.get_images().images == []


def test_taken_id_is_refused_and_nothing_changed(
    collection: Collection, photos: list[Path]
) -> None:
    collection.add_image(photos[0], "beach")
    with pytest.raises(ImageExistsError) as caught:
        collection.add_image(photos[1], "beach")
    assert caught.value.status == 409
    assert "'beach'" in caught.value.message
    assert collection.search_images(photos[0]).results[0].score > 0.9


def test_unknown_image_is_not_found(collection: Collection) -> None:
    with pytest.raises(NotFoundError) as caught:
        collection.get_image("nobody")
    assert caught.value.status == 404
    assert caught.value.body == {"status": 404, "message": caught.value.message}


def test_file_that_is_no_image_is_refused(collection: Collection) -> None:
    with pytest.raises(ImageRefusedError):
        collection.add_image(b"no picture", "words")


def test_file_that_is_too_large_is_refused(collection: Collection) -> None:
    with pytest.raises(ImageTooLargeError):
        # It is sent to its end, whatever the answer: HTTPX does not look for it before.
        collection.add_image(bytes(60 * 1024 * 1024), "large")


def test_refused_keys_are_an_error_of_their_own(service: str, keys: NewKeys) -> None:
    with pytest.raises(AuthenticationError) as caught:
        Collection(keys.public_key, "x" * 40, service)
    assert caught.value.status == 401
    assert "x" * 40 not in str(caught.value)


def test_count_out_of_range_is_refused(collection: Collection) -> None:
    with pytest.raises(BadRequestError, match="1 to 1000"):
        collection.get_images(count=-1)


def test_error_survives_pickling(collection: Collection) -> None:
    with pytest.raises(NotFoundError) as caught:
        collection.get_image("nobody")
    twin = pickle.loads(pickle.dumps(caught.value))
    assert (type(twin), str(twin), twin.status) == (NotFoundError, str(caught.value), 404)


@pytest.mark.parametrize("image_id", ["", "x" * 101, ".", "..", "a\0b", "\ud800"])
def test_id_that_cannot_be_used_is_refused_before_sending(
    collection: Collection, image_id: str
) -> None:
    with pytest.raises(InvalidImageIDError):
        collection.get_image(image_id)
    with pytest.raises(ValueError):
        collection.get_image(image_id)


def test_image_is_taken_in_any_form(collection: Collection, photo: Path) -> None:
    data = photo.read_bytes()
    forms: list[ImageInput] = [
        str(photo),
        photo,
        data,
        bytearray(data),
        memoryview(data),
        io.BytesIO(data),
        (data[i : i + 1000] for i in range(0, len(data), 1000)),
    ]
    for number, form in enumerate(forms):
        assert collection.add_image(form, str(number)).message == "Added"
    assert {round(r.score, 3) for r in collection.search_images(photo).results} == {1.0}


def test_file_object_is_sent_from_where_it_stands_and_left_open(
    collection: Collection, photo: Path
) -> None:
    file = io.BytesIO(b"some header" + photo.read_bytes())
    file.seek(len(b"some header"))
    collection.add_image(file, "beach")
    assert not file.closed


def test_missing_file_is_an_error_before_sending(collection: Collection, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        collection.add_image(tmp_path / "missing.jpg")


def test_directory_is_an_error_before_sending(collection: Collection, tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        collection.add_image(tmp_path)


@pytest.mark.parametrize("empty", [b"", io.BytesIO(), iter([b"", b""])])
def test_empty_image_is_an_error_before_sending(collection: Collection, empty: ImageInput) -> None:
    with pytest.raises(ValueError, match="empty"):
        collection.add_image(empty)


def test_file_in_text_mode_is_an_error_before_sending(collection: Collection) -> None:
    with pytest.raises(TypeError, match="'rb'"):
        # What type checkers refuse is refused at run time, too.
        collection.add_image(io.StringIO("text"))  # type: ignore[arg-type]


def test_picture_of_another_library_is_an_error_that_says_what_to_do(
    collection: Collection, photo: Path
) -> None:
    with Image.open(photo) as picture, pytest.raises(TypeError, match=r"save .* io\.BytesIO"):
        # What type checkers refuse is refused at run time, too.
        collection.add_image(picture)  # type: ignore[arg-type]


def test_url_is_an_error_before_sending(collection: Collection) -> None:
    with pytest.raises(ValueError, match="download"):
        collection.add_image("https://example.org/beach.jpg")


def test_collections_do_not_see_each_other(
    service: str, database: str, collection: Collection, photo: Path
) -> None:
    from visualsnoop.server.storage.keys import create_keys

    collection.add_image(photo, "beach")
    other_keys = create_keys(database, "other", "eve")
    with Collection(other_keys.public_key, other_keys.secret_key, service) as other:
        assert other.search_images(photo).results == []
        with pytest.raises(VisualSnoopError):
            other.get_image("beach")


def test_secret_key_is_nowhere_to_be_seen(collection: Collection, keys: NewKeys) -> None:
    assert keys.public_key in repr(collection)
    assert keys.secret_key not in repr(collection)


@pytest.mark.parametrize(
    "endpoint",
    ["", "127.0.0.1:8000", "ftp://host/api", "http://", "http://u:p@host/", "http://h/?q"],
)
def test_endpoint_that_cannot_be_right_is_refused(endpoint: str) -> None:
    with pytest.raises(ValueError, match="endpoint"):
        Collection("abc", "secret", endpoint)


def test_slash_at_the_end_of_the_endpoint_does_not_matter(service: str, keys: NewKeys) -> None:
    with Collection(keys.public_key, keys.secret_key, service + "/") as collection:
        assert collection.endpoint == service
