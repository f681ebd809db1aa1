"""What a service refuses, with the statuses and messages of the real one."""

from collections.abc import Mapping

import httpx
from visualsnoop_api.models import ErrorBody


class Refusal(Exception):
    """Ends the handling of a request with a response of the contract's schema `ErrorBody`."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers: dict[str, str] = dict(headers or {})

    def response(self) -> httpx.Response:
        body = ErrorBody(status=self.status, message=self.message)
        return httpx.Response(self.status, json=body, headers=self.headers)


def bad_request(message: str) -> Refusal:
    return Refusal(400, message)


def unauthorized(message: str) -> Refusal:
    return Refusal(401, message, {"WWW-Authenticate": "VSHMAC"})


def read_only_key() -> Refusal:
    return Refusal(403, "This key pair is read-only: use another one to change the collection")


def not_found(image_id: str) -> Refusal:
    return Refusal(404, f"There is no image {image_id!r} in this collection")


def taken(image_id: str) -> Refusal:
    return Refusal(
        409,
        f"There is an image {image_id!r} already: choose another ID, or replace the image by PUT "
        "(in Python: update_existing=True)",
    )


def unreadable(message: str) -> Refusal:
    return Refusal(415, message)
