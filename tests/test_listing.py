"""Listing all images while others add, replace and delete some."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from visualsnoop_api.models import ImageList, ListedImage

from visualsnoop import Collection
from visualsnoop._listing import Listing
from visualsnoop.exceptions import UnexpectedResponseError

from .sockets import after_session, listening, response
from .sync_and_async import Connect


def ids(images: Iterator[ListedImage]) -> list[str]:
    return [image.id for image in images]


@pytest.fixture
def filled(collection: Collection, photo: Path) -> Collection:
    """A collection of the images 0 to 9, the newest of which is 9."""
    for number in range(10):
        collection.add_image(photo, f"{number}")
    return collection


def test_all_images_are_listed_newest_first(filled: Collection) -> None:
    assert ids(filled.iter_images(page_size=3)) == list("9876543210")
    assert ids(filled.iter_images()) == list("9876543210")


def test_empty_collection_has_an_empty_list(collection: Collection) -> None:
    assert ids(collection.iter_images()) == []


def test_pages_are_asked_for_as_they_are_needed(filled: Collection) -> None:
    images = filled.iter_images(page_size=5)
    assert ids(islice(images, 3)) == ["9", "8", "7"]
    filled.delete_image("5")
    filled.delete_image("2")
    assert ids(images) == ["6", "5", "4", "3", "1", "0"]


def test_image_added_meanwhile_pushes_no_other_out(filled: Collection, photo: Path) -> None:
    images = filled.iter_images(page_size=2)
    seen = ids(islice(images, 3))
    filled.add_image(photo, "new")
    assert seen + ids(images) == list("9876543210")


def test_next_page_is_found_though_its_first_image_is_deleted(filled: Collection) -> None:
    images = filled.iter_images(page_size=4)
    seen = ids(islice(images, 2))
    for gone in "576":
        filled.delete_image(gone)
    assert seen + ids(images) == list("987643210")


def test_image_replaced_meanwhile_is_not_given_twice(filled: Collection, photo: Path) -> None:
    images = filled.iter_images(page_size=3)
    seen = ids(islice(images, 1))
    for image_id in "93":
        filled.add_image(photo, image_id, update_existing=True)
    assert seen + ids(images) in (list("987654210"), list("9876543210"))


def test_each_image_can_be_deleted_as_it_is_given(filled: Collection) -> None:
    for image in filled.iter_images(page_size=3):
        filled.delete_image(image.id)
    assert ids(filled.iter_images()) == []


def test_error_of_the_first_page_is_raised(connect: Connect) -> None:
    answer = response(404, b'{"status": 404, "message": "no"}')
    with (
        listening(after_session(lambda connection: connection.sendall(answer))) as listener,
        connect("abc", "s" * 40, listener.endpoint) as collection,
        pytest.raises(UnexpectedResponseError, match="base path"),
    ):
        list(collection.iter_images())


def test_page_is_a_dictionary_whose_images_are_a_list(filled: Collection) -> None:
    page = filled.get_images(count=3)
    assert len(page.images) == len(page["images"]) == 3
    assert len(page) == len(dict(page)) > len(page.images)
    assert page.next_image_id == page["next_image_id"] == "6"


class Shelf:
    """A model of a collection, and of how the service lists it."""

    def __init__(self, size: int, ties: int) -> None:
        self._clock = 0
        self._ties = ties
        self.times: dict[str, datetime] = {}
        for number in range(size):
            self.put(f"{number:02}")

    def put(self, image_id: str) -> None:
        """Add or replace an image; several have the same time."""
        self._clock += 1
        seconds = self._clock // self._ties
        self.times[image_id] = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)

    def page(self, start: str | None, count: int) -> ImageList | None:
        """A page; None where there is no image `start`."""
        newest = sorted(((time, id) for id, time in self.times.items()), reverse=True)
        if start is not None:
            if start not in self.times:
                return None
            newest = newest[newest.index((self.times[start], start)) :]
        images = [ListedImage(id=id, image_time=time) for time, id in newest[:count]]
        next_id = newest[count][1] if len(newest) > count else None
        return ImageList(200, "OK", "5f3c9a01", images, next_id)


@settings(deadline=None)
@given(size=st.integers(0, 12), ties=st.integers(1, 4), count=st.integers(1, 4), data=st.data())
def test_whatever_happens_meanwhile_all_that_stays_is_listed_once(
    size: int, ties: int, count: int, data: st.DataObject
) -> None:
    shelf = Shelf(size, ties)
    before = dict(shelf.times)
    changed: set[str] = set()
    given_ids: list[str] = []
    given_times: list[datetime] = []
    listing = Listing()
    for _ in range(200):
        if listing.is_finished:
            break
        names = [f"{number:02}" for number in range(16)]
        for image_id in data.draw(st.lists(st.sampled_from(names), max_size=3)):
            changed.add(image_id)
            if image_id in shelf.times and data.draw(st.booleans()):
                del shelf.times[image_id]
            else:
                shelf.put(image_id)
        page = shelf.page(listing.start, count)
        if page is None:
            listing.start_is_gone()
            continue
        for image in listing.unseen(page):
            given_ids.append(image.id)
            given_times.append(image.image_time)
    assert listing.is_finished
    assert given_times == sorted(given_times, reverse=True)
    assert before.keys() - changed <= set(given_ids)
    assert len(given_ids) == len(set(given_ids))
