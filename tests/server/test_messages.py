"""Messages about pictures: what is sent is received, and what is none is refused."""

import asyncio
import io
import struct

import numpy as np
import pytest
from attrs import fields
from hypothesis import given
from hypothesis import strategies as st

from visualsnoop.server.fingerprinting.messages import (
    Fingerprinted,
    read,
    receive,
    write,
)
from visualsnoop.server.matching.fingerprint import Fingerprint

heads = st.dictionaries(st.text(), st.integers() | st.text() | st.booleans(), max_size=3)


@given(heads, st.binary())
def test_message_is_read_as_it_was_written(head: dict[str, object], body: bytes) -> None:
    file = io.BytesIO()
    write(file, head, body)
    write(file, {}, b"next")
    file.seek(0)
    message = read(file)
    assert (message.head, message.body) == (head, body)
    assert read(file).body == b"next"
    with pytest.raises(EOFError):
        read(file)


@given(heads, st.binary())
def test_message_is_received_as_it_was_written(head: dict[str, object], body: bytes) -> None:
    async def test() -> None:
        file = io.BytesIO()
        write(file, head, body)
        reader = asyncio.StreamReader()
        reader.feed_data(file.getvalue())
        reader.feed_eof()
        message = await receive(reader)
        assert (message.head, message.body) == (head, body)
        with pytest.raises(EOFError):
            await receive(reader)

    asyncio.run(test())


@pytest.mark.parametrize(
    "data",
    [
        struct.pack(">IQ", 2**31, 0),
        struct.pack(">IQ", 2, 2**63) + b"{}",
        struct.pack(">IQ", 2, 0) + b"[]",
        struct.pack(">IQ", 2, 0) + b"{]",
        struct.pack(">IQ", 2, 0) + b"\xff\xff",
    ],
)
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        read(io.BytesIO(data))


def test_fingerprints_are_read_as_they_were_written() -> None:
    embedding = np.linspace(-1, 1, 512, dtype=np.float32)
    one = Fingerprint(
        version=2, quality=77, pdq=bytes(range(32)), embedding=embedding, keypoints=b"k"
    )
    (other,) = Fingerprinted.from_json(
        Fingerprinted([one], [(0, 0, 0.5, 1)], (4, 3), b"webp", 0.5, 0.25).to_json()
    ).fingerprints
    assert other.embedding.tobytes() == embedding.tobytes()
    for field in fields(Fingerprint):
        if field.name != "embedding":
            assert getattr(other, field.name) == getattr(one, field.name)


@pytest.mark.parametrize("values", [{}, {"fingerprints": [{}]}, {"fingerprints": 1}])
def test_what_are_no_fingerprints_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Fingerprinted.from_json({"decode_seconds": 1, "embed_seconds": 1, **values})
