"""Code as users write it, for type checkers only: mypy and pyright must agree with each line."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, assert_type

import httpx
import requests

from visualsnoop import AsyncCollection, Collection, VisualSnoopError, VisualSnoopHMACAuth
from visualsnoop.bulk import Outcome, Progress, walk_folder
from visualsnoop.exceptions import InvalidImageIDError, RateLimitError, ResponseError
from visualsnoop.models import (
    CollectionInfo,
    Comparison,
    ComparisonById,
    Decision,
    DuplicateGroup,
    DuplicateList,
    Image,
    ImageList,
    ListedImage,
    RequestAttempt,
    ResponseHead,
    SearchByIdResults,
    SearchResult,
    SearchResults,
    Transform,
)
from visualsnoop.testing import KeyPair, MemoryService, picture


def connecting(public_key: str, secret_key: str) -> None:
    assert_type(Collection(public_key, secret_key), Collection)
    assert_type(Collection.from_env(max_retries=5, timeout=(3, None)), Collection)
    proxies: dict[str, str] = {"https": "socks5h://127.0.0.1:1080"}
    Collection(public_key, secret_key, "http://127.0.0.1:8000/api/v1", proxies, 2, verify=False)
    Collection(public_key, secret_key, http_client=httpx.Client(), on_request=print)
    with Collection(public_key, secret_key, headers={"X-Tenant": "blue"}) as collection:
        assert_type(collection, Collection)
        assert_type(collection.id, str)
        assert_type(collection.name, str)
        assert_type(collection.user, str)
        assert_type(collection.endpoint, str)


def images(collection: Collection, path: Path) -> None:
    with path.open("rb") as file:
        image = collection.add_image(file, "beach", update_existing=True, timeout=5)
    assert_type(image, Image)
    assert_type(image.image_time, datetime)
    assert_type(image["image_time"], str)
    assert_type(image.quality, int)
    assert_type(image["anything"], Any)
    for form in (path, str(path), b"bytes", bytearray(), [b"pieces"], iter([b"pieces"])):
        collection.add_image(form)
    assert_type(collection.get_image("beach"), Image)
    assert_type(collection.delete_image("beach", 5.5), Image)
    page = collection.get_images(count=20)
    assert_type(page, ImageList)
    assert_type(page.images, list[ListedImage])
    assert_type(page["images"], list[dict[str, Any]])
    assert_type(page.next_image_id, str | None)
    for listed in collection.iter_images(page_size=100):
        assert_type(listed, ListedImage)
        assert_type(listed.image_time, datetime)
    assert_type(collection.get_collection(), CollectionInfo)
    assert_type(collection.get_collection().image_count, int)


def options_of_calls(collection: Collection, public_key: str, secret_key: str) -> None:
    def tell(attempt: RequestAttempt) -> None:
        assert_type(attempt.status, int | None)
        assert_type(attempt.seconds, float)
        assert_type(attempt.error, BaseException | None)

    Collection(public_key, secret_key, on_attempt=tell, request_retries=2)
    tracked = collection.with_options(request_id="a", headers={"X-Tenant": "b"}, timeout=(3, None))
    assert_type(tracked, Collection)
    response = tracked.get_image("beach").response
    assert_type(response, ResponseHead | None)
    if response is not None:
        assert_type(response.status_code, int)
        assert_type(response.request_id, str | None)


def in_memory() -> None:
    service = MemoryService()
    assert_type(service.collection(timeout=5), Collection)
    assert_type(service.create_keys("holidays", read_only=True), KeyPair)
    service.set_score(picture("cropped"), Path("beach.jpg"), 0.83, "mirrored")
    service.fail_next(httpx.ReadTimeout("late"), times=2)


def searching(collection: Collection) -> None:
    found = collection.search_images("beach.jpg", count=5, min_score=0.7, offset=5)
    collection.search_images("collage.jpg", regions=True)
    collection.search_images("collage.jpg", regions="auto")
    assert_type(found, SearchResults)
    for result in found.results:
        assert_type(result, SearchResult)
        assert_type(result.score, float)
        assert_type(result["score"], float)
        assert_type(result.rank, int)
        assert_type(result.transform, Transform)
    by_id = collection.search_images_by_id("beach", (3, None), count=5)
    assert_type(by_id, SearchByIdResults)
    assert_type(by_id.image_time, datetime)
    assert_type(collection.compare_image("beach", "cropped.jpg"), Comparison)
    assert_type(collection.compare_images_by_id("beach", "sunset"), ComparisonById)
    assert_type(collection.compare_images_by_id("beach", "sunset").score, float)


def duplicates(collection: Collection) -> None:
    page = collection.get_duplicates(min_score=0.9, count=10)
    assert_type(page, DuplicateList)
    assert_type(page.group_count, int)
    for group in collection.iter_duplicates():
        assert_type(group, DuplicateGroup)
        assert_type(group.images, list[ListedImage])
    assert_type(collection.set_not_duplicates("beach", "sunset"), Decision)
    assert_type(collection.unset_not_duplicates("beach", "sunset"), Decision)


def many(collection: Collection, folder: Path, pairs: Iterable[tuple[str, bytes]]) -> None:
    def tell(progress: Progress) -> None:
        assert_type(progress.total, int | None)

    for of_path in collection.add_images(folder.iterdir(), skip_existing=True, on_progress=tell):
        assert_type(of_path, Outcome[Path, Image])
        assert_type(of_path.result, Image | None)
        assert_type(of_path.error, Exception | None)
    for of_file in collection.add_images(folder, update_existing=True):
        assert_type(of_file, Outcome[Path, Image])
    for of_file in collection.add_images("photos"):
        assert_type(of_file, Outcome[Path, Image])
    for of_str in collection.add_images(["photos/beach.jpg"], relative_to="photos"):
        assert_type(of_str, Outcome[str, Image])
    for walked in collection.add_images(walk_folder(folder)):
        assert_type(walked, Outcome[tuple[str, Path], Image])
    for of_pair in collection.add_images(pairs, concurrency=4, update_existing=True):
        assert_type(of_pair, Outcome[tuple[str, bytes], Image])
    for deleted in collection.delete_images(["beach"], skip_missing=True):
        assert_type(deleted, Outcome[str, Image])
    for search in collection.search_many(["beach.jpg"], min_score=0.7, regions=False):
        assert_type(search, Outcome[str, SearchResults])


def errors(collection: Collection) -> None:
    try:
        collection.get_image("beach")
    except RateLimitError as error:
        assert_type(error.retry_after, float | None)
    except ResponseError as error:
        assert_type(error.status, int | None)
        assert_type(error.body, dict[str, Any] | None)
    except InvalidImageIDError as error:
        value_error: ValueError = error
        print(value_error)
    except VisualSnoopError as error:
        assert_type(error.message, str)
        assert_type(error.headers, dict[str, str])
        assert_type(error.request_id, str | None)


def signing(auth: VisualSnoopHMACAuth, url: str) -> None:
    assert_type(httpx.get(url, auth=auth), httpx.Response)
    assert_type(requests.get(url, auth=auth, timeout=10), requests.Response)


async def asynchronous() -> None:
    async with AsyncCollection.from_env(timeout=30) as collection:
        assert_type(collection, AsyncCollection)
        assert_type(await collection.add_image("beach.jpg"), Image)
        assert_type((await collection.search_images(b"", count=3)).results, list[SearchResult])
        assert_type(await collection.compare_image("beach", "cropped.jpg"), Comparison)
        async for listed in collection.iter_images():
            assert_type(listed, ListedImage)
        async for group in collection.iter_duplicates():
            assert_type(group, DuplicateGroup)
        async for outcome in collection.add_images(["beach.jpg"]):
            assert_type(outcome, Outcome[str, Image])
        async for of_file in collection.add_images("photos"):
            assert_type(of_file, Outcome[Path, Image])
        await asyncio.gather(collection.get_image("beach"), collection.get_image("sunset"))


def transforms(result: SearchResult) -> Literal["as it was", "changed"]:
    if result.transform == "none":
        return "as it was"
    return "changed"
