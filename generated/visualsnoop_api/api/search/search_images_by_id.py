from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import Client
from ...models.error_body import ErrorBody
from ...models.search_by_id_results import SearchByIdResults
from ...types import UNSET, Response, Unset


def build_request(
    image_id: str,
    *,
    count: int | Unset = UNSET,
    min_score: float | Unset = UNSET,
    offset: int | Unset = UNSET,
) -> dict[str, Any]:
    """The arguments of `httpx.Client.request` that make this call; the URL is relative."""

    params: dict[str, Any] = {}

    params["count"] = count

    params["min_score"] = min_score

    params["offset"] = offset

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/search/{image_id}".format(
            image_id=quote(str(image_id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def parse(response: httpx.Response) -> ErrorBody | SearchByIdResults | None:
    """The body of an answer as its model; None where the status is not in the API description.

    Raises:
        ValueError, TypeError, KeyError: If the body is not the JSON that the API describes.
    """
    if response.status_code == 200:
        response_200 = SearchByIdResults.from_dict(response.json())

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


def _build_response(
    *, client: Client, response: httpx.Response
) -> Response[ErrorBody | SearchByIdResults]:
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
    count: int | Unset = UNSET,
    min_score: float | Unset = UNSET,
    offset: int | Unset = UNSET,
    timeout: httpx.Timeout | float | None | Unset = UNSET,
) -> Response[ErrorBody | SearchByIdResults]:
    """Find the images that are similar to a stored one

     The image itself is left out of the results. Where nothing is similar enough, the list of
    results is empty.

    Args:
        image_id (str): Any string of 1 to 100 characters (Unicode code points) without U+0000,
            unique in its
            collection.
             Example: holiday/beach.jpg.
        count (int | Unset):
        min_score (float | Unset):
        offset (int | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorBody | SearchByIdResults]
    """

    request = build_request(
        image_id=image_id,
        count=count,
        min_score=min_score,
        offset=offset,
    )
    if not isinstance(timeout, Unset):
        request["timeout"] = timeout
    response = client.get_httpx_client().request(**request)
    return _build_response(client=client, response=response)


def sync(
    image_id: str,
    *,
    client: Client,
    count: int | Unset = UNSET,
    min_score: float | Unset = UNSET,
    offset: int | Unset = UNSET,
    timeout: httpx.Timeout | float | None | Unset = UNSET,
) -> ErrorBody | SearchByIdResults | None:
    """Find the images that are similar to a stored one

     The image itself is left out of the results. Where nothing is similar enough, the list of
    results is empty.

    Args:
        image_id (str): Any string of 1 to 100 characters (Unicode code points) without U+0000,
            unique in its
            collection.
             Example: holiday/beach.jpg.
        count (int | Unset):
        min_score (float | Unset):
        offset (int | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorBody | SearchByIdResults
    """

    return sync_detailed(
        image_id=image_id,
        client=client,
        count=count,
        min_score=min_score,
        offset=offset,
        timeout=timeout,
    ).parsed


async def asyncio_detailed(
    image_id: str,
    *,
    client: Client,
    count: int | Unset = UNSET,
    min_score: float | Unset = UNSET,
    offset: int | Unset = UNSET,
    timeout: httpx.Timeout | float | None | Unset = UNSET,
) -> Response[ErrorBody | SearchByIdResults]:
    """Find the images that are similar to a stored one

     The image itself is left out of the results. Where nothing is similar enough, the list of
    results is empty.

    Args:
        image_id (str): Any string of 1 to 100 characters (Unicode code points) without U+0000,
            unique in its
            collection.
             Example: holiday/beach.jpg.
        count (int | Unset):
        min_score (float | Unset):
        offset (int | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorBody | SearchByIdResults]
    """

    request = build_request(
        image_id=image_id,
        count=count,
        min_score=min_score,
        offset=offset,
    )
    if not isinstance(timeout, Unset):
        request["timeout"] = timeout
    response = await client.get_async_httpx_client().request(**request)
    return _build_response(client=client, response=response)


async def asyncio(
    image_id: str,
    *,
    client: Client,
    count: int | Unset = UNSET,
    min_score: float | Unset = UNSET,
    offset: int | Unset = UNSET,
    timeout: httpx.Timeout | float | None | Unset = UNSET,
) -> ErrorBody | SearchByIdResults | None:
    """Find the images that are similar to a stored one

     The image itself is left out of the results. Where nothing is similar enough, the list of
    results is empty.

    Args:
        image_id (str): Any string of 1 to 100 characters (Unicode code points) without U+0000,
            unique in its
            collection.
             Example: holiday/beach.jpg.
        count (int | Unset):
        min_score (float | Unset):
        offset (int | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorBody | SearchByIdResults
    """

    return (
        await asyncio_detailed(
            image_id=image_id,
            client=client,
            count=count,
            min_score=min_score,
            offset=offset,
            timeout=timeout,
        )
    ).parsed
