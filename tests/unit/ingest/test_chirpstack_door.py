"""`POST /hooks/lorawan/chirpstack`: from an event of ChirpStack's to device, readings and settings."""

from __future__ import annotations

from typing import Any

import pytest

from ownclimate.core.ports import RawEntry
from tests.unit.ingest.conftest import CHIRPSTACK, House, chirpstack_up

EUI = "70B3D52DD3000001"
KEEPALIVE = "811BAF4BAB2A129030"
RECEIVED_MS = 1_795_255_198_123
INFO = chirpstack_up("")["deviceInfo"]


async def raw(house: House) -> list[RawEntry]:
    return await house.ports.raw.scan(house.key.owner_id)


def status(**members: Any) -> dict[str, Any]:
    event = {"deduplicationId": "d-1", "time": "2026-11-21T09:59:59+00:00", "deviceInfo": INFO, "margin": 7}
    return event | members


async def test_an_uplink_becomes_a_device_and_a_reading(house: House) -> None:
    answer = await house.post(f"{CHIRPSTACK}?event=up", chirpstack_up(KEEPALIVE))

    assert (answer.status, answer.body) == (202, b"")
    device = await house.device(EUI)
    assert (device.vendor, device.model, device.vendor_id, device.mac) == ("mclimate", "vicki", EUI, EUI)
    assert device.name == "vicki-1"
    (row,) = await house.rows(EUI)
    assert (row["at"], row["temperature_c"], row["valve_pct"]) == (RECEIVED_MS, 25.88, 23.0)
    assert (row["rssi_dbm"], row["snr_db"]) == (-61.0, 9.2)
    (entry,) = await raw(house)
    assert (entry.kind, entry.note, entry.devices) == ("chirpstack.up", "", (device.id,))


async def test_both_servers_mean_the_same_device(house: House) -> None:
    await house.post(f"{CHIRPSTACK}?event=up", chirpstack_up(KEEPALIVE))
    await house.post(
        f"{CHIRPSTACK}?event=up", chirpstack_up(KEEPALIVE, deduplicationId="2", time="2026-11-21T10:00:00Z")
    )

    assert len(await house.devices()) == 1
    assert len(await house.rows(EUI)) == 2


async def test_a_redelivery_changes_nothing(house: House) -> None:
    await house.post(f"{CHIRPSTACK}?event=up", chirpstack_up(KEEPALIVE))
    before = (await house.rows(EUI), await house.device(EUI), await raw(house))
    house.clock.advance(60)

    answer = await house.post(f"{CHIRPSTACK}?event=up", chirpstack_up(KEEPALIVE))

    assert answer.status == 202
    assert (await house.rows(EUI), await house.device(EUI), await raw(house)) == before


@pytest.mark.parametrize(
    ("profile", "tags", "query", "model"),
    [
        ("MClimate Vicki EU868", {}, "", "vicki"),
        ("Default profile", {"model": "ht_sensor"}, "", "ht_sensor"),
        ("co2 display lite (class A)", {}, "", "co2_display_lite"),
        ("HT Sensor", {}, "", "ht_sensor"),
        ("Default profile", {}, "&model=aqi_sensor", "aqi_sensor"),
        ("Default profile", {}, "", "vicki"),
    ],
    ids=["profile", "tag", "longest words", "two words", "query", "frame"],
)
async def test_the_model_is_what_profile_tag_query_or_frame_tell(
    house: House, profile: str, tags: dict[str, str], query: str, model: str
) -> None:
    info = INFO | {"deviceProfileName": profile, "tags": tags}

    await house.post(f"{CHIRPSTACK}?event=up{query}", chirpstack_up(KEEPALIVE, deviceInfo=info))

    assert (await house.device(EUI)).model == model


async def test_a_profile_that_names_no_model_names_none_for_ever(house: House) -> None:
    info = INFO | {"deviceProfileName": "Default profile"}
    await house.post(f"{CHIRPSTACK}?event=up", chirpstack_up("12", deviceInfo=info))
    assert (await house.device(EUI)).model == "unknown"

    again = chirpstack_up(KEEPALIVE, deviceInfo=info, deduplicationId="2")
    await house.post(f"{CHIRPSTACK}?event=up", again)

    assert (await house.device(EUI)).model == "vicki"


async def test_what_is_at_its_default_may_be_absent_or_null(house: House) -> None:
    event = chirpstack_up(KEEPALIVE, fCnt=None, rxInfo=[{"gatewayId": "a"}])
    event["joinServerContext"] = None

    answer = await house.post(f"{CHIRPSTACK}?event=up", event)

    assert answer.status == 202
    assert (await house.rows(EUI))[0]["rssi_dbm"] == 0.0


@pytest.mark.parametrize(
    ("event", "word"),
    [
        (b"\x0a\x24\x12protobuf", "JSON"),
        (b"{", "ChirpStack"),
        ({"deviceInfo": {"devEui": ""}}, "devEui"),
        (chirpstack_up(KEEPALIVE, joinServerContext={"sessionKeyId": "x"}), "encrypted"),
    ],
    ids=["protobuf", "no json", "no device", "ciphertext"],
)
async def test_what_cannot_be_read_is_refused_and_says_why(house: House, event: Any, word: str) -> None:
    answer = await house.post(f"{CHIRPSTACK}?event=up", event)

    assert answer.status == 400
    assert word in answer.json["detail"]
    assert await house.devices() == []
    assert await raw(house) == []


async def test_the_battery_that_the_server_was_told_of_is_recorded(house: House) -> None:
    await house.post(f"{CHIRPSTACK}?event=up", chirpstack_up(KEEPALIVE))

    await house.post(f"{CHIRPSTACK}?event=status", status(batteryLevel=75.5))
    await house.post(f"{CHIRPSTACK}?event=status", status(batteryLevel=75.5))

    assert [row.get("battery_pct") for row in await house.rows(EUI)] == [None, 75.5]


@pytest.mark.parametrize("member", ["batteryLevelUnavailable", "externalPowerSource"])
async def test_a_device_without_a_battery_to_tell_of_has_none(house: House, member: str) -> None:
    await house.post(f"{CHIRPSTACK}?event=up", chirpstack_up(KEEPALIVE))

    await house.post(f"{CHIRPSTACK}?event=status", status(**{member: True}))

    assert all("battery_pct" not in row for row in await house.rows(EUI))


@pytest.mark.parametrize("event", ["join", "log", "location", "integration", "something"])
async def test_other_events_are_kept_under_their_device(house: House, event: str) -> None:
    await house.post(f"{CHIRPSTACK}?event=up", chirpstack_up(KEEPALIVE))

    answer = await house.post(f"{CHIRPSTACK}?event={event}", {"deduplicationId": "d", "deviceInfo": INFO})

    assert answer.status == 202
    (entry,) = [entry for entry in await raw(house) if entry.kind != "chirpstack.up"]
    assert entry.devices == ((await house.device(EUI)).id,)
    assert entry.kind == f"chirpstack.{event if event != 'something' else 'unknown'}"


async def test_without_a_name_the_event_is_told_by_what_it_holds(house: House) -> None:
    await house.post(CHIRPSTACK, chirpstack_up(KEEPALIVE))
    await house.post(CHIRPSTACK, status(batteryLevel=50))

    assert [entry.kind for entry in await raw(house)] == ["chirpstack.up", "chirpstack.status"]


async def test_a_value_that_is_no_number_is_left_out(house: House) -> None:
    event = chirpstack_up(KEEPALIVE, rxInfo=[{"rssi": -60, "snr": "NaN"}])

    assert (await house.post(f"{CHIRPSTACK}?event=up", event)).status == 202

    (row,) = await house.rows(EUI)
    assert "snr_db" not in row
    assert row["rssi_dbm"] == -60


async def test_the_device_reports_through_whom_and_how_it_was_heard(house: House) -> None:
    radio = {"modulation": {"lora": {"bandwidth": 125_000, "spreadingFactor": 12}}}
    await house.post(f"{CHIRPSTACK}?event=up", chirpstack_up(KEEPALIVE, txInfo=radio))

    told = {name: report.value for name, report in (await house.device(EUI)).reports.items()}
    assert (told["network_server"], told["spreading_factor"]) == ("chirpstack", 12)
    assert told["application"] == INFO["applicationId"]
