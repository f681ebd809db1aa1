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
            `all://host`), each with the URL of a proxy; `no_proxy` lists hosts to reach directly.
            What it does not say is taken from the environment: HTTP_PROXY, HTTPS_PROXY,
            ALL_PROXY and NO_PROXY, in upper or lower case.
    """
    given = dict(proxies or {})
    environment = urllib.request.getproxies()
    no_proxy = given.pop("no_proxy", None) or environment.pop("no", None)
    if no_proxy and _is_listed(endpoint, no_proxy):
        return None
    candidates = {**environment, **given}
    scheme, host = endpoint.scheme, endpoint.host
    for key in (f"{scheme}://{host}", scheme, f"all://{host}", "all"):
        if key in candidates:
            proxy = candidates[key]
            return proxy if not proxy or "://" in proxy else f"http://{proxy}"
    return None


def _is_listed(endpoint: httpx.URL, no_proxy: str) -> bool:
    """Whether a NO_PROXY list names the host: itself, a domain or network it is in, or `*`."""
    host = endpoint.host
    host_and_port = f"{host}:{endpoint.port}"
    for entry in (entry.strip().lower().lstrip(".") for entry in no_proxy.split(",")):
        if entry in ("*", host, host_and_port):
            return True
        if entry and host.endswith(f".{entry}"):
            return True
        if _is_in_network(host, entry):
            return True
    return False


def _is_in_network(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
