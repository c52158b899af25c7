"""`doctor` names what would hurt, by topic."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ownclimate.certificates import CERTIFICATE_DAYS, make_certificate
from ownclimate.config import Settings
from ownclimate.core.linking import pause_source
from ownclimate.doctor import Level, examine, examine_sources
from ownclimate.oauth.encryption import Cipher
from ownclimate.sync.book import Book, Live
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.clouds import linked_cloud
from tests.fakes.households import ACTOR, Households, memory_ports

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


async def test_a_cloud_is_told_of_once_it_has_not_answered_for_a_day_unless_it_is_paused(
    clock: FakeClock, entropy: SeededEntropy
) -> None:
    ports = memory_ports(clock, entropy)
    owner_id = (await Households(ports).add("ada")).owner_id
    source = await linked_cloud(ports, Cipher(bytes(32), entropy), owner_id, "Flat")
    began_ms = clock.now_ms()

    async def told() -> list[str]:
        failed = Live(last_success_ms=began_ms, last_error="out of order", last_error_ms=clock.now_ms())
        await Book(ports, owner_id, source.id).save(failed, {})
        return [finding.text for finding in await examine_sources(ports)]

    clock.advance(23 * 3600)
    assert await told() == []
    clock.advance(2 * 3600)
    assert await told() == [f"Flat has not answered since 2026-11-21: ownclimate source show {source.id}"]
    await pause_source(ports, owner_id, ACTOR, source.id, is_paused=True)
    assert await told() == []
