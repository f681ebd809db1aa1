from typing import Any

import httpx

from ... import errors
from ...client import Client
from ...models.error_body import ErrorBody
from ...models.search_images_regions import SearchImagesRegions
from ...models.search_results import SearchResults
from ...types import UNSET, File, Response, Unset


def build_request(
    *,
    body: File,
    count: int | Unset = UNSET,
    min_score: float | Unset = UNSET,
    offset: int | Unset = UNSET,
    regions: SearchImagesRegions | Unset = UNSET,
) -> dict[str, Any]:
    """The arguments of `httpx.Client.request` that make this call; the URL is relative."""
    headers: dict[str, Any] = {}

    params: dict[str, Any] = {}

    params["count"] = count

    params["min_score"] = min_score

    params["offset"] = offset

    json_regions: str | Unset = UNSET
    if not isinstance(regions, Unset):
        json_regions = regions

    params["regions"] = json_regions

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "POST",
        "url": "/search",
        "params": params,
    }

    _kwargs["content"] = body.payload

    headers["Content-Type"] = "application/octet-stream"

    _kwargs["headers"] = headers
    return _kwargs


def parse(response: httpx.Response) -> ErrorBody | SearchResults | None:
    """The body of an answer as its model; None where the status is not in the API description.

    Raises:
        ValueError, TypeError, KeyError: If the body is not the JSON that the API describes.
    """
    if response.status_code == 200:
        response_200 = SearchResults.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = ErrorBody.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = ErrorBody.from_dict(response.json())

        return response_401

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
) -> Response[ErrorBody | SearchResults]:
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
    count: int | Unset = UNSET,
    min_score: float | Unset = UNSET,
    offset: int | Unset = UNSET,
    regions: SearchImagesRegions | Unset = UNSET,
    timeout: httpx.Timeout | float | None | Unset = UNSET,
) -> Response[ErrorBody | SearchResults]:
    """Find the images that are similar to the picture in the body

     The picture is compared and forgotten; it is not added to the collection. Where nothing is
    similar enough, the list of results is empty.

    Args:
        count (int | Unset):
        min_score (float | Unset):
        offset (int | Unset):
        regions (SearchImagesRegions | Unset):
        body (File):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorBody | SearchResults]
    """

    request = build_request(
        body=body,
        count=count,
        min_score=min_score,
        offset=offset,
        regions=regions,
    )
    if not isinstance(timeout, Unset):
        request["timeout"] = timeout
    response = client.get_httpx_client().request(**request)
    return _build_response(client=client, response=response)


def sync(
    *,
    client: Client,
    body: File,
    count: int | Unset = UNSET,
    min_score: float | Unset = UNSET,
    offset: int | Unset = UNSET,
    regions: SearchImagesRegions | Unset = UNSET,
    timeout: httpx.Timeout | float | None | Unset = UNSET,
) -> ErrorBody | SearchResults | None:
    """Find the images that are similar to the picture in the body

     The picture is compared and forgotten; it is not added to the collection. Where nothing is
    similar enough, the list of results is empty.

    Args:
        count (int | Unset):
        min_score (float | Unset):
        offset (int | Unset):
        regions (SearchImagesRegions | Unset):
        body (File):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorBody | SearchResults
    """

    return sync_detailed(
        client=client,
        body=body,
        count=count,
        min_score=min_score,
        offset=offset,
        regions=regions,
        timeout=timeout,
    ).parsed


async def asyncio_detailed(
    *,
    client: Client,
    body: File,
    count: int | Unset = UNSET,
    min_score: float | Unset = UNSET,
    offset: int | Unset = UNSET,
    regions: SearchImagesRegions | Unset = UNSET,
    timeout: httpx.Timeout | float | None | Unset = UNSET,
) -> Response[ErrorBody | SearchResults]:
    """Find the images that are similar to the picture in the body

     The picture is compared and forgotten; it is not added to the collection. Where nothing is
    similar enough, the list of results is empty.

    Args:
        count (int | Unset):
        min_score (float | Unset):
        offset (int | Unset):
        regions (SearchImagesRegions | Unset):
        body (File):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorBody | SearchResults]
    """

    request = build_request(
        body=body,
        count=count,
        min_score=min_score,
        offset=offset,
        regions=regions,
    )
    if not isinstance(timeout, Unset):
        request["timeout"] = timeout
    response = await client.get_async_httpx_client().request(**request)
    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: Client,
    body: File,
    count: int | Unset = UNSET,
    min_score: float | Unset = UNSET,
    offset: int | Unset = UNSET,
    regions: SearchImagesRegions | Unset = UNSET,
    timeout: httpx.Timeout | float | None | Unset = UNSET,
) -> ErrorBody | SearchResults | None:
    """Find the images that are similar to the picture in the body

     The picture is compared and forgotten; it is not added to the collection. Where nothing is
    similar enough, the list of results is empty.

    Args:
        count (int | Unset):
        min_score (float | Unset):
        offset (int | Unset):
        regions (SearchImagesRegions | Unset):
        body (File):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorBody | SearchResults
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            count=count,
            min_score=min_score,
            offset=offset,
            regions=regions,
            timeout=timeout,
        )
    ).parsed
