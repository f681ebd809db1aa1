"""A proxy that alters requests and answers on the way: a service that is newer, or wrong."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

AlterRequest = Callable[[httpx.Request], httpx.Request]
AlterAnswer = Callable[[Any], Any]

NEW_VALUE = "of_a_newer_server"

# They are about the connection, or about the body as it was.
_NOT_PASSED_ON = {"connection", "content-length", "content-type", "host", "transfer-encoding"}


@contextmanager
def altering(
    endpoint: str,
    request: AlterRequest = lambda request: request,
    answer: AlterAnswer = lambda answer: answer,
) -> Iterator[str]:
    """Run a proxy before a service for the time being; its endpoint.

    Args:
        endpoint: The service.
        request: What to send instead of a request.
        answer: What to answer instead of the JSON of an answer.
    """
    url = urlsplit(endpoint)

    async def pass_on(received: Request) -> JSONResponse:
        path = received.scope["raw_path"].decode() + f"?{received.url.query}"
        headers = {k: v for k, v in received.headers.items() if k not in _NOT_PASSED_ON}
        content = await received.body()
        sent = request(
            httpx.Request(
                received.method,
                f"{url.scheme}://{url.netloc}{path}",
                headers=headers,
                content=content,
            )
        )
        async with httpx.AsyncClient(timeout=60) as connection:
            response = await connection.send(sent)
        headers = {k: v for k, v in response.headers.items() if k not in _NOT_PASSED_ON}
        return JSONResponse(answer(response.json()), response.status_code, headers)

    methods = ["GET", "POST", "PUT", "DELETE"]
    app = Starlette(routes=[Route("/{path:path}", pass_on, methods=methods)])
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none", lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}{url.path}"
        finally:
            server.should_exit = True
            thread.join()


def of_a_newer_server(answer: Any) -> Any:
    """The answer with fields and values that this version does not know."""
    if isinstance(answer, list):
        return [of_a_newer_server(item) for item in answer]
    if not isinstance(answer, dict):
        return answer
    altered = {name: of_a_newer_server(value) for name, value in answer.items()}
    if "transform" in altered:
        altered["transform"] = NEW_VALUE
    return {**altered, "new_field": {"of": ["a newer", "server"]}}
