"""`POST /hooks/lorawan/things-stack`: from a webhook's message to device, readings and settings."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ownclimate.core.devices import hide_device
from ownclimate.core.ports import RawEntry
from ownclimate.core.readings import OriginKind, origin_kind
from ownclimate.core.things import Ability
from ownclimate.core.writes import Actor
from ownclimate.store.memory_series import MemorySeries
from tests.unit.ingest.conftest import THINGS_STACK, House, envelope

EUI = "70B3D52DD3000001"
KEEPALIVE = "811BAF4BAB2A129030"
"""27 °C wanted, 25.88 °C there, valve 23 % open."""
ANSWERS = "12031401150A1E5430042643"
"""Period 3 min, child lock on, range 10 to 30 °C, offset 3.52 °C, hardware 2.6, software 4.3."""
RECEIVED_MS = 1_795_255_198_123


async def raw(house: House) -> list[RawEntry]:
    return await house.ports.raw.scan(house.key.owner_id)


async def test_a_keepalive_becomes_a_device_and_a_reading(house: House) -> None:
    answer = await house.post(THINGS_STACK, envelope(KEEPALIVE))

    assert (answer.status, answer.body) == (202, b"")
    device = await house.device(EUI)
    assert (device.vendor, device.model, device.vendor_id, device.mac) == ("mclimate", "vicki", EUI, EUI)
    assert device.name == "vicki-1"
    assert device.is_heard
    assert {Ability.VALVE, Ability.HEATING_SETPOINT} <= device.abilities
    assert await house.rows(EUI) == [
        {
            "at": RECEIVED_MS,
            "temperature_c": 25.88,
            "humidity_pct": 29.3,
            "setpoint_c": 27.0,
            "valve_pct": 23.0,
            "battery_v": 2.9,
            "open_window": 0.0,
            "rssi_dbm": -61.0,
            "snr_db": 9.2,
        }
    ]


async def test_the_message_is_kept_as_it_came(house: House) -> None:
    await house.post(THINGS_STACK, envelope(KEEPALIVE))

    (entry,) = await raw(house)
    assert (entry.source, entry.kind, entry.note) == (house.key.id, "things_stack.uplink_message", "")
    assert entry.devices == ((await house.device(EUI)).id,)


async def test_answers_change_the_device_and_nothing_else_of_it(house: House) -> None:
    await house.post(THINGS_STACK, envelope(KEEPALIVE))
    before = await house.device(EUI)

    await house.post(THINGS_STACK, envelope(ANSWERS + KEEPALIVE, f_cnt=18))

    device = await house.device(EUI)
    assert device.settings == {
        **before.settings,
        "child_lock": False,  # the keep-alive comes last and says so
        "setpoint_range_c": {"min": 10, "max": 30},
        "temperature_offset_c": 3.52,
    }
    assert (device.keepalive_s, device.firmware) == (180, "4.3")
    assert device.reports["hardware"].value == "2.6"
    assert {n: r for n, r in device.reports.items() if n != "hardware"} == before.reports


async def test_what_the_core_has_no_word_for_is_kept_under_the_makers_name(house: House) -> None:
    await house.post(THINGS_STACK, envelope("27054B02" + KEEPALIVE))

    assert (await house.device(EUI)).kept == {"lorawan": {"OVAC": 5, "patchVersion": 2}}


async def test_a_redelivery_changes_nothing(house: House) -> None:
    await house.post(THINGS_STACK, envelope(KEEPALIVE))
    rows, device, kept = await house.rows(EUI), await house.device(EUI), await raw(house)
    house.clock.advance(60)
    again = envelope(KEEPALIVE)
    again["received_at"] = "2026-11-21T10:00:58.3Z"
    again["correlation_ids"] = ["as:up:02"]

    answer = await house.post(THINGS_STACK, again)

    assert answer.status == 202
    assert (await house.rows(EUI), await house.device(EUI), await raw(house)) == (rows, device, kept)


async def test_of_one_counter_the_first_delivery_counts_whatever_the_second_says(house: House) -> None:
    await house.post(THINGS_STACK, envelope(KEEPALIVE))
    rows = await house.rows(EUI)

    await house.post(THINGS_STACK, envelope("8105AF4BAB2A129030", received_at="2026-11-21T09:59:59Z"))

    assert await house.rows(EUI) == rows


async def test_a_new_session_may_repeat_a_counter(house: House) -> None:
    await house.post(THINGS_STACK, envelope(KEEPALIVE))

    await house.post(
        THINGS_STACK, envelope(KEEPALIVE, session_key_id="AYf1", received_at="2026-11-21T09:59:59Z")
    )

    assert len(await house.rows(EUI)) == 2


async def test_what_a_crash_left_undone_a_redelivery_completes(house: House) -> None:
    await house.post(THINGS_STACK, envelope(KEEPALIVE))
    whole = await house.rows(EUI)
    object.__setattr__(house.ports, "series", MemorySeries())  # as if the readings had never been written

    await house.post(THINGS_STACK, envelope(KEEPALIVE))

    assert await house.rows(EUI) == whole


async def test_a_late_frame_fills_history_and_leaves_settings_alone(house: House) -> None:
    await house.post(THINGS_STACK, envelope("1401", f_cnt=20))

    await house.post(THINGS_STACK, envelope("1400" + KEEPALIVE, f_cnt=19, received_at="2026-11-21T09:00:00Z"))

    assert (await house.device(EUI)).settings["child_lock"] is True
    assert (await house.rows(EUI))[0]["temperature_c"] == 25.88


@pytest.mark.parametrize(
    ("payload", "note"),
    [
        ("", "empty_payload"),
        ("99", "unknown_command at byte 0: 99"),
        ("120399020426", "unknown_command at byte 2: 99020426"),
        ("8140AF4BAB2A129030", "implausible setpoint_c"),
        ("811BAF", "truncated_keepalive at byte 0: 811BAF"),
    ],
)
async def test_what_cannot_be_read_is_kept_with_a_note(house: House, payload: str, note: str) -> None:
    answer = await house.post(THINGS_STACK, envelope(payload))

    assert answer.status == 202
    assert (await raw(house))[0].note == note
    assert (await house.rows(EUI))[0]["rssi_dbm"] == -61.0


async def test_a_payload_that_is_not_base64_is_kept_with_a_note(house: House) -> None:
    answer = await house.post(THINGS_STACK, envelope("", frm_payload="gRuv!"))

    assert answer.status == 202
    assert "frm_payload is not base64" in (await raw(house))[0].note


async def test_a_value_outside_its_range_is_kept(house: House) -> None:
    await house.post(THINGS_STACK, envelope("81FFAF4BAB2A129030"))

    assert (await house.rows(EUI))[0]["setpoint_c"] == 255.0


async def test_a_model_without_a_table_is_kept_raw_with_what_the_radio_said(house: House) -> None:
    ids = {"brand_id": "mclimate", "model_id": "weather-vane"}

    await house.post(THINGS_STACK, envelope("01027B8D2B0000", version_ids=ids))

    device = await house.device(EUI)
    assert (device.model, device.abilities) == ("weather-vane", frozenset())
    assert await house.rows(EUI) == [{"at": RECEIVED_MS, "rssi_dbm": -61.0, "snr_db": 9.2}]
    assert (await raw(house))[0].note == "no codec for this model"


MODELS = {
    "by the frame when nobody says": (KEEPALIVE, None, "", "vicki"),
    "by the webhook's setting": ("0104", None, "?model=Vicki", "vicki"),
    "never by the DevEUI": ("0104", None, "", "unknown"),
    "as a foreign brand says": (KEEPALIVE, {"brand_id": "dragino", "model_id": "lht65"}, "", "lht65"),
    "by the repository's name": ("", {"brand_id": "mclimate", "model_id": "16aspm"}, "", "relay_16"),
}


@pytest.mark.parametrize(("payload", "version_ids", "query", "model"), MODELS.values(), ids=MODELS.keys())
async def test_a_new_devices_model_is_known(
    house: House, payload: str, version_ids: Any, query: str, model: str
) -> None:
    await house.post(THINGS_STACK + query, envelope(payload, version_ids=version_ids))

    assert (await house.device(EUI)).model == model


async def test_an_unknown_model_is_learnt_from_a_later_frame(house: House) -> None:
    await house.post(THINGS_STACK, envelope("0104", version_ids=None))

    await house.post(THINGS_STACK, envelope(KEEPALIVE, version_ids=None, f_cnt=18))

    device = await house.device(EUI)
    assert (device.model, Ability.VALVE in device.abilities) == ("vicki", True)


async def test_a_device_without_an_eui_goes_by_its_servers_name(house: House) -> None:
    message = envelope(KEEPALIVE)
    del message["end_device_ids"]["dev_eui"]

    await house.post(THINGS_STACK, message)

    device = await house.device("home/vicki-1")
    assert (device.vendor_id, device.mac) == ("home/vicki-1", "")


async def test_without_sessions_the_time_of_reception_tells_equal_counters_apart(house: House) -> None:
    first = envelope(KEEPALIVE, session_key_id=None)
    second = envelope(KEEPALIVE, session_key_id=None, received_at="2026-11-21T09:59:59Z")
    for message in (first, second, copy.deepcopy(second)):
        await house.post(THINGS_STACK, message)

    assert len(await house.rows(EUI)) == 2


async def test_absent_members_are_at_their_default(house: House) -> None:
    await house.post(THINGS_STACK, envelope(KEEPALIVE, f_cnt=None, rx_metadata=[{"rssi": -50}]))

    (row,) = await house.rows(EUI)
    assert (row["rssi_dbm"], row["snr_db"]) == (-50.0, 0.0)


async def test_port_0_is_for_the_network_alone(house: House) -> None:
    await house.post(THINGS_STACK, envelope(KEEPALIVE, f_port=None))

    assert "temperature_c" not in (await house.rows(EUI))[0]


@pytest.mark.parametrize("received_at", ["1980-01-06T00:00:00Z", "2027-11-21T00:00:00Z", "yesterday"])
async def test_a_servers_impossible_clock_gives_way_to_ours(house: House, received_at: str) -> None:
    message = envelope(KEEPALIVE, received_at=received_at)
    message.pop("received_at")

    await house.post(THINGS_STACK, message)

    (row,) = await house.rows(EUI)
    assert 0 <= row["at"] - house.clock.now_ms() < 1000


async def test_simulated_traffic_ranks_below_everything(house: House) -> None:
    await house.post(THINGS_STACK, {**envelope(KEEPALIVE), "simulated": True})

    number = (await house.device(EUI)).number
    latest = (await house.ports.series.latest([number]))[number]
    assert {origin_kind(value.origin) for value in latest.values()} == {OriginKind.SIMULATION}


@pytest.mark.parametrize(
    ("path", "event"),
    [
        ("/join", {"join_accept": {"session_key_id": "AYf0", "received_at": "2026-11-21T09:59:58Z"}}),
        ("/down/ack", {"downlink_ack": {"f_cnt": 1}}),
        ("/down/failed", {"downlink_failed": {"downlink": {}, "error": {}}}),
        ("/service/data", {"service_data": {"data": {"uplink_message": None}}}),
    ],
)
async def test_other_events_are_kept_raw_once(house: House, path: str, event: dict[str, Any]) -> None:
    message = {"end_device_ids": envelope("")["end_device_ids"], **event}
    for received_at in ("2026-11-21T09:59:58Z", "2026-11-21T10:59:58Z"):
        answer = await house.post(THINGS_STACK + path, {**message, "received_at": received_at})
        assert answer.status == 202

    (entry,) = await raw(house)
    assert (entry.kind, entry.note) == (f"things_stack.{next(iter(event))}", "")
    assert await house.devices() == []


async def test_an_uplink_may_come_by_its_events_path_with_the_key_in_the_query(house: House) -> None:
    target = f"{THINGS_STACK}/up?key={house.text}"

    answer = await house.post(target, envelope(KEEPALIVE), authorization="")

    assert answer.status == 202
    assert len(await house.rows(EUI)) == 1


async def test_an_unknown_event_is_kept_with_a_note(house: House) -> None:
    message = {"end_device_ids": envelope("")["end_device_ids"], "uplink_dreamt": {}}

    assert (await house.post(THINGS_STACK, message)).status == 202
    assert (await raw(house))[0].note == "no event that this server knows"


UNREADABLE = {
    "no JSON": b"<xml/>",
    "no object": b"[]",
    "no device": b"{}",
    "a device without a name": b'{"end_device_ids": {}}',
    "a counter that is none": b'{"end_device_ids":{"device_id":"a"},"uplink_message":{"f_cnt":"many"}}',
    "nothing": b"",
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_what_is_no_message_is_refused_and_not_kept(house: House, body: bytes) -> None:
    answer = await house.post(THINGS_STACK, body)

    assert (answer.status, answer.headers["content-type"]) == (400, "application/problem+json")
    assert await raw(house) == []


@pytest.mark.parametrize("key", ["", "Bearer och_0_0"])
async def test_a_wrong_or_missing_key_is_refused(house: House, key: str) -> None:
    assert (await house.post(THINGS_STACK, envelope(KEEPALIVE), authorization=key)).status == 401
    assert (await house.post(f"{THINGS_STACK}?key=x", envelope(KEEPALIVE), authorization="")).status == 401


async def test_a_hidden_device_stays_hidden_and_its_frames_are_kept_raw(house: House) -> None:
    await house.post(THINGS_STACK, envelope(KEEPALIVE))
    device = await house.device(EUI)
    await hide_device(house.ports, house.key.owner_id, Actor(), device.id)

    answer = await house.post(THINGS_STACK, envelope(KEEPALIVE, f_cnt=18))

    assert answer.status == 202
    assert await house.devices() == []
    assert (await raw(house))[1].note == "the device is hidden"


async def test_an_unchanged_device_is_not_written_again(house: House) -> None:
    await house.post(THINGS_STACK, envelope(KEEPALIVE))
    partition = f"owner:{house.key.owner_id}"
    before = await house.ports.directory.scan(partition, "device")

    await house.post(THINGS_STACK, envelope(KEEPALIVE, f_cnt=18, received_at="2026-11-21T09:59:59Z"))

    assert await house.ports.directory.scan(partition, "device") == before


@pytest.mark.parametrize(
    ("settings", "spreading_factor"),
    [
        ({"data_rate": {"lora": {"spreading_factor": 7}}}, 7),
        ({"data_rate": {"fsk": {"bit_rate": 50_000}}}, None),
        ({"data_rate": {"lora": {"spreading_factor": "fast"}}}, None),
        ("odd", None),
    ],
    ids=["LoRa", "FSK", "nonsense", "odd"],
)
async def test_the_device_reports_through_whom_and_how_it_was_heard(
    house: House, settings: Any, spreading_factor: int | None
) -> None:
    answer = await house.post(THINGS_STACK, envelope(KEEPALIVE, settings=settings))

    told = {name: report.value for name, report in (await house.device(EUI)).reports.items()}
    assert answer.status == 202
    assert (told["network_server"], told["application"]) == ("things-stack", "home")
    assert told.get("spreading_factor") == spreading_factor
