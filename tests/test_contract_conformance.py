"""The conformance kit: `spec/scenario.json`, the vectors, and `visualsnoop conformance`."""

import json
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import yaml
from click.testing import CliRunner, Result
from visualsnoop_api.api.images import get_image

from scripts.altering_proxy import altering
from visualsnoop import Collection
from visualsnoop.auth import signature
from visualsnoop.cli.main import cli
from visualsnoop.server.storage.keys import NewKeys

SPEC = Path(__file__).parents[1] / "spec"
SCENARIO = json.loads((SPEC / "scenario.json").read_text(encoding="utf-8"))
VECTORS = json.loads((SPEC / "image-id-vectors.json").read_text(encoding="utf-8"))

Run = Callable[..., Result]


@pytest.fixture
def run(keys: NewKeys) -> Run:
    """Runs `visualsnoop conformance` against an endpoint."""

    def conformance(endpoint: str, *options: str | Path) -> Result:
        return CliRunner().invoke(
            cli,
            ["conformance", "--endpoint", endpoint, *map(str, options)],
            env={
                "VISUALSNOOP_PUBLIC_KEY": keys.public_key,
                "VISUALSNOOP_SECRET_KEY": keys.secret_key,
            },
        )

    return conformance


@pytest.fixture(scope="module")
def short_scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The part of the scenario that no picture has to be compared for, with one awkward ID."""
    folder = tmp_path_factory.mktemp("scenario")
    (folder / "pictures").symlink_to(SPEC / "pictures")
    calls = [
        call
        for call in SCENARIO["calls"]
        if call["operation"].endswith(("Image", "ImageWithId", "Images", "Collection"))
        and not call["operation"].startswith(("search", "compare"))
        and ("an ID: " not in call["name"] or "a plus sign" in call["name"])
        and call["name"] != "the IDs are listed"
    ]
    file = folder / "scenario.json"
    file.write_text(json.dumps({"calls": calls, "requests": []}), encoding="utf-8")
    return file


def test_the_service_is_as_the_contract_says(run: Run, service: str, keys: NewKeys) -> None:
    result = run(service)
    assert result.exit_code == 0, result.output
    steps = len(SCENARIO["calls"]) + len(SCENARIO["requests"])
    assert result.output.splitlines()[-1] == f"{steps} passed, 0 failed"
    with Collection(keys.public_key, keys.secret_key, service) as collection:
        assert collection.get_images().images == []


def signed_again(request: httpx.Request, keys: NewKeys, method: str, path: str) -> httpx.Request:
    """The request with another method and path, as if it had been sent so."""
    date = formatdate(usegmt=True)
    signed = signature(keys.secret_key, method, path, date)
    authorization = f"VSHMAC {keys.public_key}:{signed}"
    headers = httpx.Headers(request.headers)
    headers.update({"Date": date, "Authorization": authorization})
    url = request.url.copy_with(raw_path=path.encode() + b"?" + request.url.query)
    return httpx.Request(method, url, headers=headers, content=request.content)


def path_of(request: httpx.Request) -> str:
    return request.url.raw_path.decode().partition("?")[0]


def without(field: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda answer: {name: value for name, value in answer.items() if name != field}


def oldest_first(answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "images": answer["images"][::-1]} if "images" in answer else answer


@pytest.mark.parametrize(
    ("request_is", "failure"),
    [
        pytest.param(
            lambda request, keys: signed_again(request, keys, request.method, path_of(request)),
            "a wrong signature is refused",
            id="signatures are not checked",
        ),
        pytest.param(
            lambda request, keys: signed_again(
                request, keys, request.method, path_of(request).replace("%2B", "%20")
            ),
            "an ID: a plus sign, which is not a space, is added",
            id="a plus sign is a space",
        ),
        pytest.param(
            lambda request, keys: (
                signed_again(request, keys, "PUT", path_of(request))
                if request.method == "POST" and "/image/" in path_of(request)
                else request
            ),
            "an image is not overwritten",
            id="images are overwritten",
        ),
    ],
)
def test_a_server_that_takes_requests_wrongly_fails(
    request_is: Callable[[httpx.Request, NewKeys], httpx.Request],
    failure: str,
    run: Run,
    service: str,
    keys: NewKeys,
    short_scenario: Path,
) -> None:
    with altering(service, request=lambda request: request_is(request, keys)) as endpoint:
        result = run(endpoint, "--scenario", short_scenario)
    assert result.exit_code == 1, result.output
    assert f"FAILED  {failure}\n" in result.output


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        pytest.param(
            without("image_time"), "a JPEG file is added under an ID", id="a field is missing"
        ),
        pytest.param(
            oldest_first, "the newest image is the first of the list", id="oldest images first"
        ),
    ],
)
def test_a_server_that_answers_wrongly_fails(
    answer: Callable[[dict[str, Any]], dict[str, Any]],
    failure: str,
    run: Run,
    service: str,
    short_scenario: Path,
) -> None:
    with altering(service, answer=answer) as endpoint:
        result = run(endpoint, "--scenario", short_scenario)
    assert result.exit_code == 1, result.output
    assert f"FAILED  {failure}\n" in result.output


def test_no_collection_with_images_in_it_is_touched(
    run: Run, service: str, keys: NewKeys, photo: Path
) -> None:
    with Collection(keys.public_key, keys.secret_key, service) as collection:
        collection.add_image(photo, "cat")
        result = run(service)
        assert result.exit_code == 1
        assert "not empty" in result.output
        assert collection.get_image("cat").image_id == "cat"


def test_a_server_that_is_not_there_is_one_line_of_error(run: Run) -> None:
    result = run("http://127.0.0.1:1/api/v1")
    assert result.exit_code == 1
    assert len(result.output.splitlines()) == 1
    assert "127.0.0.1:1" in result.output


def test_every_operation_of_the_contract_is_in_the_scenario() -> None:
    contract = yaml.safe_load((SPEC / "visualsnoop-v1.yaml").read_text(encoding="utf-8"))
    operations = {
        operation["operationId"]
        for path in contract["paths"].values()
        for method, operation in path.items()
        if method != "parameters"
    }
    assert {call["operation"] for call in SCENARIO["calls"]} == operations


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_image_ids_are_encoded_as_the_vectors_say(vector: dict[str, str]) -> None:
    assert quote(vector["image_id"], safe="") == vector["encoded"]
    url = get_image.build_request(vector["image_id"])["url"]
    sent = httpx.Client(base_url="http://127.0.0.1/api/v1").build_request("GET", url)
    assert sent.url.raw_path.decode() == f"/api/v1/image/{vector['encoded']}"
