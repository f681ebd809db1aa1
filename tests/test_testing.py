"""The service in memory is as the contract says, and can be told what to answer."""

import asyncio
import io
import json
import threading
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from PIL import Image

from visualsnoop.bulk import Outcome
from visualsnoop.cli.main import cli
from visualsnoop.exceptions import (
    AuthenticationError,
    ForbiddenError,
    ImageRefusedError,
    ImageTooLargeError,
    NotFoundError,
    RateLimitError,
    RequestTimeoutError,
)
from visualsnoop.models import ListedImage
from visualsnoop.testing import KeyPair, MemoryService, picture

pytest_plugins = ["pytester"]

SCENARIO = json.loads((Path(__file__).parents[1] / "spec" / "scenario.json").read_text("utf-8"))
PLAYED = len(SCENARIO["requests"]) + sum("similarity" not in call for call in SCENARIO["calls"])


def test_it_passes_the_conformance_kit_but_for_similarity(monkeypatch: pytest.MonkeyPatch) -> None:
    service = MemoryService()
    keys = service.create_keys()
    client = partial(httpx.Client, transport=service.transport)
    monkeypatch.setattr("visualsnoop.cli.conformance.httpx.Client", client)
    result = CliRunner().invoke(
        cli,
        ["conformance", "--endpoint", service.endpoint, "--without-similarity"],
        env={
            "VISUALSNOOP_PUBLIC_KEY": keys.public_key,
            "VISUALSNOOP_SECRET_KEY": keys.secret_key,
        },
    )
    assert [line for line in result.output.splitlines() if "passed  " not in line] == [
        f"{PLAYED} passed, 0 failed"
    ]
    assert result.exit_code == 0


def test_every_run_is_the_same() -> None:
    def run() -> list[object]:
        service = MemoryService()
        keys = service.create_keys()
        with service.collection(keys) as collection:
            image = collection.add_image(picture("beach"))
            assert image.response is not None
            return [keys, image, image.response.request_id, collection.id]

    assert run() == run()


def test_picture_is_an_image_file_of_its_own() -> None:
    files = [picture(), picture("beach"), picture("shore"), picture("beach", 20, 10)]
    assert len(set(files)) == 4
    assert picture("beach") == files[1]
    for file in files:
        with Image.open(io.BytesIO(file)) as opened:
            opened.load()
    assert opened.size == (20, 10)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF"])
def test_size_is_that_of_the_picture(kind: str) -> None:
    file = io.BytesIO()
    Image.new("L", (30, 20)).save(file, kind)
    with MemoryService().collection() as collection:
        image = collection.add_image(file.getvalue())
    assert (image.width, image.height) == (30, 20)


def test_photos_are_images_and_other_files_are_none(photos: list[Path]) -> None:
    with MemoryService().collection() as collection:
        for photo in photos:
            collection.add_image(photo)
        for refused in (photos[0].read_bytes()[:-100], picture()[:-20], b"nothing", Path(__file__)):
            with pytest.raises(ImageRefusedError):
                collection.add_image(refused)
        with pytest.raises(ImageTooLargeError):
            collection.add_image(bytes(33 * 2**20))


def test_scores_are_what_was_said() -> None:
    service = MemoryService()
    with service.collection() as collection:
        collection.add_image(picture("beach"), "beach")
        collection.add_image(picture("shore"), "shore")
        service.set_score(picture("cropped"), picture("beach"), 0.83, "mirrored")
        service.set_score(picture("cropped"), picture("shore"), 0.45)
        found = collection.search_images(picture("cropped")).results
        assert [(each.id, each.score, each.transform) for each in found] == [
            ("beach", 0.83, "mirrored"),
            ("shore", 0.45, "none"),
        ]
        assert collection.compare_image("shore", picture("cropped")).score == 0.45
        assert collection.compare_images_by_id("beach", "shore").score == 0
        with pytest.raises(ValueError, match="score must be from 0 to 1"):
            service.set_score(picture("cropped"), picture("beach"), 2)
        with pytest.raises(ValueError, match="not an image file"):
            service.set_score(b"cropped", picture("beach"), 0.5)


def test_groups_are_of_images_that_are_connected_by_copies() -> None:
    service = MemoryService()
    names = ["a", "b", "c", "d", "e"]
    with service.collection() as collection:
        for name in names:
            collection.add_image(picture(name), name)
        service.set_score(picture("c"), picture("a"), 0.8)
        service.set_score(picture("d"), picture("c"), 0.9)
        collection.add_image(picture("e"), "f")
        groups = list(collection.iter_duplicates(min_score=0.75))
        assert [[image.id for image in group.images] for group in groups] == [
            ["e", "f"],
            ["a", "c", "d"],
        ]
        assert [group.score for group in groups] == [1, 0.9]
        collection.set_not_duplicates("c", "d")
        collection.delete_image("f")
        (group,) = collection.iter_duplicates()
        assert [image.id for image in group.images] == ["a", "c"]


def test_failures_are_those_that_were_wanted(waits: list[float]) -> None:
    service = MemoryService()
    with service.collection(request_retries=2) as collection:
        service.fail_next(503, retry_after=2)
        collection.add_image(picture("beach"), "beach")
        service.fail_next(429, times=3)
        with pytest.raises(RateLimitError, match="This failure was wanted"):
            collection.get_image("beach")
        service.fail_next(httpx.ReadTimeout("late"), times=3)
        with pytest.raises(RequestTimeoutError):
            collection.get_image("beach")
        assert collection.get_image("beach").message == "OK"
    assert len(service.requests) == 1 + 2 + 3 + 3 + 1


def test_keys_are_those_of_a_collection() -> None:
    service = MemoryService()
    keys = service.create_keys("holidays", user="ada")
    reading = service.create_keys("holidays", read_only=True)
    with service.collection(keys) as collection, service.collection() as other:
        collection.add_image(picture("beach"), "beach")
        assert (collection.name, collection.user, other.name) == ("holidays", "ada", "test 3")
        with pytest.raises(NotFoundError):
            other.get_image("beach")
    with service.collection(reading) as collection:
        assert collection.get_image("beach").image_id == "beach"
        with pytest.raises(ForbiddenError):
            collection.delete_image("beach")
    with pytest.raises(AuthenticationError):
        service.collection(KeyPair(keys.public_key, "wrong"))
    assert reading.secret_key not in repr(service)


def test_asynchronous_collections_and_threads_share_it() -> None:
    service = MemoryService()
    keys = service.create_keys()

    async def add(number: int) -> list[Outcome[Any, Any]]:
        items = [(f"{number}/{each}", picture(str(each))) for each in range(20)]
        async with service.async_collection(keys) as collection:
            return [outcome async for outcome in collection.add_images(items)]

    threads = [threading.Thread(target=lambda n=n: asyncio.run(add(n))) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with service.collection(keys) as collection:
        images: list[ListedImage] = list(collection.iter_images(page_size=7))
    assert len({image.id for image in images}) == 80


def test_fixtures_are_there_for_those_who_name_the_plugin(pytester: pytest.Pytester) -> None:
    pytester.makeconftest('pytest_plugins = ["visualsnoop.testing.pytest_plugin"]')
    pytester.makepyfile(
        """
        from visualsnoop.testing import picture

        def test_one(visualsnoop_collection, visualsnoop_service):
            visualsnoop_service.set_score(picture("b"), picture("a"), 0.9)
            visualsnoop_collection.add_image(picture("a"), "a")
            assert visualsnoop_collection.search_images(picture("b")).results[0].score == 0.9

        def test_other(visualsnoop_collection):
            assert visualsnoop_collection.get_collection().image_count == 0
        """
    )
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=2)
