"""What the routes work with, put together once in each process."""

from collections.abc import Sequence

from attrs import frozen
from starlette.requests import Request

from ..duplicates import Duplicates
from ..fingerprinting.client import Fingerprints
from ..settings import Settings
from ..storage.images import ImageStore
from ..storage.pool import Pool
from .bodies import BodyReader
from .rate_limit import RateLimiter
from .request_turns import RequestTurns


@frozen
class Dependencies:
    """What the routes work with.

    Attributes:
        settings: How the service is set up.
        versions: Those of the fingerprints that queries are compared with.
        pool: The connections to the database.
        images: The images that are stored.
        duplicates: Which of them are copies of one another.
        fingerprints: Computes the fingerprints of pictures.
        bodies: Reads the bodies of requests.
        rate_limiter: Limits the requests of each key pair; None for any number.
        request_turns: The turns of key pairs at looking something up.
    """

    settings: Settings
    versions: Sequence[int]
    pool: Pool
    images: ImageStore
    duplicates: Duplicates
    fingerprints: Fingerprints
    bodies: BodyReader
    rate_limiter: RateLimiter | None
    request_turns: RequestTurns


def dependencies(request: Request) -> Dependencies:
    """What the application of a request has been given."""
    found: Dependencies = request.app.state.dependencies
    return found
