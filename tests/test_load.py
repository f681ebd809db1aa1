"""The client under load, in short; `scripts/bench/client_load.py` takes longer."""

from collections.abc import Iterator

import pytest

from scripts.bench import client_load


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with client_load.serving() as endpoint:
        yield endpoint


@pytest.mark.parametrize("client", ["sync", "async"])
def test_memory_does_not_grow_with_the_file_that_is_sent(endpoint: str, client: str) -> None:
    assert client_load.growth_of_upload(endpoint, 256, client) < 32


def test_answers_to_many_threads_are_not_crossed(endpoint: str) -> None:
    assert client_load.crossed_answers(endpoint, threads=100, calls=2000) == 0
