"""Every answer is as the contract says, whatever is asked (by Schemathesis, from the contract).

    CONTRACT_EXAMPLES=500 pytest tests/server/test_contract.py

asks more.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from scripts.local_service import client
from visualsnoop import VisualSnoopHMACAuth
from visualsnoop.server.storage.keys import NewKeys, create_keys

from ..pictures import different_picture

CONTRACT = Path(__file__).parents[2] / "spec" / "visualsnoop-v1.yaml"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
STORED = ["holiday/beach.jpg", "holiday/beach-cropped.jpg", "cat"]
PICTURES = [different_picture(number) for number in range(len(STORED))]

schemathesis.openapi.media_type("application/octet-stream", st.sampled_from(PICTURES) | st.binary())
contract = schemathesis.openapi.from_path(CONTRACT)
asking = settings(
    max_examples=int(os.environ.get("CONTRACT_EXAMPLES", "5")),
    deadline=None,
    # The images are stored before the first example, not before each.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@contract.hook
def map_path_parameters(
    context: schemathesis.HookContext, parameters: dict[str, Any] | None
) -> dict[str, Any] | None:
    """Ask for images that are stored about as often as for others."""
    return parameters and {
        name: STORED[len(value) % 3] if isinstance(value, str) and len(value) % 2 else value
        for name, value in parameters.items()
    }


@pytest.fixture(scope="module")
def contract_keys(database: str) -> NewKeys:
    return create_keys(database, "contract", "ada")


@pytest.fixture
def signer(contract_keys: NewKeys, service: str) -> VisualSnoopHMACAuth:
    """Signs for a collection in which the images of `STORED` are."""
    with client(service, contract_keys) as connection:
        for image_id, picture in zip(STORED, PICTURES, strict=True):
            connection.put(f"/image/{quote(image_id, safe='')}", content=picture)
    return VisualSnoopHMACAuth(contract_keys.public_key, contract_keys.secret_key)


@contract.parametrize()
@asking
def test_signed_request_is_answered_as_the_contract_says(
    case: schemathesis.Case[Any], service: str, signer: VisualSnoopHMACAuth
) -> None:
    # The operations have no headers; those that are made up here would spoil HTTP itself.
    case.headers.clear()
    response = case.call(base_url=service, auth=signer)
    case.validate_response(response, checks=CHECKS)


@contract.parametrize()
@asking
def test_request_without_a_right_signature_is_refused_as_the_contract_says(
    case: schemathesis.Case[Any], service: str, contract_keys: NewKeys
) -> None:
    case.headers.clear()
    is_operation = case.method.upper() == case.operation.method.upper()
    for auth in (None, VisualSnoopHMACAuth(contract_keys.public_key, "not the secret key")):
        response = case.call(base_url=service, auth=auth)
        case.validate_response(response, checks=CHECKS)
        assert response.status_code == (401 if is_operation else 405)
