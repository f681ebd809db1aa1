"""The names that people import, and what comes with a plain installation."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import visualsnoop
from visualsnoop import exceptions, models


def test_documented_names_are_where_the_documentation_says() -> None:
    from visualsnoop.auth import VisualSnoopHMACAuth
    from visualsnoop.exceptions import VisualSnoopError
    from visualsnoop.models import Collection

    assert visualsnoop.Collection is Collection
    assert visualsnoop.VisualSnoopError is VisualSnoopError
    assert visualsnoop.VisualSnoopHMACAuth is VisualSnoopHMACAuth


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("__init__", "public_key secret_key endpoint proxies max_retries"),
        ("add_image", "image image_id update_existing timeout"),
        ("delete_image", "image_id timeout"),
        ("get_image", "image_id timeout"),
        ("get_images", "start count timeout"),
        ("search_images", "image timeout"),
        ("search_images_by_id", "image_id timeout"),
    ],
)
def test_documented_parameters_are_kept_in_order(method: str, parameters: str) -> None:
    signature = inspect.signature(getattr(models.Collection, method))
    positional = [
        name
        for name, parameter in signature.parameters.items()
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD and name != "self"
    ]
    assert positional == parameters.split()


def test_exported_names_are_complete() -> None:
    for module in (visualsnoop, models):
        assert all(hasattr(module, name) for name in module.__all__)
        assert list(module.__all__) == sorted(module.__all__)


def test_values_that_were_not_given_are_no_types_of_the_sdk() -> None:
    for kind in (models.Collection, models.AsyncCollection):
        for name, method in inspect.getmembers(kind, inspect.isfunction):
            assert "Unset" not in str(inspect.signature(method)), name
    for name in models.__all__:
        annotations = getattr(getattr(models, name), "__annotations__", {})
        assert "Unset" not in str(annotations), name


def test_names_are_imported_when_they_are_used() -> None:
    code = (
        "import sys, visualsnoop; assert 'httpx' not in sys.modules;"
        "assert set(visualsnoop.__all__) < set(dir(visualsnoop));"
        "print(visualsnoop.models.Collection is visualsnoop.Collection, 'httpx' in sys.modules)"
    )
    printed = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert printed.split() == ["True", "True"]
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = visualsnoop.nothing


def test_collection_is_imported_without_what_is_not_used_yet() -> None:
    code = (
        "import sys; from visualsnoop import Collection;"
        "unused = ['attrs', 'dateutil', 'visualsnoop.bulk', 'visualsnoop._async_collection',"
        " 'visualsnoop_api.models.image', 'visualsnoop_api.api.images.get_image'];"
        "print('httpx' in sys.modules, [name for name in unused if name in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "True []"


def test_models_and_operations_are_imported_when_they_are_used() -> None:
    from visualsnoop_api import models as generated
    from visualsnoop_api.api import images

    assert set(generated.__all__) < set(dir(generated))
    assert all(hasattr(generated, name) for name in generated.__all__)
    assert all(hasattr(images, name) for name in images.__all__)
    for package in (generated, images):
        with pytest.raises(AttributeError, match="no attribute 'nothing'"):
            _ = package.nothing


def test_every_error_is_in_the_tree_of_the_documentation() -> None:
    assert exceptions.__doc__ is not None
    errors = [
        name
        for name, value in vars(exceptions).items()
        if inspect.isclass(value) and issubclass(value, exceptions.VisualSnoopError)
    ]
    assert [name for name in errors if name not in exceptions.__doc__] == []


def test_sdk_imports_nothing_of_the_service() -> None:
    code = (
        "import sys, visualsnoop;"
        "print([m for m in ('numpy', 'PIL', 'psycopg', 'starlette') if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_packages_are_marked_as_typed() -> None:
    import visualsnoop_api

    for package in (visualsnoop, visualsnoop_api):
        assert package.__file__ is not None
        assert (Path(package.__file__).parent / "py.typed").exists()
