"""Errors that the service answers requests with."""

import math
from collections.abc import Mapping


class APIError(Exception):
    """Ends the handling of a request with a response of the contract's schema `ErrorBody`.

    Attributes:
        status: The HTTP status.
        message: What was wrong and what to do about it; never with a secret in it.
        headers: Further headers of the response.
    """

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers: dict[str, str] = dict(headers or {})


def bad_request(message: str) -> APIError:
    return APIError(400, message)


def unauthorized(message: str) -> APIError:
    return APIError(401, message, {"WWW-Authenticate": "VSHMAC", "Connection": "close"})


def invalid_key() -> APIError:
    """The same for a key that is unknown, revoked or expired, and for a wrong signature."""
    return unauthorized(
        "The public key is not known or not valid any more, or the signature is wrong: check both "
        "keys"
    )


def forbidden(message: str) -> APIError:
    return APIError(403, message)


def read_only_key() -> APIError:
    return forbidden("This key pair is read-only: use another one to change the collection")


def image_not_found(image_id: str) -> APIError:
    return APIError(404, f"There is no image {image_id!r} in this collection")


def thumbnail_not_found(image_id: str) -> APIError:
    return APIError(
        404,
        f"There is no thumbnail of image {image_id!r}: it was added when the collection did not "
        "keep any",
    )


def image_id_taken(image_id: str) -> APIError:
    return APIError(
        409,
        f"There is an image {image_id!r} already: choose another ID, or replace the image by PUT "
        "(in Python: update_existing=True)",
    )


def body_too_slow(message: str) -> APIError:
    return APIError(408, message, {"Connection": "close"})


def too_large(message: str) -> APIError:
    return APIError(413, message)


def unreadable_image(message: str) -> APIError:
    return APIError(415, message)


def too_many_requests(wait: float) -> APIError:
    seconds = math.ceil(wait)
    return APIError(
        429,
        f"Too many requests with this public key: wait {_seconds(seconds)}",
        {"Retry-After": str(seconds)},
    )


def busy() -> APIError:
    return unavailable("Too many pictures are waiting for the service", 2)


def unavailable(reason: str, seconds: int = 5) -> APIError:
    return APIError(
        503, f"{reason}: try again in {_seconds(seconds)}", {"Retry-After": str(seconds)}
    )


def _seconds(count: int) -> str:
    return "1 second" if count == 1 else f"{count} seconds"
