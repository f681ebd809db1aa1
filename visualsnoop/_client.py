"""The HTTPX clients of collections, and the options that they are built from."""

import os
import ssl
from collections.abc import Awaitable, Callable, Mapping
from importlib.util import find_spec
from typing import Any, TypeAlias, TypedDict

import httpx

from ._proxies import proxy_for, without_password
from ._response_body import ACCEPTED_ENCODINGS
from ._timeouts import TimeoutInput, httpx_timeout
from ._transport import AttemptHook, ConnectRetryTransport
from ._version import __version__
from .auth import VisualSnoopHMACAuth

ProxiesInput: TypeAlias = Mapping[str, str | None] | None
"""Proxies as Python Requests takes them."""

VerifyInput: TypeAlias = bool | str | os.PathLike[str] | ssl.SSLContext
"""Which certificates to trust: those of well-known authorities (True), any (False), those in a
file or folder, or those of an `ssl.SSLContext`."""

CertInput: TypeAlias = str | tuple[str, str] | tuple[str, str, str] | None
"""A certificate of the client: a PEM file with the key in it, or `(certificate, key)`, or
`(certificate, key, password)`."""

_DEFAULT_TIMEOUT = httpx.Timeout(connect=10, read=60, write=60, pool=None)

MAX_CONNECTIONS = 32

# A connection is given up before servers do, most of which keep an idle one for 5 seconds or more:
# a request that meets the closing of its connection could not be sent again.
_LIMITS = httpx.Limits(
    max_connections=MAX_CONNECTIONS,
    max_keepalive_connections=MAX_CONNECTIONS,
    keepalive_expiry=4,
)


class BaseClientOptions(TypedDict, total=False):
    """Keywords of `Collection` and `AsyncCollection` that say how to connect."""

    timeout: TimeoutInput
    """How long to wait for the server where a call does not say: seconds, or a `(connect, read)`
    tuple as in Requests; by default 10 seconds to connect and 60 to read."""

    request_retries: int
    """How often to send a request again that is safe to repeat; 0 by default. That is after status
    429, and 503 with `Retry-After`; and where no response came, to GET, PUT and DELETE. It waits as
    long as the server asks, up to five minutes, else a growing while with jitter. An image that can
    be read only once, such as a generator, is not sent again."""

    verify: VerifyInput
    """Which certificates of servers to trust: True (the default) for those of well-known
    authorities, the path of a file or folder of certificates, an `ssl.SSLContext`, or False to
    trust any, which gives up the protection of TLS."""

    cert: CertInput
    """A certificate to show the server: the path of a PEM file with its key, or a tuple of the
    paths of certificate and key, and the password of the key."""

    headers: Mapping[str, str] | None
    """Sent with each request; a gateway on the way may want some."""

    http2: bool
    """Speak HTTP/2 with a server that offers it over TLS; `pip install 'httpx[http2]'`."""

    on_attempt: AttemptHook | None
    """Called after each attempt to send a request, with a `RequestAttempt`, in the thread or event
    loop that sends it; of `AsyncCollection` a plain function, too. An error that it raises is
    logged, and changes nothing."""


class ClientOptions(BaseClientOptions, total=False):
    """Keywords of `Collection` after the documented ones, besides those of `BaseClientOptions`."""

    transport: httpx.BaseTransport | None
    """An HTTPX transport of yours, which sends the requests; `proxies`, `verify`, `cert` and
    `http2` are its own. Failed connections are retried over it. It is closed with the collection,
    and shared with forked processes."""

    http_client: httpx.Client | None
    """An HTTPX client of yours, which sends the requests with its proxies, certificates, headers
    and hooks. It stays open when the collection is closed."""

    on_request: Callable[[httpx.Request], object] | None
    """Called with each request before it is sent."""

    on_response: Callable[[httpx.Response], object] | None
    """Called with each response, whose body has not been read yet."""


class AsyncClientOptions(BaseClientOptions, total=False):
    """`ClientOptions` of `AsyncCollection`; two of the hooks are coroutine functions."""

    transport: httpx.AsyncBaseTransport | None
    """As in `ClientOptions`, for asyncio."""

    http_client: httpx.AsyncClient | None
    """As in `ClientOptions`, for asyncio."""

    on_request: Callable[[httpx.Request], Awaitable[object]] | None
    """Awaited with each request before it is sent."""

    on_response: Callable[[httpx.Response], Awaitable[object]] | None
    """Awaited with each response, whose body has not been read yet."""


def build_client(
    endpoint: httpx.URL,
    auth: VisualSnoopHMACAuth,
    proxies: ProxiesInput,
    max_retries: int,
    options: ClientOptions,
) -> httpx.Client:
    """A client that signs what it sends, and retries failed connections.

    Raises:
        TypeError: If there is no such option.
        ValueError: If options contradict each other, or a proxy is of no known kind.
        ImportError: If a proxy or HTTP/2 needs a package that is not installed.
        OSError: If `verify` or `cert` name no certificates.
    """
    check_options(options, ClientOptions.__optional_keys__, proxies)
    transport = options.get("transport")
    user_client = options.get("http_client")
    if transport is None and user_client is not None:
        transport = _UserClientTransport(user_client)
    settings = {} if transport else transport_settings(endpoint, proxies, options)
    retrying = ConnectRetryTransport(
        lambda: transport or httpx.HTTPTransport(**settings),
        transport is None and settings["proxy"] is None,
        max_retries,
        options.get("on_attempt"),
    )
    return httpx.Client(transport=retrying, **client_settings(auth, options))


def proxy_name(
    endpoint: httpx.URL, proxies: ProxiesInput, options: ClientOptions | AsyncClientOptions
) -> str | None:
    """The proxy of such a client as messages name it; None without one, or where not known."""
    if options.get("transport") is not None or options.get("http_client") is not None:
        return None
    proxy = proxy_for(endpoint, proxies)
    return None if proxy is None else without_password(proxy)


class _UserClientTransport(httpx.BaseTransport):
    """Sends requests by a client of the user, which stays theirs to close."""

    def __init__(self, user_client: httpx.Client) -> None:
        self._client = user_client

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        add_headers(request, self._client.headers)
        return self._client.send(request, stream=True, auth=None, follow_redirects=False)


def add_headers(request: httpx.Request, headers: httpx.Headers) -> None:
    for name, value in headers.items():
        request.headers.setdefault(name, value)


def check_options(
    options: ClientOptions | AsyncClientOptions, known: frozenset[str], proxies: ProxiesInput
) -> None:
    unknown = sorted(options.keys() - known)
    if unknown:
        raise TypeError(f"there is no keyword argument {unknown[0]!r}")
    given = {name for name, value in {**options, "proxies": proxies}.items() if value is not None}
    if {"transport", "http_client"} <= given:
        raise ValueError("give either transport or http_client, not both")
    if given & {"transport", "http_client"} and given & _TRANSPORT_OPTIONS:
        raise ValueError(
            f"{min(given & _TRANSPORT_OPTIONS)} has no effect on a transport or client of your "
            "own: set it there"
        )


_TRANSPORT_OPTIONS = {"proxies", "verify", "cert", "http2"}


def transport_settings(
    endpoint: httpx.URL, proxies: ProxiesInput, options: BaseClientOptions
) -> dict[str, Any]:
    http2 = options.get("http2", False)
    if http2 and find_spec("h2") is None:
        raise ImportError("http2 needs h2: pip install 'httpx[http2]'")
    proxy_url = proxy_for(endpoint, proxies)
    has_secure_proxy = proxy_url is not None and httpx.URL(proxy_url).scheme == "https"
    if endpoint.scheme == "https" or has_secure_proxy or options.keys() & {"verify", "cert"}:
        context = _ssl_context(options.get("verify", True), options.get("cert"))
    else:
        # Nothing will be encrypted. To read the certificates that are trusted takes a while.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    proxy = None
    if proxy_url is not None:
        proxy = httpx.Proxy(proxy_url, ssl_context=context if has_secure_proxy else None)
    return {
        "proxy": proxy,
        "verify": context,
        "http2": http2,
        "limits": _LIMITS,
    }


def _ssl_context(verify: VerifyInput, cert: CertInput) -> ssl.SSLContext:
    if isinstance(verify, (bool, ssl.SSLContext)):
        context = httpx.create_ssl_context(verify)
    elif os.path.isdir(verify):
        context = ssl.create_default_context(capath=verify)
    else:
        context = ssl.create_default_context(cafile=verify)
    if cert is not None:
        context.load_cert_chain(*([cert] if isinstance(cert, str) else cert))
    return context


def client_settings(
    auth: VisualSnoopHMACAuth, options: ClientOptions | AsyncClientOptions
) -> dict[str, Any]:
    hooks = {"request": options.get("on_request"), "response": options.get("on_response")}
    return {
        "auth": auth,
        "headers": {
            "User-Agent": f"visualsnoop/{__version__}",
            "Accept-Encoding": ", ".join(ACCEPTED_ENCODINGS),
            **(options.get("headers") or {}),
        },
        "timeout": httpx_timeout(options.get("timeout"), _DEFAULT_TIMEOUT),
        "event_hooks": {event: [hook] for event, hook in hooks.items() if hook is not None},
    }
