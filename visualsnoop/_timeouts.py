"""Timeouts as Python Requests takes them."""

from typing import TypeAlias

import httpx

TimeoutInput: TypeAlias = float | tuple[float | None, float | None] | httpx.Timeout | None
"""Seconds for connecting and for reading; the two as a tuple, None in it meaning no limit; or a
`httpx.Timeout`. None leaves it to the default."""


def httpx_timeout(timeout: TimeoutInput, default: httpx.Timeout) -> httpx.Timeout:
    """A timeout as HTTPX takes it.

    The read limit is also the limit for each piece of data to be sent.

    Raises:
        TypeError: If it is neither a number, nor a tuple of two, nor a `httpx.Timeout`.
        ValueError: If a number is not positive.
    """
    if timeout is None:
        return default
    if isinstance(timeout, httpx.Timeout):
        return timeout
    connect, read = timeout if isinstance(timeout, tuple) else (timeout, timeout)
    for seconds in (connect, read):
        if seconds is not None and not seconds > 0:
            raise ValueError(f"timeout must be more than 0 seconds, not {seconds!r}")
    return httpx.Timeout(connect=connect, read=read, write=read, pool=None)
