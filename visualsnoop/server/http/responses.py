"""Responses of the contract, which are made of its models."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

from starlette.background import BackgroundTask
from starlette.responses import JSONResponse
from visualsnoop_api.models.listed_image import ListedImage

from ..storage.images import StoredImage


class _Model(Protocol):
    """Any model of a response: as a mapping, it is the JSON object that is sent."""

    @property
    def status(self) -> int: ...


def model_response(model: _Model, background: BackgroundTask | None = None) -> JSONResponse:
    """A response of a model, with its status; `background` is run when it has been sent."""
    return JSONResponse(model, model.status, background=background)


async def list_response(model: Callable[[], _Model]) -> JSONResponse:
    """A response of a model with many parts, which is built while other requests are answered."""
    return await asyncio.to_thread(lambda: model_response(model()))


def listed_images(images: Iterable[StoredImage]) -> list[ListedImage]:
    """Images as they are in lists."""
    return [ListedImage(id=image.image_id, image_time=image.image_time) for image in images]
