"""The operation on a collection as a whole."""

from starlette.requests import Request
from starlette.responses import JSONResponse
from visualsnoop_api.models.collection_info import CollectionInfo

from ...errors import bad_request
from ...storage.keys import Key
from ..dependencies import Dependencies
from ..responses import model_response


async def get_collection(request: Request, key: Key, deps: Dependencies) -> JSONResponse:
    if request.query_params.get("session", "init") != "init":
        raise bad_request("session must be 'init', if it is given")
    return model_response(
        CollectionInfo(
            status=200,
            message="OK",
            collection_id=key.collection_id,
            collection_name=key.collection_name,
            user=key.user,
            image_count=await deps.images.count(key.collection_id),
        )
    )
