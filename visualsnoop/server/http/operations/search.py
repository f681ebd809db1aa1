"""The operations that search for similar images, and that compare two images."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice

from attrs import evolve, frozen
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
from ...matching.scores import LOOK_ALIKE
from ...matching.similarity import Match
from ...parts_search import find_in_parts
from ...search import compare, find_similar
from ...storage.images import Candidate, StoredImage
from ...storage.keys import Key
from ...windowed_search import find_in_windows
from ..dependencies import Dependencies
from ..disconnects import while_connected
from ..parameters import MAX_COUNT, MAX_OFFSET, choice, integer, number, path_image_id
from ..responses import list_response, model_response

_Results = list[tuple[Candidate, Match]]


@frozen
class _Page:
    """Which results of a search are wanted."""

    min_score: float
    start: int
    stop: int

    @classmethod
    def of(cls, request: Request) -> "_Page":
        count = integer(request, "count", least=1, most=MAX_COUNT, default=10)
        offset = integer(request, "offset", least=0, most=MAX_OFFSET, default=0)
        min_score = number(request, "min_score", least=0, most=1, default=LOOK_ALIKE)
        return cls(min_score, offset, offset + count)

    @property
    def with_all_before(self) -> "_Page":
        return evolve(self, start=0)

    def cut_from(self, results: Iterable[tuple[Candidate, Match]], first: int = 0) -> _Results:
        """The page, of results that begin with the place `first`, best first."""
        good = (result for result in results if result[1].score >= self.min_score)
        return list(islice(good, self.start - first, self.stop - first))


async def search_images(request: Request, key: Key, deps: Dependencies) -> JSONResponse:
    page = _Page.of(request)
    regions = choice(request, "regions", ("true", "false", "auto"), default="auto")
    async with deps.bodies.read(request, key) as file:
        found = await while_connected(request, _similar_to(file, key, deps, page, regions))
    return await list_response(
        lambda: SearchResults(
            status=200,
            message="OK",
            collection_id=key.collection_id,
            results=_search_results(found, page),
        ),
        len(found),
    )


async def search_images_by_id(request: Request, key: Key, deps: Dependencies) -> JSONResponse:
    page = _Page.of(request)
    image, fingerprint = await _stored_fingerprint(key, deps, path_image_id(request))
    found = await while_connected(
        request, _similar(key, deps, [fingerprint], page, without=image.image_id)
    )
    return await list_response(
        lambda: SearchByIdResults(
            status=200,
            message="OK",
            collection_id=key.collection_id,
            image_id=image.image_id,
            image_time=image.image_time,
            results=_search_results(found, page),
        ),
        len(found),
    )


async def _similar_to(
    file: bytes, key: Key, deps: Dependencies, page: _Page, regions: str
) -> _Results:
    """A page of the results for an image file, and for parts of it if they are wanted."""
    queries = await deps.fingerprints.queries(file, key.public_key)
    if regions == "false":
        return await _similar(key, deps, queries, page)
    # What a part shows can have any place among them.
    results = await _similar(key, deps, queries, page.with_all_before)
    if regions == "auto" and results and results[0][1].is_copy_of_whole:
        return page.cut_from(results)
    for model, query in enumerate(queries):
        fingerprints = partial(deps.fingerprints.of_windows, file, key.public_key, model)
        results += await find_in_windows(
            deps.images, key.collection_id, query.version, fingerprints
        )
    results.sort(key=lambda result: -result[1].score)
    return page.cut_from(_without_repetitions(results))


def _without_repetitions(
    results: Iterable[tuple[Candidate, Match]],
) -> Iterator[tuple[Candidate, Match]]:
    """Each image once, with the first of its results."""
    known = set()
    for candidate, match in results:
        if candidate.image_id not in known:
            known.add(candidate.image_id)
            yield candidate, match


async def _similar(
    key: Key,
    deps: Dependencies,
    queries: Sequence[Fingerprint],
    page: _Page,
    without: str | None = None,
) -> _Results:
    """A page of the results for a picture, by its fingerprints of all models."""
    # Where there are several rankings, what is on a page depends on all results before it.
    start = page.start if len(queries) == 1 and not key.has_parts else 0
    rankings = [
        await find_similar(deps.images, key.collection_id, query, start, page.stop, without)
        for query in queries
    ]
    if key.has_parts:
        rankings += [
            await find_in_parts(deps.images, deps.pool, key.collection_id, query, without)
            for query in queries
        ]
    merged = heapq.merge(*rankings, key=lambda result: -result[1].score)
    return page.cut_from(_without_repetitions(merged), start)


def _search_results(found: _Results, page: _Page) -> list[SearchResult]:
    return [
        SearchResult(
            id=image.image_id,
            rank=place,
            score=match.score,
            transform=match.transform,
            region=_region(match),
            overlap=match.overlap,
        )
        for place, (image, match) in enumerate(found, page.start)
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
