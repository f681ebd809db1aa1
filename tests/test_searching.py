"""Searches, comparisons and duplicates, with a real service, blocking and asynchronous."""

from pathlib import Path

import pytest
from PIL import Image, ImageOps

from visualsnoop import Collection
from visualsnoop.exceptions import BadRequestError, InvalidImageIDError, NotFoundError

from .pictures import encoded


@pytest.fixture
def mirrored(photo: Path) -> bytes:
    with Image.open(photo) as picture:
        return encoded(ImageOps.mirror(picture))


def test_count_and_offset_choose_a_part_of_the_results(collection: Collection, photo: Path) -> None:
    for name in "abcd":
        collection.add_image(photo, name)
    every = [result.id for result in collection.search_images(photo).results]
    part = collection.search_images(photo, count=2, offset=1)
    assert [result.id for result in part.results] == every[1:3]
    by_id = collection.search_images_by_id("a", count=1, offset=1)
    assert len(by_id.results) == 1


def test_min_score_of_zero_finds_strangers(collection: Collection, photos: list[Path]) -> None:
    collection.add_image(photos[0], "one")
    collection.add_image(photos[1], "other")
    assert len(collection.search_images(photos[0]).results) == 1
    assert len(collection.search_images(photos[0], min_score=0).results) == 2
    assert len(collection.search_images_by_id("one", min_score=0).results) == 1


def test_parameter_out_of_range_is_refused(collection: Collection, photo: Path) -> None:
    with pytest.raises(BadRequestError, match="count"):
        collection.search_images(photo, count=1001)
    with pytest.raises(BadRequestError, match="min_score"):
        collection.get_duplicates(min_score=0.1)


def test_regions_are_searched_for_or_not(collection: Collection, photo: Path) -> None:
    collection.add_image(photo, image_id="whole")
    for regions in (True, False, "auto", None):
        assert collection.search_images(photo, regions=regions).results[0].id == "whole"


def test_result_says_how_the_query_was_made(
    collection: Collection, photo: Path, mirrored: bytes
) -> None:
    collection.add_image(photo, "beach")
    (result,) = collection.search_images(mirrored).results
    assert result.transform == result["transform"] == "mirrored"


def test_picture_is_compared_with_a_stored_image(
    collection: Collection, photos: list[Path], photo: Path, mirrored: bytes
) -> None:
    collection.add_image(photo, "beach")
    comparison = collection.compare_image("beach", mirrored)
    assert (comparison.image_id, comparison.transform) == ("beach", "mirrored")
    assert comparison.score > 0.9
    stranger = next(other for other in photos if other != photo)
    assert collection.compare_image("beach", stranger).score < 0.4


def test_stored_images_are_compared(collection: Collection, photo: Path, mirrored: bytes) -> None:
    collection.add_image(photo, "a/b")
    collection.add_image(mirrored, "c d")
    comparison = collection.compare_images_by_id("a/b", "c d")
    assert (comparison.image_id, comparison.other_id) == ("a/b", "c d")
    assert comparison.score > 0.9


def test_comparison_needs_images_that_exist(collection: Collection, photo: Path) -> None:
    collection.add_image(photo, "beach")
    with pytest.raises(NotFoundError):
        collection.compare_image("nobody", photo)
    with pytest.raises(NotFoundError):
        collection.compare_images_by_id("beach", "nobody")
    with pytest.raises(InvalidImageIDError, match="other_id"):
        collection.compare_images_by_id("beach", "..")


def test_copies_are_listed_in_groups(collection: Collection, photos: list[Path]) -> None:
    for number, photo in enumerate(photos[:3]):
        collection.add_image(photo, f"{number}")
        collection.add_image(photo, f"{number} again")
    page = collection.get_duplicates(count=2, offset=1)
    assert (len(page.groups), page.group_count) == (2, 3)
    groups = list(collection.iter_duplicates(page_size=2))
    assert {tuple(image.id for image in group.images) for group in groups} == {
        (f"{number}", f"{number} again") for number in range(3)
    }


def test_all_groups_are_given_though_copies_are_deleted_meanwhile(
    collection: Collection, photos: list[Path]
) -> None:
    for number, photo in enumerate(photos[:3]):
        collection.add_image(photo, f"{number}")
        collection.add_image(photo, f"{number} again")
    for group in collection.iter_duplicates(page_size=1):
        collection.delete_image(group.images[1].id)
    assert sorted(image.id for image in collection.iter_images()) == ["0", "1", "2"]


def test_decision_about_duplicates_is_kept_and_taken_back(
    collection: Collection, photo: Path
) -> None:
    collection.add_image(photo, "a")
    collection.add_image(photo, "b")
    decision = collection.set_not_duplicates("b", "a")
    assert (decision.image_id, decision.other_id) == ("b", "a")
    assert collection.get_duplicates().groups == []
    collection.unset_not_duplicates("a", "b")
    assert len(collection.get_duplicates().groups) == 1


def test_images_of_a_collection_are_counted(collection: Collection, photo: Path) -> None:
    assert collection.get_collection().image_count == 0
    collection.add_image(photo)
    assert collection.get_collection()["image_count"] == 1
