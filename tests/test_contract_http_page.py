"""The requests by curl of the manual's page on HTTP, each against the real service."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from scripts.curl_examples import curl
from visualsnoop import Collection
from visualsnoop.server.storage.collections import keep_with_images
from visualsnoop.server.storage.keys import NewKeys

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "http.md").read_text(encoding="utf-8")
CONTRACT = yaml.safe_load((ROOT / "spec" / "visualsnoop-v1.yaml").read_text(encoding="utf-8"))

FUNCTION, EXAMPLE = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def resolved(part: dict[str, Any]) -> Any:
    found: Any = CONTRACT if "$ref" in part else part
    for name in part.get("$ref", "").split("/")[1:]:
        found = found[name]
    return found


def requests() -> list[Any]:
    return [
        pytest.param(path, method, operation, id=operation["operationId"])
        for path, operations in CONTRACT["paths"].items()
        for method, operation in operations.items()
        if method != "parameters"
    ]


def shell(command: str, folder: Path, service: str, keys: NewKeys) -> str:
    return subprocess.check_output(
        ["bash", "-euc", f"{FUNCTION}\n{command}"],
        cwd=folder,
        text=True,
        env={
            **os.environ,
            "VISUALSNOOP_ENDPOINT": service,
            "VISUALSNOOP_PUBLIC_KEY": keys.public_key,
            "VISUALSNOOP_SECRET_KEY": keys.secret_key,
        },
    )


@pytest.mark.parametrize(("path", "method", "operation"), requests())
def test_request_of_each_operation_succeeds(
    path: str,
    method: str,
    operation: dict[str, Any],
    service: str,
    database: str,
    keys: NewKeys,
    photo: Path,
    tmp_path: Path,
) -> None:
    keep_with_images(database, keys.collection_id, "thumbnails", True)
    (tmp_path / "photo.jpg").write_bytes(photo.read_bytes())
    with Collection(keys.public_key, keys.secret_key, service) as collection:
        if operation["operationId"] != "addImageWithId":
            collection.add_image(photo, "holiday/beach.jpg")
            collection.add_image(photo, "holiday/beach-cropped.jpg")
    given = [*CONTRACT["paths"][path].get("parameters", []), *operation.get("parameters", [])]
    request = curl(path, method, {**operation, "parameters": [resolved(one) for one in given]})
    output = shell(request, tmp_path, service, keys)
    if operation["operationId"] == "getThumbnail":
        with Image.open(tmp_path / "thumbnail.webp") as thumbnail:
            assert thumbnail.format == "WEBP"
        return
    answer = json.loads(output)
    assert str(answer["status"]) in [status for status in operation["responses"] if status < "3"]


def test_example_of_the_page_adds_an_image(
    service: str, keys: NewKeys, photo: Path, tmp_path: Path
) -> None:
    (tmp_path / "photo.jpg").write_bytes(photo.read_bytes())
    answer = json.loads(shell(EXAMPLE, tmp_path, service, keys))
    assert answer["image_id"] == "holiday/beach.jpg"
