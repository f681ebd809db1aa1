"""The collections of a service in memory: images, scores and decisions."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Literal

from attrs import define, field, frozen
from visualsnoop_api.models import Transform

from ._pictures import PictureFile
from ._refusals import not_found, taken

# Every change takes a second, so that times and orders are the same in every run.
_FIRST_TIME = datetime(2026, 1, 1, tzinfo=UTC)


@frozen
class StoredImage:
    """An image of a collection."""

    image_id: str
    image_time: datetime
    picture: PictureFile


@frozen
class Score:
    """How similar two pictures are."""

    score: float
    transform: Transform


EQUAL = Score(1.0, "none")
DIFFERENT = Score(0.0, "unknown")


@define
class Scores:
    """How similar pictures are: equal ones are, others only where that was said."""

    _said: dict[tuple[bytes, bytes], Score] = field(factory=dict)

    def set(self, query: bytes, stored: bytes, score: Score) -> None:
        self._said[query, stored] = score

    def of(self, query: PictureFile, stored: PictureFile) -> Score:
        by_default = EQUAL if query.digest == stored.digest else DIFFERENT
        return self._said.get((query.digest, stored.digest), by_default)


@define
class StoredCollection:
    """A collection, whose images are in the order in which they came."""

    collection_id: str
    name: str
    user: str
    images: dict[str, StoredImage] = field(factory=dict)
    decisions: set[frozenset[str]] = field(factory=set)
    _changes: int = 0

    def get(self, image_id: str) -> StoredImage:
        """The image of an ID.

        Raises:
            Refusal: 404, if there is none.
        """
        if image_id not in self.images:
            raise not_found(image_id)
        return self.images[image_id]

    def add(self, image_id: str | None, picture: PictureFile) -> StoredImage:
        """Add an image; the ID is made where there is none.

        Raises:
            Refusal: 409, if there is an image of this ID.
        """
        if image_id is None:
            image_id = sha256(f"{self.collection_id} {self._changes}".encode()).hexdigest()[:32]
        if image_id in self.images:
            raise taken(image_id)
        return self._store(image_id, picture)

    def add_or_replace(
        self, image_id: str, picture: PictureFile
    ) -> tuple[StoredImage, Literal["Added", "Updated"]]:
        is_new = image_id not in self.images
        if not is_new:
            self._remove(image_id)
        return self._store(image_id, picture), "Added" if is_new else "Updated"

    def delete(self, image_id: str) -> StoredImage:
        image = self.get(image_id)
        self._remove(image_id)
        return image

    def newest(self) -> list[StoredImage]:
        return list(reversed(self.images.values()))

    def _store(self, image_id: str, picture: PictureFile) -> StoredImage:
        self._changes += 1
        time = _FIRST_TIME + timedelta(seconds=self._changes)
        self.images[image_id] = StoredImage(image_id, time, picture)
        return self.images[image_id]

    def _remove(self, image_id: str) -> None:
        del self.images[image_id]
        self.decisions = {pair for pair in self.decisions if image_id not in pair}
