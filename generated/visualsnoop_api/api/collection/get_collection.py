from typing import Any

import httpx

from ... import errors
from ...client import Client
from ...models.collection_info import CollectionInfo
from ...models.error_body import ErrorBody
from ...models.get_collection_session import GetCollectionSession
from ...types import UNSET, Response, Unset


def build_request(
    *,
    session: GetCollectionSession | Unset = UNSET,
) -> dict[str, Any]:
    """The arguments of `httpx.Client.request` that make this call; the URL is relative."""

    params: dict[str, Any] = {}

    json_session: str | Unset = UNSET
    if not isinstance(session, Unset):
        json_session = session

    params["session"] = json_session

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/collection",
        "params": params,
    }

    return _kwargs


def parse(response: httpx.Response) -> CollectionInfo | ErrorBody | None:
    """The body of an answer as its model; None where the status is not in the API description.

    Raises:
        ValueError, TypeError, KeyError: If the body is not the JSON that the API describes.
    """
    if response.status_code == 200:
        response_200 = CollectionInfo.from_dict(response.json())

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
) -> Response[CollectionInfo | ErrorBody]:
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
    session: GetCollectionSession | Unset = UNSET,
    timeout: httpx.Timeout | float | None | Unset = UNSET,
) -> Response[CollectionInfo | ErrorBody]:
    """Say which collection the keys belong to

     Clients make this call once when they start: it proves that the keys are accepted and tells
    what the collection is called.

    Args:
        session (GetCollectionSession | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[CollectionInfo | ErrorBody]
    """

    request = build_request(
        session=session,
    )
    if not isinstance(timeout, Unset):
        request["timeout"] = timeout
    response = client.get_httpx_client().request(**request)
    return _build_response(client=client, response=response)


def sync(
    *,
    client: Client,
    session: GetCollectionSession | Unset = UNSET,
    timeout: httpx.Timeout | float | None | Unset = UNSET,
) -> CollectionInfo | ErrorBody | None:
    """Say which collection the keys belong to

     Clients make this call once when they start: it proves that the keys are accepted and tells
    what the collection is called.

    Args:
        session (GetCollectionSession | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        CollectionInfo | ErrorBody
    """

    return sync_detailed(
        client=client,
        session=session,
        timeout=timeout,
    ).parsed


async def asyncio_detailed(
    *,
    client: Client,
    session: GetCollectionSession | Unset = UNSET,
    timeout: httpx.Timeout | float | None | Unset = UNSET,
) -> Response[CollectionInfo | ErrorBody]:
    """Say which collection the keys belong to

     Clients make this call once when they start: it proves that the keys are accepted and tells
    what the collection is called.

    Args:
        session (GetCollectionSession | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[CollectionInfo | ErrorBody]
    """

    request = build_request(
        session=session,
    )
    if not isinstance(timeout, Unset):
        request["timeout"] = timeout
    response = await client.get_async_httpx_client().request(**request)
    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: Client,
    session: GetCollectionSession | Unset = UNSET,
    timeout: httpx.Timeout | float | None | Unset = UNSET,
) -> CollectionInfo | ErrorBody | None:
    """Say which collection the keys belong to

     Clients make this call once when they start: it proves that the keys are accepted and tells
    what the collection is called.

    Args:
        session (GetCollectionSession | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        CollectionInfo | ErrorBody
    """

    return (
        await asyncio_detailed(
            client=client,
            session=session,
            timeout=timeout,
        )
    ).parsed
