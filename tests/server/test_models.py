"""A model of one's own beside the one that is shipped."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image

from visualsnoop import VisualSnoopHMACAuth
from visualsnoop.server.matching.fingerprint import MODEL, model_version
from visualsnoop.server.matching.fingerprinter import Fingerprinter
from visualsnoop.server.storage.keys import NewKeys

SIDE = 8


@pytest.fixture(scope="module")
def thumbnail_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that sees pictures of 8 x 8 pixels, and whose embedding is their colours."""
    node = helper.make_node("Flatten", ["image"], ["vector"])
    graph = helper.make_graph(
        [node],
        "thumbnail",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("vector", TensorProto.FLOAT, [1, 3 * SIDE * SIDE])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path = tmp_path_factory.mktemp("model") / "thumbnail.onnx"
    onnx.save(model, path)
    return path


def test_embedding_is_that_of_the_model(thumbnail_model: Path, photo: Path) -> None:
    fingerprinter = Fingerprinter(thumbnail_model)
    picture = Image.open(photo).convert("RGB")
    made = fingerprinter.fingerprint(picture)
    small = np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC), np.float32)
    expected = small.transpose(2, 0, 1).ravel()
    assert made.embedding == pytest.approx(expected / np.linalg.norm(expected), abs=1e-6)
    assert fingerprinter.dimensions == 192


def test_version_stands_for_the_file(thumbnail_model: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.onnx"
    copy.write_bytes(thumbnail_model.read_bytes())
    assert model_version(copy) == model_version(thumbnail_model) == Fingerprinter(copy).version
    assert model_version(MODEL) != model_version(copy)
    assert Fingerprinter().version == 2


def test_file_that_is_no_model_is_refused(photo: Path) -> None:
    with pytest.raises(ValueError, match="cannot be used as a model"):
        Fingerprinter(photo)


@pytest.fixture
def client_of_new_model(
    thumbnail_model: Path, database: str, keys: NewKeys
) -> Iterator[httpx.Client]:
    """A second service over the same database, which stores new images by another model."""
    command = [sys.executable, "-m", "visualsnoop", "serve", "--port=0", f"--database={database}"]
    with subprocess.Popen(
        [*command, f"--model={thumbnail_model}"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        endpoint = process.stdout.readline().split()[-1]
        auth = VisualSnoopHMACAuth(keys.public_key, keys.secret_key)
        with httpx.Client(base_url=endpoint, auth=auth, timeout=60) as client:
            yield client
        process.terminate()


def test_images_of_both_models_are_found_side_by_side(
    service: str, keys: NewKeys, client_of_new_model: httpx.Client, photos: list[Path]
) -> None:
    auth = VisualSnoopHMACAuth(keys.public_key, keys.secret_key)
    old, new = photos[0].read_bytes(), photos[1].read_bytes()
    added = httpx.post(f"{service}/image/old", content=old, auth=auth, timeout=60)
    assert added.status_code == 201
    assert client_of_new_model.post("/image/new", content=new).status_code == 201
    for image_id, data in (("old", old), ("new", new)):
        found = client_of_new_model.post("/search", content=data).json()["results"]
        assert (found[0]["id"], found[0]["score"]) == (image_id, 1)

    refused = client_of_new_model.get("/compare/old/new")
    assert refused.status_code == 400
    assert "models" in refused.json()["message"]

    # Adding an image again moves it over.
    assert client_of_new_model.put("/image/old", content=old).status_code == 200
    assert client_of_new_model.get("/compare/old/new").status_code == 200
