"""The fingerprint pool within the main process, when it fails."""

import asyncio
import logging
import os
import signal
import threading
from concurrent.futures import Future
from pathlib import Path

import pytest

from visualsnoop.server.fingerprinting import server
from visualsnoop.server.settings import Settings
from visualsnoop.server.vault import Vault

SETTINGS = Settings("", Vault(bytes(32), "the test"))


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
