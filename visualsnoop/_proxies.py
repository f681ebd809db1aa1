"""Choosing the proxy for an endpoint by the rules of Python Requests."""

import ipaddress
import urllib.request
from collections.abc import Mapping

import httpx


def proxy_for(endpoint: httpx.URL, proxies: Mapping[str, str | None] | None) -> str | None:
    """The URL of the proxy through which to reach an endpoint; None to reach it directly.

    Args:
        endpoint: The URL of the API.
        proxies: As Requests takes it: `http`, `https`, `all`, or one host (`https://host`,
            `all://host`), each with the URL of a proxy, or None to leave out what the environment
            says of this key; `no_proxy` lists hosts to reach directly. What it does not say is
            taken from the environment: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, in upper
            or lower case. As with Requests, NO_PROXY does not concern proxies that are given;
            unlike there, a `no_proxy` that is given does.

    Raises:
        ValueError: If the proxy is not a URL.
    """
    given = dict(proxies or {})
    no_proxy = given.pop("no_proxy", None)
    if no_proxy is not None and _is_listed(endpoint, no_proxy):
        return None
    candidates = {**_of_environment(endpoint, no_proxy), **given}
    scheme, host = endpoint.scheme, endpoint.host
    for key in (f"{scheme}://{host}", scheme, f"all://{host}", "all"):
        proxy = candidates.get(key)
        if proxy is not None:
            return _as_url(proxy) if proxy else None
    return None


def without_password(proxy: str) -> str:
    """The URL of a proxy as it may be shown."""
    return str(httpx.URL(proxy).copy_with(username="", password=None, path="/")).rstrip("/")


def _of_environment(endpoint: httpx.URL, no_proxy: str | None) -> dict[str, str]:
    """The proxies of the environment, or of the settings of macOS and Windows."""
    found = urllib.request.getproxies()
    if no_proxy is None:
        is_bypassed = urllib.request.proxy_bypass(endpoint.host)
        if is_bypassed or _is_listed(endpoint, found.get("no", "")):
            return {}
    return found


def _is_listed(endpoint: httpx.URL, no_proxy: str) -> bool:
    """Whether a NO_PROXY list names the host: itself, or a domain or network that it is in."""
    if no_proxy == "*":
        return True
    hosts = [endpoint.host]
    if endpoint.port is not None and not _is_in_network(endpoint.host, "0.0.0.0/0"):
        hosts.append(f"{endpoint.host}:{endpoint.port}")
    for entry in (entry.strip().lower().lstrip(".") for entry in no_proxy.split(",")):
        if entry and any(f".{host}".endswith(f".{entry}") for host in hosts):
            return True
        if _is_in_network(endpoint.host, entry):
            return True
    return False


def _is_in_network(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _as_url(proxy: str) -> str:
    url = proxy if "://" in proxy else f"http://{proxy}"
    try:
        has_host = bool(httpx.URL(url).host)
    except httpx.InvalidURL:
        has_host = False
    if not has_host:
        # The proxy itself is not shown, as there may be a password in it.
        raise ValueError("a proxy must be a URL such as 'http://user:password@127.0.0.1:3128'")
    return url
