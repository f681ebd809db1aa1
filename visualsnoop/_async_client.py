"""`_client` for asyncio."""

import httpx

from ._async_transport import AsyncConnectRetryTransport
from ._client import (
    AsyncClientOptions,
    ProxiesInput,
    add_headers,
    check_options,
    client_settings,
    transport_settings,
)
from .auth import VisualSnoopHMACAuth


def build_async_client(
    endpoint: httpx.URL,
    auth: VisualSnoopHMACAuth,
    proxies: ProxiesInput,
    max_retries: int,
    options: AsyncClientOptions,
) -> httpx.AsyncClient:
    """`build_client` for asyncio."""
    check_options(options, AsyncClientOptions.__optional_keys__, proxies)
    transport = options.get("transport")
    user_client = options.get("http_client")
    if transport is None and user_client is not None:
        transport = _AsyncUserClientTransport(user_client)
    is_direct = False
    if transport is None:
        settings = transport_settings(endpoint, proxies, options)
        is_direct = settings["proxy"] is None
        transport = httpx.AsyncHTTPTransport(**settings)
    retrying = AsyncConnectRetryTransport(
        transport, is_direct, max_retries, options.get("on_attempt")
    )
    return httpx.AsyncClient(transport=retrying, **client_settings(auth, options))


class _AsyncUserClientTransport(httpx.AsyncBaseTransport):
    """`_UserClientTransport` for asyncio."""

    def __init__(self, user_client: httpx.AsyncClient) -> None:
        self._client = user_client

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        add_headers(request, self._client.headers)
        return await self._client.send(request, stream=True, auth=None, follow_redirects=False)
