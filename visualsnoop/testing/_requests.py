"""From a request as it was sent to the operation that answers it."""

import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import httpx
from attrs import frozen

from .._dates import http_date
from .._request_attempts import sent_path
from ..auth import SCHEME, signature
from . import _operations
from ._operations import Operation
from ._refusals import Refusal, bad_request, unauthorized, unreadable

BASE_PATH = "/api/v1"

_CLOCK_WINDOW = timedelta(minutes=15)

_OPERATIONS: dict[str, dict[str, Operation]] = {
    "/collection": {"GET": _operations.get_collection},
    "/image": {"POST": _operations.add_image},
    "/image/{image_id}": {
        "POST": _operations.add_image_with_id,
        "PUT": _operations.add_or_replace_image,
        "GET": _operations.get_image,
        "DELETE": _operations.delete_image,
    },
    "/image/{image_id}/thumbnail": {"GET": _operations.get_thumbnail},
    "/images": {"GET": _operations.list_images},
    "/search": {"POST": _operations.search_images},
    "/search/{image_id}": {"GET": _operations.search_images_by_id},
    "/compare/{image_id}": {"POST": _operations.compare_image},
    "/compare/{image_id}/{other_id}": {"GET": _operations.compare_images_by_id},
    "/duplicates": {"GET": _operations.list_duplicates},
    "/not-duplicates/{image_id}/{other_id}": {
        "PUT": _operations.set_not_duplicates,
        "DELETE": _operations.unset_not_duplicates,
    },
}

_CHANGES = {
    _operations.add_image,
    _operations.add_image_with_id,
    _operations.add_or_replace_image,
    _operations.delete_image,
    _operations.set_not_duplicates,
    _operations.unset_not_duplicates,
}


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]*)", re.escape(BASE_PATH + path)))


_ROUTES = [(_pattern(path), by_method) for path, by_method in _OPERATIONS.items()]


@frozen
class Route:
    """The operation of a request, and the image IDs in its path."""

    operation: Operation
    image_ids: Mapping[str, str]

    @property
    def changes(self) -> bool:
        """Whether it changes the collection, which a read-only key pair must not."""
        return self.operation in _CHANGES


def find_route(request: httpx.Request) -> Route:
    """The route of a request.

    Raises:
        Refusal: 404 or 405, if there is none.
    """
    path = sent_path(request)
    for pattern, by_method in _ROUTES:
        found = pattern.fullmatch(path)
        if found and request.method in by_method:
            return Route(by_method[request.method], found.groupdict())
        if found:
            allowed = ", ".join(sorted(by_method))
            raise Refusal(405, f"{request.method} is not possible here", {"Allow": allowed})
    raise Refusal(404, f"There is nothing at {path}; in image IDs a slash is sent as %2F")


def decoded_image_ids(route: Route) -> dict[str, str]:
    """The image IDs in the path of a request.

    Raises:
        Refusal: 400, if one is none.
    """
    try:
        image_ids = {name: unquote(sent, errors="strict") for name, sent in route.image_ids.items()}
    except UnicodeDecodeError:
        raise bad_request("The image ID in the path is not percent-encoded UTF-8") from None
    for image_id in image_ids.values():
        if not 1 <= len(image_id) <= 100:
            raise bad_request(f"An image ID must have 1 to 100 characters, not {len(image_id)}")
        if "\0" in image_id:
            raise bad_request("An image ID must not contain the character U+0000")
    return image_ids


def check_signature(request: httpx.Request, secret_keys: Mapping[str, str]) -> str:
    """The public key that has signed a request.

    Args:
        request: The request.
        secret_keys: The secret key of each public key.

    Raises:
        Refusal: 401, if it is not signed, not by a known key, or not at about this time.
    """
    authorization: str = request.headers.get("authorization", "")
    scheme, _, credentials = authorization.partition(" ")
    public_key, colon, given = credentials.strip().partition(":")
    if scheme.lower() != SCHEME.lower() or not colon:
        raise unauthorized(
            f"Sign the request: 'Authorization: {SCHEME} <public key>:<signature>' is missing"
        )
    date = request.headers.get("date", "")
    sent = http_date(date)
    if sent is None:
        raise unauthorized("The Date header is missing, or not a date as RFC 1123 has it")
    if abs(datetime.now(UTC) - sent) > _CLOCK_WINDOW:
        raise unauthorized("The Date header is too far from the clock of the server: set the clock")
    secret_key = secret_keys.get(public_key, "")
    wanted = signature(secret_key, request.method, sent_path(request), date)
    if public_key not in secret_keys or not hmac.compare_digest(wanted.encode(), given.encode()):
        raise unauthorized(
            "The public key is not known or not valid any more, or the signature is wrong: check "
            "both keys"
        )
    return public_key


def check_is_no_form(body: bytes) -> None:
    """Refuse what is sent by those who think that a picture is a field of something."""
    for kind, start in _FORMS.items():
        if re.match(start, body[:1000]):
            raise unreadable(
                f"The body is {kind}: send the bytes of the file as the body, and nothing else "
                "(curl --data-binary @photo.jpg)"
            )


_FORMS = {
    "a multipart form": rb"(\r\n)?--[^\r\n]{1,100}\r\nContent-",
    "JSON": rb"\s*[\[{\"]",
    "a form": rb"[\w.%+-]{1,100}=[\w.%+*&=/:-]*\Z",
}
