"""What the commands for images need."""

import pytest

from visualsnoop.server.storage.keys import NewKeys

from .command import environment_of


@pytest.fixture
def environment(service: str, keys: NewKeys) -> dict[str, str]:
    """The variables by which commands find a new, empty collection."""
    return environment_of(service, keys)
