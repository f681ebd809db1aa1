"""Requests by curl for the operations of the contract, as the manual shows them."""

import shlex
from typing import Any
from urllib.parse import quote, urlencode


def curl(endpoint: str, method: str, operation: dict[str, Any]) -> str:
    """A request with the examples of the contract, by the function `signed` of the page.

    Args:
        endpoint: The path, with the names of parameters in braces.
        method: Of HTTP.
        operation: With all its parameters; references are resolved.
    """
    path, query = endpoint, {}
    for parameter in operation["parameters"]:
        name, value = parameter["name"], parameter["example"]
        if parameter["in"] == "path":
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        else:
            query[name] = value
    url = f"{path}?{urlencode(query, quote_via=quote, safe='')}" if query else path
    request = f"signed {method.upper()} {shlex.quote(url)}"
    if "requestBody" in operation:
        return f"{request} --upload-file photo.jpg"
    if "image/webp" in operation["responses"].get("200", {}).get("content", {}):
        return f"{request} --output thumbnail.webp"
    return request
