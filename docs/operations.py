"""How the manual shows the operations of the contract: with a request by curl for each."""

from collections.abc import Iterator
from typing import Any

from sphinx.application import Sphinx
from sphinxcontrib.openapi.directive import create_directive_from_renderer
from sphinxcontrib.openapi.renderers import HttpdomainRenderer

from scripts.curl_examples import curl


class OperationsRenderer(HttpdomainRenderer):
    """What sphinxcontrib-openapi makes of an operation, after a request by curl."""

    def render_operation(
        self, endpoint: str, method: str, operation: dict[str, Any]
    ) -> Iterator[str]:
        description = [operation["description"], f"```sh\n{curl(endpoint, method, operation)}\n```"]
        if "requestBody" in operation:
            description.append(f"**Body:** {operation['requestBody']['description']}")
        described = {**operation, "description": "\n\n".join(description)}
        yield from super().render_operation(endpoint, method, described)


def setup(app: Sphinx) -> None:
    app.add_directive("operations", create_directive_from_renderer(OperationsRenderer))
