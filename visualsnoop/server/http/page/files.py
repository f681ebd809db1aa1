"""The files of the page, which are part of the package and need no keys."""

import mimetypes
from functools import cache
from hashlib import sha256
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

_FOLDER = Path(__file__).parent / "static"

# Only what comes from the service itself may run, be shown or be asked; `blob:` is for pictures
# that were chosen and are shown before they are sent.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Asked for each time, and answered with 304 while nothing has changed.
    "Cache-Control": "no-cache",
}


async def index(request: Request) -> Response:
    return _response(request, "index.html")


async def file(request: Request) -> Response:
    return _response(request, request.path_params["path"])


def _response(request: Request, path: str) -> Response:
    found = _files().get(path)
    if found is None:
        raise HTTPException(404)
    content, etag, media_type = found
    headers = {**_HEADERS, "ETag": etag}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=media_type)


@cache
def _files() -> dict[str, tuple[bytes, str, str]]:
    """All files by their path: content, ETag and media type. Read once: nothing else is served."""
    return {
        path.relative_to(_FOLDER).as_posix(): _described(path)
        for path in sorted(_FOLDER.rglob("*"))
        if path.suffix in (".html", ".js", ".css", ".svg")
    }


def _described(path: Path) -> tuple[bytes, str, str]:
    content = path.read_bytes()
    media_type, _ = mimetypes.guess_type(path.name)
    return content, f'"{sha256(content).hexdigest()[:32]}"', media_type or "text/plain"
