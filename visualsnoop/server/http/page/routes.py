"""The routes of the page."""

from starlette.routing import Route

from . import files, operator, records, sessions


def page_routes() -> list[Route]:
    """The page at `/`, and what only it asks for, below `/page/`."""
    return [
        Route("/", files.index),
        Route("/page/session", sessions.show),
        Route("/page/session", sessions.begin, methods=["POST"]),
        Route("/page/session", sessions.end, methods=["DELETE"]),
        Route("/page/codes", sessions.create_code, methods=["POST"]),
        Route("/page/image/{image_id}", records.remove, methods=["DELETE"]),
        Route("/page/restore", records.restore, methods=["POST"]),
        Route("/page/collections", operator.show_collections),
        Route(
            "/page/collections/{collection_id}/thumbnails",
            operator.switch_thumbnails,
            methods=["PUT"],
        ),
        Route("/page/keys", operator.create, methods=["POST"]),
        Route("/page/keys/{public_key}", operator.change, methods=["PATCH"]),
        Route("/page/keys/{public_key}", operator.revoke, methods=["DELETE"]),
        Route("/page/keys/{public_key}/rotate", operator.rotate, methods=["POST"]),
        Route("/page/{path:path}", files.file),
    ]
