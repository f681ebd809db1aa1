"""Processes that make fingerprints: what they do with pictures that are meant to harm them."""

import asyncio
import io
import re
import secrets
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from PIL import Image

from visualsnoop.server.fingerprinting.pool import FingerprintPool
from visualsnoop.server.fingerprinting.process import load
from visualsnoop.server.matching.errors import UnreadableImage
from visualsnoop.server.matching.fingerprint import MODEL
from visualsnoop.server.settings import Settings
from visualsnoop.server.vault import MASTER_KEY_SIZE, Vault


@pytest.fixture
def pool() -> Iterator[FingerprintPool]:
    """One process, which may work on a picture for three seconds."""
    vault = Vault(secrets.token_bytes(MASTER_KEY_SIZE), "the test")
    pool = FingerprintPool(Settings("", vault, decode_time=3, fingerprint_processes=1))
    yield pool
    pool.close()


def test_picture_that_takes_too_long_is_refused_and_the_next_one_read(
    pool: FingerprintPool, photo: Path
) -> None:
    async def both() -> None:
        with pytest.raises(UnreadableImage, match="too long"):
            await pool.fingerprint(jpeg_of_many_scans(), [MODEL])
        # Its process was ended, and there is another.
        made = await pool.fingerprint(photo.read_bytes(), [MODEL])
        assert made.fingerprints[0].quality > 50

    asyncio.run(both())


def jpeg_of_many_scans() -> bytes:
    """A file of less than a megabyte that takes more than ten seconds to decode."""
    file = io.BytesIO()
    Image.new("L", (9000, 9000), "teal").save(file, "JPEG", progressive=True)
    data = file.getvalue()
    # A scan goes through all blocks of the picture once more, and says that nothing changes.
    last_scan = data[[match.start() for match in re.finditer(rb"\xff\xda", data)][-1] : -2]
    return data[:-2] + last_scan * 1000 + data[-2:]


def test_memory_of_a_process_is_bounded() -> None:
    with ProcessPoolExecutor(
        1, get_context("spawn"), initializer=load, initargs=([MODEL], 1_000_000)
    ) as process:
        assert len(process.submit(bytearray, 2**27).result()) == 2**27
        with pytest.raises(MemoryError):
            process.submit(bytearray, 2**32).result()
