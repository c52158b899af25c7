"""All 25 operations of ecobee's document, each answer judged by it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ownclimate.control.climate import ClimateKeeper
from ownclimate.core.access import ALL_PERMISSIONS
from ownclimate.core.commands import list_device_commands
from ownclimate.core.devices import edit_device, get_device
from ownclimate.core.sites import list_sites
from ownclimate.core.things import Ability, Device
from ownclimate.vendors.smartbuildings.face.dialect import smartbuildings_dialect
from tests.contract.vendors.smartbuildings.conftest import DESKS, LOBBY, SPARE, Company
from tests.fakes.ecobee import EcobeeDocument
from tests.fakes.households import ACTOR

ADDRESS = {
    "address": "1 Main St",
    "city": "Toronto",
    "country": "CA",
    "state": "ON",
    "postalCode": "M5J1A7",
    "latitude": 43.63871234,
    "longitude": -79.38,
    "timeZone": "America/Toronto",
}
NEW: dict[str, Any] = {"name": "Annex", "size": 5000, "addressDetails": ADDRESS}
HOLD = {"desiredTemperature": 70.5, "type": "indefinite"}
ABSENT = {"buildingId": "f" * 24, "thermostatId": "999999999999"}

BODIES: dict[str, Any] = {
    "createBuilding": NEW,
    "updateBuilding": {"size": 1},
    "registerThermostat": {"thermostatId": SPARE},
    "updateBaseThermostat": {"name": "Hall"},
    "updateAlertSettings": {"lowHumidityAlert": {"enabled": True}},
    "setHvacMode": {"hvacMode": "heat"},
    "setFanHold": {"fan": "on", "type": "indefinite"},
    "setCoolHold": {**HOLD, "desiredTemperature": 75},
    "setHeatHold": HOLD,
    "setTenantMode": {"isTenantMode": True},
}
SUCCESS = {
    "createBuilding": 201,
    "deleteBuilding": 422,
    "registerThermostat": 201,
    "unregisterThermostat": 204,
    "setFanHold": 201,
    "setCoolHold": 201,
    "setHeatHold": 201,
    "resumeSchedule": 204,
    "setTenantMode": 204,
}
OPERATIONS = (
    "getBuildingIds",
    "createBuilding",
    "getBuildingSummary",
    "updateBuilding",
    "deleteBuilding",
    "registerThermostat",
    "getThermostatIdsByBuilding",
    "getThermostatIds",
    "getThermostatSummary",
    "updateBaseThermostat",
    "unregisterThermostat",
    "getThermostatStatus",
    "getThermostatAlerts",
    "getThermostatAlertSettings",
    "updateAlertSettings",
    "getThermostatEvents",
    "getThermostatSensors",
    "getThermostatWeatherForecast",
    "setHvacMode",
    "setFanHold",
    "setCoolHold",
    "setHeatHold",
    "resumeSchedule",
    "setTenantMode",
)


def test_the_table_has_every_operation_under_ecobees_path_and_scopes(judge: EcobeeDocument) -> None:
    rows = {row.operation_id: row for row in smartbuildings_dialect().endpoints}

    for operation_id in judge.operations.keys() - {"getToken"}:
        method, path, _ = judge.operations[operation_id]
        assert (rows[operation_id].methods, rows[operation_id].path) == ((method,), path)
        assert set(rows[operation_id].scopes) == set(judge.scopes(operation_id))
    assert set(OPERATIONS) == judge.operations.keys() - {"getToken"}


@pytest.mark.parametrize("operation_id", OPERATIONS)
async def test_it_succeeds_as_documented(company: Company, operation_id: str) -> None:
    answered = await company.ask(operation_id, BODIES.get(operation_id))

    assert answered.status == SUCCESS.get(operation_id, 200)


@pytest.mark.parametrize("operation_id", [o for o in OPERATIONS if "Ids" not in o and o != "createBuilding"])
async def test_what_is_absent_or_another_companys_is_404(company: Company, operation_id: str) -> None:
    bela = company.households.client(smartbuildings_dialect(), token="bela")

    absent = await company.ask(operation_id, BODIES.get(operation_id), **ABSENT)
    foreign = await company.ask(operation_id, BODIES.get(operation_id), client=bela)

    assert (absent.status, foreign.status) == (404, 404)
    assert absent.json == foreign.json
    assert isinstance(absent.json["message"], dict)


@pytest.mark.parametrize("operation_id", OPERATIONS)
async def test_each_scope_is_needed(company: Company, operation_id: str, judge: EcobeeDocument) -> None:
    every = frozenset(scope for each in OPERATIONS for scope in judge.scopes(each))
    assert len(every) == 11
    needed = frozenset(judge.scopes(operation_id))
    company.narrowed("exactly", scopes=needed, permissions=ALL_PERMISSIONS)
    exactly = company.households.client(smartbuildings_dialect(), token="exactly")
    for scope in sorted(needed):
        company.narrowed("without", scopes=every - {scope}, permissions=ALL_PERMISSIONS)
        without = company.households.client(smartbuildings_dialect(), token="without")
        refused = await company.ask(operation_id, BODIES.get(operation_id), client=without)
        assert refused.status == 403

    answered = await company.ask(operation_id, BODIES.get(operation_id), client=exactly)

    assert answered.status == SUCCESS.get(operation_id, 200)


async def test_a_building_lives(company: Company) -> None:
    made = (await company.ask("createBuilding", NEW)).json["data"]
    assert made == {"id": made["id"], "name": "Annex", "size": 5000, **ADDRESS}

    changed = await company.ask("updateBuilding", {"name": "West wing"}, buildingId=made["id"])
    assert changed.json["data"] == {**made, "name": "West wing"}
    again = await company.ask("createBuilding", NEW)
    assert again.status == 201, "the old name is free again"

    listed = (await company.ask("getBuildingIds")).json["data"]
    assert listed["count"] == 3
    assert {item["id"] for item in listed["items"]} == {
        company.office.id,
        made["id"],
        again.json["data"]["id"],
    }
    place = next(i["contentLocation"] for i in listed["items"] if i["id"] == made["id"])
    assert place == f"http://climate.test/api/v1/buildings/{made['id']}"
    assert (await company.ask("deleteBuilding", buildingId=made["id"])).status == 204
    assert (await company.ask("getBuildingSummary", buildingId=made["id"])).status == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 33}, "name"),
        ({"name": "Köln"}, "name"),
        ({"name": "Office"}, "name"),
        ({"size": 17}, "size"),
        ({"size": "5000"}, "size"),
        ({"size": None}, "size"),
        ({"addressDetails": {**ADDRESS, "postalCode": "80331 "}}, "addressDetails.postalCode"),
        ({"addressDetails": {**ADDRESS, "postalCode": "SW1A 1AA"}}, "addressDetails.postalCode"),
        ({"addressDetails": {**ADDRESS, "country": "ca"}}, "addressDetails.country"),
        ({"addressDetails": {**ADDRESS, "latitude": "43"}}, "addressDetails.latitude"),
        ({"addressDetails": {**ADDRESS, "latitude": 90.1}}, "addressDetails.latitude"),
        ({"addressDetails": {**ADDRESS, "timeZone": "Mars/Olympus"}}, "addressDetails.timeZone"),
        ({"addressDetails": {n: v for n, v in ADDRESS.items() if n != "city"}}, "addressDetails.city"),
        ({"addressDetails": []}, "addressDetails"),
    ],
    ids=str,
)
async def test_a_building_that_cannot_be_is_refused_naming_the_field(
    company: Company, changes: dict[str, Any], field: str
) -> None:
    answered = await company.ask("createBuilding", {**NEW, **changes})

    assert (answered.status, list(answered.json["data"])) == (422, [field])
    assert len(await list_sites(company.households.ports.directory, company.owner_id)) == 2


@pytest.mark.parametrize("code", ["12345", "12345-6789", "12345 6789", "M5J1A7", "M5J 1A7"])
async def test_postal_codes_of_both_countries_are_taken(company: Company, code: str) -> None:
    address = {**ADDRESS, "postalCode": code}

    answered = await company.ask("createBuilding", {**NEW, "addressDetails": address})

    assert (answered.status, answered.json["data"]["postalCode"]) == (201, code)


@pytest.mark.parametrize(
    ("operation_id", "body", "expected"),
    [
        ("updateBuilding", {"name": ""}, {"name": "must have at least 1 characters"}),
        ("updateBuilding", {"size": 2}, {"size": "must be one of 0, 1, 5000, 10000, 20000"}),
        (
            "updateBuilding",
            {"addressDetails": {**ADDRESS, "postalCode": "12345\n"}},
            {"addressDetails.postalCode": "must be a ZIP code or a Canadian postal code"},
        ),
        (
            "updateBuilding",
            {"addressDetails": {**ADDRESS, "latitude": 91}},
            {"addressDetails.latitude": "must be between -90 and 90"},
        ),
        (
            "setHeatHold",
            {**HOLD, "desiredTemperature": 121},
            {"desiredTemperature": "must be between -10 and 120"},
        ),
        ("setHeatHold", {**HOLD, "type": "2hour"}, {"type": "must be one of indefinite, nextTransition"}),
        ("updateBaseThermostat", {"name": "x" * 65}, {"name": "must have at most 64 characters"}),
    ],
    ids=str,
)
async def test_a_failure_says_what_would_do(
    company: Company, operation_id: str, body: Any, expected: dict[str, str]
) -> None:
    answered = await company.ask(operation_id, body)

    assert (answered.status, answered.json["data"]) == (422, expected)


async def test_an_id_of_another_shape_fails_naming_it(company: Company) -> None:
    answered = await company.ask("getBuildingSummary", buildingId=company.office.id.upper())

    expected = {"buildingId": "must be 24 of the characters 0-9 and a-f"}
    assert (answered.status, answered.json["data"]) == (422, expected)


async def test_a_body_that_is_no_json_fails_as_each_operation_documents(company: Company) -> None:
    headers = {"content-type": "application/json"}
    create = await company.client.request("POST", "/api/v1/buildings", headers=headers, body=b"{")
    hold = await company.client.request(
        "POST", f"/api/v1/thermostats/{LOBBY}/heatHold", headers=headers, body=b"{"
    )

    assert (create.status, hold.status) == (400, 422)
    assert create.json["status"] == hold.json["status"] == "fail"


async def test_a_thermostat_is_registered_once_and_goes_on_when_it_is_not(company: Company) -> None:
    made = await company.ask("registerThermostat", {"thermostatId": SPARE})
    assert made.json["data"]["buildingId"] == company.office.id
    assert (await company.ask("registerThermostat", {"thermostatId": SPARE})).status == 400
    assert (await company.ask("registerThermostat", {"thermostatId": "70"})).status == 404

    assert (await company.ask("unregisterThermostat", thermostatId=SPARE)).status == 204

    assert (await company.ask("getThermostatSummary", thermostatId=SPARE)).status == 404
    assert (await company.ask("registerThermostat", {"thermostatId": SPARE})).status == 201


async def test_leading_zeros_of_a_serial_count(company: Company) -> None:
    listed = (await company.ask("getThermostatIdsByBuilding")).json["data"]["items"]

    assert [item["id"] for item in listed] == [LOBBY, DESKS]
    assert (await company.ask("getThermostatSummary", thermostatId=DESKS)).json["data"]["id"] == DESKS
    assert (await company.ask("getThermostatSummary", thermostatId=DESKS.lstrip("0"))).status == 404


async def test_the_two_names_are_set_apart(company: Company) -> None:
    await company.ask("updateBaseThermostat", {"name": "North hall", "thermostatName": "Hall"})
    changed = (await company.ask("updateBaseThermostat", {"thermostatName": ""})).json["data"]

    assert (changed["name"], changed["thermostatName"]) == ("North hall", "")
    assert changed["timeZoneOffsetMinutes"] == -300
    assert changed["hvacModes"] == ["auto", "cool", "heat", "off"]


async def test_status_is_in_fahrenheit_and_complete(company: Company) -> None:
    status = (await company.ask("getThermostatStatus")).json["data"]

    equipment = status.pop("runningEquipment")
    assert {name for name, runs in equipment.items() if runs} == {"auxHeat1"}
    assert status == {
        "id": LOBBY,
        "isConnected": True,
        "isTenantMode": False,
        "hvacMode": "auto",
        "comfortSetting": "Unoccupied",
        "temperature": 70.7,
        "humidity": 45,
        "setPoint": {"desiredCool": 77.0, "desiredHeat": 69.8},
        "desiredCoolRange": {"min": 65.0, "max": 92.0},
        "desiredHeatRange": {"min": 45.0, "max": 79.0},
        "heatCoolMinDelta": 5,
    }


async def test_a_thermostat_that_fell_silent_keeps_its_values(company: Company, clock) -> None:
    clock.advance(24 * 3600)

    status = (await company.ask("getThermostatStatus")).json["data"]

    assert (status["isConnected"], status["temperature"]) == (False, 70.7)


async def test_sensors_are_the_thermostat_and_what_speaks_through_it(company: Company) -> None:
    items = (await company.ask("getThermostatSensors")).json["data"]["items"]

    assert [(item["id"], item["type"]) for item in items] == [
        ("ei:0", "thermostat"),
        ("rs:100", "ecobee3_remote_sensor"),
    ]
    assert items[0]["capability"] == [
        {"type": "temperature", "value": "70.7"},
        {"type": "humidity", "value": "45"},
    ]
    assert items[1]["code"] == "GH4K"


async def events(company: Company) -> dict[str, Any]:
    found: dict[str, Any] = (await company.ask("getThermostatEvents")).json["data"]
    return found


async def test_a_hold_shows_as_the_current_event_and_sets_the_setpoint(company: Company) -> None:
    assert await events(company) == {"id": LOBBY, "holds": []}

    answered = await company.ask("setHeatHold", HOLD)

    assert answered.json["data"] == HOLD
    current = (await events(company))["currentEvent"]
    assert (current["heatHoldTemperature"], current["endTime"]) == (70.5, "2035-01-01T00:00:00Z")
    assert (await company.ask("getThermostatStatus")).json["data"]["setPoint"]["desiredHeat"] == 70.5


async def test_a_hold_until_the_next_transition_ends_with_it(company: Company, clock) -> None:
    """It is Saturday 05:00 in Toronto and the office unoccupied until Monday at 08:00: that the week begins
    anew on Monday at midnight changes nothing."""
    await company.ask("setHeatHold", {**HOLD, "type": "nextTransition"})

    assert (await events(company))["currentEvent"]["endTime"] == "2026-11-23T13:00:00Z"


async def test_in_auto_the_other_setpoint_gives_way(company: Company) -> None:
    await company.ask("setHeatHold", {"desiredTemperature": 75.0, "type": "indefinite"})

    setpoint = (await company.ask("getThermostatStatus")).json["data"]["setPoint"]

    assert setpoint == {"desiredHeat": 75.0, "desiredCool": 80.0}


async def test_the_other_setpoint_gives_way_within_its_own_range(company: Company) -> None:
    await company.configure(cooling_range_c={"min": 20, "max": 25})

    answered = await company.ask("setHeatHold", {"desiredTemperature": 75.0, "type": "indefinite"})

    assert answered.status == 422
    assert answered.json["data"] == {
        "desiredTemperature": "moves the other set-point, which must be between 68 and 77"
    }
    assert "currentEvent" not in await events(company)


async def test_a_mode_that_the_device_tells_is_the_mode(company: Company) -> None:
    await company.ask("setHvacMode", {"hvacMode": "cool"})
    await company.configure(climate_mode="off")

    assert (await company.ask("getThermostatStatus")).json["data"]["hvacMode"] == "off"


@pytest.mark.parametrize(
    ("mode", "heat", "cool"),
    [("heat", 201, 422), ("cool", 422, 201), ("auto", 201, 201), ("off", 422, 422)],
)
async def test_holds_in_a_mode_that_has_none_are_refused(
    company: Company, mode: str, heat: int, cool: int
) -> None:
    await company.ask("setHvacMode", {"hvacMode": mode})

    assert (await company.ask("setHeatHold", HOLD)).status == heat
    assert (await company.ask("setCoolHold", {**HOLD, "desiredTemperature": 78})).status == cool
    assert (await company.ask("setFanHold", {"fan": "on", "type": "indefinite"})).status == 201


@pytest.mark.parametrize(
    "body",
    [
        {"desiredTemperature": 80, "type": "indefinite"},
        {"desiredTemperature": 44.9, "type": "indefinite"},
        {"desiredTemperature": 121, "type": "indefinite"},
        {"desiredTemperature": "70", "type": "indefinite"},
        {"desiredTemperature": 70, "type": "2hour"},
        {"desiredTemperature": 70},
    ],
    ids=str,
)
async def test_a_hold_that_cannot_be_is_refused_and_orders_nothing(company: Company, body: Any) -> None:
    answered = await company.ask("setHeatHold", body)

    assert answered.status == 422
    assert answered.json["data"].keys() <= {"desiredTemperature", "type"}
    assert "currentEvent" not in await events(company)


async def test_a_fan_hold_leaves_a_temperature_hold_and_resuming_ends_both(company: Company) -> None:
    await company.ask("setHeatHold", HOLD)
    await company.ask("setFanHold", {"fan": "on", "type": "indefinite"})
    shown = await events(company)
    assert len([shown["currentEvent"], *shown["holds"]]) == 2

    assert (await company.ask("resumeSchedule")).status == 204
    assert (await company.ask("resumeSchedule")).status == 204

    assert await events(company) == {"id": LOBBY, "holds": []}


async def test_a_thermostat_without_a_room_gets_one_with_its_first_hold(company: Company) -> None:
    answered = await company.ask("setHeatHold", HOLD, thermostatId=DESKS)

    found = await get_device(company.households.ports.directory, company.owner_id, DESKS)
    assert (answered.status, found.room_id is not None) == (201, True)


async def test_modes_and_fan_holds_are_ordered_from_the_device(company: Company) -> None:
    await company.ask("setHvacMode", {"hvacMode": "cool"})
    await company.ask("setFanHold", {"fan": "on", "type": "nextTransition"})

    ordered = await list_device_commands(
        company.households.ports, company.owner_id, company.lobby.id, since_ms=0, limit=9
    )

    assert [(each.name, each.fields) for each in ordered] == [
        ("set_fan", {"speed": "on"}),
        ("set_climate_mode", {"mode": "cool"}),
    ]


async def test_a_mode_that_the_equipment_lacks_is_a_400_error(company: Company) -> None:
    answered = await company.ask("setHvacMode", {"hvacMode": "auxHeatOnly"})

    assert (answered.status, answered.json["status"]) == (400, "error")


async def test_an_alert_is_there_while_a_limit_is_crossed_since_it_was(company: Company, clock) -> None:
    await company.ask("updateAlertSettings", {"highTemperatureAlert": {"enabled": True, "value": 72}})
    assert (await company.ask("getThermostatAlerts")).json["data"]["items"] == []
    start_ms = clock.now_ms()
    for minute, celsius in enumerate((23.0, 24.0, 24.5)):
        await company.households.record(
            company.lobby, [start_ms + minute * 60_000], {"temperature_c": [celsius]}
        )
    clock.advance(180)

    (alert,) = (await company.ask("getThermostatAlerts")).json["data"]["items"]

    assert alert["notificationType"] == "highTemp"
    assert alert["time"] == "2026-11-21T10:00:00Z"
    await company.households.record(company.lobby, [clock.now_ms()], {"temperature_c": [21.0]})
    assert (await company.ask("getThermostatAlerts")).json["data"]["items"] == []


async def test_alert_settings_keep_what_is_not_named(company: Company) -> None:
    reminder = {
        "enabled": True,
        "lastMaintenanceDate": "2026-01-31",
        "maintenanceInterval": 1,
        "maintenanceIntervalUnits": "month",
    }
    await company.ask("updateAlertSettings", {"hvacMaintenanceReminder": reminder})
    changed = await company.ask("updateAlertSettings", {"lowTemperatureAlert": {"value": 50.55}})

    data = (await company.ask("getThermostatAlertSettings")).json["data"]

    assert data == changed.json["data"]
    assert data["lowTemperatureAlert"] == {"enabled": False, "value": 50.55}
    assert data["hvacMaintenanceReminder"] == {**reminder, "nextReminderDate": "2026-02-28"}
    (alert,) = (await company.ask("getThermostatAlerts")).json["data"]["items"]
    assert (alert["notificationType"], alert["reminder"]) == ("hvac", "2026-02-28")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"lowTemperatureAlert": {"value": 90}}, "lowTemperatureAlert"),
        ({"highHumidityAlert": {"value": 21}}, "highHumidityAlert"),
        ({"lowTemperatureAlert": {"value": 130}}, "lowTemperatureAlert.value"),
        (
            {"acMaintenanceReminder": {"maintenanceInterval": 1.5}},
            "acMaintenanceReminder.maintenanceInterval",
        ),
        ({"lowHumidityAlert": {"value": 0}}, "lowHumidityAlert.value"),
        ({"lowHumidityAlert": {"enabled": "yes"}}, "lowHumidityAlert.enabled"),
        ({"acMaintenanceReminder": {"maintenanceInterval": 13}}, "acMaintenanceReminder.maintenanceInterval"),
        (
            {"acMaintenanceReminder": {"nextReminderDate": "2027-01-01"}},
            "acMaintenanceReminder.nextReminderDate",
        ),
        (
            {"acMaintenanceReminder": {"lastMaintenanceDate": "soon"}},
            "acMaintenanceReminder.lastMaintenanceDate",
        ),
    ],
    ids=str,
)
async def test_settings_that_cannot_be_are_refused_naming_the_field(
    company: Company, body: Any, field: str
) -> None:
    before = (await company.ask("getThermostatAlertSettings")).json

    answered = await company.ask("updateAlertSettings", body)

    assert (answered.status, list(answered.json["data"])) == (422, [field])
    assert (await company.ask("getThermostatAlertSettings")).json == before


async def test_by_setting_a_limit_moves_the_other_one(company: Company) -> None:
    client = company.households.client(smartbuildings_dialect(limits_move=True), token="anna")
    body = {"lowTemperatureAlert": {"value": 90}}

    changed = await company.ask("updateAlertSettings", body, client=client)

    assert changed.json["data"]["highTemperatureAlert"]["value"] == 95


async def test_tenant_mode_switched_off_takes_what_the_tenant_set(company: Company) -> None:
    await company.ask("setTenantMode", {"isTenantMode": True})
    await company.ask("updateBaseThermostat", {"thermostatName": "My nest"})
    await company.ask("setHeatHold", HOLD)
    await company.ask("setFanHold", {"fan": "on", "type": "indefinite"})

    await company.ask("setTenantMode", {"isTenantMode": False})

    assert await events(company) == {"id": LOBBY, "holds": []}
    assert (await company.ask("getThermostatSummary")).json["data"]["thermostatName"] == "Lobby"


async def test_many_thermostats_at_once_history_and_who_switched_tenant_mode(company: Company) -> None:
    many = await company.client.get(f"/api/v1/buildings/{company.office.id}/status")
    history = await company.client.get(f"/api/v1/thermostats/{LOBBY}/history?step=1h")
    await company.ask("setTenantMode", {"isTenantMode": True})
    log = await company.client.get(f"/api/v1/thermostats/{LOBBY}/tenantMode/log")

    assert [item["id"] for item in many.json["data"]["items"]] == [LOBBY, DESKS]
    assert many.json["data"]["items"][0] == (await company.ask("getThermostatStatus")).json["data"] | {
        "isTenantMode": False
    }
    (row,) = history.json["data"]["items"]
    assert (row["temperature"], row["heating"]) == (70.7, 1)
    assert [entry["isTenantMode"] for entry in log.json["data"]["items"]] == [True]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("step=2h", "step"),
        ("from=yesterday", "from"),
        ("from=2026-11-22T00:00:00Z&to=2026-11-21T00:00:00Z", "from"),
    ],
)
async def test_a_history_that_cannot_be_is_refused(company: Company, query: str, field: str) -> None:
    answered = await company.client.get(f"/api/v1/thermostats/{LOBBY}/history?{query}")

    assert (answered.status, list(answered.json["data"])) == (422, [field])


@pytest.fixture
async def valve(company: Company) -> Device:
    """A radiator valve in the lobby."""
    device = await company.households.device(
        "anna", "vicki", "70B3D52DD3000002", abilities=frozenset({Ability.HEATING_SETPOINT, Ability.VALVE})
    )

    def placed(device: Device) -> Device:
        return dataclasses.replace(device, site_id=company.office.id, room_id=company.lobby_room.id)

    return await edit_device(company.households.ports, company.owner_id, ACTOR, device.id, placed)


async def test_a_vicki_in_a_building_is_a_thermostat_that_only_heats(company: Company, valve: Device) -> None:
    serial = valve.aliases["smartbuildings"]

    summary = (await company.ask("getThermostatSummary", thermostatId=serial)).json["data"]

    assert (len(serial), summary["hvacModes"]) == (12, ["heat", "off"])
    assert (await company.ask("setHeatHold", HOLD, thermostatId=serial)).status == 201
    fan = await company.ask("setFanHold", {"fan": "on", "type": "indefinite"}, thermostatId=serial)
    assert (fan.status, fan.json["data"]) == (422, {"fan": "the thermostat has no fan"})


async def test_a_valve_is_off_while_its_room_is(company: Company, valve: Device) -> None:
    """It knows no modes: the room's wish is what it follows."""
    serial, ports = valve.aliases["smartbuildings"], company.households.ports

    async def mode() -> tuple[str, dict[str, Any]]:
        status = (await company.ask("getThermostatStatus", thermostatId=serial)).json["data"]
        return status["hvacMode"], (await company.ask("getThermostatEvents", thermostatId=serial)).json[
            "data"
        ]

    assert (await company.ask("setHvacMode", {"hvacMode": "off"}, thermostatId=serial)).status == 200
    await ClimateKeeper(ports, "test").look()
    assert (await company.ask("resumeSchedule", thermostatId=serial)).status == 204
    assert await mode() == ("off", {"id": serial, "holds": []})
    (order,) = await list_device_commands(ports, company.owner_id, valve.id, since_ms=0, limit=9)
    assert (order.name, order.fields) == ("set_setpoint", {"temperature_c": 5.0})
    assert (await company.ask("setHeatHold", HOLD, thermostatId=serial)).status == 422

    assert (await company.ask("setHvacMode", {"hvacMode": "heat"}, thermostatId=serial)).status == 200

    assert (await mode())[0] == "heat"
    assert (await company.ask("setHeatHold", HOLD, thermostatId=serial)).status == 201
