"""Answers of the service that say what was wrong."""

import math
from collections.abc import Mapping


class Problem(Exception):
    """Ends the handling of a request with an answer of the contract's schema `ErrorBody`.

    Attributes:
        status: The HTTP status.
        message: What was wrong and what to do about it; never with a secret in it.
        headers: Further headers of the answer.
    """

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})


def bad_request(message: str) -> Problem:
    return Problem(400, message)


def unauthorized(message: str) -> Problem:
    return Problem(401, message, {"WWW-Authenticate": "VSHMAC"})


def read_only() -> Problem:
    return Problem(403, "This key pair is read-only: use another one to change the collection")


def no_image(image_id: str) -> Problem:
    return Problem(404, f"There is no image {image_id!r} in this collection")


def image_id_taken(image_id: str) -> Problem:
    return Problem(409, f"There is an image {image_id!r} already: use PUT to replace it")


def too_large(message: str) -> Problem:
    return Problem(413, message)


def unreadable_image(message: str) -> Problem:
    return Problem(415, message)


def too_slow(message: str) -> Problem:
    return Problem(408, message, {"Connection": "close"})


def too_many_requests(wait: float) -> Problem:
    seconds = math.ceil(wait)
    return Problem(
        429,
        f"Too many requests with this public key: wait {counted(seconds)}",
        {"Retry-After": str(seconds)},
    )


def busy() -> Problem:
    return unavailable("Too many pictures are waiting for the service", 2)


def unavailable(what: str, seconds: int = 5) -> Problem:
    return Problem(503, f"{what}: try again in {counted(seconds)}", {"Retry-After": str(seconds)})


def counted(seconds: int) -> str:
    return "1 second" if seconds == 1 else f"{seconds} seconds"
