"""Many images at once, in threads and in tasks."""

import asyncio
import io
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, aclosing
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from visualsnoop import AsyncCollection, Collection
from visualsnoop.bulk import ImageItem, Progress
from visualsnoop.exceptions import (
    ImageExistsError,
    ImageInputError,
    ImageRefusedError,
    InvalidImageIDError,
    NotFoundError,
    RateLimitError,
    ServerError,
)

from .sockets import Listener, listening, read_request, response, session_response
from .sync_and_async import Connect

KEYS = ("0f1e2d3c4b5a69788796", "s" * 40)
IMAGE = (
    b'{"status": 201, "message": "Added", "collection_id": "5f3c9a01", "image_id": "beach",'
    b' "image_time": "2015-01-29T10:11:12.123456+00:00", "quality": 98}'
)


def answering(answers: Callable[[int], bytes]) -> Callable[[Listener, socket.socket], None]:
    """Answer the requests after the session by their number, counted from 1."""
    numbers = count(1)

    def serve(listener: Listener, connection: socket.socket) -> None:
        while head := read_request(listener, connection):
            is_first = b"session=init" in head
            connection.sendall(session_response() if is_first else answers(next(numbers)))

    return serve


def refusal(status: int, *headers: str) -> bytes:
    return response(status, b'{"status": %d, "message": "later"}' % status, *headers)


ADDED = response(201, IMAGE)


def test_images_are_added_under_their_names_and_ids(
    collection: Collection, photos: list[Path]
) -> None:
    items: list[ImageItem] = [*photos[:2], ("a/b", photos[2].read_bytes())]
    outcomes = list(collection.add_images(items))
    ids = {photos[0].name, photos[1].name, "a/b"}
    assert {outcome.image_id for outcome in outcomes} == ids
    assert all(outcome.error is None and not outcome.skipped for outcome in outcomes)
    assert {outcome.result.message for outcome in outcomes if outcome.result} == {"Added"}
    assert {image.id for image in collection.iter_images()} == ids


def test_service_makes_ids_where_none_is_given(collection: Collection, photo: Path) -> None:
    (outcome,) = collection.add_images([(None, photo)])
    assert outcome.image_id is not None
    assert len(outcome.image_id) == 32


def test_error_of_an_item_is_its_outcome_and_ends_no_other(
    collection: Collection, photo: Path, tmp_path: Path
) -> None:
    items: list[Any] = [
        ("good", photo),
        ("words", b"no picture"),
        ("gone", tmp_path / "missing.jpg"),
        ("..", photo),
        ("nothing", b""),
        17,
    ]
    outcomes = {str(outcome.item): outcome for outcome in collection.add_images(items)}
    errors = [outcomes[str(item)].error for item in items]
    kinds = [
        ImageRefusedError,
        FileNotFoundError,
        InvalidImageIDError,
        ImageInputError,
        TypeError,
    ]
    assert errors[0] is None
    assert [type(error) for error in errors[1:]] == kinds
    assert [outcomes[str(item)].image_id for item in items[:3]] == ["good", "words", "gone"]


def test_taken_ids_are_errors_or_skipped_or_replaced(
    collection: Collection, photos: list[Path]
) -> None:
    collection.add_image(photos[0], "one")
    (refused,) = collection.add_images([("one", photos[1])])
    assert type(refused.error) is ImageExistsError
    (skipped,) = collection.add_images([("one", photos[1])], skip_existing=True)
    assert (skipped.skipped, skipped.error) == (True, None)
    (replaced,) = collection.add_images([("one", photos[1])], update_existing=True)
    assert replaced.result is not None
    assert replaced.result.message == "Updated"


def test_interrupted_work_is_resumed(collection: Collection, photos: list[Path]) -> None:
    items = [(f"{number}", photos[number % 3]) for number in range(12)]
    outcomes = collection.add_images(items, concurrency=2)
    first = [next(outcomes) for _ in range(3)]
    outcomes.close()
    times = {image.id: image.image_time for image in collection.iter_images()}
    assert {outcome.image_id for outcome in first} <= times.keys()
    assert len(times) < 12
    again = list(collection.add_images(items, skip_existing=True))
    # What was being sent when the work was interrupted may be there as well.
    assert times.keys() <= {outcome.image_id for outcome in again if outcome.skipped}
    now = {image.id: image.image_time for image in collection.iter_images()}
    assert len(now) == 12
    assert times.items() <= now.items()


def test_images_are_deleted(collection: Collection, photo: Path) -> None:
    list(collection.add_images((name, photo) for name in "abc"))
    outcomes = list(collection.delete_images(["a", "b", "nobody"]))
    assert {outcome.image_id: type(outcome.error) for outcome in outcomes} == {
        "a": type(None),
        "b": type(None),
        "nobody": NotFoundError,
    }
    (outcome,) = collection.delete_images(["nobody"], skip_missing=True)
    assert (outcome.skipped, outcome.error) == (True, None)
    assert [image.id for image in collection.iter_images()] == ["c"]


def test_pictures_are_searched_for(collection: Collection, photos: list[Path]) -> None:
    list(collection.add_images(photos[:3]))
    for outcome in collection.search_many(photos[:3]):
        assert outcome.result is not None
        assert [result.id for result in outcome.result.results] == [outcome.image_id]
    (mine,) = collection.search_many([("mine", photos[0])], count=2, min_score=0, offset=1)
    assert mine.image_id == "mine"
    assert mine.result is not None
    assert len(mine.result.results) == 2


def test_progress_is_told_after_each_item(collection: Collection, photo: Path) -> None:
    collection.add_image(photo, "there")
    told: list[Progress] = []
    items: list[ImageItem] = [("there", photo), ("new", photo), ("words", b"no picture")]
    list(collection.add_images(items, skip_existing=True, on_progress=told.append))
    assert [progress.done for progress in told] == [1, 2, 3]
    assert told[-1] == Progress(done=3, failed=1, skipped=1, total=3)
    list(collection.delete_images(iter(["new"]), on_progress=told.append))
    assert told[-1] == Progress(done=1, failed=0, skipped=0, total=None)


def test_items_are_taken_as_they_are_needed(connect: Connect) -> None:
    taken = 0

    def items() -> Iterator[tuple[str, bytes]]:
        nonlocal taken
        for taken in count(1):
            yield str(taken), b"picture"

    with (
        listening(answering(lambda number: ADDED)) as listener,
        connect(*KEYS, listener.endpoint) as collection,
    ):
        outcomes = collection.add_images(items(), concurrency=3)
        for done in range(1, 50):
            assert next(outcomes).error is None
            assert taken <= done + 2 * 3
        outcomes.close()


def test_closing_leaves_nothing_running(connect: Connect) -> None:
    taken = count()
    with (
        listening(answering(lambda number: ADDED)) as listener,
        connect(*KEYS, listener.endpoint) as collection,
    ):
        outcomes = collection.add_images((str(number), b"picture") for number in taken)
        for _ in range(3):
            next(outcomes)
        outcomes.close()
        before = next(taken)
        assert [t for t in threading.enumerate() if t.name.startswith("visualsnoop")] == []
        assert collection.add_image(b"picture").message == "Added"
        assert next(taken) == before + 1
        # The session, the items, and the image that was added just now.
        assert len(listener.requests) <= 1 + before + 1


def test_leaving_a_wait_takes_no_longer_than_that(connect: Connect) -> None:
    def serve(number: int) -> bytes:
        return ADDED if number == 1 else refusal(429, "Retry-After: 300")

    with (
        listening(answering(serve)) as listener,
        connect(*KEYS, listener.endpoint) as collection,
    ):
        outcomes = collection.add_images([(str(n), b"picture") for n in range(10)], concurrency=1)
        next(outcomes)
        outcomes.close()


def test_error_of_the_items_themselves_is_raised(connect: Connect) -> None:
    def items() -> Iterator[tuple[str, bytes]]:
        yield "one", b"picture"
        raise RuntimeError("no more")

    with (
        listening(answering(lambda number: ADDED)) as listener,
        connect(*KEYS, listener.endpoint) as collection,
        pytest.raises(RuntimeError, match="no more"),
    ):
        list(collection.add_images(items()))


@pytest.mark.parametrize("status", [429, 503])
def test_wait_that_is_asked_for_is_kept_and_the_image_sent_again(
    connect: Connect, status: int
) -> None:
    times: list[float] = []

    def serve(number: int) -> bytes:
        times.append(time.monotonic())
        return refusal(status, "Retry-After: 1") if number == 1 else ADDED

    file = io.BytesIO(b"some header and a picture")
    file.seek(12)
    with (
        listening(answering(serve)) as listener,
        connect(*KEYS, listener.endpoint) as collection,
    ):
        (outcome,) = collection.add_images([("beach", file)], concurrency=1)
    assert outcome.error is None
    assert len(times) == 2
    assert times[1] - times[0] >= 1


def test_all_is_done_however_often_the_service_asks_to_wait(connect: Connect) -> None:
    def serve(number: int) -> bytes:
        return ADDED if number % 2 == 0 else refusal(429, "Retry-After: 0")

    with (
        listening(answering(serve)) as listener,
        connect(*KEYS, listener.endpoint) as collection,
    ):
        outcomes = list(
            collection.add_images([(str(n), b"picture") for n in range(20)], concurrency=2)
        )
    assert [outcome.error for outcome in outcomes] == [None] * 20
    assert len(listener.requests) == 1 + 2 * 20


def test_service_that_only_asks_to_wait_is_given_up(connect: Connect) -> None:
    with (
        listening(answering(lambda number: refusal(429, "Retry-After: 0"))) as listener,
        connect(*KEYS, listener.endpoint) as collection,
    ):
        (outcome,) = collection.add_images([("beach", b"picture")])
    assert type(outcome.error) is RateLimitError
    assert len(listener.requests) == 1 + 6


@pytest.mark.parametrize(
    ("answer", "image", "kind"),
    [
        (refusal(429, "Retry-After: 3600"), b"picture", RateLimitError),
        (refusal(503), b"picture", ServerError),
        (refusal(429, "Retry-After: 0"), [b"picture"], RateLimitError),
    ],
    ids=["longer than anyone waits", "no wait asked for", "image that can be read once"],
)
def test_image_is_not_sent_again(
    connect: Connect, answer: bytes, image: Any, kind: type[Exception]
) -> None:
    with (
        listening(answering(lambda number: answer)) as listener,
        connect(*KEYS, listener.endpoint) as collection,
    ):
        (outcome,) = collection.add_images([("beach", image)])
    assert type(outcome.error) is kind
    assert len(listener.requests) == 2


def test_options_that_cannot_be_right_are_refused(collection: Collection) -> None:
    with pytest.raises(ValueError, match="concurrency"):
        list(collection.add_images([], concurrency=0))
    with pytest.raises(ValueError, match="not both"):
        list(collection.add_images([], update_existing=True, skip_existing=True))


def test_no_more_are_worked_on_at_a_time_than_wanted(connect: Connect) -> None:
    lock = threading.Lock()
    now = most = 0

    def serve(number: int) -> bytes:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.01)
        with lock:
            now -= 1
        return ADDED

    with (
        listening(answering(serve)) as listener,
        connect(*KEYS, listener.endpoint) as collection,
    ):
        list(collection.add_images([(str(n), b"picture") for n in range(30)], concurrency=3))
    assert most == 3


def test_tasks_are_cancelled_when_the_outcomes_are_closed() -> None:
    async def use() -> None:
        over = threading.Event()

        def serve(number: int) -> bytes:
            if number > 1:
                over.wait(60)
            return ADDED

        async with AsyncExitStack() as stack:
            listener = stack.enter_context(listening(answering(serve)))
            collection = AsyncCollection(*KEYS, listener.endpoint)
            stack.push_async_callback(collection.aclose)
            async with aclosing(
                collection.add_images([(str(n), b"picture") for n in range(10)], concurrency=4)
            ) as outcomes:
                assert (await anext(outcomes)).error is None
            assert asyncio.all_tasks() == {asyncio.current_task()}
            over.set()

    asyncio.run(use())


def test_ctrl_c_at_any_moment_leaves_no_thread_waiting() -> None:
    # In a process of its own, which is ended if it gets stuck.
    subprocess.run([sys.executable, "-c", _INTERRUPTED_OFTEN], check=True, timeout=60)


_INTERRUPTED_OFTEN = """
import itertools, random, signal
from visualsnoop._concurrency import in_threads
from visualsnoop.bulk import Outcome

def steps(item):
    yield lambda collection: None
    return Outcome(item, str(item), None, None)

signal.signal(signal.SIGALRM, signal.default_int_handler)
for _ in range(500):
    outcomes = in_threads(None, itertools.count(), steps, 4, None)
    try:
        for outcome in outcomes:
            if outcome.item == 20:
                signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-6, 2e-3))
    except KeyboardInterrupt:
        outcomes.close()
"""
