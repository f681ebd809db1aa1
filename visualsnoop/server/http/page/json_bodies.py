"""Small JSON bodies, which only the page sends."""

import asyncio
import json
from typing import Any

from starlette.requests import Request

from ...errors import bad_request, body_too_slow, too_large
from ..dependencies import Dependencies

_MAX_CHARACTERS = 200
_MAX_BYTES = 16 * 1024


async def json_object(
    request: Request, deps: Dependencies, max_bytes: int = _MAX_BYTES
) -> dict[str, Any]:
    """The JSON object that is the body of a request.

    Raises:
        APIError: 400, 408 or 413, if it is none, comes too slowly, or has more than `max_bytes`.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(deps.settings.send_time):
            async for piece in request.stream():
                body += piece
                if len(body) > max_bytes:
                    raise too_large(f"The body has more than {max_bytes} bytes")
    except TimeoutError:
        raise body_too_slow("The body came too slowly") from None
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise bad_request("The body must be a JSON object")
    return fields


def text_field(fields: dict[str, Any], name: str) -> str:
    """A text in a JSON object; raises `APIError` 400 if it is missing, or not a short text."""
    value = fields.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= _MAX_CHARACTERS or "\0" in value:
        raise bad_request(f"{name} must be a text of 1 to {_MAX_CHARACTERS} characters")
    return value


def flag_field(fields: dict[str, Any], name: str) -> bool:
    """A truth value in a JSON object; raises `APIError` 400 if it is missing, or something else."""
    value = fields.get(name)
    if not isinstance(value, bool):
        raise bad_request(f"{name} must be true or false")
    return value
