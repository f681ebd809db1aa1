"""Many images at once: what `Collection.add_images` and its kin yield, and what they do.

What is done for an item is written as a generator that asks for calls and for waits, so that it
serves threads and tasks alike; `_workers` runs them.
"""

import os
import random
import time
from collections.abc import Callable, Generator
from typing import Any, Generic, TypeAlias, TypeVar

from attrs import define, frozen
from visualsnoop_api.models import Image, SearchResults

from ._timeouts import TimeoutInput
from ._uploads import BYTES, AsyncImageInput, ImageInput
from .exceptions import (
    ImageExistsError,
    NotFoundError,
    RateLimitError,
    ResponseError,
    ServerError,
)

__all__ = ["AsyncImageItem", "ImageItem", "Outcome", "Progress", "ProgressCallback"]

Item = TypeVar("Item")
T = TypeVar("T")

ImageItem: TypeAlias = str | os.PathLike[str] | tuple[str | None, ImageInput]
"""An image of many: a path, whose file name is the ID, or a pair of ID and image."""

AsyncImageItem: TypeAlias = str | os.PathLike[str] | tuple[str | None, AsyncImageInput]
"""`ImageItem` for asyncio."""

_MAX_WAITS_IN_VAIN = 5
_MAX_RETRY_AFTER = 300.0  # seconds


@frozen
class Outcome(Generic[Item, T]):
    """What became of one item.

        for outcome in collection.add_images(["beach.jpg", "missing.jpg"]):
            print(outcome.image_id, outcome.error or outcome.result)

    Attributes:
        item: The item as it was given.
        image_id: The ID of the image; None where it has none.
        result: What the service answered; None where there is no answer.
        error: What went wrong; None where nothing did.
        skipped: Whether there was nothing to do, as the image was there (or gone) already.
    """

    item: Item
    image_id: str | None
    result: T | None = None
    error: Exception | None = None
    skipped: bool = False


@frozen
class Progress:
    """How far the work is.

        def tell(progress):
            print(f"{progress.done} of {progress.total}, {progress.failed} failed")

        list(collection.add_images(["beach.jpg"], on_progress=tell))

    Attributes:
        done: How many items are done, in one way or another.
        failed: How many of them ended in an error.
        skipped: How many of them were skipped.
        total: How many items there are; None where that is not known.
    """

    done: int
    failed: int
    skipped: int
    total: int | None


ProgressCallback: TypeAlias = Callable[[Progress], object]
"""Called after each item that is done."""

Step: TypeAlias = Callable[[Any], Any] | float
"""A call to make with the collection, or seconds to wait."""

Steps: TypeAlias = Generator[Step, Any, T]
"""Steps that lead to an outcome; each is sent what came of it, or thrown the error."""


def adding(
    update_existing: bool, skip_existing: bool, timeout: TimeoutInput
) -> Callable[[Any], Steps[Outcome[Any, Image]]]:
    """How an item is added."""
    if update_existing and skip_existing:
        raise ValueError("give either update_existing or skip_existing, not both")
    backoff = _Backoff()

    def steps(item: Any) -> Steps[Outcome[Any, Image]]:
        image_id = None
        try:
            image_id, image = _id_and_image(item)
            if skip_existing and image_id is not None:
                try:
                    found = yield from backoff.call(lambda c: c.get_image(image_id, timeout))
                    return Outcome(item, image_id, found, skipped=True)
                except NotFoundError:
                    pass
            try:
                added = yield from backoff.call(
                    lambda c: c.add_image(image, image_id, update_existing, timeout),
                    _rewinding(image),
                )
            except ImageExistsError:
                if not skip_existing:
                    raise
                return Outcome(item, image_id, skipped=True)
            return Outcome(item, added.image_id, added)
        except Exception as error:
            return Outcome(item, image_id, error=error)

    return steps


def deleting(
    skip_missing: bool, timeout: TimeoutInput
) -> Callable[[str], Steps[Outcome[str, Image]]]:
    """How an image is deleted."""
    backoff = _Backoff()

    def steps(image_id: str) -> Steps[Outcome[str, Image]]:
        try:
            deleted = yield from backoff.call(lambda c: c.delete_image(image_id, timeout))
            return Outcome(image_id, image_id, deleted)
        except NotFoundError as error:
            if skip_missing:
                return Outcome(image_id, image_id, skipped=True)
            return Outcome(image_id, image_id, error=error)
        except Exception as error:
            return Outcome(image_id, image_id, error=error)

    return steps


def searching(
    count: int | None, min_score: float | None, offset: int | None, timeout: TimeoutInput
) -> Callable[[Any], Steps[Outcome[Any, SearchResults]]]:
    """How an item is searched for."""
    backoff = _Backoff()

    def steps(item: Any) -> Steps[Outcome[Any, SearchResults]]:
        image_id = None
        try:
            image_id, image = _id_and_image(item)
            found = yield from backoff.call(
                lambda c: c.search_images(
                    image, timeout, count=count, min_score=min_score, offset=offset
                ),
                _rewinding(image),
            )
            return Outcome(item, image_id, found)
        except Exception as error:
            return Outcome(item, image_id, error=error)

    return steps


def _nothing_to_rewind() -> None: ...


@define
class _Backoff:
    """When the next request may be sent: a service that is asked too much asks all to wait."""

    _not_before: float = 0.0
    _waits_in_vain: int = 0

    def call(
        self, call: Callable[[Any], Any], rewind: Callable[[], object] | None = _nothing_to_rewind
    ) -> Steps[Any]:
        """Make a call, and make it again after a while where the service asks for that.

        Args:
            call: What to call with the collection.
            rewind: Makes ready for another call; None where there can be none.
        """
        while True:
            while (seconds := self._not_before - time.monotonic()) > 0:
                yield seconds
            try:
                answer = yield call
            except (RateLimitError, ServerError) as error:
                if rewind is None or not self._is_put_off(error):
                    raise
                rewind()
            except ResponseError:
                self._waits_in_vain = 0
                raise
            else:
                self._waits_in_vain = 0
                return answer

    def _is_put_off(self, error: ResponseError) -> bool:
        """Whether to wait and try again: not forever, if nothing gets done between the waits."""
        seconds = error.retry_after
        if seconds is None and isinstance(error, RateLimitError):
            seconds = 2.0**self._waits_in_vain * random.uniform(0.5, 1)
        if seconds is None or seconds > _MAX_RETRY_AFTER:
            return False
        now = time.monotonic()
        if now >= self._not_before:
            if self._waits_in_vain == _MAX_WAITS_IN_VAIN:
                return False
            self._waits_in_vain += 1
        self._not_before = max(self._not_before, now + seconds)
        return True


def _rewinding(image: Any) -> Callable[[], object] | None:
    """What makes an image ready to be read again; None where it can be read only once."""
    if isinstance(image, (str, os.PathLike, *BYTES)):
        return _nothing_to_rewind
    if hasattr(image, "seekable") and image.seekable():
        start = image.tell()
        return lambda: image.seek(start)
    return None


def _id_and_image(item: Any) -> tuple[str | None, Any]:
    if isinstance(item, tuple):
        image_id, image = item
        return image_id, image
    if isinstance(item, (str, os.PathLike)):
        return os.path.basename(os.fspath(item)), item
    raise TypeError(f"an item must be a path or an (ID, image) pair, not {type(item).__name__}")
