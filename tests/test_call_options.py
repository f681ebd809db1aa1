"""Options of single calls, the response of a call, and the hook that is told of each attempt."""

import pickle

import httpx
import pytest

from visualsnoop.exceptions import CollectionStateError, RateLimitError, VisualSnoopError
from visualsnoop.models import Collection, RequestAttempt
from visualsnoop.server.storage.keys import NewKeys

from .scripted_transport import IMAGE, ScriptedTransport, refusal
from .sockets import closed_port
from .sync_and_async import Connect


def test_headers_of_single_calls(connect: Connect) -> None:
    transport = ScriptedTransport(IMAGE, IMAGE, IMAGE)
    with connect(
        "a1", "b2", "http://test", transport=transport, headers={"X-Tenant": "blue"}
    ) as collection:
        red = collection.with_options(headers={"x-tenant": "red"})
        red.with_options(headers={"X-Trace": "1"}).add_image(b"picture")
        red.get_image("beach")
        collection.get_image("beach")
    seen = [(each.headers["x-tenant"], each.headers.get("x-trace")) for each in transport.requests]
    assert seen == [("red", "1"), ("red", None), ("blue", None)]
    assert transport.requests[0].headers["content-type"] == "application/octet-stream"


def test_request_id_is_that_of_the_service_in_responses_and_errors(
    collection: Collection, photo: str
) -> None:
    tracked = collection.with_options(request_id="import-0042")
    image = tracked.add_image(photo, "beach")
    assert image.response is not None
    assert image.response.request_id == "import-0042"
    with pytest.raises(VisualSnoopError) as caught:
        tracked.get_image("nobody")
    assert caught.value.request_id == "import-0042"


@pytest.mark.parametrize("request_id", ["", "a b", "a\nb", "é", "x" * 129])
def test_request_id_that_the_service_would_not_take_is_refused(
    request_id: str, connect: Connect
) -> None:
    with (
        connect("a1", "b2", "http://test", transport=ScriptedTransport()) as collection,
        pytest.raises(ValueError, match="request_id must have 1 to 128 characters"),
    ):
        collection.with_options(request_id=request_id)


def test_retries_and_timeouts_of_single_calls(connect: Connect, waits: list[float]) -> None:
    transport = ScriptedTransport(refusal(429), IMAGE, refusal(429))
    with connect("a1", "b2", "http://test", transport=transport, timeout=50) as collection:
        other = collection.with_options(request_retries=1, timeout=(3, 40))
        other.get_image("beach")
        with pytest.raises(RateLimitError):
            collection.get_image("beach", timeout=30)
    limits = [each.extensions["timeout"] for each in transport.requests]
    assert [each["read"] for each in limits] == [40, 40, 30]
    assert limits[0]["connect"] == 3


def test_options_are_kept_by_calls_that_go_over_pages_or_many_images(connect: Connect) -> None:
    page = {**IMAGE, "images": [], "next_image_id": None}
    transport = ScriptedTransport(page, IMAGE)
    with connect("a1", "b2", "http://test", transport=transport) as collection:
        tracked = collection.with_options(request_id="nightly")
        assert list(tracked.iter_images()) == []
        assert [each.image_id for each in tracked.delete_images(["beach"])] == ["beach"]
    assert [each.headers["x-request-id"] for each in transport.requests] == ["nightly"] * 2


def test_connections_are_those_of_the_collection_that_it_comes_from() -> None:
    transport = ScriptedTransport(IMAGE)
    collection = Collection("a1", "b2", "http://test", transport=transport)
    other = collection.with_options(request_retries=1)
    assert (other.id, repr(other)) == (collection.id, repr(collection))
    collection.close()
    with pytest.raises(CollectionStateError):
        other.get_image("beach")


def test_every_result_has_the_response_that_it_came_in(collection: Collection, photo: str) -> None:
    results = [
        collection.get_collection(),
        collection.add_image(photo, "beach"),
        collection.add_image(photo, "copy"),
        collection.get_image("beach"),
        collection.get_images(),
        collection.search_images(photo),
        collection.search_images_by_id("beach"),
        collection.compare_image("beach", photo),
        collection.compare_images_by_id("beach", "copy"),
        collection.set_not_duplicates("beach", "copy"),
        collection.unset_not_duplicates("beach", "copy"),
        collection.get_duplicates(),
        collection.delete_image("copy"),
    ]
    for result in results:
        assert result.response is not None
        assert result.response.status_code == result["status"]
        assert result.response.headers["Content-Type"] == "application/json"
        assert result.response.request_id
    assert len({each.response.request_id for each in results if each.response}) == len(results)


def test_result_that_came_otherwise_has_no_response(collection: Collection, photo: str) -> None:
    image = collection.add_image(photo)
    assert pickle.loads(pickle.dumps(image)).response is None
    assert type(image).from_dict(image).response is None
    assert collection.get_images().images[0].response is None


def test_hook_is_told_of_each_attempt(connect: Connect, waits: list[float]) -> None:
    told: list[RequestAttempt] = []
    transport = ScriptedTransport(httpx.ConnectError("no"), refusal(429, x_request_id="abc"), IMAGE)
    with connect(
        "a1", "b2", "http://test/v1", transport=transport, on_attempt=told.append, request_retries=1
    ) as collection:
        collection.get_image("a b")
    assert [(each.number, each.status, each.request_id) for each in told] == [
        (1, 200, "first"),
        (1, None, None),
        (2, 429, "abc"),
        (1, 200, None),
    ]
    assert {each.path for each in told[1:]} == {"/v1/image/a%20b"}
    assert isinstance(told[1].error, httpx.ConnectError)
    assert all(each.method == "GET" and each.seconds >= 0 for each in told)


def test_hook_that_fails_changes_nothing_and_is_logged(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(attempt: RequestAttempt) -> None:
        raise ZeroDivisionError

    with connect(
        "a1", "b2", "http://test", transport=ScriptedTransport(IMAGE), on_attempt=fail
    ) as collection:
        assert collection.get_image("beach").image_id == "beach"
    assert "on_attempt has failed" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_hook_is_told_of_failures_before_the_first_response(
    connect: Connect, waits: list[float]
) -> None:
    told: list[RequestAttempt] = []
    with pytest.raises(VisualSnoopError):
        connect("a1", "b2", f"http://127.0.0.1:{closed_port()}", on_attempt=told.append)
    assert [each.number for each in told] == [1, 2, 3]


def test_keys_are_not_in_what_the_hook_is_told(service: str, keys: NewKeys) -> None:
    told: list[RequestAttempt] = []
    Collection(keys.public_key, keys.secret_key, service, on_attempt=told.append).close()
    assert told
    assert keys.secret_key not in repr(told)
    assert "VSHMAC" not in repr(told)
