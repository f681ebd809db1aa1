"""A breaking edit of the contract fails `make contract`, and an additive one passes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.check_changes import CONTRACT, released_contracts, report_breaking_changes

Contract = dict[str, Any]
Edit = Callable[[Contract], object]


def listing(contract: Contract) -> Any:
    return contract["paths"]["/images"]["get"]


def fields(contract: Contract, schema: str) -> Any:
    return contract["components"]["schemas"][schema]["properties"]


def parameter(name: str, *, required: bool) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": required, "schema": {"type": "string"}}


BREAKING: dict[str, Edit] = {
    "an operation is taken away": lambda c: c["paths"]["/image/{image_id}"].pop("delete"),
    "a path is renamed": lambda c: c["paths"].update({"/list": c["paths"].pop("/images")}),
    "a method of clients is renamed": lambda c: listing(c).update(operationId="getImages"),
    "a class of clients is renamed": lambda c: listing(c).update(tags=["lists"]),
    "a field is taken away": lambda c: (
        fields(c, "Image").pop("quality"),
        c["components"]["schemas"]["Image"]["required"].remove("quality"),
    ),
    "a field may be missing": lambda c: c["components"]["schemas"]["Image"]["required"].remove(
        "quality"
    ),
    "a field may be null": lambda c: fields(c, "Image")["image_id"].update(nullable=True),
    "a field gets another type": lambda c: fields(c, "CollectionInfo")["image_count"].update(
        type="string", format=None
    ),
    "a parameter is taken away": lambda c: listing(c)["parameters"].pop(),
    "a parameter is required": lambda c: listing(c)["parameters"][0].update(required=True),
    "a required parameter is added": lambda c: listing(c)["parameters"].append(
        parameter("order", required=True)
    ),
    "a parameter takes fewer values": lambda c: listing(c)["parameters"][1]["schema"].update(
        maximum=100
    ),
    "a success has another status": lambda c: listing(c)["responses"].update(
        {"206": listing(c)["responses"].pop("200")}
    ),
    "an error is taken away": lambda c: listing(c)["responses"].pop("404"),
    "a body has another type": lambda c: c["components"]["requestBodies"]["Picture"].update(
        content={"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}
    ),
    "another header is signed": lambda c: c["components"]["securitySchemes"]["vshmac"].update(
        name="X-Key"
    ),
    # A newer client would refuse the answers of an older server.
    "a field is added that is always there": lambda c: (
        fields(c, "Image").update(added={"type": "integer"}),
        c["components"]["schemas"]["Image"]["required"].append("added"),
    ),
}

ADDITIVE: dict[str, Edit] = {
    "nothing": lambda c: None,
    "an operation": lambda c: c["paths"].update(
        {"/image-ids": {"get": {**listing(c), "operationId": "listImageIds"}}}
    ),
    "a field that may be missing": lambda c: fields(c, "Image").update(added={"type": "integer"}),
    "an optional parameter": lambda c: listing(c)["parameters"].append(
        parameter("order", required=False)
    ),
    "more values of a parameter": lambda c: listing(c)["parameters"][1]["schema"].update(
        maximum=2000
    ),
    "a value of what may grow": lambda c: c["components"]["schemas"]["Transform"][
        "x-extensible-enum"
    ].append("skewed"),
    "an error": lambda c: listing(c)["responses"].update({"410": listing(c)["responses"]["404"]}),
    "words": lambda c: listing(c).update(description="Another text."),
}


@pytest.mark.parametrize("edit", BREAKING.values(), ids=BREAKING)
def test_breaking_edit_is_an_error(edit: Edit, tmp_path: Path) -> None:
    assert report_breaking_changes(CONTRACT, edited(edit, tmp_path)) == 1


@pytest.mark.parametrize("edit", ADDITIVE.values(), ids=ADDITIVE)
def test_additive_edit_passes(edit: Edit, tmp_path: Path) -> None:
    assert report_breaking_changes(CONTRACT, edited(edit, tmp_path)) == 0


def test_contract_keeps_to_what_was_released() -> None:
    assert released_contracts() != []
    for released in released_contracts():
        assert report_breaking_changes(released, CONTRACT) == 0


def edited(edit: Edit, folder: Path) -> Path:
    """The file of the contract with a change."""
    contract = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
    edit(contract)
    file = folder / "edited.yaml"
    file.write_text(yaml.safe_dump(contract), encoding="utf-8")
    return file
