"""MClimate's controllers: every device is one, under the vendor's names."""

from __future__ import annotations

import dataclasses

import pytest

from ownclimate.core.devices import edit_device, hide_device
from ownclimate.core.sites import create_room, create_site
from ownclimate.core.things import Ability, Report
from ownclimate.vendors.mclimate.face.dialect import mclimate_dialect
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import ACTOR, Households, memory_ports
from tests.fakes.http import Client

MINUTE_MS = 60_000
VICKI = "70B3D52DD3000001"


@pytest.fixture
async def households(clock: FakeClock, entropy: SeededEntropy) -> Households:
    made = Households(memory_ports(clock, entropy))
    await made.add("anna")
    await made.add("bela")
    return made


@pytest.fixture
def client(households: Households) -> Client:
    return households.client(mclimate_dialect(), token="anna")


async def test_a_controller_has_every_documented_field(households: Households, client: Client) -> None:
    anna = households.accounts["anna"]
    site = await create_site(households.ports, anna.owner_id, ACTOR, name="Home")
    room = await create_room(households.ports, anna.owner_id, ACTOR, site_id=site.id, name="Hall")
    device = await households.device(
        "anna", "melissa", "H59SN", name="Melissa", mac="5e:cf:7f:00:00:01", firmware="V1SHTHF",
        site_id=site.id, room_id=room.id, settings={"brand_id": 9},
    )  # fmt: skip

    answer = await client.get("/v1/controllers?serial_number=H59SN")

    (item,) = answer.json["_embedded"]["controller"]
    links = item.pop("_links")
    assert item == {
        "id": device.number,
        "user_id": anna.number,
        "serial_number": "H59SN",
        "mac": "5ECF7F000001",
        "firmware_version": "V1SHTHF",
        "name": "Melissa",
        "type": "melissa",
        "room_id": room.number,
        "created": "2026-11-21 10:00:00",
        "deleted_at": None,
        "online": False,
        "brand_id": 9,
        "controller_log": [],
    }
    assert links == {
        "self": {"href": "/v1/controllers/H59SN"},
        "controller_log": {"href": "/v1/controllers/H59SN/controller_log"},
        "command_log": {"href": "/v1/command_log/H59SN"},
        "pending": {"href": "/v1/provider/pending/H59SN"},
        "schedules": {"href": "/v1/schedules/H59SN"},
        "room": {"href": f"/v1/rooms/{room.number}"},
        "brand": {"href": "/v1/brands/9"},
    }


@pytest.mark.parametrize("path", ["/v1/controllers", "/v1/controller"])
async def test_any_id_of_the_device_names_it_in_any_case(
    households: Households, client: Client, path: str
) -> None:
    device = await households.device("anna", "vicki", VICKI)

    for text in (VICKI, VICKI.lower(), device.id, *device.aliases.values()):
        answer = await client.get(f"{path}/{text}")
        assert answer.json["controller"]["serial_number"] == VICKI
        assert answer.json["_links"]["self"]["href"] == f"/v1/controllers/{VICKI}"


async def test_devices_of_every_origin_are_controllers(households: Households, client: Client) -> None:
    for vendor, model in [
        ("netatmo", "NAMain"), ("netatmo", "NATherm1"), ("ecobee", "ecobee_thermostat"),
        ("generic", "generic_sensor"),
    ]:  # fmt: skip
        await households.device("anna", model, f"id of {model}/1", vendor=vendor)

    answer = await client.get("/v1/controllers?sort=id")

    items = answer.json["_embedded"]["controller"]
    assert [item["type"] for item in items] == ["NAMain", "NATherm1", "ecobee_thermostat", "generic_sensor"]
    for item in items:
        assert (await client.get(item["_links"]["self"]["href"])).status == 200


async def test_a_melissas_log_goes_by_its_own_names(
    households: Households, client: Client, clock: FakeClock
) -> None:
    device = await households.device("anna", "melissa", "H59SN")
    await households.record(
        device, [clock.now_ms()], {"temperature_c": [26.8], "humidity_pct": [18.7], "rssi_dbm": [-61]}
    )

    log = (await client.get("/v1/controllers/H59SN")).json["controller"]["controller_log"]

    assert log == {
        "temp": 26.8,
        "humidity": 18.7,
        "rssi_dbm": -61,
        "raw_temperature": 27468,
        "raw_humidity": 12950,
        "created": "2026-11-21T10:00:00.000Z",
    }


async def test_a_vickis_log_has_what_it_said_of_its_motor_and_lock(
    households: Households, client: Client, clock: FakeClock
) -> None:
    device = await households.device(
        "anna", "vicki", VICKI, settings={"child_lock": True},
        reports={
            "motor_position_steps": Report(value=114, at_ms=0),
            "motor_range_steps": Report(value=540, at_ms=0),
        },
    )  # fmt: skip
    await households.record(
        device,
        [clock.now_ms() - MINUTE_MS, clock.now_ms()],
        {
            "temperature_c": [21.0, 21.5],
            "setpoint_c": [20, None],
            "open_window": [0, 1],
            "valve_pct": [79, 79],
        },
    )

    log = (await client.get(f"/v1/controllers/{VICKI}")).json["controller"]["controller_log"]

    assert log == {
        "temperature": 21.5,
        "displayDigits": 20,
        "openWindow": True,
        "valve_pct": 79,
        "motorPosition": 114,
        "motorRange": 540,
        "childLock": True,
        "created": "2026-11-21T10:00:00.000Z",
    }


async def test_a_foreign_log_uses_our_names_where_the_dialect_has_none(
    households: Households, client: Client, clock: FakeClock
) -> None:
    device = await households.device("anna", "NAMain", "70:ee:50:00:00:01", vendor="netatmo")
    await households.record(device, [clock.now_ms()], {"temperature_c": [20.5], "co2_ppm": [640]})

    log = (await client.get("/v1/controllers/70:ee:50:00:00:01")).json["controller"]["controller_log"]

    assert (log["temp"], log["co2_ppm"]) == (20.5, 640)


@pytest.mark.parametrize(
    ("is_heard", "keepalive_s", "reachable", "age_min", "online"),
    [
        (True, 0, None, None, False),
        (True, 0, None, 30, True),
        (True, 0, None, 31, False),
        (True, 600, None, 30, True),
        (True, 1200, None, 60, True),
        (True, 1200, None, 61, False),
        (True, 0, False, 1, True),
        (True, 0, True, 31, False),
        (False, 0, True, None, True),
        (False, 0, False, 1, False),
        (False, 0, None, 240, True),
        (False, 0, None, 241, False),
        (False, 0, None, None, False),
    ],
)
async def test_online_is_computed_for_what_we_hear_and_else_as_its_source_said(
    households: Households,
    client: Client,
    clock: FakeClock,
    is_heard: bool,
    keepalive_s: int,
    reachable: bool | None,
    age_min: int | None,
    online: bool,
) -> None:
    reports = {} if reachable is None else {"reachable": Report(value=reachable, at_ms=0)}
    device = await households.device(
        "anna", "vicki", VICKI, is_heard=is_heard, keepalive_s=keepalive_s, reports=reports
    )
    if age_min is not None:
        await households.record(device, [clock.now_ms() - age_min * MINUTE_MS], {"temperature_c": [20]})

    assert (await client.get(f"/v1/controllers/{VICKI}")).json["controller"]["online"] is online


async def test_a_relay_tells_its_state_on_its_entity(
    households: Households, client: Client, clock: FakeClock
) -> None:
    relay = await households.device("anna", "bobbie", "B1", abilities=frozenset({Ability.RELAY}))
    await households.device("anna", "melissa", "M1")
    await households.record(relay, [clock.now_ms()], {"relay_on": [1], "energy_total_wh": [1500]})

    entity = (await client.get("/v1/controllers/B1")).json["controller"]
    items = (await client.get("/v1/controllers")).json["_embedded"]["controller"]

    assert entity["relay_state"] == 1
    assert entity["controller_log"]["energy"] == 1.5
    assert all("relay_state" not in item for item in items)
    assert "relay_state" not in (await client.get("/v1/controllers/M1")).json["controller"]
    assert (await client.get("/v1/controllers?relay_state=1")).json["total"] == 1


async def test_an_ac_controller_tells_its_last_command_without_being_asked(
    households: Households, client: Client, clock: FakeClock
) -> None:
    device = await households.device("anna", "melissa", "M1")
    await households.record(device, [clock.now_ms()], {"cooling_on": [1], "setpoint_cool_c": [23]})

    entity = (await client.get("/v1/controllers/M1")).json["controller"]

    assert entity["_relation"]["command_log"] == {"state": 1, "mode": 3, "temp": 23, "fan": 0}


async def test_fields_works_on_an_entity_and_filters_do_not(households: Households, client: Client) -> None:
    await households.device("anna", "vicki", VICKI, name="Hall")

    chosen = await client.get(f"/v1/controllers/{VICKI}?fields=name")
    assert chosen.json["controller"] == {"name": "Hall"}
    assert "_links" in chosen.json
    refused = await client.get(f"/v1/controllers/{VICKI}?name=Hall")
    assert (refused.status, list(refused.json["validation"])) == (400, ["name"])
    assert (await client.get(f"/v1/controllers/{VICKI}?fields=foo")).status == 400


async def test_a_rename_changes_the_name_and_nothing_else(households: Households, client: Client) -> None:
    device = await households.device("anna", "vicki", VICKI, name="Hall")
    before = (await client.get(f"/v1/controllers/{VICKI}")).json["controller"]

    await edit_device(
        households.ports, device.owner_id, ACTOR, device.id, lambda d: dataclasses.replace(d, name="Den")
    )

    assert (await client.get(f"/v1/controllers/{VICKI}")).json["controller"] == before | {"name": "Den"}


async def test_a_deleted_device_is_gone(households: Households, client: Client) -> None:
    device = await households.device("anna", "vicki", VICKI)
    await hide_device(households.ports, device.owner_id, ACTOR, device.id)

    assert (await client.get(f"/v1/controllers/{VICKI}")).status == 404
    assert (await client.get("/v1/controllers")).json["controller"] == []


async def test_a_token_narrowed_to_sites_sees_their_devices_only(
    households: Households, client: Client
) -> None:
    owner_id = households.accounts["anna"].owner_id
    site = await create_site(households.ports, owner_id, ACTOR, name="Home")
    await households.device("anna", "vicki", "INSIDE", site_id=site.id)
    await households.device("anna", "vicki", "OUTSIDE")
    whole = households.accesses["anna"]
    households.accesses["narrow"] = dataclasses.replace(whole, sites=frozenset({site.id}))
    client.headers["authorization"] = "Bearer narrow"

    items = (await client.get("/v1/controllers")).json["_embedded"]["controller"]

    assert [item["serial_number"] for item in items] == ["INSIDE"]
    assert (await client.get("/v1/controllers/INSIDE")).status == 200
    assert (await client.get("/v1/controllers/OUTSIDE")).status == 404
    assert (await client.get("/v1/controllers/OUTSIDE/controller_log")).status == 404


async def test_another_owners_device_does_not_exist_on_any_row(
    households: Households, clock: FakeClock
) -> None:
    device = await households.device("bela", "vicki", VICKI)
    await households.record(device, [clock.now_ms()], {"temperature_c": [20]})
    dialect = mclimate_dialect()
    anna, bela = households.client(dialect, token="anna"), households.client(dialect, token="bela")
    absent = await anna.get("/v1/controllers/ABSENT")

    for endpoint in dialect.endpoints:
        # Not every controller is in thermostat mode.
        is_read = endpoint.methods == ("GET",) and endpoint.owned == ("serial",)
        is_read = is_read and "thermostat_mode" not in endpoint.path
        for path in (endpoint.path, *endpoint.aliases) if is_read else ():
            for text in (VICKI, device.id, *device.aliases.values()):
                foreign = await anna.get(path.replace("{serial}", text))
                assert (foreign.status, foreign.json) == (404, absent.json)
                assert (await bela.get(path.replace("{serial}", text))).status == 200
    assert (await anna.get("/v1/controllers")).json["controller"] == []


async def test_two_owners_may_have_the_same_station(households: Households, client: Client) -> None:
    await households.device("anna", "NAMain", "70:ee:50:00:00:01", vendor="netatmo", name="Anna's")
    await households.device("bela", "NAMain", "70:ee:50:00:00:01", vendor="netatmo", name="Bela's")

    answer = await client.get("/v1/controllers/70:ee:50:00:00:01")

    assert answer.json["controller"]["name"] == "Anna's"
