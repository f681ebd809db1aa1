"""What is told of each attempt to send a request, to hooks and to the log."""

from dataclasses import dataclass

import httpx

REQUEST_ID = "x-request-id"


@dataclass(frozen=True, slots=True)
class RequestAttempt:
    """One attempt to send a request, as `on_attempt` is told of it.

        def tell(attempt):
            print(attempt.method, attempt.path, attempt.status or attempt.error)

        Collection(public_key, secret_key, endpoint, on_attempt=tell).close()

    Of one call there are several where connections fail, or requests are sent again.
    """

    method: str
    """The HTTP method."""

    path: str
    """The path of the URL as it is sent, percent-encoded."""

    number: int
    """1, or more where no connection could be made before."""

    seconds: float
    """How long it took until the head of the response was there, or the failure."""

    status: int | None = None
    """The HTTP status of the response; None where there was none."""

    request_id: str | None = None
    """The ID under which the service has logged the request, or None."""

    error: BaseException | None = None
    """The error of HTTPX; None where there was a response."""

    def __str__(self) -> str:
        outcome = self.status if self.error is None else type(self.error).__name__
        request = f", request {self.request_id}" if self.request_id else ""
        return (
            f"{self.method} {self.path}: {outcome} after {self.seconds * 1000:.0f} ms{request}, "
            f"attempt {self.number}"
        )


def sent_path(request: httpx.Request) -> str:
    """The path of the URL of a request, percent-encoded, without the query."""
    return request.url.raw_path.partition(b"?")[0].decode("ascii")
