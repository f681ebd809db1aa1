"""That every public name is documented, and that the examples are true."""

import ast
import asyncio
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, get_origin

import httpx
import pytest
import requests
from visualsnoop_api.types import Model

import visualsnoop
from scripts import docstrings
from visualsnoop import (
    AsyncCollection,
    Collection,
    _client,
    _request_attempts,
    auth,
    bulk,
    exceptions,
    models,
)
from visualsnoop.server.storage.collections import keep_with_images
from visualsnoop.server.storage.keys import NewKeys

MODULES: list[ModuleType] = [visualsnoop, auth, bulk, exceptions, models]
_SECTION = re.compile(r"^(Args|Attributes|Returns|Raises):$", re.MULTILINE)


def public_names() -> Iterator[tuple[str, Any]]:
    """The classes and functions of this package that people import, and their methods."""
    for module in MODULES:
        names = getattr(module, "__all__", None) or vars(module)
        for name in names:
            value = getattr(module, name)
            is_ours = getattr(value, "__module__", "").startswith("visualsnoop")
            if name.startswith("_") or not is_ours or get_origin(value) is not None:
                continue
            if inspect.isclass(value) or inspect.isfunction(value):
                yield f"{module.__name__}.{name}", value


def methods(kind: type) -> Iterator[tuple[str, Any]]:
    for name, value in inspect.getmembers(kind):
        if not name.startswith("_") and (inspect.isfunction(value) or inspect.ismethod(value)):
            yield name, value


def documented_classes() -> Iterator[tuple[str, type]]:
    for name, value in public_names():
        if inspect.isclass(value) and not issubclass(value, dict):
            yield name, value


def test_every_public_name_has_a_docstring() -> None:
    named = dict(public_names())
    for name, kind in documented_classes():
        named |= {f"{name}.{method}": value for method, value in methods(kind)}
        named |= {
            f"{name}.{attribute}": value
            for attribute, value in inspect.getmembers(kind)
            if isinstance(value, property) and not attribute.startswith("_")
        }
    assert len(named) > 60
    assert [name for name, value in named.items() if not (value.__doc__ or "").strip()] == []


def undocumented_fields(module: ModuleType) -> Iterator[str]:
    """The annotated names of classes that no docstring follows, which editors would show."""
    for kind in ast.walk(ast.parse(inspect.getsource(module))):
        if not isinstance(kind, ast.ClassDef):
            continue
        for statement, following in pairwise([*kind.body, ast.Pass()]):
            is_documented = (
                isinstance(following, ast.Expr)
                and isinstance(following.value, ast.Constant)
                and isinstance(following.value.value, str)
                and following.value.value.strip()
            )
            if isinstance(statement, ast.AnnAssign) and not is_documented:
                yield f"{kind.name}.{ast.unparse(statement.target)}"


def test_every_field_and_option_has_a_docstring() -> None:
    results = [
        sys.modules[value.__module__]
        for value in vars(models).values()
        if inspect.isclass(value) and issubclass(value, Model)
    ]
    assert len(results) > 10
    modules = [*results, _client, _request_attempts]
    assert [name for module in modules for name in undocumented_fields(module)] == []


def test_every_parameter_is_in_the_docstring() -> None:
    missing = []
    for name, method in methods(Collection):
        for parameter in list(inspect.signature(method).parameters)[1:]:
            is_named = re.search(rf"^ *([\w*]+, )*\**{parameter}(, \w+)*:", method.__doc__, re.M)
            if not is_named and name not in ("from_env", "close"):
                missing.append(f"{name}: {parameter}")
    assert missing == []


def sources() -> tuple[str, str]:
    return (
        docstrings.COLLECTION.read_text(encoding="utf-8"),
        docstrings.ASYNC_COLLECTION.read_text(encoding="utf-8"),
    )


def as_asynchronous(signature: str) -> str:
    """The signature of a method of `Collection` as `AsyncCollection` has it."""
    for pattern, replacement in (
        (r"\b(ImageInput|ClientOptions)\b", r"Async\1"),
        (r"\b(Iterable\[\w+\])", r"\1 | Async\1"),
        (r"\bIterator\[", "AsyncIterator["),
        (r"\bGenerator\[(.*), None, None\]", r"AsyncGenerator[\1, None]"),
    ):
        signature = re.sub(pattern, replacement, signature)
    return signature


def test_both_collections_have_the_same_methods_and_parameters() -> None:
    synchronous, asynchronous = (
        {
            name: f"({ast.unparse(method.args)}) -> {ast.unparse(method.returns or ast.Pass())}"
            for name, method in docstrings.public_methods(source).items()
        }
        for source in sources()
    )
    synchronous["aclose"] = synchronous.pop("close")
    assert asynchronous.pop("open") == "(self) -> Self"
    assert {name: as_asynchronous(text) for name, text in synchronous.items()} == asynchronous


def test_both_collections_have_the_same_docstrings() -> None:
    source, async_source = sources()
    assert docstrings.with_docstrings(async_source, source) == async_source
    with_a_difference = async_source.replace("Add an image;", "Put in an image;")
    assert with_a_difference != async_source
    assert docstrings.with_docstrings(with_a_difference, source) == async_source
    assert "await collection.add_image(" in (inspect.getdoc(AsyncCollection.add_image) or "")
    assert "async for group in" in (inspect.getdoc(AsyncCollection.iter_duplicates) or "")


def examples() -> Iterator[Any]:
    """The examples of docstrings: what is indented before the sections of arguments and so on."""
    documented = dict(public_names())
    for _, kind in documented_classes():
        documented |= {method.__qualname__: method for _, method in methods(kind)}
    for name, value in {id(value): (n, value) for n, value in documented.items()}.values():
        text = _SECTION.split(inspect.getdoc(value) or "")[0]
        for number, block in enumerate(re.findall(r"(?:^ {4}.*\n+)+", text, re.MULTILINE)):
            yield pytest.param(textwrap.dedent(block), id=f"{name} {number}")


@pytest.fixture
def folder(tmp_path: Path, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory with the files of the examples."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    for name in ("beach.jpg", "cropped.jpg", "photos/sunset.jpg"):
        (tmp_path / name).write_bytes(photo.read_bytes())


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("example", list(examples()))
def test_example_runs(
    example: str, service: str, database: str, keys: NewKeys, photo: Path
) -> None:
    keep_with_images(database, keys.collection_id, "thumbnails", True)
    names = {
        "public_key": keys.public_key,
        "secret_key": keys.secret_key,
        "endpoint": service,
        "url": f"{service}/collection",
        "httpx": httpx,
        "requests": requests,
        "Path": Path,
        "Collection": Collection,
        "AsyncCollection": AsyncCollection,
        "walk_folder": bulk.walk_folder,
        "VisualSnoopError": exceptions.VisualSnoopError,
        "VisualSnoopHMACAuth": auth.VisualSnoopHMACAuth,
    }
    code = example.replace("http://127.0.0.1:8000/api/v1", service)
    with Collection(keys.public_key, keys.secret_key, service) as collection:
        if "add_image(" not in code:
            collection.add_image(photo, "holiday/beach")
            collection.add_image(photo, "copy of beach")
    compiled = compile(code, "example", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if compiled.co_flags & inspect.CO_COROUTINE:
        asyncio.run(run_async(compiled, names))
    else:
        run(compiled, names)


def run(code: CodeType, names: dict[str, Any]) -> None:
    with Collection(names["public_key"], names["secret_key"], names["endpoint"]) as collection:
        eval(code, {**names, "collection": collection})


async def run_async(code: CodeType, names: dict[str, Any]) -> None:
    keys = names["public_key"], names["secret_key"], names["endpoint"]
    async with AsyncCollection(*keys) as collection:
        await eval(code, {**names, "collection": collection})


def test_there_are_examples() -> None:
    assert len(list(examples())) >= 8
