"""What is said over the socket between the processes of a service about pictures.

A connection is for one picture. The client says that it has one (`PICTURE`). The server says that
it takes it (`GO`) when a fingerprint process is free, so that pictures wait where they are counted
and hold memory once; or it says that too many wait (`FULL`). Then the picture is sent, and its
fingerprints, or what was wrong with it, are sent back. Both are pickles, for the folder of the
socket is open to the service's user only. To a client that only asks whether all is well
(`CHECK`), the server says `GO` at once. If the pool is broken, the connection is closed.
"""

import asyncio
import pickle
from collections.abc import Sequence
from typing import Any

from attrs import frozen

from ..matching.fingerprint import Fingerprint

CHECK = b"?"
PICTURE = b"!"
GO = b"+"
FULL = b"-"
_SIZE = 8  # bytes that say how long a message is


@frozen
class Fingerprinted:
    """The fingerprints of a picture, one for each model, and how long they took."""

    fingerprints: Sequence[Fingerprint]
    decode_seconds: float
    embed_seconds: float


async def send(writer: asyncio.StreamWriter, message: Any) -> None:
    """Send a message."""
    pickled = pickle.dumps(message)
    writer.write(len(pickled).to_bytes(_SIZE))
    writer.write(pickled)
    await writer.drain()


async def receive(reader: asyncio.StreamReader) -> Any:
    """The next message; raises `asyncio.IncompleteReadError` at the end of the connection."""
    size = int.from_bytes(await reader.readexactly(_SIZE))
    return pickle.loads(await reader.readexactly(size))
