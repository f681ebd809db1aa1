"""Opening, closing, forking and pickling; and that the secret key never shows."""

import copy
import gc
import logging
import os
import pickle
import socket
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType

import pytest

from visualsnoop import AsyncCollection, Collection, VisualSnoopError, VisualSnoopHMACAuth
from visualsnoop.exceptions import CollectionStateError
from visualsnoop.server.storage.keys import NewKeys

from .sockets import (
    Listener,
    after_session,
    closed_port,
    listening,
    read_head,
    response,
    serve_session,
    session_response,
)
from .sync_and_async import Connect

PUBLIC, SECRET = "0f1e2d3c4b5a69788796", "s3cr3t" * 6 + "keys"


EMPTY_PAGE = (
    b'{"status": 200, "message": "OK", "collection_id": "5f3c9a01", "images": [],'
    b' "next_image_id": null}'
)


def test_closed_collection_cannot_be_used(collection: Collection) -> None:
    collection.close()
    for kind in (CollectionStateError, RuntimeError):
        with pytest.raises(kind, match=r"closed"):
            collection.get_images()


def test_collection_that_is_never_closed_leaves_no_connection_open() -> None:
    """A socket left open would be a ResourceWarning, which is an error in these tests."""
    closed = threading.Event()

    def serve(listener: Listener, connection: socket.socket) -> None:
        serve_session(listener, connection)
        closed.set()

    with listening(serve) as listener:
        Collection(PUBLIC, SECRET, listener.endpoint).get_collection()
        gc.collect()
        assert closed.wait(30)


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
def test_what_holds_the_secret_key_cannot_be_pickled(
    duplicate: Callable[[object], object], service: str, keys: NewKeys
) -> None:
    with Collection(keys.public_key, keys.secret_key, service) as collection:
        asynchronous = AsyncCollection(keys.public_key, keys.secret_key, service)
        signer = VisualSnoopHMACAuth(keys.public_key, keys.secret_key)
        for holder in (collection, asynchronous, signer):
            with pytest.raises(TypeError, match="secret key") as caught:
                duplicate(holder)
            assert keys.secret_key not in str(caught.value)


def test_secret_key_never_shows(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    def refuse(connection: socket.socket) -> None:
        connection.sendall(response(401, b'{"status": 401, "message": "no"}'))

    caplog.set_level(logging.DEBUG)
    seen: list[str] = []
    with (
        listening(after_session(refuse)) as listener,
        connect(PUBLIC, SECRET, listener.endpoint) as collection,
    ):
        seen.append(repr(collection))
        with pytest.raises(VisualSnoopError) as refused:
            collection.get_image("beach")
    with pytest.raises(VisualSnoopError) as unreachable:
        connect(PUBLIC, SECRET, f"http://127.0.0.1:{closed_port()}", max_retries=0)
    for error in (refused.value, unreachable.value):
        seen += traceback.format_exception(error)
        seen += [repr(error), repr(vars(error)), repr(pickle.dumps(error))]
        seen += [repr(vars(error.__cause__))]
    seen += [record.getMessage() for record in caplog.records]
    assert "visualsnoop" in {record.name for record in caplog.records}
    assert [text for text in seen if SECRET in text or "VSHMAC" in text] == []


def attributes(value: object, seen: set[int]) -> Iterator[object]:
    """All that can be reached from a value through attributes, dictionaries and lists."""
    if id(value) in seen:
        return
    seen.add(id(value))
    yield value
    parts: list[object] = []
    if isinstance(value, Mapping):
        parts += [*value.keys(), *value.values()]
    elif isinstance(value, (list, tuple, set)):
        parts += value
    elif hasattr(value, "__dict__") and not isinstance(value, (type, ModuleType)):
        parts += vars(value).values()
    if isinstance(value, BaseException):
        parts += [value.__cause__, value.__context__, value.args]
    for part in parts:
        yield from attributes(part, seen)


def test_secret_key_is_no_attribute_of_anything(connect: Connect) -> None:
    def refuse(connection: socket.socket) -> None:
        connection.sendall(response(401, b'{"status": 401, "message": "no"}'))

    with (
        listening(after_session(refuse)) as listener,
        connect(PUBLIC, SECRET, listener.endpoint) as collection,
    ):
        with pytest.raises(VisualSnoopError) as caught:
            collection.get_image("beach")
        reached = list(attributes([collection, caught.value], set()))
    assert any(isinstance(value, VisualSnoopHMACAuth) for value in reached)
    assert [value for value in reached if SECRET in repr(value)] == []


def test_request_is_one_line_of_the_log(
    collection: Collection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="visualsnoop")
    with pytest.raises(VisualSnoopError):
        collection.get_image("a b")
    (line,) = [record.getMessage() for record in caplog.records if record.name == "visualsnoop"]
    method, path, status, *_, attempt = line.split()
    assert (method, path, status) == ("GET", "/api/v1/image/a%20b:", "404")
    assert attempt == "1"


def test_each_attempt_is_a_line_of_the_log(
    connect: Connect, waits: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="visualsnoop")
    with pytest.raises(VisualSnoopError):
        connect(PUBLIC, SECRET, f"http://127.0.0.1:{closed_port()}", max_retries=2)
    lines = [record.getMessage() for record in caplog.records if record.name == "visualsnoop"]
    assert [line.split()[-1] for line in lines] == ["1", "2", "3"]
    assert all("ConnectError" in line for line in lines)


def test_child_process_has_connections_of_its_own() -> None:
    def serve(listener: Listener, connection: socket.socket) -> None:
        while head := read_head(listener, connection):
            is_first = b"session=init" in head
            connection.sendall(session_response() if is_first else response(200, EMPTY_PAGE))

    with listening(serve) as listener:
        with Collection(PUBLIC, SECRET, listener.endpoint) as collection:
            child = os.fork()
            if child == 0:
                works = collection.get_images().images == []
                collection.close()
                os._exit(0 if works else 1)
            _, status = os.waitpid(child, 0)
            assert os.waitstatus_to_exitcode(status) == 0
            assert collection.get_images().images == []
        assert listener.connections == 2
        assert len(listener.requests) == 3
