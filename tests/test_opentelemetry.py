"""Traces of OpenTelemetry, by its instrumentor of HTTPX."""

import socket
from collections.abc import Iterator

import pytest
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from visualsnoop.exceptions import NotFoundError
from visualsnoop.server.storage.keys import NewKeys

from .sockets import Listener, listening, read_head, session_response
from .sync_and_async import Connect


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor = HTTPXClientInstrumentor()
    instrumentor.instrument(tracer_provider=provider)
    yield exporter
    instrumentor.uninstrument()
    provider.shutdown()


def test_each_request_is_a_span(
    spans: InMemorySpanExporter, connect: Connect, service: str, keys: NewKeys
) -> None:
    with connect(keys.public_key, keys.secret_key, service) as collection:
        with pytest.raises(NotFoundError):
            collection.get_image("beach")
        collection.get_images(count=3)
    shown = [
        (attributes["http.method"], attributes["http.url"], attributes["http.status_code"])
        for attributes in (span.attributes or {} for span in spans.get_finished_spans())
    ]
    assert shown == [
        ("GET", f"{service}/collection?session=init", 200),
        ("GET", f"{service}/image/beach", 404),
        ("GET", f"{service}/images?count=3", 200),
    ]
    told = "".join(span.to_json() for span in spans.get_finished_spans())
    assert keys.secret_key not in told
    assert "VSHMAC" not in told


def test_trace_is_told_to_the_service(spans: InMemorySpanExporter, connect: Connect) -> None:
    heads: list[bytes] = []

    def serve(listener: Listener, connection: socket.socket) -> None:
        while head := read_head(listener, connection):
            heads.append(head)
            connection.sendall(session_response())

    with listening(serve) as listener, connect("a1", "b2", listener.endpoint):
        pass
    (span,) = spans.get_finished_spans()
    assert span.context is not None
    assert f"\r\ntraceparent: 00-{span.context.trace_id:032x}-".encode() in heads[0]
