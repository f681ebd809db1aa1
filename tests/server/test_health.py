"""What the service says of itself: health, metrics and the log."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from visualsnoop.server.storage.keys import NewKeys, create_keys

from ..services import Service, client


@pytest.fixture(scope="module")
def observed(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of two processes with a JSON log and all metrics."""
    with Service(
        f"--database={database}",
        "--workers=2",
        "--metrics-per-collection",
        log=tmp_path_factory.mktemp("observed") / "log",
        VISUALSNOOP_SERVE_LOG_FORMAT="json",
    ) as service:
        yield service


def metric(service: Service, name: str, **labels: str) -> float:
    """The value of a metric; 0 if it has none."""
    page = httpx.get(f"{service.origin}/metrics").text
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                return float(sample.value)
    return 0.0


def log_lines(service: Service) -> list[dict[str, Any]]:
    return [json.loads(line) for line in service.log.read_text().splitlines()]


@pytest.mark.parametrize("path", ["/health", "/health/ready", "/health/live"])
def test_healthy_service_says_so(observed: Service, path: str) -> None:
    answer = httpx.get(observed.origin + path)
    assert answer.status_code == 200
    assert answer.json()["message"] == "OK"


def test_full_disk_is_not_ready(tmp_path: Path) -> None:
    with Service(f"--data={tmp_path}", "--least-disk=1000000000", log=tmp_path / "log") as service:
        ready = httpx.get(f"{service.origin}/health/ready")
        live = httpx.get(f"{service.origin}/health/live")
    assert (ready.status_code, live.status_code) == (503, 200)
    assert "disk" in ready.json()["message"]
    assert int(ready.headers["Retry-After"]) > 0


def test_requests_of_all_processes_are_counted(observed: Service, keys: NewKeys) -> None:
    before = metric(
        observed, "visualsnoop_requests_total", operation="get_collection", status="200"
    )
    for _ in range(20):
        with client(observed, keys) as signed:
            signed.get("/collection")
    labels = {"operation": "get_collection", "status": "200"}
    assert metric(observed, "visualsnoop_requests_total", **labels) == before + 20
    assert metric(observed, "visualsnoop_request_seconds_count", operation="get_collection") >= 20


def test_steps_of_a_search_are_timed(observed: Service, keys: NewKeys, photo: Path) -> None:
    steps = ("decode", "embed", "search")
    before = [metric(observed, "visualsnoop_step_seconds_count", step=step) for step in steps]
    with client(observed, keys) as signed:
        signed.post("/search", params={"regions": "false"}, content=photo.read_bytes())
    after = [metric(observed, "visualsnoop_step_seconds_count", step=step) for step in steps]
    assert after == [count + 1 for count in before]


def test_images_of_collections_are_counted_if_wanted(
    observed: Service, service: str, keys: NewKeys, photo: Path
) -> None:
    with client(observed, keys) as signed:
        signed.post("/image", content=photo.read_bytes())
    collection_id = keys.collection_id
    assert metric(observed, "visualsnoop_images", collection_id=collection_id) == 1
    assert collection_id not in httpx.get(service.removesuffix("/api/v1") + "/metrics").text


def test_connections_to_the_database_are_counted(observed: Service, keys: NewKeys) -> None:
    with client(observed, keys) as signed:
        signed.get("/collection")
    assert metric(observed, "visualsnoop_database_connections", state="idle") >= 1
    assert metric(observed, "visualsnoop_pictures_waiting") == 0


def test_request_is_one_line_of_the_log(observed: Service, keys: NewKeys) -> None:
    with client(observed, keys) as signed:
        signed.get("/image/unlogged.jpg", headers={"X-Request-Id": "from-the-proxy:17"})
    (line,) = [line for line in log_lines(observed) if line["request_id"] == "from-the-proxy:17"]
    assert line["operation"] == "get_image"
    assert line["status"] == 404
    assert line["public_key"] == keys.public_key
    assert 0 < line["seconds"] < 60
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\d\+00:00", line["time"])


@pytest.mark.parametrize("request_id", ["a b", "x" * 200, 'a"b', ""])
def test_request_id_that_would_upset_logs_is_replaced(observed: Service, request_id: str) -> None:
    answer = httpx.get(f"{observed.origin}/health", headers={"X-Request-Id": request_id})
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-Id"])


@pytest.mark.parametrize("path", ["/api/v1/images", "/nothing", "/health"])
def test_every_answer_has_its_request_id(observed: Service, path: str) -> None:
    answer = httpx.get(observed.origin + path, headers={"X-Request-Id": "mine"})
    assert answer.headers.get_list("X-Request-Id") == ["mine"]


def test_nothing_secret_is_logged(observed: Service, keys: NewKeys, photo: Path) -> None:
    with client(observed, keys) as signed:
        sent = [
            signed.put("/image/private-name", content=photo.read_bytes()),
            signed.get("/image/private-name?start=private-query"),
            signed.get("/images", headers={"Authorization": "VSHMAC forged-key:forged"}),
        ]
    log = observed.log.read_text()
    assert keys.public_key in log
    secrets = [keys.secret_key, "private-name", "private-query", "forged"]
    secrets += [answer.request.headers["Authorization"].split(":")[1] for answer in sent]
    assert [secret for secret in secrets if secret in log] == []


def test_log_for_people_says_the_same(service: str, database: str, tmp_path: Path) -> None:
    with Service(f"--database={database}", "--no-metrics", log=tmp_path / "log") as other:
        httpx.get(f"{other.endpoint}/images", headers={"X-Request-Id": "mine"})
        assert httpx.get(f"{other.origin}/metrics").status_code == 404
    (line,) = [line for line in (tmp_path / "log").read_text().splitlines() if "mine" in line]
    assert "request_id=mine operation=list_images status=401 seconds=" in line


def test_failure_is_logged_with_the_request_that_met_it(new_database: str, tmp_path: Path) -> None:
    keys = create_keys(new_database, "a", "ada")
    options = (f"--database={new_database}", "--log-format=json")
    with (
        Service(*options, log=tmp_path / "log") as service,
        client(service, keys) as signed,
        psycopg.connect(new_database, autocommit=True) as connection,
    ):
        connection.execute("ALTER TABLE images RENAME TO gone")
        answer = signed.get("/images", headers={"X-Request-Id": "unlucky"})
        assert answer.status_code == 503
        assert answer.headers["X-Request-Id"] == "unlucky"
        assert "images" not in answer.text
        lines = [line for line in log_lines(service) if line["request_id"] == "unlucky"]
    assert ["exception" in line for line in lines] == [True, False]
