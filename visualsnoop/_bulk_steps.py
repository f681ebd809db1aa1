"""The steps by which many images are added, deleted and searched for.

The steps of an item are a generator that asks for calls and for waits, so that they serve threads
and tasks alike; `_concurrency` runs them.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from ._bulk_items import ImageIDs, PathInput, TakenItem, take_item
from ._calls import Regions
from ._request_retries import MAX_RETRY_AFTER
from ._timeouts import TimeoutInput
from ._uploads import rewinding
from .bulk import Outcome
from .exceptions import ImageExistsError, NotFoundError, RateLimitError, ResponseError, ServerError

if TYPE_CHECKING:
    from visualsnoop_api.models import Image, SearchResults

T = TypeVar("T")

_MAX_WAITS_IN_VAIN = 5

Step: TypeAlias = Callable[[Any], Any] | float
"""What to call with the collection, or seconds to wait."""

Steps: TypeAlias = Generator[Step, Any, T]
"""Steps that lead to an outcome; the generator is sent the result of each, or thrown its error."""


def adding(
    update_existing: bool,
    skip_existing: bool,
    timeout: TimeoutInput,
    relative_to: PathInput | None,
    is_folder: bool,
) -> Callable[[Any], Steps[Outcome[Any, Image]]]:
    """The steps by which an item is added.

    Args:
        update_existing, skip_existing, timeout, relative_to: As in `Collection.add_images`.
        is_folder: Whether the items are the files of a folder, whose IDs cannot come twice.

    Raises:
        ValueError: If both `update_existing` and `skip_existing` are wanted.
    """
    if update_existing and skip_existing:
        raise ValueError("give either update_existing or skip_existing, not both")
    backoff = _Backoff()
    image_ids = None if is_folder else ImageIDs()

    def steps(item: Any) -> Steps[Outcome[Any, Image]]:
        # Here, where items are taken one after the other, and not when their turn comes.
        return add(take_item(item, relative_to, image_ids))

    def add(taken: TakenItem) -> Steps[Outcome[Any, Image]]:
        item, image_id = taken.item, taken.image_id
        try:
            image = taken.image()
            if skip_existing and image_id is not None:
                try:
                    found = yield from backoff.call(lambda c: c.get_image(image_id, timeout))
                    return Outcome(item, image_id, found, skipped=True)
                except NotFoundError:
                    pass
            try:
                added = yield from backoff.call(
                    lambda c: c.add_image(image, image_id, update_existing, timeout),
                    rewinding(image),
                )
            except ImageExistsError:
                if not skip_existing:
                    raise
                found = yield from backoff.call(lambda c: c.get_image(image_id, timeout))
                return Outcome(item, image_id, found, skipped=True)
            return Outcome(item, added.image_id, added)
        except Exception as error:
            return Outcome(item, image_id, error=error)

    return steps


def deleting(
    skip_missing: bool, timeout: TimeoutInput
) -> Callable[[str], Steps[Outcome[str, Image]]]:
    """The steps by which an image is deleted."""
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
    count: int | None,
    min_score: float | None,
    offset: int | None,
    regions: Regions | None,
    timeout: TimeoutInput,
) -> Callable[[Any], Steps[Outcome[Any, SearchResults]]]:
    """The steps by which an item is searched for; the arguments are those of `search_images`."""
    backoff = _Backoff()

    def steps(item: Any) -> Steps[Outcome[Any, SearchResults]]:
        return search(take_item(item))

    def search(taken: TakenItem) -> Steps[Outcome[Any, SearchResults]]:
        try:
            image = taken.image()
            found = yield from backoff.call(
                lambda c: c.search_images(
                    image,
                    timeout,
                    count=count,
                    min_score=min_score,
                    offset=offset,
                    regions=regions,
                ),
                rewinding(image),
            )
            return Outcome(taken.item, taken.image_id, found)
        except Exception as error:
            return Outcome(taken.item, taken.image_id, error=error)

    return steps


def _nothing_to_rewind() -> None: ...


@dataclass
class _Backoff:
    """When the next request may be sent, as a busy service asks to wait; one for a whole run."""

    _not_before: float = 0.0
    _waits_in_vain: int = 0

    def call(
        self, call: Callable[[Any], Any], rewind: Callable[[], object] | None = _nothing_to_rewind
    ) -> Steps[Any]:
        """Call, and call again after a wait where the service asks for that.

        Args:
            call: What to call with the collection.
            rewind: What to call before another attempt; None where there can be none.
        """
        while True:
            while (seconds := self._not_before - time.monotonic()) > 0:
                yield seconds
            try:
                result = yield call
            except (RateLimitError, ServerError) as error:
                if rewind is None or not self._is_put_off(error):
                    raise
                rewind()
            except ResponseError:
                self._waits_in_vain = 0
                raise
            else:
                self._waits_in_vain = 0
                return result

    def _is_put_off(self, error: ResponseError) -> bool:
        """Whether to wait and call again: not for ever, if nothing gets done between the waits."""
        seconds = error.retry_after
        if seconds is None and isinstance(error, RateLimitError):
            seconds = 2.0**self._waits_in_vain * random.uniform(0.5, 1)
        if seconds is None or seconds > MAX_RETRY_AFTER:
            return False
        now = time.monotonic()
        if now >= self._not_before:
            if self._waits_in_vain == _MAX_WAITS_IN_VAIN:
                return False
            self._waits_in_vain += 1
        self._not_before = max(self._not_before, now + seconds)
        return True
