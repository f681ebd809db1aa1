from typing import Any

import httpx

from ... import errors
from ...client import Client
from ...models.error_body import ErrorBody
from ...models.image_list import ImageList
from ...types import UNSET, Response, Unset


def build_request(
    *,
    start: str | Unset = UNSET,
    count: int | Unset = UNSET,
) -> dict[str, Any]:
    """The arguments of `httpx.Client.request` that make this call; the URL is relative."""

    params: dict[str, Any] = {}

    params["start"] = start

    params["count"] = count

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/images",
        "params": params,
    }

    return _kwargs


def parse(response: httpx.Response) -> ErrorBody | ImageList | None:
    """The body of an answer as its model; None where the status is not in the API description.

    Raises:
        ValueError, TypeError, KeyError: If the body is not the JSON that the API describes.
    """
    if response.status_code == 200:
        response_200 = ImageList.from_dict(response.json())

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


def _build_response(*, client: Client, response: httpx.Response) -> Response[ErrorBody | ImageList]:
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
    start: str | Unset = UNSET,
    count: int | Unset = UNSET,
    timeout: httpx.Timeout | float | None | Unset = UNSET,
) -> Response[ErrorBody | ImageList]:
    """List the images of the collection, newest first

     The list comes in pages. To get the next one, pass `next_image_id` of the answer as `start`;
    on the last page it is null. Images of the same time come in reverse order of their IDs.

    Args:
        start (str | Unset): Any string of 1 to 100 characters (Unicode code points) without
            U+0000, unique in its
            collection.
             Example: holiday/beach.jpg.
        count (int | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorBody | ImageList]
    """

    request = build_request(
        start=start,
        count=count,
    )
    if not isinstance(timeout, Unset):
        request["timeout"] = timeout
    response = client.get_httpx_client().request(**request)
    return _build_response(client=client, response=response)


def sync(
    *,
    client: Client,
    start: str | Unset = UNSET,
    count: int | Unset = UNSET,
    timeout: httpx.Timeout | float | None | Unset = UNSET,
) -> ErrorBody | ImageList | None:
    """List the images of the collection, newest first

     The list comes in pages. To get the next one, pass `next_image_id` of the answer as `start`;
    on the last page it is null. Images of the same time come in reverse order of their IDs.

    Args:
        start (str | Unset): Any string of 1 to 100 characters (Unicode code points) without
            U+0000, unique in its
            collection.
             Example: holiday/beach.jpg.
        count (int | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorBody | ImageList
    """

    return sync_detailed(
        client=client,
        start=start,
        count=count,
        timeout=timeout,
    ).parsed


async def asyncio_detailed(
    *,
    client: Client,
    start: str | Unset = UNSET,
    count: int | Unset = UNSET,
    timeout: httpx.Timeout | float | None | Unset = UNSET,
) -> Response[ErrorBody | ImageList]:
    """List the images of the collection, newest first

     The list comes in pages. To get the next one, pass `next_image_id` of the answer as `start`;
    on the last page it is null. Images of the same time come in reverse order of their IDs.

    Args:
        start (str | Unset): Any string of 1 to 100 characters (Unicode code points) without
            U+0000, unique in its
            collection.
             Example: holiday/beach.jpg.
        count (int | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorBody | ImageList]
    """

    request = build_request(
        start=start,
        count=count,
    )
    if not isinstance(timeout, Unset):
        request["timeout"] = timeout
    response = await client.get_async_httpx_client().request(**request)
    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: Client,
    start: str | Unset = UNSET,
    count: int | Unset = UNSET,
    timeout: httpx.Timeout | float | None | Unset = UNSET,
) -> ErrorBody | ImageList | None:
    """List the images of the collection, newest first

     The list comes in pages. To get the next one, pass `next_image_id` of the answer as `start`;
    on the last page it is null. Images of the same time come in reverse order of their IDs.

    Args:
        start (str | Unset): Any string of 1 to 100 characters (Unicode code points) without
            U+0000, unique in its
            collection.
             Example: holiday/beach.jpg.
        count (int | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorBody | ImageList
    """

    return (
        await asyncio_detailed(
            client=client,
            start=start,
            count=count,
            timeout=timeout,
        )
    ).parsed
