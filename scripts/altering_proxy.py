"""A proxy that alters requests and answers on the way: a service that is newer, or wrong."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import httpx

AlterRequest = Callable[[httpx.Request], httpx.Request]
AlterAnswer = Callable[[Any], Any]

NEW_VALUE = "of_a_newer_server"


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
    with httpx.Client(base_url=f"{url.scheme}://{url.netloc}", timeout=60) as connection:

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = dict(self.headers.items())
                del headers["Host"]
                sent = connection.build_request(self.command, self.path, content=body)
                sent.headers.update(headers)
                response = connection.send(request(sent))
                altered = json.dumps(answer(response.json())).encode()
                self.send_response_only(response.status_code)
                for name, value in response.headers.items():
                    if name not in ("content-length", "connection"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(altered)))
                self.end_headers()
                self.wfile.write(altered)

            do_POST = do_PUT = do_DELETE = do_GET

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}{url.path}"
            server.shutdown()


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
