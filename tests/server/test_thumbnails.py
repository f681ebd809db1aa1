"""Sizes and thumbnails of images, and the collections that keep thumbnails."""

import io
from pathlib import Path

import httpx
import psycopg
import pytest
from PIL import Image

from visualsnoop import Collection
from visualsnoop.exceptions import NotFoundError
from visualsnoop.server.storage.collections import keep_with_images
from visualsnoop.server.storage.keys import NewKeys

from ..services import client


@pytest.fixture
def with_thumbnails(collection: Collection, database: str, keys: NewKeys) -> Collection:
    keep_with_images(database, keys.collection_id, "thumbnails", True)
    return collection


def gradient(width: int, height: int, orientation: int = 1) -> io.BytesIO:
    """A JPEG that is red at its left, and turned as its EXIF says."""
    ramp = Image.linear_gradient("L").rotate(90).resize((width, height))
    picture = Image.merge("RGB", (ramp.point(lambda level: 255 - level), ramp, ramp))
    exif = picture.getexif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    picture.save(file, "JPEG", exif=exif)
    file.seek(0)
    return file


def thumbnail(collection: Collection, image_id: str) -> Image.Image:
    picture = Image.open(io.BytesIO(collection.get_thumbnail(image_id)))
    assert picture.format == "WEBP"
    return picture


def test_thumbnail_is_small_and_upright(with_thumbnails: Collection) -> None:
    image = with_thumbnails.add_image(gradient(1200, 800, orientation=6), "turned")
    assert (image.width, image.height) == (800, 1200)
    small = thumbnail(with_thumbnails, "turned")
    assert small.size == (171, 256)
    # What was at the left is on top once it is turned to the right.
    red = small.getchannel("R").resize((1, 2), Image.Resampling.BOX).tobytes()
    assert red[0] > 150
    assert red[1] < 100


def test_small_picture_is_not_enlarged(with_thumbnails: Collection) -> None:
    with_thumbnails.add_image(gradient(64, 48), "small")
    assert thumbnail(with_thumbnails, "small").size == (64, 48)


def test_picture_that_is_replaced_has_the_new_size_and_thumbnail(
    with_thumbnails: Collection,
) -> None:
    with_thumbnails.add_image(gradient(64, 48), "one")
    with_thumbnails.add_image(gradient(200, 100), "one", update_existing=True)
    image = with_thumbnails.get_image("one")
    assert (image.width, image.height) == (200, 100)
    assert thumbnail(with_thumbnails, "one").size == (200, 100)


def test_image_that_is_deleted_takes_its_thumbnail_with_it(
    with_thumbnails: Collection, database: str, keys: NewKeys
) -> None:
    with_thumbnails.add_image(gradient(64, 48), "one")
    with_thumbnails.delete_image("one")
    with pytest.raises(NotFoundError):
        with_thumbnails.get_thumbnail("one")
    assert count(database, keys) == 0


def test_no_thumbnail_is_kept_unless_it_is_wanted(
    collection: Collection, database: str, keys: NewKeys
) -> None:
    collection.add_image(gradient(64, 48), "one")
    with pytest.raises(NotFoundError, match="no thumbnail of image 'one'"):
        collection.get_thumbnail("one")
    assert count(database, keys) == 0


def test_turning_thumbnails_off_deletes_them(
    with_thumbnails: Collection, database: str, keys: NewKeys
) -> None:
    with_thumbnails.add_image(gradient(64, 48), "one")
    keep_with_images(database, keys.collection_id, "thumbnails", False)
    assert count(database, keys) == 0
    keep_with_images(database, keys.collection_id, "thumbnails", True)
    with pytest.raises(NotFoundError):
        with_thumbnails.get_thumbnail("one")


def test_thumbnail_is_for_those_who_have_the_keys_and_cacheable_by_nobody_else(
    service: str, database: str, keys: NewKeys, other_keys: NewKeys, photo: Path
) -> None:
    keep_with_images(database, keys.collection_id, "thumbnails", True)
    with client(service, keys) as ours, client(service, other_keys) as others:
        ours.post("image/cat", content=photo.read_bytes())
        found = ours.get("image/cat/thumbnail")
        assert found.headers["content-type"] == "image/webp"
        assert found.headers["cache-control"].startswith("private, max-age=")
        assert others.get("image/cat/thumbnail").status_code == 404
    assert httpx.get(f"{service}/image/cat/thumbnail").status_code == 401


def count(database: str, keys: NewKeys) -> int:
    with psycopg.connect(database) as connection:
        row = connection.execute(
            "SELECT count(*) FROM thumbnails WHERE collection_id = %s", (keys.collection_id,)
        ).fetchone()
    assert row is not None
    return int(row[0])
