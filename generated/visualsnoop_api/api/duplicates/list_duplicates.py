from typing import Any

import httpx

from ... import errors
from ...client import Client
from ...models.duplicate_list import DuplicateList
from ...models.error_body import ErrorBody
from ...types import UNSET, Response, Unset


def build_request(
    *,
    min_score: float | Unset = UNSET,
    count: int | Unset = UNSET,
    offset: int | Unset = UNSET,
) -> dict[str, Any]:
    """The arguments of `httpx.Client.request` that make this call; the URL is relative."""

    params: dict[str, Any] = {}

    params["min_score"] = min_score

    params["count"] = count

    params["offset"] = offset

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/duplicates",
        "params": params,
    }

    return _kwargs


def parse(response: httpx.Response) -> DuplicateList | ErrorBody | None:
    """The body of an answer as its model; None where the status is not in the API description.

    Raises:
        ValueError, TypeError, KeyError: If the body is not the JSON that the API describes.
    """
    if response.status_code == 200:
        response_200 = DuplicateList.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = ErrorBody.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = ErrorBody.from_dict(response.json())

        return response_401

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
) -> Response[DuplicateList | ErrorBody]:
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
    min_score: float | Unset = UNSET,
    count: int | Unset = UNSET,
    offset: int | Unset = UNSET,
    timeout: httpx.Timeout | float | None | Unset = UNSET,
) -> Response[DuplicateList | ErrorBody]:
    """List the groups of images that are copies of one another

     An image is in a group if it is similar enough to at least one other image of the group.
    Groups come with the best evidence first; pairs of images that were said not to be
    duplicates count for nothing.

    All that is stored counts. Many images that came at once, by an import for one, may still
    have to be compared with the others. That is done now; should it take longer than a request
    may, the answer is 503, and the next request goes on with it.

    Args:
        min_score (float | Unset):
        count (int | Unset):
        offset (int | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[DuplicateList | ErrorBody]
    """

    request = build_request(
        min_score=min_score,
        count=count,
        offset=offset,
    )
    if not isinstance(timeout, Unset):
        request["timeout"] = timeout
    response = client.get_httpx_client().request(**request)
    return _build_response(client=client, response=response)


def sync(
    *,
    client: Client,
    min_score: float | Unset = UNSET,
    count: int | Unset = UNSET,
    offset: int | Unset = UNSET,
    timeout: httpx.Timeout | float | None | Unset = UNSET,
) -> DuplicateList | ErrorBody | None:
    """List the groups of images that are copies of one another

     An image is in a group if it is similar enough to at least one other image of the group.
    Groups come with the best evidence first; pairs of images that were said not to be
    duplicates count for nothing.

    All that is stored counts. Many images that came at once, by an import for one, may still
    have to be compared with the others. That is done now; should it take longer than a request
    may, the answer is 503, and the next request goes on with it.

    Args:
        min_score (float | Unset):
        count (int | Unset):
        offset (int | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        DuplicateList | ErrorBody
    """

    return sync_detailed(
        client=client,
        min_score=min_score,
        count=count,
        offset=offset,
        timeout=timeout,
    ).parsed


async def asyncio_detailed(
    *,
    client: Client,
    min_score: float | Unset = UNSET,
    count: int | Unset = UNSET,
    offset: int | Unset = UNSET,
    timeout: httpx.Timeout | float | None | Unset = UNSET,
) -> Response[DuplicateList | ErrorBody]:
    """List the groups of images that are copies of one another

     An image is in a group if it is similar enough to at least one other image of the group.
    Groups come with the best evidence first; pairs of images that were said not to be
    duplicates count for nothing.

    All that is stored counts. Many images that came at once, by an import for one, may still
    have to be compared with the others. That is done now; should it take longer than a request
    may, the answer is 503, and the next request goes on with it.

    Args:
        min_score (float | Unset):
        count (int | Unset):
        offset (int | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[DuplicateList | ErrorBody]
    """

    request = build_request(
        min_score=min_score,
        count=count,
        offset=offset,
    )
    if not isinstance(timeout, Unset):
        request["timeout"] = timeout
    response = await client.get_async_httpx_client().request(**request)
    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: Client,
    min_score: float | Unset = UNSET,
    count: int | Unset = UNSET,
    offset: int | Unset = UNSET,
    timeout: httpx.Timeout | float | None | Unset = UNSET,
) -> DuplicateList | ErrorBody | None:
    """List the groups of images that are copies of one another

     An image is in a group if it is similar enough to at least one other image of the group.
    Groups come with the best evidence first; pairs of images that were said not to be
    duplicates count for nothing.

    All that is stored counts. Many images that came at once, by an import for one, may still
    have to be compared with the others. That is done now; should it take longer than a request
    may, the answer is 503, and the next request goes on with it.

    Args:
        min_score (float | Unset):
        count (int | Unset):
        offset (int | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        DuplicateList | ErrorBody
    """

    return (
        await asyncio_detailed(
            client=client,
            min_score=min_score,
            count=count,
            offset=offset,
            timeout=timeout,
        )
    ).parsed
