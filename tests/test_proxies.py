"""That proxies are chosen as Python Requests chooses them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any

import httpx
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from visualsnoop._proxies import proxy_for

VARIABLES = ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "no_proxy", "NO_PROXY")


@contextmanager
def environment(variables: dict[str, str]) -> Iterator[None]:
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            del os.environ[name]


def chosen_by_requests(url: str, proxies: dict[str, Any]) -> str | None:
    """The proxy; that a value may be None, the types of Requests do not say."""
    session = requests.Session()
    settings = session.merge_environment_settings(url, dict(proxies), None, None, None)
    return requests.utils.select_proxy(url, settings["proxies"]) or None


urls = st.sampled_from(
    [
        f"{scheme}://{host}/api/v1"
        for scheme, host in product(
            ("http", "https"),
            ("api.example.org", "api.example.org:8000", "127.0.0.1", "127.0.0.1:8000", "10.1.2.3"),
        )
    ]
)
proxy_urls = st.sampled_from(
    ["http://one:3128", "https://two", "http://u:p%40@three:8080", "socks5h://u:p@four:1080", ""]
)
keys = st.sampled_from(
    ["http", "https", "all", "http://api.example.org", "https://127.0.0.1", "all://10.1.2.3"]
)
no_proxies = st.lists(
    st.sampled_from(
        [
            "example.org",
            ".example.org",
            "API.example.ORG",
            "ample.org",
            "example.org:8000",
            "api.example.org:8000",
            "api.example.org:80",
            "127.0.0.1",
            "127.0.0.1:8000",
            "10.0.0.0/8",
            "10.0.0.0/16",
            "0.0.1",
            "*",
            "",
        ]
    ),
    max_size=3,
).map(", ".join)


@settings(deadline=None)
@given(
    urls,
    st.dictionaries(keys, proxy_urls | st.none(), max_size=3),
    # What an empty no_proxy beside a NO_PROXY means, Requests itself is of two minds about.
    st.fixed_dictionaries(
        {},
        optional={
            name: no_proxies.filter(bool) if "no" in name.lower() else proxy_urls
            for name in VARIABLES
        },
    ),
)
def test_proxy_is_the_one_that_requests_chooses(
    url: str, proxies: dict[str, str | None], variables: dict[str, str]
) -> None:
    with environment(variables):
        assert proxy_for(httpx.URL(url), proxies) == chosen_by_requests(url, proxies)


@settings(deadline=None)
@given(urls, no_proxies)
def test_given_no_proxy_takes_the_place_of_that_of_the_environment(url: str, listed: str) -> None:
    variables = {"all_proxy": "http://one:3128", "no_proxy": "*"}
    with environment(variables):
        ours = proxy_for(httpx.URL(url), {"no_proxy": listed})
        assert ours == chosen_by_requests(url, {"no_proxy": listed})


def test_given_no_proxy_concerns_given_proxies() -> None:
    proxies = {"http": "http://one:3128", "no_proxy": "example.org"}
    assert proxy_for(httpx.URL("http://example.org"), proxies) is None
    assert proxy_for(httpx.URL("http://example.com"), proxies) == "http://one:3128"


@pytest.mark.parametrize("listed", ["::1", "fd00::/8, ::/64"])
def test_addresses_of_ipv6_are_listed_singly_and_as_networks(listed: str) -> None:
    proxies = {"all": "http://one:3128", "no_proxy": listed}
    assert proxy_for(httpx.URL("http://[::1]:8000"), proxies) is None
    assert proxy_for(httpx.URL("http://[2001:db8::1]:8000"), proxies) == "http://one:3128"


@pytest.mark.parametrize("proxy", ["http://", "//:", "http://user:s3cret@", "http://ho st:s3cret"])
def test_proxy_that_is_no_url_is_refused_without_being_shown(proxy: str) -> None:
    with pytest.raises(ValueError, match="a proxy must be a URL") as caught:
        proxy_for(httpx.URL("http://example.org"), {"all": proxy})
    assert "s3cret" not in str(caught.value)
