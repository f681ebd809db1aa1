"""Responses of the contract, which are made of its models."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

from starlette.background import BackgroundTask
from starlette.responses import JSONResponse
from visualsnoop_api.models.listed_image import ListedImage

from ..storage.images import StoredImage

_SHORT = 100  # parts of a list that are made in less time than a thread is found


class _Model(Protocol):
    """Any model of a response: as a mapping, it is the JSON object that is sent."""

    @property
    def status(self) -> int: ...


def model_response(model: _Model, background: BackgroundTask | None = None) -> JSONResponse:
    """A response of a model, with its status; `background` is run when it has been sent."""
    return JSONResponse(model, model.status, background=background)


async def list_response(model: Callable[[], _Model], length: int) -> JSONResponse:
    """A response of a model with a list, however long, which keeps no other request waiting."""
    if length <= _SHORT:
        return model_response(model())
    return await asyncio.to_thread(lambda: model_response(model()))


def listed_images(images: Iterable[StoredImage]) -> list[ListedImage]:
    """Images as they are in lists."""
    return [ListedImage(id=image.image_id, image_time=image.image_time) for image in images]
