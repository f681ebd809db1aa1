"""The operations that search for similar images, and that compare two images."""

import heapq
from collections.abc import Sequence
from itertools import islice

from attrs import frozen
from starlette.requests import Request
from starlette.responses import JSONResponse
from visualsnoop_api.models.comparison import Comparison
from visualsnoop_api.models.comparison_by_id import ComparisonById
from visualsnoop_api.models.point import Point
from visualsnoop_api.models.rectangle import Rectangle
from visualsnoop_api.models.search_by_id_results import SearchByIdResults
from visualsnoop_api.models.search_result import SearchResult
from visualsnoop_api.models.search_results import SearchResults

from ...errors import bad_request, image_not_found
from ...matching.fingerprint import Fingerprint
from ...matching.similarity import Match
from ...search import compare, find_similar
from ...storage.images import Candidate, StoredImage
from ...storage.keys import Key
from ..dependencies import Dependencies
from ..disconnects import while_connected
from ..parameters import MAX_COUNT, MAX_OFFSET, integer, number, path_image_id
from ..responses import list_response, model_response

_LOOK_ALIKE_SCORE = 0.4


@frozen
class _Window:
    """Which results of a search are wanted."""

    min_score: float
    start: int
    stop: int

    @classmethod
    def of(cls, request: Request) -> "_Window":
        count = integer(request, "count", least=1, most=MAX_COUNT, default=10)
        offset = integer(request, "offset", least=0, most=MAX_OFFSET, default=0)
        min_score = number(request, "min_score", least=0, most=1, default=_LOOK_ALIKE_SCORE)
        return cls(min_score, offset, offset + count)


async def search_images(request: Request, key: Key, deps: Dependencies) -> JSONResponse:
    window = _Window.of(request)
    queries = await _queries_of_body(request, key, deps)
    similar = await while_connected(request, _similar(key, deps, queries, window))
    return await list_response(
        lambda: SearchResults(
            status=200,
            message="OK",
            collection_id=key.collection_id,
            results=_results(similar, window),
        )
    )


async def search_images_by_id(request: Request, key: Key, deps: Dependencies) -> JSONResponse:
    window = _Window.of(request)
    image, fingerprint = await _stored_fingerprint(key, deps, path_image_id(request))
    similar = await while_connected(
        request, _similar(key, deps, [fingerprint], window, without=image.image_id)
    )
    return await list_response(
        lambda: SearchByIdResults(
            status=200,
            message="OK",
            collection_id=key.collection_id,
            image_id=image.image_id,
            image_time=image.image_time,
            results=_results(similar, window),
        )
    )


async def _similar(
    key: Key,
    deps: Dependencies,
    queries: Sequence[Fingerprint],
    window: _Window,
    without: str | None = None,
) -> list[tuple[Candidate, Match]]:
    """What is in the window, best first."""
    # Where there are several models, what is on a page depends on all results before it.
    start = window.start if len(queries) == 1 else 0
    rankings = [
        await find_similar(deps.images, key.collection_id, query, start, window.stop, without)
        for query in queries
    ]
    scored = heapq.merge(*rankings, key=lambda item: -item[1].score)
    good = (item for item in scored if item[1].score >= window.min_score)
    return list(islice(good, window.start - start, window.stop - start))


def _results(similar: Sequence[tuple[Candidate, Match]], window: _Window) -> list[SearchResult]:
    return [
        SearchResult(
            id=image.image_id,
            rank=place,
            score=match.score,
            transform=match.transform,
            region=_region(match),
            overlap=match.overlap,
        )
        for place, (image, match) in enumerate(similar, window.start)
    ]


async def compare_image(request: Request, key: Key, deps: Dependencies) -> JSONResponse:
    image, fingerprint = await _stored_fingerprint(key, deps, path_image_id(request))
    queries = await _queries_of_body(request, key, deps)
    comparable = [query for query in queries if query.version == fingerprint.version]
    if not comparable:
        raise bad_request(
            f"Image {image.image_id!r} was stored with another model: add it again to compare"
        )
    match = await compare(deps.images, key.collection_id, comparable[0], fingerprint)
    return model_response(
        Comparison(
            status=200,
            message="OK",
            collection_id=key.collection_id,
            image_id=image.image_id,
            score=match.score,
            transform=match.transform,
            region=_region(match),
            overlap=match.overlap,
            differences=_differences(match),
        )
    )


async def compare_images_by_id(request: Request, key: Key, deps: Dependencies) -> JSONResponse:
    image, query = await _stored_fingerprint(key, deps, path_image_id(request))
    other, fingerprint = await _stored_fingerprint(key, deps, path_image_id(request, "other_id"))
    if query.version != fingerprint.version:
        raise bad_request("The images were stored with different models: add one again")
    match = await compare(deps.images, key.collection_id, query, fingerprint)
    return model_response(
        ComparisonById(
            status=200,
            message="OK",
            collection_id=key.collection_id,
            image_id=image.image_id,
            other_id=other.image_id,
            score=match.score,
            transform=match.transform,
            region=_region(match),
            overlap=match.overlap,
            differences=_differences(match),
        )
    )


def _region(match: Match) -> list[Point] | None:
    return None if match.region is None else [Point(x=x, y=y) for x, y in match.region]


def _differences(match: Match) -> list[Rectangle]:
    return [
        Rectangle(left=left, top=top, right=right, bottom=bottom)
        for left, top, right, bottom in match.differences
    ]


async def _queries_of_body(request: Request, key: Key, deps: Dependencies) -> Sequence[Fingerprint]:
    async with deps.bodies.read(request, key) as file:
        return await while_connected(request, deps.fingerprints.queries(file, key.public_key))


async def _stored_fingerprint(
    key: Key, deps: Dependencies, image_id: str
) -> tuple[StoredImage, Fingerprint]:
    found = await deps.images.find_fingerprint(key.collection_id, image_id)
    if found is None:
        raise image_not_found(image_id)
    return found
