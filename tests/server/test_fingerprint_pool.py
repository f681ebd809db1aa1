"""Processes that fingerprint pictures, when these or something else bring them down."""

import asyncio
import os
import re
import signal
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from scripts.proofs.costly_pictures import (
    huge_avif_that_says_it_is_small,
    huge_webp,
    jpeg_of_scans,
    saved,
    saying_it_is_small,
)
from visualsnoop.server.fingerprinting.messages import Fingerprinted, Wanted
from visualsnoop.server.fingerprinting.pool import FingerprintPool, Response, Turn
from visualsnoop.server.fingerprinting.process import CannotStart
from visualsnoop.server.settings import MIB, Settings
from visualsnoop.server.vault import Vault

from .test_decode import FORMATS

Run = Callable[[Callable[[FingerprintPool], Coroutine[Any, Any, None]]], None]


@contextmanager
def running(**settings: Any) -> Iterator[Run]:
    """A pool with one process for each key, and one more; runs what a test does with it."""
    vault = Vault(bytes(32), "the test")
    with asyncio.Runner() as runner:
        pool = FingerprintPool(Settings("", vault, fingerprint_processes=1, **settings))
        runner.run(pool.__aenter__())
        try:
            yield lambda test: runner.run(test(pool))
        finally:
            runner.run(pool.__aexit__(None, None, None))


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    with running(decode_memory=512 * MIB) as run:
        yield run


async def read(pool: FingerprintPool, file: bytes, key: str = "key") -> Response:
    return await (await pool.turn(key)).response(file, Wanted([0]))


def quality(response: Response) -> int:
    return Fingerprinted.from_json(response["result"]).fingerprints[0].quality


def pid_of(turn: Turn) -> int:
    return turn._process._process.pid


SLOW = jpeg_of_scans(4000, 50)
"""A file of a hundred kilobytes that takes the better part of a second."""


@pytest.mark.parametrize("name", FORMATS)
def test_picture_is_read_without_rights(name: str, run: Run, photo: Path) -> None:
    with Image.open(photo) as picture:
        file = saved(picture.convert("RGB"), name, **FORMATS[name])

    async def test(pool: FingerprintPool) -> None:
        assert quality(await read(pool, file)) > 50

    run(test)


@pytest.mark.parametrize("scans", [300, 21_000])
def test_jpeg_of_too_many_scans_is_refused_before_it_is_decoded(scans: int, run: Run) -> None:
    file = jpeg_of_scans(4000, scans)

    async def test(pool: FingerprintPool) -> None:
        before = set(pool._running)
        response = await read(pool, file)
        assert response["error"] == "unreadable"
        assert re.search("scans|pieces", response["message"])
        assert before <= set(pool._running)

    run(test)


def test_picture_that_takes_too_long_is_refused_and_the_next_one_read(
    photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However busy the machine is that the tests run on.
    monkeypatch.setattr("visualsnoop.server.fingerprinting.pool._MOST_STARVED", 1000)

    async def test(pool: FingerprintPool) -> None:
        response = await read(pool, jpeg_of_scans(4000, 120))
        assert response["error"] == "unreadable"
        assert "takes too long" in response["message"]
        assert quality(await read(pool, photo.read_bytes())) > 50

    with running(decode_time=0.1) as run:
        run(test)


@pytest.mark.parametrize("name", ["AVIF", "HEIF"])
def test_picture_that_is_larger_than_its_file_says_is_refused(
    name: str, run: Run, photo: Path
) -> None:
    if name == "AVIF":
        file = huge_avif_that_says_it_is_small()
    else:
        file = saying_it_is_small(saved(Image.new("RGB", (2000, 2000), "teal"), name))

    async def test(pool: FingerprintPool) -> None:
        before = set(pool._running)
        assert (await read(pool, file))["error"] in ("unreadable", "too_large")
        # Nobody had to die for that.
        assert before <= set(pool._running)
        assert quality(await read(pool, photo.read_bytes())) > 50

    run(test)


def test_small_file_of_a_huge_picture_is_refused(run: Run) -> None:
    async def test(pool: FingerprintPool) -> None:
        assert (await read(pool, huge_webp()))["error"] == "too_large"

    run(test)


def test_picture_that_needs_more_memory_than_there_is_is_refused(run: Run) -> None:
    file = saved(Image.new("L", (6000, 6000), "teal"), "PNG")

    async def test(pool: FingerprintPool) -> None:
        response = await read(pool, file)
        assert response["error"] == "too_large"
        assert "memory" in response["message"]

    run(test)


def test_pictures_wait_for_memory(run: Run) -> None:
    # Each needs most of it.
    file = saved(Image.new("L", (4200, 4200), "teal"), "PNG")

    async def test(pool: FingerprintPool) -> None:
        responses = await asyncio.gather(*(read(pool, file, key) for key in "abab"))
        assert all("result" in response for response in responses)
        assert pool._memory._free == pool._memory.size

    run(test)


def test_process_that_dies_idle_is_replaced(
    run: Run, photo: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(pool: FingerprintPool) -> None:
        for _ in range(3):
            for process in list(pool._running):
                process._process.kill()
            assert quality(await read(pool, photo.read_bytes())) > 50
        assert "ended by SIGKILL" in caplog.text

    run(test)


async def kill_while_busy(
    pool: FingerprintPool, file: bytes, signals: list[signal.Signals]
) -> Response:
    """Have a file read, and end each process that works on it by a signal."""
    working = asyncio.create_task(read(pool, file))
    for number in signals:
        while not (busy := [each for each in pool._running if each.is_at_work]):
            await asyncio.sleep(0.01)
        busy[0]._process.send_signal(number)
        while busy[0] in pool._running:
            await asyncio.sleep(0.01)
    return await working


def test_picture_whose_process_was_killed_is_read_by_another(run: Run) -> None:
    async def test(pool: FingerprintPool) -> None:
        assert "result" in await kill_while_busy(pool, SLOW, [signal.SIGKILL])

    run(test)


@pytest.mark.parametrize(
    ("signals", "error"),
    [
        ([signal.SIGKILL, signal.SIGKILL], "unavailable"),
        ([signal.SIGSEGV, signal.SIGKILL], "unavailable"),
        ([signal.SIGSEGV, signal.SIGABRT], "unreadable"),
    ],
)
def test_picture_is_to_blame_only_if_its_decoder_crashed_twice(
    signals: list[signal.Signals], error: str, run: Run
) -> None:
    async def test(pool: FingerprintPool) -> None:
        assert (await kill_while_busy(pool, SLOW, signals))["error"] == error

    run(test)


@pytest.mark.parametrize("jump", [-10_000, 10_000])
def test_clock_that_is_set_changes_nothing(
    jump: int, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time

    async def test(pool: FingerprintPool) -> None:
        working = asyncio.create_task(read(pool, SLOW))
        await asyncio.sleep(0.2)
        monkeypatch.setattr(time, "time", lambda: now() + jump)
        assert "result" in await working

    run(test)


def test_work_that_nobody_waits_for_is_ended_if_it_takes_long(
    run: Run, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("visualsnoop.server.fingerprinting.pool._START_SECONDS", 0.1)

    async def test(pool: FingerprintPool) -> None:
        turn = await pool.turn("key")
        working = asyncio.create_task(turn.response(SLOW, Wanted([0])))
        await asyncio.sleep(0)
        working.cancel()
        # The key has one process at a time, so that this one waits until the other has ended.
        assert quality(await read(pool, photo.read_bytes())) > 50
        assert turn._process.was_killed

    run(test)


def test_work_that_nobody_waits_for_is_let_end_if_it_is_short(run: Run, photo: Path) -> None:
    async def test(pool: FingerprintPool) -> None:
        turn = await pool.turn("key")
        working = asyncio.create_task(turn.response(photo.read_bytes(), Wanted([0])))
        await asyncio.sleep(0)
        working.cancel()
        assert quality(await read(pool, photo.read_bytes())) > 50
        assert turn._process.is_running

    run(test)


def test_another_key_waits_for_none_of_those_of_a_busy_one(run: Run, photo: Path) -> None:
    async def test(pool: FingerprintPool) -> None:
        busy = [asyncio.create_task(read(pool, SLOW, "busy")) for _ in range(3)]
        await asyncio.sleep(0)
        assert quality(await read(pool, photo.read_bytes(), "other")) > 50
        assert not any(task.done() for task in busy)
        await asyncio.gather(*busy)

    run(test)


def test_environment_of_a_process_has_no_secrets(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(pool: FingerprintPool) -> None:
        for name in ("VISUALSNOOP_MASTER_KEY", "PGPASSWORD", "DATABASE_URL"):
            monkeypatch.setenv(name, "a secret")
        turn = await pool.turn("key")
        os.kill(pid_of(turn), signal.SIGKILL)
        turn.give_up()
        await turn._process.wait()
        turn = await pool.turn("key")
        environment = Path(f"/proc/{pid_of(turn)}/environ").read_bytes()
        assert b"PYTHONPATH" in environment
        assert b"secret" not in environment
        turn.give_up()

    run(test)


def test_model_that_cannot_be_used_is_told_at_the_start(photo: Path) -> None:
    with pytest.raises(CannotStart, match="cannot be used as a model"), running(models=(photo,)):
        pass
