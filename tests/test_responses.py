"""Answers that are not those of the contract: whatever comes, a result or a clear error."""

import copy
import json
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visualsnoop import _calls
from visualsnoop.exceptions import ResponseError, UnexpectedResponseError

IMAGE = {
    "status": 200,
    "message": "OK",
    "collection_id": "5f3c9a01",
    "image_id": "beach",
    "image_time": "2015-01-29T10:11:12.123456+00:00",
    "quality": 98,
}
LISTED = {"id": "beach", "image_time": IMAGE["image_time"]}
RESULT = {"id": "beach", "rank": 0, "score": 0.9, "transform": "none"}
PAGE = {**IMAGE, "images": [LISTED], "next_image_id": None}
FOUND = {**IMAGE, "results": [RESULT]}
GROUPS = {**IMAGE, "groups": [{"score": 0.9, "images": [LISTED]}], "group_count": 1}
CALLS: list[tuple[_calls.Call[Any], dict[str, Any]]] = [
    (_calls.get_image("beach"), IMAGE),
    (_calls.get_images(None, None), PAGE),
    (_calls.search_images_by_id("beach", None, None, None), FOUND),
    (_calls.get_duplicates(None, None, None), GROUPS),
]

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def response(status: int, content: bytes) -> httpx.Response:
    request = httpx.Request("GET", "http://127.0.0.1/api/v1/image/beach")
    return httpx.Response(status, content=content, request=request)


def places(value: Any) -> list[tuple[Any, Any]]:
    """The containers within a JSON value, each with each of its keys."""
    if isinstance(value, dict):
        inner: list[Any] = list(value)
    elif isinstance(value, list):
        inner = list(range(len(value)))
    else:
        return []
    return [(value, key) for key in inner] + [
        place for key in inner for place in places(value[key])
    ]


@pytest.mark.parametrize(("call", "answer"), CALLS, ids=["image", "page", "results", "groups"])
def test_answer_of_the_contract_is_the_result(
    call: _calls.Call[Any], answer: dict[str, Any]
) -> None:
    assert call.result(response(200, json.dumps(answer).encode())) == answer


@settings(deadline=None)
@given(st.sampled_from(CALLS), st.data())
def test_answer_with_anything_in_the_place_of_a_value_is_a_result_or_an_error(
    case: tuple[_calls.Call[Any], dict[str, Any]], data: st.DataObject
) -> None:
    call, answer = case
    answer = copy.deepcopy(answer)
    container, key = data.draw(st.sampled_from(places(answer)))
    container[key] = data.draw(anything)
    try:
        result = call.result(response(200, json.dumps(answer).encode()))
    except UnexpectedResponseError:
        return
    assert json.dumps(result, sort_keys=True) == json.dumps(answer, sort_keys=True)


@settings(deadline=None)
@given(
    st.sampled_from(CALLS),
    st.sampled_from([200, 201, 204, 301, 400, 401, 404, 407, 429, 500, 599]),
    st.binary() | anything.map(lambda value: json.dumps(value).encode()),
)
def test_answer_of_anything_at_all_is_an_error(
    case: tuple[_calls.Call[Any], dict[str, Any]], status: int, content: bytes
) -> None:
    with pytest.raises(ResponseError) as caught:
        case[0].result(response(status, content))
    assert caught.value.status == status
    assert caught.value.message


@pytest.mark.parametrize("status", [200, 500])
def test_answer_that_is_nested_beyond_measure_is_an_error(status: int) -> None:
    with pytest.raises(ResponseError):
        CALLS[0][0].result(response(status, b"[" * 200_000))


def test_fields_of_a_newer_service_are_kept() -> None:
    answer = {**IMAGE, "colours": ["blue"]}
    result = CALLS[0][0].result(response(200, json.dumps(answer).encode()))
    assert result["colours"] == ["blue"]
