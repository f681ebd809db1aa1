"""What runs in a fingerprint process: pictures are decoded, and their fingerprints computed.

    python -m visualsnoop.server.fingerprinting.process_main

It speaks with its pool by messages over its standard input and output: first it is set up, then
comes a picture after the other. When a decoder has found out how large a picture claims to be, the
process tells the pool, and goes on when that answers that there is memory for it.
"""

import io
import math
import os
import resource
import sys
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image

from ..matching.cost_limits import announcing_sizes, memory_needed, seconds_needed
from ..matching.decode import ORIGINAL_SIZE, decode
from ..matching.errors import ImageTooLarge, UnreadableImage
from ..matching.fingerprint import Fingerprint
from ..matching.fingerprinter import Fingerprinter
from ..matching.panels import find_panels
from ..matching.thumbnail import thumbnail_of
from ..matching.windows import Box, window
from .messages import Fingerprinted, Message, Wanted, read, write
from .sandbox import give_up_rights

# Linux limits what its ticks have counted (CPUCLOCK_PROF of this process, in posix-timers.h). The
# time of the process is another: on a busy machine they were 2.5 seconds apart after 30 seconds.
_LIMITED_CLOCK = -8
_ENDED_FIRST = "500"  # of 1000: when there is no memory left, and something has to be ended


def main() -> None:
    """Fingerprint pictures until the pool is gone."""
    requests, responses = _take_pipes()
    _stand_back()
    setup = read(requests).head
    try:
        fingerprinters = [Fingerprinter(Path(model)) for model in setup["models"]]
    except ValueError as error:
        write(responses, {"error": str(error)})
        return
    for fingerprinter in fingerprinters:
        # What it needs for itself it has from now on.
        fingerprinter.fingerprint(Image.effect_noise((640, 640), 90).convert("RGB"))
    reader = _PictureReader(requests, responses, setup)
    nothing = os.open(os.devnull, os.O_WRONLY)
    missing = give_up_rights()
    # Decoders write there what they think of damaged files, which anybody can send.
    os.dup2(nothing, sys.stderr.fileno())
    models = [[each.version, each.dimensions] for each in fingerprinters]
    write(responses, {"models": models, "missing": missing})
    with suppress(EOFError):
        while True:
            request = read(requests)
            write(responses, {"begun": True})
            write(responses, reader.response(request, fingerprinters))


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The pipes from and to the pool, out of reach of libraries that print something."""
    responses = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return sys.stdin.buffer, responses


def _stand_back() -> None:
    """Let what answers requests, and the database, have memory first."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_ENDED_FIRST)


class _PictureReader:
    """Reads pictures within the limits of what they may cost."""

    def __init__(self, requests: BinaryIO, responses: BinaryIO, setup: Mapping[str, Any]) -> None:
        self._requests = requests
        self._responses = responses
        self._max_pixels: int = setup["max_pixels"]
        self._limits = _Limits(setup["decode_memory"], setup["decode_time"])

    def response(self, request: Message, fingerprinters: Sequence[Fingerprinter]) -> dict[str, Any]:
        """The fingerprints of the picture in a request, or what is wrong with it."""
        try:
            wanted = Wanted.from_json(request.head)
            return {"result": self._fingerprinted(request.body, wanted, fingerprinters).to_json()}
        except UnreadableImage as error:
            return {"error": "unreadable", "message": str(error)}
        except ImageTooLarge as error:
            return {"error": "too_large", "message": str(error)}
        except Exception:
            return {"error": "failed", "message": traceback.format_exc()}

    def _fingerprinted(
        self, file: bytes, wanted: Wanted, fingerprinters: Sequence[Fingerprinter]
    ) -> Fingerprinted:
        started = time.perf_counter()
        with self._limits.of_a_picture(), announcing_sizes(self._ask_for_memory):
            picture = decode(io.BytesIO(file), max_pixels=self._max_pixels)
        decoded = time.perf_counter()
        windows = _windows(picture, wanted)
        return Fingerprinted(
            list(_fingerprints(picture, windows, wanted, fingerprinters)),
            windows,
            picture.info[ORIGINAL_SIZE],
            thumbnail_of(picture) if wanted.thumbnail else None,
            decoded - started,
            time.perf_counter() - decoded,
        )

    def _ask_for_memory(self, pixels: int) -> None:
        write(self._responses, {"memory": memory_needed(pixels)})
        if not read(self._requests).head["granted"]:
            raise ImageTooLarge(
                f"A picture of {pixels} pixels needs more memory than the service has: scale it "
                "down"
            )
        self._limits.allow(pixels)


def _windows(picture: Image.Image, wanted: Wanted) -> Sequence[Box]:
    panels = find_panels(picture) if wanted.panels else []
    return [*(wanted.windows or []), *panels]


def _fingerprints(
    picture: Image.Image,
    windows: Sequence[Box],
    wanted: Wanted,
    fingerprinters: Sequence[Fingerprinter],
) -> Iterator[Fingerprint]:
    for model in wanted.models:
        if wanted.windows is None:
            yield fingerprinters[model].fingerprint(picture)
        for box in windows:
            yield fingerprinters[model].fingerprint_of_window(
                window(picture, box), embedding=wanted.embeddings, rest=wanted.rest
            )


class _Limits:
    """How much memory, and time of a processor, this process takes for a picture.

    Who takes more memory gets an error; who takes more time is ended by the system (`SIGXCPU`).
    Only Linux tells how much there is of what its limit counts, so only there it is limited.
    """

    def __init__(self, most_memory: int, most_seconds: float) -> None:
        self._most_seconds = most_seconds
        self._statm: int | None = None
        with suppress(FileNotFoundError):
            self._statm = os.open("/proc/self/statm", os.O_RDONLY)
            _lower(resource.RLIMIT_DATA, self._memory() + most_memory)

    @contextmanager
    def of_a_picture(self) -> Iterator[None]:
        """Limit what is done within to what a picture may cost whose size is not known yet."""
        self.allow(0)
        try:
            yield
        finally:
            for which in (resource.RLIMIT_DATA, resource.RLIMIT_CPU):
                _, most = resource.getrlimit(which)
                resource.setrlimit(which, (most, most))

    def allow(self, pixels: int) -> None:
        """Allow what a picture of this size may cost, from now on."""
        if self._statm is not None:
            _limit(resource.RLIMIT_DATA, self._memory() + memory_needed(pixels))
        seconds = min(self._most_seconds, seconds_needed(pixels))
        _limit(resource.RLIMIT_CPU, math.ceil(limited_time() + seconds))

    def _memory(self) -> int:
        """How many bytes this process has of what `RLIMIT_DATA` limits."""
        assert self._statm is not None
        pages = int(os.pread(self._statm, 1024, 0).split()[5])
        return pages * resource.getpagesize()


def limited_time() -> float:
    """The seconds that this process has taken of what `RLIMIT_CPU` limits."""
    return time.clock_gettime(_LIMITED_CLOCK) if sys.platform == "linux" else time.process_time()


def _limit(which: int, soft: int) -> None:
    _, hard = resource.getrlimit(which)
    resource.setrlimit(which, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def _lower(which: int, most: int) -> None:
    _, hard = resource.getrlimit(which)
    if hard == resource.RLIM_INFINITY or hard > most:
        resource.setrlimit(which, (most, most))


if __name__ == "__main__":
    main()
