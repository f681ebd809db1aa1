from typing import Any

import httpx

from ... import errors
from ...client import Client
from ...models.error_body import ErrorBody
from ...models.image import Image
from ...types import UNSET, File, Response, Unset


def build_request(
    *,
    body: File,
) -> dict[str, Any]:
    """The arguments of `httpx.Client.request` that make this call; the URL is relative."""
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "POST",
        "url": "/image",
    }

    _kwargs["content"] = body.payload

    headers["Content-Type"] = "application/octet-stream"

    _kwargs["headers"] = headers
    return _kwargs


def parse(response: httpx.Response) -> ErrorBody | Image | None:
    """The body of an answer as its model; None where the status is not in the API description.

    Raises:
        ValueError, TypeError, KeyError: If the body is not the JSON that the API describes.
    """
    if response.status_code == 201:
        response_201 = Image.from_dict(response.json())

        return response_201

    if response.status_code == 400:
        response_400 = ErrorBody.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = ErrorBody.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = ErrorBody.from_dict(response.json())

        return response_403

    if response.status_code == 408:
        response_408 = ErrorBody.from_dict(response.json())

        return response_408

    if response.status_code == 413:
        response_413 = ErrorBody.from_dict(response.json())

        return response_413

    if response.status_code == 415:
        response_415 = ErrorBody.from_dict(response.json())

        return response_415

    if response.status_code == 429:
        response_429 = ErrorBody.from_dict(response.json())

        return response_429

    if response.status_code == 500:
        response_500 = ErrorBody.from_dict(response.json())

        return response_500

    if response.status_code == 503:
        response_503 = ErrorBody.from_dict(response.json())

        return response_503

    return None


def _build_response(*, client: Client, response: httpx.Response) -> Response[ErrorBody | Image]:
    parsed = parse(response)
    if parsed is None and client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=parsed,
    )


def sync_detailed(
    *,
    client: Client,
    body: File,
    timeout: httpx.Timeout | float | None | Unset = UNSET,
) -> Response[ErrorBody | Image]:
    """Add an image and let the service make its ID

     The new ID, 32 hexadecimal characters, is in the answer. The same picture added twice is
    stored twice, under two IDs.

    Args:
        body (File):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorBody | Image]
    """

    request = build_request(
        body=body,
    )
    if not isinstance(timeout, Unset):
        request["timeout"] = timeout
    response = client.get_httpx_client().request(**request)
    return _build_response(client=client, response=response)


def sync(
    *,
    client: Client,
    body: File,
    timeout: httpx.Timeout | float | None | Unset = UNSET,
) -> ErrorBody | Image | None:
    """Add an image and let the service make its ID

     The new ID, 32 hexadecimal characters, is in the answer. The same picture added twice is
    stored twice, under two IDs.

    Args:
        body (File):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorBody | Image
    """

    return sync_detailed(
        client=client,
        body=body,
        timeout=timeout,
    ).parsed


async def asyncio_detailed(
    *,
    client: Client,
    body: File,
    timeout: httpx.Timeout | float | None | Unset = UNSET,
) -> Response[ErrorBody | Image]:
    """Add an image and let the service make its ID

     The new ID, 32 hexadecimal characters, is in the answer. The same picture added twice is
    stored twice, under two IDs.

    Args:
        body (File):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorBody | Image]
    """

    request = build_request(
        body=body,
    )
    if not isinstance(timeout, Unset):
        request["timeout"] = timeout
    response = await client.get_async_httpx_client().request(**request)
    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: Client,
    body: File,
    timeout: httpx.Timeout | float | None | Unset = UNSET,
) -> ErrorBody | Image | None:
    """Add an image and let the service make its ID

     The new ID, 32 hexadecimal characters, is in the answer. The same picture added twice is
    stored twice, under two IDs.

    Args:
        body (File):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorBody | Image
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            timeout=timeout,
        )
    ).parsed
