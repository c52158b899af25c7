"""Collecting from MClimate's cloud as its vendor publishes it: no log of readings, no rooms, odd HAL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from ownclimate.core.access import ALL_PERMISSIONS, Access
from ownclimate.core.commands import get_command
from ownclimate.core.devices import find_device
from ownclimate.core.ordering import give_order
from ownclimate.core.sites import list_sites
from ownclimate.core.things import CommandState, Device
from ownclimate.vendors.mclimate.face.dialect import mclimate_dialect
from tests.fakes import FakeClock
from tests.fakes.collecting import Collecting
from tests.fakes.hal_cloud import CLIENT, PASSWORD, SECRET, USER, HalCloud
from tests.fakes.households import ACTOR, Households

SECRETS = {"client_secret": SECRET, "user_name": USER, "password": PASSWORD}
POLL_S = 600


def controller(kind: str, **more: Any) -> dict[str, Any]:
    """As the list has it; its serial is made of its kind."""
    return {
        "id": "301",
        "user_id": 200,
        "serial_number": f"SN{kind.upper()}",
        "mac": "5ECF7F000001",
        "firmware_version": "V1SHTHF",
        "name": f"The {kind}",
        "type": kind,
        "room_id": None,
        "created": "2018-01-01 10:00:00",
        "deleted_at": None,
        "online": "1",
        "brand_id": 9,
        "controller_log": [],
        **more,
    }


BOBBIE = {
    "cold": "14.5", "hot": 58, "home": 20.5, "energy": "12.25", "voltage": 231, "current": "8.1",
    "relay_state": 17, "load": True,
}  # fmt: skip
VICKI = {
    "displayDigits": "22", "temperature": "19.37", "humidity": 51.2, "motorRange": 500,
    "motorPosition": "125",
    "batteryVoltage": 3.2, "openWindow": False, "childLock": "1", "rssi": "-85",
    "temeprature_range_settings": {"min": "5", "max": 30}, "keepalive_time": "10", "operational_mode": "01",
    "uplink_type": "00", "spf": "SF7BW125", "deviceVersions": {"hardware": "2.3", "software": 3.6},
    "lastActive": "2026-11-21 09:55:00", "extSensorOn": [], "thermostatIs": None, "online": True,
}  # fmt: skip


@pytest.fixture
async def cloud(clock: FakeClock) -> AsyncIterator[HalCloud]:
    async with HalCloud(clock).listening() as listening:
        yield listening


@pytest.fixture
async def household(cloud: HalCloud, clock: FakeClock) -> Collecting:
    return await Collecting.of("mclimate", cloud.url, clock, SECRETS, client_id=CLIENT, relays=True)


async def device_of(household: Collecting, serial: str) -> Device:
    device = await find_device(household.ports.directory, household.owner_id, serial)
    assert device is not None
    return device


async def rows_of(household: Collecting, serial: str, quantity: str) -> list[tuple[str, float]]:
    """What is stored, with the instants as people read them."""
    series = await household.ports.series.read((await device_of(household, serial)).number)
    times = [f"{datetime.fromtimestamp(ms / 1000, UTC):%H:%M:%S}" for ms in series.times_ms.tolist()]
    return list(zip(times, series.columns[quantity].tolist(), strict=True))


async def test_without_a_log_every_poll_from_the_first_on_becomes_history(cloud, household, clock) -> None:
    log = {"temp": "21.5", "humidity": "44", "created": "2026-11-21T09:58:36.735Z"}
    cloud.controllers = [controller("melissa", controller_log=log), controller("smart_plug")]
    cloud.fetched = {"SNMELISSA": {"temp": 21.5, "humidity": 44}, "SNSMART_PLUG": {"power": ["12.5"]}}
    await household.collect()
    for power in (30, 30, 45):
        clock.advance(POLL_S)
        cloud.fetched["SNSMART_PLUG"] = {"power": [str(power)]}
        await household.collect()

    assert (await rows_of(household, "SNMELISSA", "temperature_c"))[0] == ("09:58:36", 21.5)
    assert [power for _, power in await rows_of(household, "SNSMART_PLUG", "power_w")] == [12.5, 30, 45]


async def test_what_stays_the_same_is_told_again_every_hour(cloud, household, clock) -> None:
    cloud.controllers = [controller("bobbie")]
    cloud.fetched = {"SNBOBBIE": BOBBIE}
    await household.collect()
    for _ in range(18):
        clock.advance(POLL_S)
        await household.collect()

    rows = await rows_of(household, "SNBOBBIE", "water_temperature_c")
    assert [value for _, value in rows] == [58.0] * len(rows)
    assert 3 <= len(rows) <= 4


async def test_numbers_that_are_text_and_versions_with_a_dot_are_what_they_say(cloud, household) -> None:
    cloud.controllers = [controller("bobbie", room_id="7"), controller("vicki", mac="70B3D52DD3000001")]
    cloud.fetched = {"SNBOBBIE": BOBBIE, "SNVICKI": VICKI}
    await household.collect()

    series = await household.ports.series.read((await device_of(household, "SNBOBBIE")).number)
    assert {name: column[-1] for name, column in series.columns.items()} == {
        "temperature_external_c": 14.5,
        "water_temperature_c": 58,
        "temperature_c": 20.5,
        "energy_total_wh": 12_250,
        "voltage_v": 231,
        "current_a": 8.1,
        "relay_on": 1,
    }
    vicki = await device_of(household, "SNVICKI")
    assert await rows_of(household, "SNVICKI", "temperature_c") == [("09:55:00", 19.37)]
    assert await rows_of(household, "SNVICKI", "setpoint_c") == [("09:55:00", 22)]
    assert await rows_of(household, "SNVICKI", "valve_pct") == [("09:55:00", 75)]
    assert (vicki.firmware, vicki.reports["hardware"].value) == ("3.6", "2.3")
    assert vicki.settings["child_lock"] is True
    assert vicki.settings["setpoint_range_c"] == {"min": 5, "max": 30}
    assert vicki.settings["control_mode"] == "automatic"
    assert vicki.keepalive_s == 600
    (site,) = await list_sites(household.ports.directory, household.owner_id)
    assert site.time_zone == "Europe/Sofia"


async def test_the_address_may_be_given_as_the_vendors_documents_give_it(cloud, clock) -> None:
    household = await Collecting.of("mclimate", f"{cloud.url}/v1", clock, SECRETS, client_id=CLIENT)
    await household.collect()
    assert cloud.calls["GET /controllers"] == 1


PASSING = {"createdAt", "network_provider", "spf"}
"""What changes with every frame, or has a place of its own here."""
FETCHED: dict[str, dict[str, Any]] = {
    "t_valve": {
        "valveState": 1, "boxTamper": False, "floodDetectionWireState": False, "flood": False, "magnet": True,
        "alarmValidated": False, "manualOpenIndicator": True, "manualCloseIndicator": False, "closeTime": 12,
        "openTime": 10, "waterTemp": 12.5, "ambientTemp": 20, "battery": 3.4, "rssi": -80, "spf": "7",
        "lastActive": "2026-11-21 09:50:10", "online": True,
    },
    "wireless_thermostat": {
        "relativeHumidity": 44, "rssi": -80, "sensorTemperature": 20.4, "batteryVoltage": 3.2,
        "targetTemperature": 21, "thermistorProperlyConnected": True, "displayRefreshPeriod": 12,
        "sendTargetTempDelay": 3, "deviceVersions": {"hardware": 10, "software": 23}, "keepAliveTime": 10,
        "joinRetryPeriod": 60, "watchDogParams": {"wdpC": 2, "wdpUc": 24}, "uplinkType": "01",
        "childLock": False, "heatingStatus": 1, "lastActive": "2026-11-21 09:50:10", "online": True,
    },
    "co2_sensor": {
        "network_provider": "the_things_network", "CO2": 812, "temperature": 21.5, "humidity": 41,
        "voltage": 3.1, "autoZeroValue": 400, "autoZeroPeriod": 192, "keepAliveTime": 10, "online": True,
        "boundaryLevels": {"good_medium": 900, "medium_bad": 1500}, "lastActive": "2026-11-21 09:50:10",
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", FETCHED)
async def test_what_a_device_told_the_cloud_our_face_tells_again(kind, cloud, household) -> None:
    cloud.controllers = [controller(kind, mac="70B3D52DD3000005")]
    cloud.fetched = {f"SN{kind.upper()}": FETCHED[kind]}
    await household.collect()

    households = Households(household.ports)
    households.accesses["eve"] = Access(
        owner_id=household.owner_id,
        account_id=None,
        client_id="app",
        permissions=ALL_PERMISSIONS,
        via="token",
    )
    client = households.client(mclimate_dialect(), token="eve")
    body = {"serial_number": f"SN{kind.upper()}"}
    told = (await client.request("POST", "/v1/provider/fetch", json_body=body)).json["provider"]
    wanted = {name: value for name, value in FETCHED[kind].items() if name not in PASSING}
    assert {name: told.get(name) for name in wanted} == wanted


async def test_a_cloud_with_nothing_in_it_is_no_failure(cloud, household) -> None:
    engine = await household.collect()

    assert engine.live.last_error == ""
    assert cloud.refused == 0


@pytest.mark.parametrize(("per_minute", "names_a_pause"), [(60, False), (7, False), (7, True)])
async def test_many_controllers_arrive_whatever_a_page_holds_and_the_cloud_allows(
    per_minute, names_a_pause, cloud, household
) -> None:
    cloud.per_minute, cloud.names_a_pause = per_minute, names_a_pause
    cloud.controllers = [controller("melissa", serial_number=f"SN{n:02}", name=f"No {n}") for n in range(13)]
    cloud.fetched = {f"SN{n:02}": {"temp": 20 + n, "humidity": 40} for n in range(13)}
    while not await household.engine().run_once():
        household.clock.advance(60)

    for n in range(13):
        assert [value for _, value in await rows_of(household, f"SN{n:02}", "temperature_c")] == [20 + n]
    before = len(cloud.asked)
    await household.collect()
    assert len(cloud.asked) == before
    if per_minute == 60:
        assert cloud.refused == 0


async def test_lists_that_say_they_have_pages_without_end_end_where_they_hold_nothing(
    cloud, household
) -> None:
    cloud.claimed_pages = 900_000
    cloud.controllers = [controller("melissa", serial_number=f"SN{n}") for n in range(3)]
    told = {"command": "send_ir_code", "status": "delivered", "created": "2026-11-20 10:00:00"}
    cloud.commands = {"SN0": [{**told, "id": n} for n in range(3)]}

    engine = await household.collect()

    assert cloud.calls["GET /controllers"] == 3
    assert cloud.calls["GET /command_log/SN0"] == 3
    assert len(engine.plan) < 100
    assert await device_of(household, "SN2")


async def test_every_answer_with_readings_is_archived_as_it_came(cloud, household) -> None:
    cloud.controllers = [controller("melissa")]
    cloud.fetched = {"SNMELISSA": {"temp": -49.6, "humidity": 40, "raw_humidity": 1234}}
    await household.collect()

    entries = await household.ports.raw.scan(household.owner_id)
    (fetch,) = [entry for entry in entries if entry.kind == "mclimate.fetch"]
    assert b'"raw_humidity": 1234' in fetch.payload
    assert "temperature_c" in fetch.note
    assert [value for _, value in await rows_of(household, "SNMELISSA", "temperature_c")] == [-49.6]


async def test_a_stale_token_is_renewed_and_without_a_renewal_logged_in_again(
    cloud, household, clock
) -> None:
    cloud.controllers = [controller("melissa")]
    cloud.fetched = {"SNMELISSA": {"temp": 20, "humidity": 40}}
    with capture_logs() as logs:
        await household.collect()
        for renews in (True, False):
            cloud.renews = renews
            cloud.tokens.clear()
            clock.advance(POLL_S)
            await household.collect()

    assert cloud.calls["POST /auth/login"] == 2
    assert cloud.calls["POST /auth/renew"] == 2
    engine = await household.collect()
    told = f"{logs} {engine.live}"
    for secret in (SECRET, PASSWORD, "r" * 40, *(f"{n:040x}" for n in range(1, 4))):
        assert secret not in told


ORDERS: dict[str, tuple[Any, ...]] = {
    "an air-conditioner": (
        controller("melissa"),
        {"temp": 20, "humidity": 40},
        "set_air_conditioner",
        {"is_on": True, "mode": "cool", "temperature_c": 23.0, "fan": "low"},
        {"command": "send_ir_code", "state": 1, "mode": 3, "temp": 23, "fan": 1},
    ),
    "a boiler": (
        controller("bobbie"),
        BOBBIE,
        "set_relay",
        {"is_on": False},
        {"command": "switch_on_off", "state": "off"},
    ),
    "a radiator": (
        controller("vicki"),
        VICKI,
        "set_setpoint",
        {"temperature_c": 24.0},
        {"command": "set_motor_position", "position": 24},
    ),
}


@pytest.mark.parametrize("what", ORDERS)
async def test_an_order_is_sent_as_the_vendors_clients_send_it_and_confirmed_by_the_log(
    what, cloud, household, clock
) -> None:
    item, fetched, name, fields, wire = ORDERS[what]
    serial = item["serial_number"]
    cloud.controllers, cloud.fetched = [item], {serial: fetched}
    cloud.commands = {serial: []}
    await household.collect()
    engine, ports, owner_id = household.engine(), household.ports, household.owner_id
    command = await give_order(ports, owner_id, ACTOR, await device_of(household, serial), name, fields)

    deliverer = household.deliverer(engine)
    await deliverer.look()
    await deliverer.idle()
    (sent,) = [asked for asked in cloud.asked if asked.path == "/provider/send"]
    executor = sent.body.pop("executor")
    assert sent.method == "POST"
    assert sent.headers["content-type"].startswith("application/json")
    assert sent.headers["authorization"].lower().startswith("bearer ")
    assert sent.body == {"serial_number": serial, **wire}

    resource = {key: str(value) for key, value in wire.items() if key != "command"}
    created = f"{datetime.fromtimestamp(clock.now_ms() / 1000, UTC):%Y-%m-%d %H:%M:%S}"
    logged = {"id": "9", "command": wire["command"], "executed_resource": resource, "executor": executor}
    cloud.commands[serial] = [logged | {"created": created}]
    clock.advance(3.1)
    await engine.run_once()
    assert (await get_command(ports.directory, owner_id, command.id)).state is CommandState.CONFIRMED
