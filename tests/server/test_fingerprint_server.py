"""The fingerprint pool within the main process, when it fails."""

import asyncio
import logging
import os
import signal
import threading
from concurrent.futures import Future
from pathlib import Path

import pytest

from scripts.proofs.costly_pictures import jpeg_of_scans
from visualsnoop.server.fingerprinting import server
from visualsnoop.server.fingerprinting.messages import Wanted, receive, send
from visualsnoop.server.fingerprinting.pool import FingerprintPool
from visualsnoop.server.fingerprinting.server import _FingerprintServer
from visualsnoop.server.settings import Settings
from visualsnoop.server.vault import Vault

SETTINGS = Settings("", Vault(bytes(32), "the test"), fingerprint_processes=1)


def test_service_ends_when_its_pool_fails(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ended = threading.Event()

    async def fails(settings: Settings, path: Path, models: "Future[object]") -> None:
        models.set_result([(2, 512)])
        await asyncio.sleep(0)
        raise RuntimeError("all is lost")

    def kill(pid: int, number: int) -> None:
        assert (pid, number) == (os.getpid(), signal.SIGTERM)
        ended.set()

    monkeypatch.setattr(server, "_serve", fails)
    monkeypatch.setattr(os, "kill", kill)
    with server.serving_fingerprints(SETTINGS, Path("socket")) as models:
        assert models == [(2, 512)]
        assert ended.wait(60)
    assert "all is lost" in caplog.text
    assert caplog.records[-1].levelno == logging.CRITICAL


def test_service_does_not_start_without_its_pool(tmp_path: Path) -> None:
    # A path that is too long for a socket.
    path = tmp_path / ("socket" * 40)
    with pytest.raises(OSError), server.serving_fingerprints(SETTINGS, path):
        pass


@pytest.mark.anyio
async def test_picture_of_a_client_that_has_gone_is_given_up(
    tmp_path: Path, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("visualsnoop.server.fingerprinting.pool._START_SECONDS", 0.1)
    path = tmp_path / "socket"

    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect as a client whose turn it is, as soon as it is."""
        reader, writer = await asyncio.open_unix_connection(path)
        await send(writer, {"key": "key", **Wanted([0]).to_json()})
        assert (await receive(reader)).head == {"go": True}
        return reader, writer

    async with FingerprintPool(SETTINGS) as pool:
        listening = await asyncio.start_unix_server(_FingerprintServer(pool).respond, path)
        async with listening:
            _, gone = await connect()
            started = set(pool._running)
            await send(gone, {}, jpeg_of_scans(4000, 50))
            gone.close()
            # A key has one process at a time here.
            reader, writer = await connect()
            await send(writer, {}, photo.read_bytes())
            assert "result" in (await receive(reader)).head
            writer.close()
        assert [process.was_killed for process in started - pool._running] == [True]
