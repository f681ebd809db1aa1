"""Signing of requests by the `VSHMAC` scheme of spec/signing.md."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Generator
from email.utils import formatdate
from typing import Any, NoReturn, Protocol, TypeVar

import httpx

from ._version import __version__

SCHEME = "VSHMAC"


def string_to_sign(method: str, path: str, date: str) -> str:
    """The text that the signature of a request is computed over.

    Args:
        method: The HTTP method, such as `POST`.
        path: The path of the URL exactly as it is sent: percent-encoded, with the base path of the
            endpoint, without the query.
        date: The `Date` header exactly as it is sent.
    """
    return f"{method.upper()}\n{path}\n{date}"


def signature(secret_key: str, method: str, path: str, date: str) -> str:
    """The base64 of the HMAC-SHA1 (RFC 2104) of `string_to_sign` under the secret key.

    White space around the secret key is ignored, so that one read from a file works.
    """
    key = secret_key.strip().encode()
    message = string_to_sign(method, path, date).encode()
    return base64.b64encode(hmac.digest(key, message, hashlib.sha1)).decode("ascii")


class _PreparedRequest(Protocol):
    """The part of `requests.PreparedRequest` that is needed to sign it."""

    method: Any
    headers: Any

    @property
    def path_url(self) -> str: ...


_Request = TypeVar("_Request", bound=_PreparedRequest)


class VisualSnoopHMACAuth(httpx.Auth):
    """Signs each request with a key pair; for HTTPX and for Python Requests alike.

        httpx.get(url, auth=VisualSnoopHMACAuth(public_key, secret_key))
        requests.get(url, auth=VisualSnoopHMACAuth(public_key, secret_key))

    It sets `Authorization` and, where the request has none yet, `Date` and
    `X-Visualsnoop-Client-Version`.

    Args:
        public_key: The public key, 20 hexadecimal characters.
        secret_key: The secret key that belongs to it, 40 characters. It is never part of a
            `repr`, a log line or an error.

    Raises:
        ValueError: If a key is empty, or the public key could not travel in a header.
    """

    def __init__(self, public_key: str, secret_key: str) -> None:
        public_key = public_key.strip()
        if not public_key.isascii() or not public_key.isalnum():
            raise ValueError("public_key must be letters and digits, as 'keys create' prints it")
        if not secret_key.strip():
            raise ValueError("secret_key is empty; it is printed once, when the keys are created")
        self.public_key = public_key
        # Held by a function, the secret key is not among the attributes that tools print.
        self._signature: Callable[[str, str, str], str] = lambda method, path, date: signature(
            secret_key, method, path, date
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}(public_key={self.public_key!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a VisualSnoopHMACAuth holds a secret key, and cannot be copied or pickled: create "
            "another one from the keys"
        )

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign a request of HTTPX."""
        path = request.url.raw_path.partition(b"?")[0].decode("ascii")
        self._sign(request.method, path, request.headers)
        yield request

    def __call__(self, request: _Request) -> _Request:
        """Sign a `PreparedRequest` of Python Requests."""
        self._sign(request.method, request.path_url.partition("?")[0], request.headers)
        return request

    def _sign(self, method: str, path: str, headers: Any) -> None:
        headers.setdefault("Date", formatdate(usegmt=True))
        headers.setdefault("X-Visualsnoop-Client-Version", __version__)
        signed = self._signature(method, path, headers["Date"])
        headers["Authorization"] = f"{SCHEME} {self.public_key}:{signed}"
