"""The rate limit of each key pair: token buckets, shared by all processes of a service.

They are in a file that every process maps into its memory, for a client that keeps one connection
is always answered by the same process: shares of the limit for each process would give it only one
of them. In the database they would cost every request a write, and searches could not go on when
nothing can be written.

A bucket is kept as in the generic cell rate algorithm (ITU-T I.371): as the time at which it will
be full again, which is one number and needs nobody to fill it.
"""

import fcntl
import hashlib
import mmap
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_RECORD = struct.Struct("<Qd")  # a hash of the public key, and when its bucket will be full again
_SLOTS = 65_536
_PROBES = 8
_BURST = 2  # seconds


class RateLimiter:
    """The token buckets of the key pairs.

    Args:
        path: The file that holds them, created by the first process.
        rate: How many tokens a bucket gets each second; it holds those of two seconds.
    """

    def __init__(self, path: Path, rate: float) -> None:
        self._interval = 1 / rate
        # A bucket that is empty will be full in so many seconds.
        self._capacity = max(_BURST, self._interval)
        # The lock belongs to the file as this object has opened it; the system releases it
        # however a process ends.
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.ftruncate(self._file, _SLOTS * _RECORD.size)
        self._memory = mmap.mmap(self._file, _SLOTS * _RECORD.size)

    def take(self, public_key: str) -> float:
        """Take a token from a bucket; for how many seconds to wait if there is none, or else 0."""
        bucket = int.from_bytes(hashlib.blake2b(public_key.encode(), digest_size=8).digest())
        # This clock is the same in all processes of a machine.
        now = time.monotonic()
        with self._locked():
            offset, full = self._find(bucket, now)
            full = max(full, now) + self._interval
            # In this order, for a bucket of one token must not be short of it by rounding.
            wait = full - (now + self._capacity)
            if wait > 0:
                return wait
            _RECORD.pack_into(self._memory, offset, bucket, full)
            return 0.0

    def _find(self, bucket: int, now: float) -> tuple[int, float]:
        """Where the bucket is, and when it will be full.

        Buckets that are full need not be kept, so their places are free.
        """
        offsets = [(bucket + place) % _SLOTS * _RECORD.size for place in range(_PROBES)]
        records = [_RECORD.unpack_from(self._memory, offset) for offset in offsets]
        for offset, (found, full) in zip(offsets, records, strict=True):
            if found == bucket:
                return offset, full
        # Among so many places in use, the fullest bucket is given up: this lets a few requests more
        # through, and refuses none.
        _, offset = min(zip((full for _, full in records), offsets, strict=True))
        return offset, now

    @contextmanager
    def _locked(self) -> Iterator[None]:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        self._memory.close()
        os.close(self._file)
