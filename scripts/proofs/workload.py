"""Clients that remember what a service has acknowledged, and a check that it has kept that.

Each client adds, updates and deletes images of its own, one after the other. Whatever was done to
the service meanwhile, this must hold afterwards:

- each image that was acknowledged is listed once, with the time that was acknowledged, and the
  picture that is stored under its ID is the last one acknowledged;
- each image whose removal was acknowledged is gone;
- a request that got no answer was carried out as a whole or not at all;
- there is no other image;
- `/duplicates` tells exactly those images for copies that were made of the same picture.
"""

import io
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from attrs import define, field, frozen
from PIL import Image

from scripts.local_service import client
from visualsnoop.server.storage.keys import NewKeys

PHOTOS = Path(__file__).parents[2] / "tests" / "photos"
IDS_OF_A_CLIENT = 12
SAME = 0.99  # the least score of two images that were made of the same picture


class Violation(Exception):
    """The service did not keep what it had acknowledged, or answered what it must not."""


@frozen
class Stored:
    """An image as it was acknowledged: the number of its picture, and its time."""

    picture: int
    image_time: str


@define
class _Client:
    """A client, and what it knows.

    Attributes:
        image_ids: The IDs that it uses, and nobody else.
        acknowledged: The images that are there for all it knows.
        unanswered: What requests that got no answer would have made of images: the number of the
            new picture, or None for removal.
    """

    image_ids: Sequence[str]
    dice: random.Random
    counts: Counter[str] = field(factory=Counter)
    acknowledged: dict[str, Stored] = field(factory=dict)
    unanswered: dict[str, int | None] = field(factory=dict)

    def work(
        self, connection: httpx.Client, pictures: Sequence[bytes], stop: threading.Event
    ) -> None:
        """Change one image after the other until it is time to stop."""
        while not stop.is_set():
            free = [image_id for image_id in self.image_ids if image_id not in self.unanswered]
            if not free:
                return
            image_id = self.dice.choice(free)
            is_to_go = image_id in self.acknowledged and self.dice.random() < 0.4
            picture = None if is_to_go else self.dice.randrange(len(pictures))
            if not self._change(connection, image_id, picture, pictures):
                # Whoever is refused does not ask again at once.
                stop.wait(0.1)

    def _change(
        self,
        connection: httpx.Client,
        image_id: str,
        picture: int | None,
        pictures: Sequence[bytes],
    ) -> bool:
        """Change an image, and note the answer; whether there was one."""
        path = f"/image/{quote(image_id, safe='')}"
        try:
            if picture is None:
                response = connection.delete(path)
            else:
                method = "PUT" if image_id in self.acknowledged else "POST"
                response = connection.request(method, path, content=pictures[picture])
        except httpx.ConnectError:
            self.counts["not connected"] += 1
            return False
        except httpx.TransportError:
            self.counts["no answer"] += 1
            self.unanswered[image_id] = picture
            return False
        return self._note(image_id, picture, response)

    def _note(self, image_id: str, picture: int | None, response: httpx.Response) -> bool:
        if response.status_code == 503:
            # The database may have been killed after it had committed.
            self.counts["answer 503"] += 1
            self.unanswered[image_id] = picture
            return False
        if response.status_code != {"POST": 201, "PUT": 200, "DELETE": 200}[_method(response)]:
            raise Violation(f"{_method(response)} {image_id!r}: {response.text}")
        self.counts["acknowledged"] += 1
        if picture is None:
            del self.acknowledged[image_id]
        else:
            self.acknowledged[image_id] = Stored(picture, response.json()["image_time"])
        return True

    def likely_pictures(self, image_id: str) -> list[int]:
        """The numbers of the pictures that may be stored under an ID."""
        known = self.acknowledged.get(image_id)
        numbers = (self.unanswered.get(image_id), None if known is None else known.picture)
        return [number for number in numbers if number is not None]

    def settle(self, image_id: str, found: Stored | None) -> None:
        """Compare what was found under an ID with what was acknowledged.

        Raises:
            Violation: If it is neither that, nor what an unanswered request would have made of it.
        """
        before = self.acknowledged.get(image_id)
        if image_id not in self.unanswered:
            if found != before:
                raise Violation(f"{image_id!r} should be {before}, and is {found}")
            return
        wanted = self.unanswered.pop(image_id)
        is_carried_out = wanted == (None if found is None else found.picture) and (
            found is None or before is None or found.image_time > before.image_time
        )
        if not is_carried_out and found != before:
            raise Violation(f"{image_id!r} was {before}, should be that or {wanted}, is {found}")
        self.counts["unanswered, but carried out" if found != before else "not carried out"] += 1
        if found is None:
            self.acknowledged.pop(image_id, None)
        else:
            self.acknowledged[image_id] = found


class Clients:
    """Several clients of one collection, which must have been empty.

    Args:
        keys: The keys of the collection.
        count: How many clients there are.
        seed: What their choices depend on.
    """

    def __init__(self, keys: NewKeys, count: int, seed: int) -> None:
        self._keys = keys
        self._pictures = small_pictures()
        self._clients = [
            # Slashes and other scripts are allowed in IDs.
            _Client([f"{n}/é {m}" for m in range(IDS_OF_A_CLIENT)], random.Random(f"{seed} {n}"))
            for n in range(count)
        ]

    @property
    def counts(self) -> Counter[str]:
        """How many requests ended how."""
        return sum((one.counts for one in self._clients), Counter())

    def prepare(self, endpoint: str) -> None:
        """Store each picture once, for comparison."""
        with client(endpoint, self._keys) as connection:
            for number, picture in enumerate(self._pictures):
                response = connection.post(f"/image/{_reference(number)}", content=picture)
                response.raise_for_status()
            assert _groups(connection) == [], "the pictures must differ"

    @contextmanager
    def at_work(self, endpoint: str) -> Iterator[None]:
        """Let the clients work for the time being.

        Raises:
            Violation: If one of them got an answer that it must not get.
        """
        stop = threading.Event()
        with ThreadPoolExecutor(len(self._clients)) as threads:
            working = [threads.submit(self._work, one, endpoint, stop) for one in self._clients]
            try:
                yield
            finally:
                stop.set()
        for work in working:
            work.result()

    def _work(self, one: _Client, endpoint: str, stop: threading.Event) -> None:
        with client(endpoint, self._keys) as connection:
            one.work(connection, self._pictures, stop)

    def check(self, endpoint: str) -> None:
        """Compare the collection with what was acknowledged.

        Raises:
            Violation: If something was lost, doubled, half-written or made up.
        """
        with client(endpoint, self._keys) as connection:
            times = _listed(connection)
            for number in range(len(self._pictures)):
                if times.pop(_reference(number), None) is None:
                    raise Violation(f"{_reference(number)!r} is lost")
            pictures = self._settle(connection, times)
            if times:
                raise Violation(f"there are images that nobody added: {times}")
            self._check_duplicates(connection, pictures)

    def _settle(self, connection: httpx.Client, times: dict[str, str]) -> dict[str, int]:
        """Compare all images of the clients, taking them out of `times`; their pictures."""
        pictures = {}
        for one in self._clients:
            for image_id in one.image_ids:
                time = times.pop(image_id, None)
                found = None
                if time is not None:
                    likely = one.likely_pictures(image_id)
                    pictures[image_id] = self._picture(connection, image_id, likely)
                    found = Stored(pictures[image_id], time)
                one.settle(image_id, found)
        return pictures

    def _picture(self, connection: httpx.Client, image_id: str, likely: Sequence[int]) -> int:
        """The number of the picture that is stored under an ID."""
        for number in chain(likely, range(len(self._pictures))):
            path = f"/compare/{quote(image_id, safe='')}/{_reference(number)}"
            score: float = _answer(connection, path)["score"]
            if score >= SAME:
                return number
        raise Violation(f"what is stored under {image_id!r} is none of the pictures")

    def _check_duplicates(self, connection: httpx.Client, pictures: dict[str, int]) -> None:
        expected = {number: {_reference(number)} for number in range(len(self._pictures))}
        for image_id, number in pictures.items():
            expected[number].add(image_id)
        groups = sorted(map(sorted, (group for group in expected.values() if len(group) > 1)))
        if (found := _groups(connection)) != groups:
            raise Violation(f"/duplicates has {found}, not {groups}")


def small_pictures() -> list[bytes]:
    """Pictures of different things, small enough that most of the work is the database's."""
    pictures = []
    for photo in sorted(PHOTOS.glob("*.jpg")):
        file = io.BytesIO()
        with Image.open(photo) as picture:
            small = picture.convert("RGB")
            small.thumbnail((128, 128))
            small.save(file, "JPEG", quality=85)
        pictures.append(file.getvalue())
    return pictures


def _reference(number: int) -> str:
    return f"picture-{number}"


def _listed(connection: httpx.Client) -> dict[str, str]:
    """The IDs of all images with their times."""
    listed: list[dict[str, str]] = []
    start = None
    while True:
        query = {"count": "40"} | ({} if start is None else {"start": start})
        page = _answer(connection, "/images", query)
        listed += page["images"]
        start = page["next_image_id"]
        if start is None:
            break
    times = {image["id"]: image["image_time"] for image in listed}
    if len(times) < len(listed):
        raise Violation(f"images are listed twice: {listed}")
    if (count := _answer(connection, "/collection")["image_count"]) != len(listed):
        raise Violation(f"{len(listed)} images are listed, and {count} are counted")
    return times


def _groups(connection: httpx.Client) -> list[list[str]]:
    answer = _answer(connection, "/duplicates", {"min_score": str(SAME), "count": "1000"})
    return sorted(sorted(image["id"] for image in group["images"]) for group in answer["groups"])


def _answer(
    connection: httpx.Client, path: str, query: dict[str, str] | None = None
) -> dict[str, Any]:
    response = connection.get(path, params=query)
    if response.status_code != 200:
        raise Violation(f"GET {path}: {response.text}")
    answer: dict[str, Any] = response.json()
    return answer


def _method(response: httpx.Response) -> str:
    return response.request.method


def wait_until_ready(endpoint: str, longest: float = 60) -> float:
    """Wait until a service answers and its database does; after how many seconds that was.

    Raises:
        Violation: If that takes longer than `longest` seconds.
    """
    started = time.monotonic()
    while (taken := time.monotonic() - started) < longest:
        try:
            if httpx.get(endpoint.removesuffix("/api/v1") + "/health", timeout=5).is_success:
                return taken
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise Violation(f"the service was not ready after {longest:.0f} seconds")
