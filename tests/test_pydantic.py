"""Results as fields of Pydantic models, and as return types of FastAPI."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel, TypeAdapter, ValidationError
from visualsnoop_api.types import Model

from visualsnoop import models
from visualsnoop.models import Image, SearchResults

from .scripted_transport import IMAGE

FOUND = {
    "status": 200,
    "message": "OK",
    "collection_id": "5f3c9a01",
    "results": [
        {
            "id": "beach",
            "rank": 0,
            "score": 0.9,
            "transform": "none",
            "region": [{"x": 0.0, "y": 0.5}],
            "new": {"field": 1},
        }
    ],
}


class Upload(BaseModel):
    image: Image
    found: SearchResults | None = None


def test_result_is_a_field() -> None:
    image = Image.from_dict(IMAGE)
    upload = Upload(image=image)
    assert upload.image is image


def test_model_is_read_from_json_and_written_as_it_came() -> None:
    upload = Upload.model_validate_json(json.dumps({"image": IMAGE, "found": FOUND}))
    assert upload.image.image_time == datetime(2015, 1, 29, 10, 11, 12, 123456, tzinfo=UTC)
    assert upload.found is not None
    assert upload.found.results[0].region is not None
    assert upload.found.results[0].region[0].y == 0.5
    assert upload.model_dump() == {"image": IMAGE, "found": FOUND}
    assert json.loads(upload.model_dump_json()) == {"image": IMAGE, "found": FOUND}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({**IMAGE, "quality": "high"}, "quality is of type str"),
        ({**IMAGE, "image_time": "yesterday"}, "image"),
        ({"status": 200}, "message is missing"),
        (3, "it is of type int, and no Image"),
        (None, "it is of type NoneType, and no Image"),
    ],
)
def test_value_that_is_no_result_is_an_error_of_pydantic(value: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Upload.model_validate({"image": value})


@pytest.mark.parametrize(
    "model",
    [
        value
        for value in vars(models).values()
        if isinstance(value, type) and issubclass(value, Model)
    ],
)
def test_every_result_has_a_json_schema(model: type[Model]) -> None:
    schema = TypeAdapter(model).json_schema()
    schema = schema.get("$defs", {}).get(model.__name__, schema)
    assert schema["title"] == model.__name__
    assert set(schema["properties"]) == set(model.__annotations__)


@pytest.fixture(scope="module")
def client() -> TestClient:
    app = FastAPI()

    @app.post("/images")
    def add(image: Image) -> Image:
        return image

    @app.get("/search")
    def search() -> list[SearchResults]:
        return [SearchResults.from_dict(FOUND)]

    return TestClient(app)


def test_result_is_what_an_endpoint_of_fastapi_takes_and_returns(client: TestClient) -> None:
    assert client.post("/images", json=IMAGE).json() == IMAGE
    assert client.post("/images", json={"status": 200}).status_code == 422
    assert client.get("/search").json() == [FOUND]


def test_result_is_a_component_of_the_openapi_description(client: TestClient) -> None:
    description = client.get("/openapi.json").json()
    schemas = description["components"]["schemas"]
    assert {"Image", "SearchResults", "SearchResult", "Point"} <= set(schemas)
    assert schemas["Image"]["properties"]["image_time"]["format"] == "date-time"
    answer = description["paths"]["/images"]["post"]["responses"]["200"]
    assert answer["content"]["application/json"]["schema"]["$ref"].endswith("/Image")
