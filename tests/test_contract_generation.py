"""What `make generate` makes of fields of every kind that the contract may get."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from scripts.generate import generate, with_enums

TIME = "2015-01-29T10:11:12.123456+00:00"
KINDS: dict[str, tuple[dict[str, Any], Any]] = {
    "text": ({"type": "string"}, "a"),
    "number": ({"type": "number", "format": "double"}, 0.5),
    "count": ({"type": "integer", "format": "int64"}, 2),
    "flag": ({"type": "boolean"}, True),
    "time": ({"type": "string", "format": "date-time"}, TIME),
    "choice": ({"type": "string", "x-extensible-enum": ["one", "other"]}, "another"),
    "texts": ({"type": "array", "items": {"type": "string"}}, ["a", "b"]),
    "part": ({"$ref": "#/components/schemas/Part"}, {"id": "a"}),
    "parts": ({"type": "array", "items": {"$ref": "#/components/schemas/Part"}}, [{"id": "a"}]),
}


def properties() -> dict[str, Any]:
    """A field of each kind: one that is always there, one that may be missing, one that is null."""
    fields: dict[str, Any] = {}
    for name, (schema, _) in KINDS.items():
        fields[f"{name}_always"] = schema
        fields[f"{name}_perhaps"] = schema
        if "$ref" not in schema:
            fields[f"{name}_null"] = {**schema, "nullable": True}
            fields[f"{name}_perhaps_null"] = {**schema, "nullable": True}
    return {name: {"description": "A field.", **schema} for name, schema in fields.items()}


def contract() -> dict[str, Any]:
    required = [name for name in properties() if "perhaps" not in name]
    answer = {"type": "object", "required": required, "properties": properties()}
    part = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}}
    operation = {
        "operationId": "getAnswer",
        "tags": ["answers"],
        "summary": "Answer",
        "responses": {"200": {"description": "An answer.", "content": content}},
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": "Sample", "version": "1.0"},
        "paths": {"/answer": {"get": operation}},
        "components": {"schemas": {"Answer": answer, "Part": part}},
    }


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package that is generated from a contract with all kinds of fields."""
    folder = tmp_path_factory.mktemp("generated")
    file = folder / "contract.json"
    file.write_text(json.dumps(with_enums(contract())), encoding="utf-8")
    generate(file, folder / "sample_api")
    return folder / "sample_api"


@pytest.fixture
def answer(package: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The class of an answer."""
    monkeypatch.syspath_prepend(package.parent)
    return import_module("sample_api.models").Answer


def test_generated_code_has_right_types(package: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", str(package)]
    checked = subprocess.run(command, cwd=package.parent, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize(
    "case", ["everything", "only what is always there", "null where it may be"]
)
def test_answer_is_the_object_that_came(case: str, answer: Any) -> None:
    values = {name: KINDS[name.partition("_")[0]][1] for name in properties()}
    if case == "only what is always there":
        values = {name: value for name, value in values.items() if "perhaps" not in name}
    if case == "null where it may be":
        values = {name: None if "null" in name else value for name, value in values.items()}
    parsed = answer.from_dict(values)
    assert parsed == values
    assert json.loads(json.dumps(parsed)) == values
    for name in properties():
        assert (getattr(parsed, name) is None) == (values.get(name) is None)


def test_null_where_the_contract_has_none_is_refused(answer: Any) -> None:
    values = {name: KINDS[name.partition("_")[0]][1] for name in properties()}
    for name in properties():
        if name.endswith("_always"):
            with pytest.raises((TypeError, ValueError, KeyError, AttributeError)):
                answer.from_dict({**values, name: None})
