"""No secret reaches a log, whatever it hides in."""

from __future__ import annotations

import io
import json

import structlog

from ownclimate.observe import Metrics, set_up_logs

TOKEN = "ocp_" + "a" * 24 + "_" + "5" * 64
NETATMO_TOKEN = "6" * 24 + "|" + "7" * 32
JWT = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"


def test_secrets_are_masked_by_key_and_by_shape() -> None:
    stream = io.StringIO()
    set_up_logs("info", "json", stream)

    structlog.get_logger().info(
        "request",
        password="hunter2hunter2",
        headers={"Authorization": "Bearer abcdef"},
        target=f"/x?access_token=sesame&n=1 {TOKEN} {NETATMO_TOKEN} {JWT}",
        nested=[{"client_secret": "s3"}],
        status=200,
    )

    text = stream.getvalue()
    entry = json.loads(text)
    for secret in ("hunter2", "abcdef", "sesame", TOKEN, NETATMO_TOKEN, JWT, "s3"):
        assert secret not in text
    assert entry["status"] == 200
    assert "n=1" in entry["target"]


def test_a_requests_entry_is_one_line_unless_its_level_is_switched_off() -> None:
    stream = io.StringIO()
    requests = set_up_logs("info", "json", stream)

    requests.write({"route": "/v1", "status": 200}, "info")
    set_up_logs("error", "json", stream).write({"route": "/v1", "status": 200}, "info")

    (line,) = stream.getvalue().splitlines()
    entry = json.loads(line)
    assert (entry["event"], entry["level"], entry["route"]) == ("request", "info", "/v1")


def test_a_failures_entry_has_its_traceback_without_secrets() -> None:
    stream = io.StringIO()
    requests = set_up_logs("info", "json", stream)
    try:
        raise ValueError(f"no such token {TOKEN}")
    except ValueError as error:
        requests.write({"route": "/v1", "status": 500}, "error", error)

    text = stream.getvalue()
    assert "ValueError" in text
    assert TOKEN not in text


def test_requests_are_counted_by_route_and_status_and_timed_by_dialect() -> None:
    metrics = Metrics()
    for seconds in (0.0004, 0.02, 9.0):
        metrics.seen("mclimate", "/v1", 200, seconds)
    metrics.seen("mclimate", "/v1", 404, 0.001)

    lines = metrics.exposition().decode().splitlines()

    assert 'ownclimate_requests_total{dialect="mclimate",route="/v1",status="200"} 3.0' in lines
    assert 'ownclimate_requests_total{dialect="mclimate",route="/v1",status="404"} 1.0' in lines
    prefix = "ownclimate_request_duration_seconds"
    assert prefix + '_bucket{dialect="mclimate",le="0.001"} 2.0' in lines
    assert prefix + '_bucket{dialect="mclimate",le="5.0"} 3.0' in lines
    assert prefix + '_bucket{dialect="mclimate",le="+Inf"} 4.0' in lines
    assert prefix + '_count{dialect="mclimate"} 4.0' in lines
