"""`doctor` names what would hurt, by topic."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ownclimate.certificates import CERTIFICATE_DAYS, make_certificate
from ownclimate.config import Settings
from ownclimate.doctor import Level, examine

SECURED = replace(Settings(), port=0, tls_port=8443)


def found(data: Path, settings: Settings, topic: str) -> Level | None:
    return next((finding.level for finding in examine(data, settings) if finding.topic == topic), None)


def test_a_tls_port_needs_a_certificate(tmp_path: Path) -> None:
    assert found(tmp_path, SECURED, "certificate") is Level.FAILURE
    make_certificate(tmp_path, ["api.netatmo.com"])

    assert found(tmp_path, SECURED, "certificate") is Level.OK
    assert found(tmp_path, replace(SECURED, tls_port=0), "certificate") is None


@pytest.mark.parametrize(("days_left", "level"), [(31, Level.OK), (29, Level.WARNING), (-1, Level.FAILURE)])
def test_a_certificate_is_told_before_it_ends(tmp_path: Path, days_left: int, level: Level) -> None:
    make_certificate(
        tmp_path, ["a.example"], datetime.now(UTC) - timedelta(days=CERTIFICATE_DAYS - days_left)
    )

    assert found(tmp_path, SECURED, "certificate") is level


def test_a_broker_for_the_demo_is_looked_for_only_where_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("ownclimate.demo_broker.MORE_PLACES", ())

    assert found(tmp_path, SECURED, "mosquitto") is Level.WARNING
    assert found(tmp_path, replace(SECURED, demo_broker="off"), "mosquitto") is None
