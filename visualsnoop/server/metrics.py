"""Metrics of the service, for Prometheus.

Its processes write their numbers into files of one folder, so that whichever of them is asked gives
the sums of all; the supervisor makes that folder and names it in the environment.
"""

from collections.abc import Iterable, Mapping

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from starlette.responses import Response

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

REQUESTS = Counter("visualsnoop_requests", "Requests that were answered.", ["operation", "status"])
REQUEST_SECONDS = Histogram(
    "visualsnoop_request_seconds",
    "From the head of a request to the end of its answer.",
    ["operation"],
    buckets=_SECONDS,
)
STEP_SECONDS = Histogram(
    "visualsnoop_step_seconds",
    "The steps: decode and embed a picture, search the database, compare what is found.",
    ["step"],
    buckets=_SECONDS,
)
PICTURES_WAITING = Gauge(
    "visualsnoop_pictures_waiting",
    "Pictures that wait for their fingerprints, or whose fingerprints are being computed.",
    multiprocess_mode="livesum",
)
_CONNECTIONS = Gauge(
    "visualsnoop_database_connections",
    "Connections to the database.",
    ["state"],
    multiprocess_mode="livesum",
)
_DATABASE_WAITING = Gauge(
    "visualsnoop_database_waiting",
    "Statements that wait for a connection to the database.",
    multiprocess_mode="livesum",
)


def update_pool_metrics(stats: Mapping[str, int]) -> None:
    """Set the metrics about the connections to the database.

    Args:
        stats: What `psycopg_pool` says of its pool.
    """
    idle = stats.get("pool_available", 0)
    _CONNECTIONS.labels("idle").set(idle)
    _CONNECTIONS.labels("in_use").set(stats.get("pool_size", 0) - idle)
    _DATABASE_WAITING.set(stats.get("requests_waiting", 0))


class _ImageCounts(Collector):
    """How many images the collections have, and how many of all no search finds."""

    def __init__(self, counts: Iterable[tuple[str, int]], unsearchable: int | None) -> None:
        self._counts = counts
        self._unsearchable = unsearchable

    def collect(self) -> Iterable[Metric]:
        if self._unsearchable is not None:
            yield GaugeMetricFamily(
                "visualsnoop_unsearchable_images",
                "Images that no search finds, as they are of models that the service has not got.",
                value=self._unsearchable,
            )
        family = GaugeMetricFamily(
            "visualsnoop_images", "Images of each collection.", labels=["collection_id"]
        )
        for collection_id, count in self._counts:
            family.add_metric([collection_id], count)
        yield family


def metrics_response(image_counts: Iterable[tuple[str, int]], unsearchable: int | None) -> Response:
    """The metrics of all processes, and how many images there are.

    Args:
        image_counts: Of collections by their IDs.
        unsearchable: Of those that no search finds; None if that is not known now.
    """
    registry = CollectorRegistry()
    # prometheus-client declares no types here.
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    registry.register(_ImageCounts(image_counts, unsearchable))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
