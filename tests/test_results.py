"""Results: attributes and dictionaries at once, which can neither be changed nor differ."""

import copy
import json
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from attrs.exceptions import FrozenInstanceError

from scripts.generate import generate
from visualsnoop.models import Image, ListedImage, SearchResult, SearchResults

FOUND: dict[str, Any] = {
    "status": 200,
    "message": "OK",
    "collection_id": "5f3c9a01",
    "results": [
        {"id": "beach", "rank": 0, "score": 0.9, "transform": "none", "box": [0.1, 0.2, 0.5, 1]}
    ],
    "colours": {"blue": [1, 2, {"shade": "sky"}]},
}
IMAGE: dict[str, Any] = {
    "status": 200,
    "message": "OK",
    "collection_id": "5f3c9a01",
    "image_id": "beach",
    "image_time": "2015-01-29T10:11:12.123456Z",
    "quality": 98,
}


@pytest.fixture
def found() -> SearchResults:
    return SearchResults.from_dict(FOUND)


@pytest.mark.parametrize(
    "change",
    [
        lambda found: setattr(found, "status", 500),
        lambda found: setattr(found, "hint", "look elsewhere"),
        lambda found: delattr(found, "status"),
        lambda found: setattr(found.results[0], "score", 1),
    ],
)
def test_attributes_cannot_be_changed(
    change: Callable[[SearchResults], object], found: SearchResults
) -> None:
    with pytest.raises(FrozenInstanceError):
        change(found)
    assert found == FOUND


DICTIONARY_CHANGES: list[Callable[[Any], object]] = [
    lambda entries: entries.__setitem__("status", 500),
    lambda entries: entries.__delitem__("status"),
    lambda entries: entries.__ior__({"status": 500}),
    lambda entries: entries.update(status=500),
    lambda entries: entries.update({"new": 1}),
    lambda entries: entries.pop("status"),
    lambda entries: entries.pop("status", None),
    lambda entries: entries.popitem(),
    lambda entries: entries.setdefault("new", 1),
    lambda entries: entries.clear(),
]
LIST_CHANGES: list[Callable[[Any], object]] = [
    lambda items: items.__setitem__(0, 1),
    lambda items: items.__setitem__(slice(None), []),
    lambda items: items.__delitem__(0),
    lambda items: items.__iadd__([1]),
    lambda items: items.__imul__(2),
    lambda items: items.append(1),
    lambda items: items.extend([1]),
    lambda items: items.insert(0, 1),
    lambda items: items.pop(),
    lambda items: items.remove(items[0]),
    lambda items: items.reverse(),
    lambda items: items.sort(key=str),
    lambda items: items.clear(),
]


@pytest.mark.parametrize("change", DICTIONARY_CHANGES)
@pytest.mark.parametrize(
    "part",
    [
        lambda found: found,
        lambda found: found.results[0],
        lambda found: found["results"][0],
        lambda found: found["colours"],
        lambda found: found["colours"]["blue"][2],
    ],
)
def test_dictionaries_cannot_be_changed(
    part: Callable[[SearchResults], Any], change: Callable[[Any], object], found: SearchResults
) -> None:
    with pytest.raises(TypeError, match=r"cannot be changed: to_dict\(\)"):
        change(part(found))
    assert found == FOUND


@pytest.mark.parametrize("change", LIST_CHANGES)
@pytest.mark.parametrize(
    "part",
    [
        lambda found: found.results,
        lambda found: found["results"],
        lambda found: found.results[0]["box"],
        lambda found: found["colours"]["blue"],
    ],
)
def test_lists_cannot_be_changed(
    part: Callable[[SearchResults], Any], change: Callable[[Any], object], found: SearchResults
) -> None:
    with pytest.raises(TypeError, match=r"cannot be changed: list\("):
        change(part(found))
    assert found == FOUND


def test_every_method_that_changes_a_dictionary_or_list_is_tried() -> None:
    """A version of Python that has a new one fails here."""
    reading = {"copy", "fromkeys", "get", "items", "keys", "values", "count", "index"}
    for kind, changes in ((dict, DICTIONARY_CHANGES), (list, LIST_CHANGES)):
        methods = {name for name in vars(kind) if not name.startswith("_")} - reading
        operators = {f"__{name}__" for name in ("setitem", "delitem", "ior", "iadd", "imul")}
        methods |= operators & vars(kind).keys()
        tried = {name for change in changes for name in change.__code__.co_names}
        assert methods <= tried


def test_source_of_a_result_can_be_changed_without_changing_the_result() -> None:
    source = copy.deepcopy(FOUND)
    found = SearchResults.from_dict(source)
    source["colours"]["blue"].append(3)
    source["results"][0]["box"].clear()
    assert found == FOUND
    results = [SearchResult(id="beach", rank=0, score=1, transform="none")]
    built = SearchResults(status=200, message="OK", collection_id="5f3c9a01", results=results)
    results.clear()
    assert len(built.results) == len(built["results"]) == 1


def test_lists_of_attributes_and_entries_are_the_same(found: SearchResults) -> None:
    assert found.results is found["results"]
    assert isinstance(found["results"][0], SearchResult)


def test_result_is_what_programs_expect_of_a_dictionary(found: SearchResults) -> None:
    assert isinstance(found, dict)
    assert isinstance(found["results"], list)
    assert found == FOUND
    assert FOUND.__eq__(found)
    assert found != {**FOUND, "status": 500}
    assert json.loads(json.dumps(found)) == FOUND
    unpacked: dict[str, Any] = {**found}
    assert unpacked == dict(found) == found.copy() == FOUND
    assert type(found | {"status": 500}) is dict
    assert found.get("nothing") is None
    assert sorted(found["results"], key=lambda result: -result["score"]) == FOUND["results"]
    assert found["results"] + [] == found["results"][:] == FOUND["results"]
    with pytest.raises(TypeError, match="unhashable"):
        hash(found)


def test_copy_as_plain_dictionary_can_be_changed(found: SearchResults) -> None:
    plain = found.to_dict()
    plain["results"][0]["score"] = 1
    plain["colours"]["blue"].append(3)
    assert {type(plain), type(plain["results"]), type(plain["results"][0])} == {dict, list}
    assert found == FOUND


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))]
)
def test_copies_have_attributes_and_entries_and_are_frozen(
    duplicate: Callable[[Any], Any], found: SearchResults
) -> None:
    for original in (found, found.results, Image.from_dict(IMAGE), found["colours"]):
        twin = duplicate(original)
        assert (type(twin), twin) == (type(original), original)
        with pytest.raises(TypeError):
            twin.clear()
    twin = duplicate(found)
    assert twin.results[0].score == 0.9
    assert duplicate(Image.from_dict(IMAGE)).image_time.year == 2015


def test_entries_are_json_as_it_came_and_attributes_are_values() -> None:
    image = Image.from_dict(IMAGE)
    assert image["image_time"] == "2015-01-29T10:11:12.123456Z"
    assert image.image_time == datetime(2015, 1, 29, 10, 11, 12, 123456, UTC)
    built = ListedImage(id="beach", image_time=image.image_time)
    assert built["image_time"] == "2015-01-29T10:11:12.123456+00:00"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", True),
        ("status", "200"),
        ("message", None),
        ("results", {}),
        ("results", "beach"),
        ("results", [None]),
        ("results", [[["id", "beach"], ["rank", 0], ["score", 1], ["transform", "none"]]]),
        ("results", [{**FOUND["results"][0], "score": "0.9"}]),
        ("results", [{**FOUND["results"][0], "rank": False}]),
    ],
)
def test_value_of_another_type_is_refused(name: str, value: object) -> None:
    with pytest.raises((TypeError, ValueError, KeyError)):
        SearchResults.from_dict({**FOUND, name: value})


CONTRACT = """
openapi: 3.1.0
info: {title: A contract, version: "1"}
paths:
  /thing:
    get:
      operationId: get_thing
      responses:
        "200":
          description: A thing
          content:
            application/json:
              schema: RESPONSE
components:
  schemas:
    Thing:
      type: object
      required: [name]
      properties:
        name: {type: string}
        at: {type: array, items: {type: array, items: {type: number}}}
        seen: {oneOf: [{type: string, format: date-time}, {type: "null"}]}
        count: {type: integer}
        KEY
"""


def generated(
    key: str, folder: Path, response: str = '{$ref: "#/components/schemas/Thing"}'
) -> Path:
    contract = folder / "contract.json"
    text = CONTRACT.replace("KEY", key).replace("RESPONSE", response)
    contract.write_text(json.dumps(yaml.safe_load(text)))
    generate(contract, folder / "thing_api")
    return folder / "thing_api" / "models" / "thing.py"


def test_optional_and_nested_values_are_checked(tmp_path: Path) -> None:
    source = generated("size: {type: [boolean, 'null']}", tmp_path).read_text()
    for check in (
        "of_type(str)",
        "of_type([[int, float]], type(None))",
        "of_type(datetime.datetime, type(None))",
        "of_type(int, type(None))",
        "of_type(bool, type(None))",
    ):
        assert check in source


@pytest.mark.parametrize(
    "key",
    [
        "key: {type: string, format: uuid}",
        "key: {type: array, items: {type: string, format: date}}",
        "key: {oneOf: [{type: string, format: uuid}, {type: 'null'}]}",
        "key: {}",
    ],
)
def test_type_that_cannot_be_checked_ends_the_generation(
    key: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Exception, match="returned non-zero exit status"):
        generated(key, tmp_path)
    captured = capfd.readouterr()
    assert "no check for values of type" in captured.out + captured.err
    assert "Thing" in captured.out + captured.err


def test_response_that_cannot_be_checked_ends_the_generation(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Exception, match="returned non-zero exit status"):
        generated("", tmp_path, "{type: string, format: uuid}")
    assert "no check for responses of type" in "".join(capfd.readouterr())


REGION = [{"x": 0.0, "y": 0.0}, {"x": 1.0, "y": 0.0}, {"x": 1.0, "y": 0.5}, {"x": 0.0, "y": 0.5}]
RESULT = {"id": "beach", "rank": 0, "score": 0.9, "transform": "none"}


def test_region_has_typed_corners() -> None:
    result = SearchResult.from_dict({**RESULT, "region": REGION, "overlap": 0.5})
    assert result.region is not None
    assert [(corner.x, corner.y) for corner in result.region] == [
        (0, 0),
        (1, 0),
        (1, 0.5),
        (0, 0.5),
    ]
    assert result["region"] == REGION


def test_field_that_is_null_is_none_and_an_entry() -> None:
    result = SearchResult.from_dict({**RESULT, "region": None, "overlap": None})
    assert result.region is None
    assert result["region"] is None


def test_field_that_an_older_server_lacks_is_none_and_no_entry() -> None:
    result = SearchResult.from_dict(RESULT)
    assert result.region is None
    assert result.overlap is None
    assert result == RESULT


@pytest.mark.parametrize("region", [5, "here", [5], [{"x": 1}], [{"x": "left", "y": 0}], {}])
def test_region_of_another_type_is_refused(region: object) -> None:
    with pytest.raises((TypeError, ValueError, KeyError)):
        SearchResult.from_dict({**RESULT, "region": region})
