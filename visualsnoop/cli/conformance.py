"""The command `conformance`: does a server answer as the contract says?"""

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from email.utils import formatdate
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import httpx
import visualsnoop_api.api
from attrs import define, field
from visualsnoop_api.api.images import delete_image, list_images
from visualsnoop_api.models import ImageList
from visualsnoop_api.types import File

from ..auth import VisualSnoopHMACAuth, signature
from .connecting import credentials
from .options import profile_option

_PACKAGE = Path(__file__).parents[1]


@click.command()
@click.option("--endpoint", help="The server; otherwise that of VISUALSNOOP_ENDPOINT or login.")
@click.option(
    "--without-similarity", is_flag=True, help="Leave out what only a search for edits can answer."
)
@click.option(
    "--scenario",
    "file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Another scenario, with its pictures in a folder beside it.",
)
@profile_option
def conformance(
    endpoint: str | None, without_similarity: bool, file: Path | None, profile: str | None
) -> None:
    """Check that a server keeps the contract of the API.

    It plays the scenario of the contract with the keys in the environment, or stored by login.
    Their collection has to be empty, and is emptied at the end. The exit status is 1 if any answer
    differs.
    """
    public_key, secret_key, endpoint_set = credentials(profile)
    file = file or _scenario_file()
    scenario = json.loads(file.read_text(encoding="utf-8"))
    calls = [
        call for call in scenario["calls"] if not (without_similarity and call.get("similarity"))
    ]
    with httpx.Client(base_url=endpoint or endpoint_set, timeout=60) as connection:
        run = _Run(connection, public_key, secret_key, file.parent / "pictures")
        run.check_that_nothing_is_stored()
        try:
            failed = _report(calls, run.call) + _report(scenario["requests"], run.request)
        finally:
            run.delete_everything()
    click.echo(f"{len(calls) + len(scenario['requests']) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


def _scenario_file() -> Path:
    """The scenario that comes with the package, or that of the source code."""
    packaged = _PACKAGE / "spec" / "scenario.json"
    return packaged if packaged.exists() else _PACKAGE.parent / "spec" / "scenario.json"


def _report(steps: list[dict[str, Any]], differences: Callable[[dict[str, Any]], list[str]]) -> int:
    """Take steps, print what becomes of each, and count those that have failed."""
    failed = 0
    for step in steps:
        try:
            found = differences(step)
        except httpx.HTTPError as error:
            found = [f"there is no answer: {error}"]
        failed += bool(found)
        click.echo(f"{'FAILED' if found else 'passed'}  {step['name']}")
        for difference in found:
            click.echo(f"        {difference}")
    return failed


@define
class _Run:
    """A scenario that is being played.

    Attributes:
        connection: Sends the requests, relative to the endpoint.
        pictures: The folder of the pictures.
        saved: What later steps need of earlier answers.
    """

    connection: httpx.Client
    public_key: str
    secret_key: str
    pictures: Path
    saved: dict[str, Any] = field(factory=dict)

    def call(self, step: Mapping[str, Any]) -> list[str]:
        """Make a call of an operation; what is wrong with the answer."""
        operation = _operation(step["operation"])
        arguments = self._filled(step.get("parameters", {}))
        if "picture" in step:
            arguments["body"] = File((self.pictures / step["picture"]).read_bytes())
        auth = self._auth(step.get("secret_key", self.secret_key))
        response = self.connection.request(**operation.build_request(**arguments), auth=auth)
        differences = self._differences(step, response)
        try:
            if operation.parse(response) is None:
                differences.append("the contract has no such status for this operation")
        except (ValueError, TypeError, KeyError) as error:
            differences.append(f"the answer is not of the contract's schema: {error!r}")
        for name, wanted in step.get("save", {}).items():
            self.saved[name] = _json(response).get(wanted)
        return differences

    def request(self, step: Mapping[str, Any]) -> list[str]:
        """Send a request that no client would; what is wrong with the answer."""
        request = self.connection.build_request(
            step["method"],
            step["path"],
            headers=step.get("headers"),
            content=self._body(step.get("body")),
        )
        signing = step.get("sign", {})
        if signing is not None:
            self._sign(request, **signing)
        response = self.connection.send(request)
        differences = self._differences(step, response)
        for name, wanted in step.get("headers_of_answer", {}).items():
            if response.headers.get(name) != wanted:
                differences.append(f"{name} is {response.headers.get(name)!r}, not {wanted!r}")
        return differences

    def check_that_nothing_is_stored(self) -> None:
        """Refuse to run where images would be deleted that were there before.

        Raises:
            ValueError: If there are images, or the server does not list them.
        """
        if self._stored():
            raise ValueError("The collection is not empty, and would be emptied: use other keys")

    def delete_everything(self) -> None:
        """Delete what steps have left that failed."""
        for image_id in self._stored():
            request = delete_image.build_request(image_id=image_id)
            self.connection.request(**request, auth=self._auth(self.secret_key))

    def _stored(self) -> list[str]:
        try:
            request = list_images.build_request(count=1000)
            response = self.connection.request(**request, auth=self._auth(self.secret_key))
            listed = list_images.parse(response)
        except (httpx.HTTPError, ValueError, TypeError, KeyError) as error:
            raise ValueError(
                f"Images cannot be listed at {self.connection.base_url}: {error}"
            ) from error
        if not isinstance(listed, ImageList):
            message = _json(response).get("message", response.reason_phrase)
            raise ValueError(f"Images cannot be listed: {response.status_code} ({message})")
        return [image.id for image in listed.images]

    def _auth(self, secret_key: str) -> VisualSnoopHMACAuth:
        return VisualSnoopHMACAuth(self.public_key, secret_key)

    def _sign(self, request: httpx.Request, **signed: str) -> None:
        """Sign a request as it should be, but for what is given otherwise."""
        public_key = signed.get("public_key", self.public_key)
        secret_key = signed.get("secret_key", self.secret_key)
        method = signed.get("method", request.method)
        date = signed.get("date", formatdate(usegmt=True))
        path = signed.get("path", request.url.raw_path.decode("ascii").partition("?")[0])
        signed_text = signature(secret_key, method, path, date)
        request.headers["Date"] = date
        request.headers["Authorization"] = f"VSHMAC {public_key}:{signed_text}"

    def _body(self, body: Mapping[str, str] | None) -> bytes | None:
        if body is None:
            return None
        if "picture" in body:
            return (self.pictures / body["picture"]).read_bytes()
        return body["text"].encode()

    def _filled(self, expected: Any) -> Any:
        """The value with what was saved in it."""
        if isinstance(expected, list):
            return [self._filled(item) for item in expected]
        if not isinstance(expected, dict):
            return expected
        if "$saved" in expected:
            return self.saved.get(expected["$saved"])
        return {name: self._filled(value) for name, value in expected.items()}

    def _differences(self, step: Mapping[str, Any], response: httpx.Response) -> list[str]:
        answer = _json(response)
        expected = self._filled({"status": step["status"], **step.get("answer", {})})
        found = list(_differences(expected, answer, "answer"))
        if response.status_code != step["status"]:
            message = answer.get("message", "no message")
            found.insert(0, f"the status is {response.status_code} ({message})")
        return found


def _operation(operation_id: str) -> ModuleType:
    """The module of the generated client for an operation of the contract."""
    name = re.sub("([A-Z])", r"_\1", operation_id).lower()
    for tag in visualsnoop_api.api.__all__:
        operations = getattr(visualsnoop_api.api, tag)
        if name in operations.__all__:
            module: ModuleType = getattr(operations, name)
            return module
    raise ValueError(f"The contract has no operation {operation_id!r}")


def _json(response: httpx.Response) -> dict[str, Any]:
    """The object of an answer; an empty one where it has none."""
    try:
        answer = response.json()
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _differences(expected: Any, actual: Any, place: str) -> Iterator[str]:
    """Where a value has not at least the fields, and exactly the items, that are expected."""
    if isinstance(expected, dict) and "$at_least" in expected:
        if not isinstance(actual, (int, float)) or actual < expected["$at_least"]:
            yield f"{place} is {actual!r}, not at least {expected['$at_least']}"
    elif isinstance(expected, dict) and isinstance(actual, dict):
        for name, value in expected.items():
            yield from _differences(value, actual.get(name), f"{place}.{name}")
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for number, value in enumerate(expected):
            yield from _differences(value, actual[number], f"{place}[{number}]")
    elif expected != actual or type(expected) is not type(actual):
        yield f"{place} is {actual!r}, not {expected!r}"
