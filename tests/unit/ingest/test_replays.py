"""A wrongly recognised model is corrected, and its history with it."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from ownclimate.core.errors import InvalidInput, Unsupported
from ownclimate.core.writes import Actor
from ownclimate.ingest.lorawan.replays import Replayed, correct_model
from ownclimate.vendors.mclimate.codecs import FrameTable
from tests.unit.ingest.conftest import CHIRPSTACK, READINGS, THINGS_STACK, House, chirpstack_up, envelope
from tests.unit.ingest.test_uplink_crashes import PowerCut, failing

EUI = "70B3D52DD3000001"
HT = "0102717BB00401"
"""A keep-alive of an HT sensor, whose seven bytes a CO2 sensor's can be mistaken for."""
AS_CO2 = {"brand_id": "mclimate", "model_id": "co2_sensor"}


async def heard(house: House, count: int = 3, model: dict[str, str] = AS_CO2) -> None:
    for number in range(count):
        at = f"2026-11-21T09:{number:02d}:00Z"
        message = envelope(HT, f_cnt=number, received_at=at, version_ids=model)
        assert (await house.post(THINGS_STACK, message)).status == 202


async def corrected(house: House, model: str = "ht_sensor", **more: Any) -> Replayed:
    device = await house.device(EUI)
    return await correct_model(
        house.ports, house.key.owner_id, Actor(), device.id, model, FrameTable(), **more
    )


async def test_the_history_becomes_what_the_right_model_would_have_recorded(house: House) -> None:
    await heard(house)
    wrong = await house.rows(EUI)
    assert "co2_ppm" in wrong[0]

    done = await corrected(house)

    assert (done.frames, done.unread, done.device.model) == (3, 0, "ht_sensor")
    rows = await house.rows(EUI)
    assert [row["at"] for row in rows] == [row["at"] for row in wrong]
    codec = FrameTable().named("ht_sensor")
    assert codec is not None
    meant = dict(codec.read(bytes.fromhex(HT)).values)
    for row in rows:
        assert {name: row[name] for name in meant} == meant
        assert set(row) == {"at", "rssi_dbm", "snr_db", *meant}


async def test_what_the_wrong_model_said_of_the_device_is_gone(house: House) -> None:
    await heard(house)
    before = await house.device(EUI)

    await corrected(house)

    after = await house.device(EUI)
    codec = FrameTable().named("ht_sensor")
    assert codec is not None
    assert after.abilities == codec.abilities != before.abilities
    meant = codec.read(bytes.fromhex(HT))
    assert {name: report.value for name, report in after.reports.items()} == dict(meant.reports)


async def test_rows_that_came_otherwise_stay(house: House) -> None:
    await heard(house)
    row = {"device": EUI, "at": "2026-11-21T09:00:30Z", "co2_ppm": 555}
    await house.post(READINGS, {"readings": [row]})

    await corrected(house)

    assert [found.get("co2_ppm") for found in await house.rows(EUI)] == [None, 555.0, None, None]


async def test_correcting_twice_is_correcting_once(house: House) -> None:
    await heard(house)
    await corrected(house)
    once = await house.rows(EUI)

    await corrected(house)

    assert await house.rows(EUI) == once


async def test_a_wrong_correction_can_be_corrected(house: House) -> None:
    await heard(house)
    await corrected(house)
    right = await house.rows(EUI)

    await corrected(house, "co2_sensor")
    assert await house.rows(EUI) != right
    await corrected(house)

    assert await house.rows(EUI) == right


async def test_what_comes_afterwards_is_read_rightly_and_recorded(house: House) -> None:
    await heard(house)
    await corrected(house)

    message = envelope(HT, f_cnt=9, received_at="2026-11-21T09:30:00Z", version_ids=AS_CO2)
    await house.post(THINGS_STACK, message)

    rows = await house.rows(EUI)
    assert len(rows) == 4
    assert set(rows[3]) == set(rows[2])


async def test_the_battery_that_a_server_told_of_survives(house: House) -> None:
    info = chirpstack_up("")["deviceInfo"] | {"deviceProfileName": "co2 sensor"}
    await house.post(f"{CHIRPSTACK}?event=up", chirpstack_up(HT, deviceInfo=info))
    status = {"deduplicationId": "s", "time": "2026-11-21T09:59:59Z", "deviceInfo": info, "batteryLevel": 60}
    await house.post(f"{CHIRPSTACK}?event=status", status)

    await corrected(house)

    rows = await house.rows(EUI)
    assert [row.get("battery_pct") for row in rows] == [None, 60.0]
    assert "co2_ppm" not in rows[0]


async def test_progress_is_told_in_payloads(house: House) -> None:
    await heard(house)
    told: list[int] = []

    await corrected(house, progress=told.append)

    assert told[-1] == 3


@pytest.mark.parametrize("model", ["", "toaster"])
async def test_a_model_that_nobody_can_read_is_refused(house: House, model: str) -> None:
    await heard(house)
    before = await house.device(EUI)

    with pytest.raises(InvalidInput, match="lorawan models"):
        await corrected(house, model)

    assert await house.device(EUI) == before


async def test_another_makers_device_is_not_replayed(house: House) -> None:
    message = envelope(HT, version_ids={"brand_id": "acme", "model_id": "x"})
    await house.post(THINGS_STACK, message)

    with pytest.raises(Unsupported):
        await corrected(house)


@pytest.mark.parametrize("cut_at", range(1, 13))
async def test_a_correction_that_was_cut_short_can_be_repeated(house: House, cut_at: int) -> None:
    await heard(house)
    cut, _ = failing(house.ports, cut_at, is_after=cut_at % 2 == 0)
    device = await house.device(EUI)
    with contextlib.suppress(PowerCut):
        await correct_model(cut, house.key.owner_id, Actor(), device.id, "ht_sensor", FrameTable())
    house.clock.advance(1)

    done = await corrected(house)

    rows = await house.rows(EUI)
    assert (done.frames, len(rows)) == (3, 3)
    codec = FrameTable().named("ht_sensor")
    assert codec is not None
    assert all(
        set(row) == {"at", "rssi_dbm", "snr_db", *codec.read(bytes.fromhex(HT)).values} for row in rows
    )
