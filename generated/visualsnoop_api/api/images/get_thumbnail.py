from io import BytesIO
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import Client
from ...models.error_body import ErrorBody
from ...types import UNSET, File, Response, Unset


def build_request(
    image_id: str,
) -> dict[str, Any]:
    """The arguments of `httpx.Client.request` that make this call; the URL is relative."""

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/image/{image_id}/thumbnail".format(
            image_id=quote(str(image_id), safe=""),
        ),
    }

    return _kwargs


def parse(response: httpx.Response) -> ErrorBody | File | None:
    """The body of an answer as its model; None where the status is not in the API description.

    Raises:
        ValueError, TypeError, KeyError: If the body is not the JSON that the API describes.
    """
    if response.status_code == 200:
        response_200 = File(payload=BytesIO(response.content))

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


def _build_response(*, client: Client, response: httpx.Response) -> Response[ErrorBody | File]:
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
    timeout: httpx.Timeout | float | None | Unset = UNSET,
) -> Response[ErrorBody | File]:
    """Get the thumbnail of an image

     A small copy of the picture, upright, as WebP, with no side longer than 256 pixels. Only
    collections whose operator wants it keep thumbnails, of the images that are added from then
    on; of any other image the answer is 404.

    Args:
        image_id (str): Any string of 1 to 100 characters (Unicode code points) without U+0000,
            unique in its
            collection.
             Example: holiday/beach.jpg.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorBody | File]
    """

    request = build_request(
        image_id=image_id,
    )
    if not isinstance(timeout, Unset):
        request["timeout"] = timeout
    response = client.get_httpx_client().request(**request)
    return _build_response(client=client, response=response)


def sync(
    image_id: str,
    *,
    client: Client,
    timeout: httpx.Timeout | float | None | Unset = UNSET,
) -> ErrorBody | File | None:
    """Get the thumbnail of an image

     A small copy of the picture, upright, as WebP, with no side longer than 256 pixels. Only
    collections whose operator wants it keep thumbnails, of the images that are added from then
    on; of any other image the answer is 404.

    Args:
        image_id (str): Any string of 1 to 100 characters (Unicode code points) without U+0000,
            unique in its
            collection.
             Example: holiday/beach.jpg.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorBody | File
    """

    return sync_detailed(
        image_id=image_id,
        client=client,
        timeout=timeout,
    ).parsed


async def asyncio_detailed(
    image_id: str,
    *,
    client: Client,
    timeout: httpx.Timeout | float | None | Unset = UNSET,
) -> Response[ErrorBody | File]:
    """Get the thumbnail of an image

     A small copy of the picture, upright, as WebP, with no side longer than 256 pixels. Only
    collections whose operator wants it keep thumbnails, of the images that are added from then
    on; of any other image the answer is 404.

    Args:
        image_id (str): Any string of 1 to 100 characters (Unicode code points) without U+0000,
            unique in its
            collection.
             Example: holiday/beach.jpg.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorBody | File]
    """

    request = build_request(
        image_id=image_id,
    )
    if not isinstance(timeout, Unset):
        request["timeout"] = timeout
    response = await client.get_async_httpx_client().request(**request)
    return _build_response(client=client, response=response)


async def asyncio(
    image_id: str,
    *,
    client: Client,
    timeout: httpx.Timeout | float | None | Unset = UNSET,
) -> ErrorBody | File | None:
    """Get the thumbnail of an image

     A small copy of the picture, upright, as WebP, with no side longer than 256 pixels. Only
    collections whose operator wants it keep thumbnails, of the images that are added from then
    on; of any other image the answer is 404.

    Args:
        image_id (str): Any string of 1 to 100 characters (Unicode code points) without U+0000,
            unique in its
            collection.
             Example: holiday/beach.jpg.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorBody | File
    """

    return (
        await asyncio_detailed(
            image_id=image_id,
            client=client,
            timeout=timeout,
        )
    ).parsed
