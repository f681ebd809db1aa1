"""The parameters of requests, checked as the contract describes them."""

import math
from collections.abc import Sequence
from urllib.parse import unquote

from starlette.requests import Request

from ..errors import bad_request

MAX_COUNT = 1000
"""So many images, results or groups are in one response at most."""

MAX_OFFSET = 100_000

_LONGEST_IMAGE_ID = 100


def path_image_id(request: Request, name: str = "image_id") -> str:
    """An image ID in the path.

    Raises:
        APIError: 400, if it is not one.
    """
    # The application routes by the path as it was sent, so this is still percent-encoded.
    encoded: str = request.path_params[name]
    try:
        return checked_image_id(unquote(encoded, errors="strict"))
    except UnicodeDecodeError:
        raise bad_request("The image ID in the path is not percent-encoded UTF-8") from None


def checked_image_id(image_id: str) -> str:
    """The image ID, unless it is none; raises as `path_image_id` does."""
    if not 1 <= len(image_id) <= _LONGEST_IMAGE_ID:
        raise bad_request(
            f"An image ID must have 1 to {_LONGEST_IMAGE_ID} characters, not {len(image_id)}"
        )
    if "\0" in image_id:
        raise bad_request("An image ID must not contain the character U+0000")
    return image_id


def integer(request: Request, name: str, *, least: int, most: int, default: int) -> int:
    """A whole number in the query.

    Raises:
        APIError: 400, if it is none, or not from `least` to `most`.
    """
    text = request.query_params.get(name)
    if text is None:
        return default
    # int() alone would also take '+1', '1_000' and digits of other scripts.
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
    if value is None or not least <= value <= most:
        raise bad_request(f"{name} must be a whole number from {least} to {most}, not {text!r}")
    return value


def number(request: Request, name: str, *, least: float, most: float, default: float) -> float:
    """A number in the query; raises as `integer` does."""
    text = request.query_params.get(name)
    if text is None:
        return default
    try:
        value = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        raise bad_request(f"{name} must be a number from {least:g} to {most:g}, not {text!r}")
    return value


def choice(request: Request, name: str, choices: Sequence[str], *, default: str) -> str:
    """One of several words in the query; raises as `integer` does."""
    text = request.query_params.get(name, default)
    if text not in choices:
        raise bad_request(
            f"{name} must be {', '.join(choices[:-1])} or {choices[-1]}, not {text!r}"
        )
    return text
