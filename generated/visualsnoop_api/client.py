from dataclasses import dataclass, field
from typing import Any, Self

import httpx


@dataclass(slots=True)
class Client:
    """Where the API is and how to reach it; passed to every function of `visualsnoop_api.api`.

    Use it as a context manager, or leave its connections to the garbage collector.

    Attributes:
        base_url: The URL of the API, with its base path.
        auth: Signs each request.
        headers: Sent with every request.
        timeout: How long to wait for the server, unless a call says otherwise.
        raise_on_unexpected_status: Raise `errors.UnexpectedStatus` when the status of an answer is
            not in the API description; otherwise the answer is returned with `parsed` None.
        httpx_args: More arguments for `httpx.Client` and `httpx.AsyncClient`.
    """

    base_url: str
    auth: httpx.Auth | None = None
    headers: dict[str, str] = field(default_factory=dict, kw_only=True)
    timeout: httpx.Timeout | float | None = field(default=5.0, kw_only=True)
    raise_on_unexpected_status: bool = field(default=False, kw_only=True)
    httpx_args: dict[str, Any] = field(default_factory=dict, kw_only=True)
    _client: httpx.Client | None = field(default=None, init=False, repr=False)
    _async_client: httpx.AsyncClient | None = field(default=None, init=False, repr=False)

    def get_httpx_client(self) -> httpx.Client:
        """The `httpx.Client` that sends the requests; made when first needed."""
        if self._client is None:
            self._client = httpx.Client(**self._settings())
        return self._client

    def get_async_httpx_client(self) -> httpx.AsyncClient:
        """The `httpx.AsyncClient` that sends the requests; made when first needed."""
        if self._async_client is None:
            self._async_client = httpx.AsyncClient(**self._settings())
        return self._async_client

    def _settings(self) -> dict[str, Any]:
        return {
            "base_url": self.base_url,
            "auth": self.auth,
            "headers": self.headers,
            "timeout": self.timeout,
            **self.httpx_args,
        }

    def __enter__(self) -> Self:
        self.get_httpx_client().__enter__()
        return self

    def __exit__(self, *args: Any) -> None:
        self.get_httpx_client().__exit__(*args)

    async def __aenter__(self) -> Self:
        await self.get_async_httpx_client().__aenter__()
        return self

    async def __aexit__(self, *args: Any) -> None:
        await self.get_async_httpx_client().__aexit__(*args)
