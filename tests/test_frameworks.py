"""The programs of the manual for FastAPI, Django and pytest."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import django
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory
from fastapi.testclient import TestClient

from visualsnoop.server.storage.keys import NewKeys

pytest_plugins = ["pytester"]

PAGE = Path(__file__).parents[1] / "docs" / "frameworks.md"


def programs(heading: str) -> list[str]:
    """The programs below a heading of the page."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


@pytest.fixture
def environment(service: str, keys: NewKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUALSNOOP_PUBLIC_KEY", keys.public_key)
    monkeypatch.setenv("VISUALSNOOP_SECRET_KEY", keys.secret_key)
    monkeypatch.setenv("VISUALSNOOP_ENDPOINT", service)


@pytest.fixture
def program(request: pytest.FixtureRequest) -> Iterator[Any]:
    """The program of a heading as a module."""
    module = ModuleType("program")
    sys.modules["program"] = module
    (source,) = programs(request.param)
    exec(compile(source, "program", "exec"), vars(module))
    yield module
    del sys.modules["program"]


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("program", ["FastAPI"], indirect=True)
def test_fastapi(program: Any, photo: Path) -> None:
    with TestClient(program.app) as client:
        file = {"picture": photo.read_bytes()}
        added = client.put("/pictures/cat", files=file)
        assert (added.status_code, added.json()["image_id"]) == (201, "cat")
        assert client.put("/pictures/cat", files=file).status_code == 409
        assert client.put("/pictures/text", files={"picture": b"text"}).status_code == 415
        (result,) = client.post("/copies", files=file).json()["results"]
        assert result["id"] == "cat"
        assert "SearchResults" in client.get("/openapi.json").text


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("program", ["Django"], indirect=True)
def test_django(program: Any, photo: Path) -> None:
    if not settings.configured:
        settings.configure()
    django.setup()
    with program.pictures() as collection:
        collection.add_image(photo, "cat")
        for file, status in ((photo.read_bytes(), 200), (b"text", 415)):
            upload = SimpleUploadedFile("copy.jpg", file, "image/jpeg")
            response = program.find_copies(RequestFactory().post("/", {"picture": upload}))
            assert response.status_code == status


def test_pytest(pytester: pytest.Pytester) -> None:
    conftest, tests = programs("pytest")
    pytester.makeconftest(conftest)
    pytester.makepyfile(tests)
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=2)
