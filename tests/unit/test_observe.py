"""No secret reaches a log, whatever it hides in."""

from __future__ import annotations

import io
import json

import structlog

from ownclimate.observe import set_up_logs

TOKEN = "ocp_" + "a" * 24 + "_" + "5" * 64


def test_secrets_are_masked_by_key_and_by_shape() -> None:
    stream = io.StringIO()
    set_up_logs("info", "json", stream)

    structlog.get_logger().info(
        "request",
        password="hunter2hunter2",
        headers={"Authorization": "Bearer abcdef"},
        target=f"/x?access_token=sesame&n=1 {TOKEN}",
        nested=[{"client_secret": "s3"}],
        status=200,
    )

    text = stream.getvalue()
    entry = json.loads(text)
    for secret in ("hunter2", "abcdef", "sesame", TOKEN, "s3"):
        assert secret not in text
    assert entry["status"] == 200
    assert "n=1" in entry["target"]
