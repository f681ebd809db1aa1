"""Low-level typed client of the VisualSnoop API, generated from its OpenAPI description.

One module for each operation in `visualsnoop_api.api`, one class for each JSON object in
`visualsnoop_api.models`. The friendlier layer over it is the package `visualsnoop`.
"""

from .client import Client

__all__ = ("Client",)
