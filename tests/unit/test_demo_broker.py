"""The demo finds a broker, or does without one and says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from ownclimate import demo_broker
from ownclimate.core.errors import InvalidInput
from ownclimate.demo_broker import AUTO, OFF, open_broker
from tests.fakes import SeededEntropy


async def _opened(data: Path, setting: str) -> demo_broker.DemoBroker | None:
    async with open_broker(data, setting, SeededEntropy(1)) as broker:
        return broker


async def test_it_can_be_switched_off(tmp_path: Path) -> None:
    assert await _opened(tmp_path, OFF) is None


async def test_another_broker_can_be_named(tmp_path: Path) -> None:
    broker = await _opened(tmp_path, "mqtt://broker.example:1884")

    assert broker is not None
    assert (broker.url, broker.user) == ("mqtt://broker.example:1884", "")


@pytest.mark.parametrize("setting", ["", "yes", "http://broker", "mqtt://a:b@broker", "mqtt://"])
async def test_what_is_no_address_is_refused_by_the_settings_name(tmp_path: Path, setting: str) -> None:
    with pytest.raises(InvalidInput, match="demo_broker"):
        await _opened(tmp_path, setting)


async def test_without_mosquitto_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(demo_broker, "MORE_PLACES", ())

    assert await _opened(tmp_path, AUTO) is None
    assert "need Mosquitto" in capsys.readouterr().out


async def test_a_mosquitto_that_does_not_start_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "mosquitto"
    program.write_text("#!/bin/sh\necho it cannot be; exit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(demo_broker, "MORE_PLACES", ())

    assert await _opened(tmp_path, AUTO) is None
    assert "does not start" in capsys.readouterr().out
    assert (tmp_path / "demo-broker" / "log").read_text() == "it cannot be\n"
