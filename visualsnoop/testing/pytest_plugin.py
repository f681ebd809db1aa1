"""Fixtures for pytest: in conftest.py, `pytest_plugins = ["visualsnoop.testing.pytest_plugin"]`."""

from collections.abc import Iterator

import pytest

from ..models import Collection
from ._service import MemoryService


@pytest.fixture
def visualsnoop_service() -> MemoryService:
    """A service in memory, without any collection."""
    return MemoryService()


@pytest.fixture
def visualsnoop_collection(visualsnoop_service: MemoryService) -> Iterator[Collection]:
    """An empty collection of `visualsnoop_service`."""
    with visualsnoop_service.collection() as collection:
        yield collection
