"""Every Python example of the manual and of the README is executed."""

import ast
import asyncio
import contextlib
import inspect
import io
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from PIL import Image, ImageOps

from visualsnoop import Collection
from visualsnoop.server.storage.keys import NewKeys

ROOT = Path(__file__).parents[1]
ENDPOINT = "http://127.0.0.1:8000/api/v1"

_BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
# Of tests/test_frameworks.py
_ELSEWHERE = {"frameworks.md"}


def pages() -> Iterator[Path]:
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        is_ours = "_build" not in page.parts and page.parent.name != "languages"
        if is_ours and page.name not in _ELSEWHERE and blocks(page):
            yield page


def blocks(page: Path) -> list[str]:
    return _BLOCK.findall(page.read_text(encoding="utf-8"))


@pytest.fixture
def folder(tmp_path: Path, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory with the files of the examples."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    (tmp_path / "photos" / "2019").mkdir(parents=True)
    for name in ("beach.jpg", "photos/beach.jpg", "photos/2019/beach.jpg"):
        (tmp_path / name).write_bytes(photo.read_bytes())
    with Image.open(photo) as opened:
        copy = ImageOps.crop(opened, 20)
    for name in ("cropped.jpg", "cropped-copy.jpg", "beach-cropped-and-captioned.jpg"):
        copy.save(tmp_path / name)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("page", list(pages()), ids=lambda page: page.name)
def test_examples_run_one_after_the_other(
    page: Path, service: str, keys: NewKeys, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISUALSNOOP_PUBLIC_KEY", keys.public_key)
    monkeypatch.setenv("VISUALSNOOP_SECRET_KEY", keys.secret_key)
    monkeypatch.setenv("VISUALSNOOP_ENDPOINT", service)
    told: list[float] = []
    names: dict[str, Any] = {
        "public_key": keys.public_key,
        "secret_key": keys.secret_key,
        "endpoint": service,
        "path": "beach.jpg",
        "image_id": "beach",
        "picture_bytes": photo.read_bytes(),
        "metrics": SimpleNamespace(timing=lambda name, seconds, status: told.append(seconds)),
    }
    with Collection(keys.public_key, keys.secret_key, service) as collection:
        names["collection"] = collection
        try:
            for block in blocks(page):
                prepare(collection, block, photo)
                run(block.replace(ENDPOINT, service), names)
                # An example may have closed the collection that it opened under this name.
                names["collection"] = collection
        finally:
            HTTPXClientInstrumentor().uninstrument()
    assert page.name != "collection.md" or told


def prepare(collection: Collection, block: str, photo: Path) -> None:
    """Empty the collection, and add images where the example adds none itself."""
    list(collection.delete_images([image.id for image in collection.iter_images()]))
    if "add_image" not in block:
        for image_id in ("beach", "beach-at-night"):
            collection.add_image(photo, image_id)


def run(block: str, names: dict[str, Any]) -> None:
    code = compile(block, "example", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if code.co_flags & inspect.CO_COROUTINE:
        asyncio.run(eval(code, names))
    else:
        exec(code, names)


def test_readme_says_what_its_example_prints(
    service: str, keys: NewKeys, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VISUALSNOOP_PUBLIC_KEY", keys.public_key)
    monkeypatch.setenv("VISUALSNOOP_SECRET_KEY", keys.secret_key)
    monkeypatch.setenv("VISUALSNOOP_ENDPOINT", service)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (example,) = blocks(ROOT / "README.md")
    said = re.search(r"^prints\n\n((?: {4}.*\n)+)", text.partition(example)[2], re.MULTILINE)
    assert said is not None
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        run(example, {})
    assert printed.getvalue() == inspect.cleandoc(said[1]) + "\n"
