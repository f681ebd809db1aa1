from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import Client
from ...models.comparison import Comparison
from ...models.error_body import ErrorBody
from ...types import UNSET, File, Response, Unset


def build_request(
    image_id: str,
    *,
    body: File,
) -> dict[str, Any]:
    """The arguments of `httpx.Client.request` that make this call; the URL is relative."""
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "POST",
        "url": "/compare/{image_id}".format(
            image_id=quote(str(image_id), safe=""),
        ),
    }

    _kwargs["content"] = body.payload

    headers["Content-Type"] = "application/octet-stream"

    _kwargs["headers"] = headers
    return _kwargs


def parse(response: httpx.Response) -> Comparison | ErrorBody | None:
    """The body of an answer as its model; None where the status is not in the API description.

    Raises:
        ValueError, TypeError, KeyError: If the body is not the JSON that the API describes.
    """
    if response.status_code == 200:
        response_200 = Comparison.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = ErrorBody.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = ErrorBody.from_dict(response.json())

        return response_401

    if response.status_code == 404:
        response_404 = ErrorBody.from_dict(response.json())

        return response_404

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


def _build_response(
    *, client: Client, response: httpx.Response
) -> Response[Comparison | ErrorBody]:
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
    image_id: str,
    *,
    client: Client,
    body: File,
    timeout: httpx.Timeout | float | None | Unset = UNSET,
) -> Response[Comparison | ErrorBody]:
    """Compare the picture in the body with a stored image

     The picture is compared and forgotten; it is not added to the collection.

    Args:
        image_id (str): Any string of 1 to 100 characters (Unicode code points) without U+0000,
            unique in its
            collection.
             Example: holiday/beach.jpg.
        body (File):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Comparison | ErrorBody]
    """

    request = build_request(
        image_id=image_id,
        body=body,
    )
    if not isinstance(timeout, Unset):
        request["timeout"] = timeout
    response = client.get_httpx_client().request(**request)
    return _build_response(client=client, response=response)


def sync(
    image_id: str,
    *,
    client: Client,
    body: File,
    timeout: httpx.Timeout | float | None | Unset = UNSET,
) -> Comparison | ErrorBody | None:
    """Compare the picture in the body with a stored image

     The picture is compared and forgotten; it is not added to the collection.

    Args:
        image_id (str): Any string of 1 to 100 characters (Unicode code points) without U+0000,
            unique in its
            collection.
             Example: holiday/beach.jpg.
        body (File):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Comparison | ErrorBody
    """

    return sync_detailed(
        image_id=image_id,
        client=client,
        body=body,
        timeout=timeout,
    ).parsed


async def asyncio_detailed(
    image_id: str,
    *,
    client: Client,
    body: File,
    timeout: httpx.Timeout | float | None | Unset = UNSET,
) -> Response[Comparison | ErrorBody]:
    """Compare the picture in the body with a stored image

     The picture is compared and forgotten; it is not added to the collection.

    Args:
        image_id (str): Any string of 1 to 100 characters (Unicode code points) without U+0000,
            unique in its
            collection.
             Example: holiday/beach.jpg.
        body (File):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Comparison | ErrorBody]
    """

    request = build_request(
        image_id=image_id,
        body=body,
    )
    if not isinstance(timeout, Unset):
        request["timeout"] = timeout
    response = await client.get_async_httpx_client().request(**request)
    return _build_response(client=client, response=response)


async def asyncio(
    image_id: str,
    *,
    client: Client,
    body: File,
    timeout: httpx.Timeout | float | None | Unset = UNSET,
) -> Comparison | ErrorBody | None:
    """Compare the picture in the body with a stored image

     The picture is compared and forgotten; it is not added to the collection.

    Args:
        image_id (str): Any string of 1 to 100 characters (Unicode code points) without U+0000,
            unique in its
            collection.
             Example: holiday/beach.jpg.
        body (File):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Comparison | ErrorBody
    """

    return (
        await asyncio_detailed(
            image_id=image_id,
            client=client,
            body=body,
            timeout=timeout,
        )
    ).parsed
