"""A transport that answers as a test says, for what depends on no socket."""

from collections.abc import Iterable
from typing import Any

import httpx

from .sockets import SESSION

Answer = tuple[int, dict[str, str]] | Exception | dict[str, Any]
"""Status and headers of a refusal, an error of the transport, or the JSON object of a success."""


class ScriptedTransport(httpx.MockTransport):
    """Answers what a `Collection` asks at its start, then the given answers one after the other.

    Attributes:
        requests: The requests that were answered, but for the first.
        bodies: Their bodies.
    """

    def __init__(self, *answers: Answer) -> None:
        super().__init__(self._answer)
        self._answers: Iterable[Answer] = iter(answers)
        self.requests: list[httpx.Request] = []
        self.bodies: list[bytes] = []

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if b"session=init" in request.url.query:
            return httpx.Response(200, json=SESSION, headers={"X-Request-Id": "first"})
        self.requests.append(request)
        self.bodies.append(request.content)
        answer = next(iter(self._answers))
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, dict):
            status = 201 if request.method == "POST" else 200
            return httpx.Response(status, json={**answer, "status": status})
        status, headers = answer
        return httpx.Response(status, json={"status": status, "message": "no"}, headers=headers)


def refusal(status: int, **headers: str) -> Answer:
    """A response without success."""
    return status, {name.replace("_", "-"): value for name, value in headers.items()}


IMAGE = {
    "status": 200,
    "message": "OK",
    "collection_id": SESSION["collection_id"],
    "image_id": "beach",
    "image_time": "2015-01-29T10:11:12.123456+00:00",
    "quality": 90,
}
