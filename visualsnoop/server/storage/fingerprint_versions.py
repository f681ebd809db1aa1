"""Images that no search finds, as their fingerprints are by models that the service has not got."""

import logging
from collections.abc import Collection, Mapping
from itertools import pairwise

import psycopg

from ..matching.fingerprint import FIRST_CUSTOM_VERSION, MODEL_VERSION
from .pool import Pool

_log = logging.getLogger(__name__)


def count_by_version(database: str) -> dict[int, int]:
    """How many images there are of each version of fingerprints."""
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "SELECT version, count(*) FROM images GROUP BY version ORDER BY version"
        ).fetchall()
    return dict(rows)


async def count_unsearchable(pool: Pool, versions: Collection[int]) -> int:
    """How many images have fingerprints of none of some versions."""
    row = await pool.row(_count_of_others(versions))
    assert row is not None
    return int(row[0])


def _count_of_others(versions: Collection[int]) -> str:
    # By ranges of the index, not by a look at every image.
    bounds = sorted(versions)
    ranges = [f"version < {bounds[0]:d}", f"version > {bounds[-1]:d}"]
    ranges += [f"version > {low:d} AND version < {high:d}" for low, high in pairwise(bounds)]
    return f"SELECT count(*) FROM images WHERE {' OR '.join(ranges)}"


def check_versions(database: str, versions: Collection[int], *, allow_unsearchable: bool) -> None:
    """Say how many images no search finds, and what to do about it.

    Args:
        database: How to connect, as libpq takes it.
        versions: Those of the models that the service has.
        allow_unsearchable: Whether to go on if some images can never be found again.

    Raises:
        ValueError: If some can never be found, as they are of another version of the shipped model.
    """
    with psycopg.connect(database) as connection:
        row = connection.execute(_count_of_others(versions).encode()).fetchone()
    if row == (0,):
        return
    others = {
        version: count
        for version, count in count_by_version(database).items()
        if version not in versions
    }
    lost = {version: count for version, count in others.items() if version < FIRST_CUSTOM_VERSION}
    if lost and not allow_unsearchable:
        raise ValueError(
            f"{_told(lost)}, which this version of the service, with {MODEL_VERSION}, cannot "
            "compare: no search would find them. Start a service of the version that stored them, "
            "or add the pictures again: to a new data folder, or to this one, started with "
            "--allow-unsearchable, by 'visualsnoop add --update'"
        )
    _log.warning(
        "%s, so no search finds them: give the model that they were stored with by --model, or add "
        "the pictures again by 'visualsnoop add --update'",
        _told(others),
    )


def _told(counts: Mapping[int, int]) -> str:
    versions = ", ".join(f"{count} of version {version}" for version, count in counts.items())
    return f"{sum(counts.values())} images have fingerprints of other models ({versions})"
