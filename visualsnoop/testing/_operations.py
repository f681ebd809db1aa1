"""The operations of the contract over a collection in memory."""

import math
from collections.abc import Callable, Iterable, Mapping
from itertools import combinations
from typing import Literal, TypeAlias

import httpx
from attrs import frozen
from visualsnoop_api.models import (
    CollectionInfo,
    Comparison,
    ComparisonById,
    Decision,
    DuplicateGroup,
    DuplicateList,
    Image,
    ImageList,
    ListedImage,
    Point,
    SearchByIdResults,
    SearchResult,
    SearchResults,
)
from visualsnoop_api.types import Model

from ._pictures import PictureFile, read_picture
from ._refusals import Refusal, bad_request
from ._storage import Score, Scores, StoredCollection, StoredImage

_MAX_COUNT = 1000
_MAX_OFFSET = 100_000
_LOOK_ALIKE_SCORE = 0.4
_COPY_SCORE = 0.7


@frozen
class Request:
    """A request that was signed, and the collection of its keys."""

    collection: StoredCollection
    scores: Scores
    image_ids: Mapping[str, str]
    query: httpx.QueryParams
    body: bytes

    @property
    def image_id(self) -> str:
        return self.image_ids["image_id"]

    @property
    def image(self) -> StoredImage:
        return self.collection.get(self.image_id)

    @property
    def other(self) -> StoredImage:
        return self.collection.get(self.image_ids["other_id"])

    @property
    def picture(self) -> PictureFile:
        return read_picture(self.body)

    def integer(self, name: str, least: int, most: int, default: int) -> int:
        text = self.query.get(name)
        if text is None:
            return default
        value = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
        if not least <= value <= most:
            raise bad_request(f"{name} must be a whole number from {least} to {most}, not {text!r}")
        return value

    def number(self, name: str, least: float, default: float) -> float:
        text = self.query.get(name)
        if text is None:
            return default
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= 1:
            raise bad_request(f"{name} must be a number from {least:g} to 1, not {text!r}")
        return value


Operation: TypeAlias = Callable[[Request], Model]


def get_collection(request: Request) -> Model:
    if request.query.get("session", "init") != "init":
        raise bad_request("session must be 'init', if it is given")
    return CollectionInfo(
        status=200,
        message="OK",
        collection_id=request.collection.collection_id,
        collection_name=request.collection.name,
        user=request.collection.user,
        image_count=len(request.collection.images),
    )


def add_image(request: Request) -> Model:
    return _image(request, request.collection.add(None, request.picture), "Added")


def add_image_with_id(request: Request) -> Model:
    return _image(request, request.collection.add(request.image_id, request.picture), "Added")


def add_or_replace_image(request: Request) -> Model:
    return _image(request, *request.collection.add_or_replace(request.image_id, request.picture))


def get_image(request: Request) -> Model:
    return _image(request, request.image, "OK")


def get_thumbnail(request: Request) -> Model:
    image_id = request.image.image_id
    raise Refusal(
        404,
        f"There is no thumbnail of image {image_id!r}: it was added when the collection did not "
        "keep any",
    )


def delete_image(request: Request) -> Model:
    return _image(request, request.collection.delete(request.image_id), "Deleted")


def _image(
    request: Request, image: StoredImage, done: Literal["Added", "Updated", "OK", "Deleted"]
) -> Image:
    width, height = image.picture.size or (None, None)
    return Image(
        status=201 if done == "Added" else 200,
        message=done,
        collection_id=request.collection.collection_id,
        image_id=image.image_id,
        image_time=image.image_time,
        quality=100,
        width=width,
        height=height,
    )


def list_images(request: Request) -> Model:
    count = request.integer("count", 1, _MAX_COUNT, 100)
    found = request.collection.newest()
    start = request.query.get("start")
    if start is not None:
        found = found[found.index(request.collection.get(start)) :]
    return ImageList(
        status=200,
        message="OK",
        collection_id=request.collection.collection_id,
        images=_listed(found[:count]),
        next_image_id=found[count].image_id if len(found) > count else None,
    )


def search_images(request: Request) -> Model:
    # Pictures are compared as wholes here.
    regions = request.query.get("regions", "auto")
    if regions not in ("true", "false", "auto"):
        raise bad_request(f"regions must be true, false or auto, not {regions!r}")
    results = _results(request, request.picture, request.collection.images.values())
    return SearchResults(
        status=200,
        message="OK",
        collection_id=request.collection.collection_id,
        results=results,
    )


def search_images_by_id(request: Request) -> Model:
    image = request.image
    others = [other for other in request.collection.images.values() if other is not image]
    return SearchByIdResults(
        status=200,
        message="OK",
        collection_id=request.collection.collection_id,
        image_id=image.image_id,
        image_time=image.image_time,
        results=_results(request, image.picture, others),
    )


def _results(
    request: Request, query: PictureFile, images: Iterable[StoredImage]
) -> list[SearchResult]:
    count = request.integer("count", 1, _MAX_COUNT, 10)
    offset = request.integer("offset", 0, _MAX_OFFSET, 0)
    min_score = request.number("min_score", 0, _LOOK_ALIKE_SCORE)
    scored = [(request.scores.of(query, image.picture), image) for image in images]
    found = [each for each in scored if each[0].score >= min_score]
    found.sort(key=lambda each: -each[0].score)
    return [
        SearchResult(
            id=image.image_id,
            rank=rank,
            score=score.score,
            transform=score.transform,
            region=_region(score),
            overlap=_overlap(score),
        )
        for rank, (score, image) in enumerate(found[offset : offset + count], offset)
    ]


def compare_image(request: Request) -> Model:
    image = request.image
    score = request.scores.of(request.picture, image.picture)
    return Comparison(
        status=200,
        message="OK",
        collection_id=request.collection.collection_id,
        image_id=image.image_id,
        score=score.score,
        transform=score.transform,
        region=_region(score),
        overlap=_overlap(score),
        differences=[],
    )


def compare_images_by_id(request: Request) -> Model:
    image, other = request.image, request.other
    score = request.scores.of(image.picture, other.picture)
    return ComparisonById(
        status=200,
        message="OK",
        collection_id=request.collection.collection_id,
        image_id=image.image_id,
        other_id=other.image_id,
        score=score.score,
        transform=score.transform,
        region=_region(score),
        overlap=_overlap(score),
        differences=[],
    )


def _region(score: Score) -> list[Point] | None:
    """The whole picture of an equal one; of others nothing is known."""
    if score.score < 1:
        return None
    corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
    return [Point(x=x, y=y) for x, y in corners]


def _overlap(score: Score) -> float | None:
    return None if score.score < 1 else 1.0


def list_duplicates(request: Request) -> Model:
    min_score = request.number("min_score", 0.5, _COPY_SCORE)
    count = request.integer("count", 1, _MAX_COUNT, 100)
    offset = request.integer("offset", 0, _MAX_OFFSET, 0)
    groups = _groups(request, min_score)
    return DuplicateList(
        status=200,
        message="OK",
        collection_id=request.collection.collection_id,
        groups=[
            DuplicateGroup(
                score=score,
                images=_listed(images[:_MAX_COUNT]),
                image_count=len(images),
            )
            for score, images in groups[offset : offset + count]
        ],
        group_count=len(groups),
    )


def _groups(request: Request, min_score: float) -> list[tuple[float, list[StoredImage]]]:
    """The groups of images that are connected by copies, with the highest score of two of them."""
    images = list(request.collection.images.values())
    groups = {image.image_id: (0.0, [image.image_id]) for image in images}
    for one, other in combinations(images, 2):
        if {one.image_id, other.image_id} in request.collection.decisions:
            continue
        # The later one of two is what the service searches by.
        score = request.scores.of(other.picture, one.picture).score
        if score < min_score:
            continue
        (score_of_one, ids), (score_of_other, other_ids) = (
            groups[one.image_id],
            groups[other.image_id],
        )
        together = ids if ids is other_ids else ids + other_ids
        merged = (max(score, score_of_one, score_of_other), together)
        groups.update(dict.fromkeys(together, merged))
    found = {
        tuple(sorted(ids)): (score, set(ids)) for score, ids in groups.values() if len(ids) > 1
    }
    return sorted(
        (
            (score, [image for image in images if image.image_id in ids])
            for score, ids in found.values()
        ),
        key=lambda group: (-group[0], group[1][0].image_time),
    )


def set_not_duplicates(request: Request) -> Model:
    pair = _pair(request)
    request.collection.decisions.add(pair)
    return _decision(request, "Not duplicates")


def unset_not_duplicates(request: Request) -> Model:
    request.collection.decisions.discard(_pair(request))
    return _decision(request, "Taken back")


def _pair(request: Request) -> frozenset[str]:
    pair = frozenset((request.image.image_id, request.other.image_id))
    if len(pair) == 1:
        raise bad_request("An image is always a duplicate of itself: give two images")
    return pair


def _decision(request: Request, done: str) -> Decision:
    return Decision(
        status=200,
        message=done,
        collection_id=request.collection.collection_id,
        image_id=request.image.image_id,
        other_id=request.other.image_id,
    )


def _listed(images: Iterable[StoredImage]) -> list[ListedImage]:
    return [ListedImage(id=image.image_id, image_time=image.image_time) for image in images]
