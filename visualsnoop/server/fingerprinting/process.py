"""What a fingerprint process does: it decodes pictures, and computes their fingerprints.

Importing this loads the decoders and the neural runtime.
"""

import io
import os
import resource
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from ..matching.decode import decode
from ..matching.fingerprinter import Fingerprinter
from .messages import Fingerprinted

_MEMORY = 2**30  # bytes a process may use for what does not grow with the picture


def load(models: Sequence[Path], max_pixels: int) -> None:
    """Get this process ready for its pictures."""
    for model in models:
        _fingerprinter(model)
    # Decoders write there what they think of damaged files, which anybody can send.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    _bound_memory(max_pixels)


def _bound_memory(max_pixels: int) -> None:
    # A picture that needs more is refused before the system has to end a process of its choice.
    # Decoders need up to 16 bytes a pixel.
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    most = used + _MEMORY + 20 * max_pixels
    _, allowed = resource.getrlimit(resource.RLIMIT_DATA)
    if allowed == resource.RLIM_INFINITY or allowed > most:
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


@cache
def _fingerprinter(model: Path) -> Fingerprinter:
    """A model of this process, loaded once."""
    return Fingerprinter(model)


def fingerprint_file(file: bytes, max_pixels: int, models: Sequence[Path]) -> Fingerprinted:
    """The fingerprints of an image file by some of the models; raises as `decode` does."""
    started = time.perf_counter()
    picture = decode(io.BytesIO(file), max_pixels=max_pixels)
    decoded = time.perf_counter()
    fingerprints = [_fingerprinter(model).fingerprint(picture) for model in models]
    return Fingerprinted(fingerprints, decoded - started, time.perf_counter() - decoded)
