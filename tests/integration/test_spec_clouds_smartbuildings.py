"""Collecting from SmartBuildings' cloud as the examples of ecobee's OpenAPI document have it, and oddly."""

from __future__ import annotations

import copy
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from ownclimate.core.access import ALL_PERMISSIONS, Access
from ownclimate.core.devices import find_device, list_devices
from ownclimate.core.events import list_events
from ownclimate.core.ordering import give_order
from ownclimate.core.sites import list_sites
from ownclimate.core.things import Device
from ownclimate.sync.link import CloudLink
from ownclimate.vendors.smartbuildings.face.dialect import smartbuildings_dialect
from tests.fakes import FakeClock
from tests.fakes.collecting import Collecting
from tests.fakes.households import ACTOR, Households
from tests.fakes.jsend_cloud import BUILDING, CLIENT, PARTS, SECRET, THERMOSTAT, JSendCloud

POLL_S = 300


@pytest.fixture(scope="session")
def document(corpus: Path) -> dict[str, Any]:
    return json.loads((corpus / "smartbuildings/openapi-1.7.0.json").read_text())


@pytest.fixture
async def cloud(clock: FakeClock, document: dict[str, Any]) -> AsyncIterator[JSendCloud]:
    async with JSendCloud(clock, document).listening() as listening:
        yield listening


@pytest.fixture
async def company(cloud: JSendCloud, clock: FakeClock) -> Collecting:
    secrets = {"client_secret": SECRET}
    return await Collecting.of("smartbuildings", cloud.url, clock, secrets, client_id=CLIENT, relays=True)


async def device_of(company: Collecting, vendor_id: str = THERMOSTAT) -> Device:
    device = await find_device(company.ports.directory, company.owner_id, vendor_id)
    assert device is not None
    return device


async def measured(company: Collecting, vendor_id: str = THERMOSTAT) -> dict[str, list[float]]:
    series = await company.ports.series.read((await device_of(company, vendor_id)).number)
    return {name: column.tolist() for name, column in series.columns.items()}


async def told(company: Collecting, path: str) -> Any:
    """What our own face says to a client of the same company."""
    households = Households(company.ports)
    households.accesses["eve"] = Access(
        owner_id=company.owner_id, account_id=None, client_id="app", permissions=ALL_PERMISSIONS, via="token"
    )
    answer = await households.client(smartbuildings_dialect(), token="eve").get(f"/api/v1{path}")
    assert answer.status == 200, answer.body
    return answer.json["data"]


async def test_what_the_documents_examples_say_is_there_in_our_units_under_the_same_ids(
    cloud: JSendCloud, company: Collecting
) -> None:
    cloud.data["status"] |= {"temperature": 71.28, "setPoint": {"desiredCool": 75.5, "desiredHeat": 68.0}}
    cloud.data["status"]["runningEquipment"] = {"fan": True, "auxHeat1": True, "compCool1": False}
    await company.collect()

    (site,) = await list_sites(company.ports.directory, company.owner_id)
    assert site.time_zone == "America/New_York"
    assert await measured(company) == {
        "temperature_c": [21.8222],
        "humidity_pct": [50],
        "setpoint_c": [20],
        "setpoint_cool_c": [24.1667],
        "climate_mode": [1],
        "heating_on": [1],
        "cooling_on": [0],
        "fan_on": [1],
    }
    status = await told(company, f"/thermostats/{THERMOSTAT}/status")
    assert (status["temperature"], status["setPoint"]) == (71.28, {"desiredCool": 75.5, "desiredHeat": 68.0})
    assert (await told(company, "/thermostatIds"))["items"][0]["id"] == THERMOSTAT
    assert (await told(company, f"/buildings/{BUILDING}"))["timeZone"] == "America/New_York"


async def test_every_poll_is_one_row_and_one_call_each_and_nothing_is_asked_before_its_time(
    cloud: JSendCloud, company: Collecting, clock: FakeClock
) -> None:
    with capture_logs() as logs:
        for _ in range(3):
            await company.collect()
            clock.advance(POLL_S)
    assert len((await measured(company))["temperature_c"]) == 3
    assert cloud.calls[f"GET /api/v1/thermostats/{THERMOSTAT}/status"] == 3
    assert cloud.calls[f"GET /api/v1/thermostats/{THERMOSTAT}/alertSettings"] == 1
    assert len(cloud.tokens) == 1
    engine = await company.collect()
    before = len(cloud.asked)
    await company.collect()
    assert len(cloud.asked) == before
    for secret in (SECRET, *cloud.tokens):
        assert secret not in f"{logs} {engine.live}"


Spoil = Callable[[Any], Any]


def _mapped(said: Any, change: Spoil) -> Any:
    """Every value that holds no others changed, but for ids."""
    if isinstance(said, dict):
        ids = {"id", "buildingId"}
        return {name: value if name in ids else _mapped(value, change) for name, value in said.items()}
    return [_mapped(each, change) for each in said] if isinstance(said, list) else change(said)


SPOILT: dict[str, Spoil] = {
    "nothing but ids": lambda said: {name: said[name] for name in ("id", "buildingId") if name in said},
    "every member null": lambda said: {**dict.fromkeys(said), "id": said["id"]},
    "every value null": lambda said: _mapped(said, lambda _: None),
    "every number text": lambda said: _mapped(
        said, lambda value: value if isinstance(value, bool) else str(value)
    ),
    "words never heard of": lambda said: _mapped(
        said, lambda value: "unheardOf" if isinstance(value, str) else value
    ),
    "more than there should be": lambda said: {**said, "isNew": True, "more": {"a": [1]}},
}


@pytest.mark.parametrize("how", SPOILT)
async def test_whatever_lacks_or_is_odd_nothing_fails_and_nothing_is_invented(
    how: str, cloud: JSendCloud, company: Collecting
) -> None:
    cloud.data = {part: SPOILT[how](copy.deepcopy(said)) for part, said in cloud.data.items()}
    engine = await company.collect()

    assert engine.live.last_error == ""
    if "null" in how or "ids" in how:
        assert await measured(company) == {}
    for part in PARTS:
        await told(company, f"/thermostats/{THERMOSTAT}/{part}".rstrip("/"))
    entries = await company.ports.raw.scan(company.owner_id)
    assert {entry.payload for entry in entries} >= {
        json.dumps({"status": "success", "data": said}).encode() for said in cloud.data.values()
    }


@pytest.mark.parametrize("sentinel", [-5002, -5003])
async def test_a_number_that_stands_for_no_reading_is_none(
    sentinel: int, cloud: JSendCloud, company: Collecting
) -> None:
    cloud.data["status"] |= {"temperature": sentinel, "humidity": sentinel}
    cloud.data["sensors"]["items"] = [sensor("rs:100", "humidity", str(sentinel))]
    await company.collect()

    values = await measured(company)
    assert "setpoint_c" in values
    assert not {"temperature_c", "humidity_pct"} & values.keys()
    assert await measured(company, f"{THERMOSTAT}-rs:100") == {}


def sensor(key: str, kind: str, value: Any) -> dict[str, Any]:
    capability = [{"type": kind, "value": value}]
    return {
        "id": key,
        "name": key,
        "type": "ecobee3_remote_sensor",
        "isInUse": True,
        "capability": capability,
    }


SENSED: dict[str, tuple[str, Any, dict[str, list[float]]]] = {
    "tenths": ("temperature", "716", {"temperature_c": [22]}),
    "degrees": ("temperature", "71.6", {"temperature_c": [22]}),
    "whole degrees": ("temperature", "68", {"temperature_c": [20]}),
    "frost": ("temperature", "-40", {"temperature_c": [-40]}),
    "a number": ("temperature", 71.6, {"temperature_c": [22]}),
    "nothing": ("temperature", "unknown", {}),
    "empty": ("temperature", "", {}),
    "null": ("temperature", None, {}),
    "somebody there": ("occupancy", "true", {"occupancy": [1]}),
    "nobody there": ("occupancy", "false", {"occupancy": [0]}),
    "a truth": ("occupancy", True, {"occupancy": [1]}),
}


@pytest.mark.parametrize("what", SENSED)
async def test_the_text_of_a_sensor_means_what_its_form_says(
    what: str, cloud: JSendCloud, company: Collecting
) -> None:
    kind, value, wanted = SENSED[what]
    cloud.data["sensors"]["items"] = [sensor("rs:100", kind, value)]
    await company.collect()

    assert await measured(company, f"{THERMOSTAT}-rs:100") == wanted


@pytest.mark.parametrize(
    ("time", "at_s"),
    [
        ("2026-11-21T09:00:00Z", 1_795_251_600),
        ("2026-11-21T04:00:00-05:00", 1_795_251_600),
        ("2026-11-21T09:00:00", 1_795_251_600),
        ("2026-11-21 09:00:00", 1_795_251_600),
    ],
)
async def test_an_alert_happens_when_it_was_raised_whatever_its_zone(
    time: str, at_s: int, cloud: JSendCloud, company: Collecting
) -> None:
    cloud.data["alerts"]["items"][0] |= {"time": time, "reminder": "2026-12-01"}
    await company.collect()

    (event,) = await list_events(company.ports.directory, company.owner_id, at_s * 1000)
    assert event.at_ms == at_s * 1000
    assert (await told(company, f"/thermostats/{THERMOSTAT}/alerts"))["items"][0]["acknowledgeRef"] == "text"


def fail(status: int, kind: str) -> web.Response:
    body = {"status": kind, "message": {"error": "No."}, "code": status, "data": {"field": "no"}}
    return web.json_response(body, status=status)


@pytest.mark.parametrize(("status", "kind"), [(403, "error"), (404, "error"), (422, "fail"), (400, "fail")])
async def test_a_part_that_cannot_be_had_leaves_the_others_alone(
    status: int, kind: str, cloud: JSendCloud, company: Collecting
) -> None:
    cloud.fault = lambda path: fail(status, kind) if path.endswith("/weather") else None
    await company.collect()

    assert len((await measured(company))["temperature_c"]) == 1
    assert len(await list_devices(company.ports.directory, company.owner_id)) == 2


async def test_a_token_that_expired_is_replaced_once_and_a_bad_signature_is_not_hammered(
    cloud: JSendCloud, company: Collecting, clock: FakeClock
) -> None:
    await company.collect()
    clock.advance(POLL_S)
    cloud.holds_until_ms = clock.now_ms()
    await company.collect()
    assert len(cloud.tokens) == 2
    assert len((await measured(company))["temperature_c"]) == 2

    cloud.fault = lambda path: web.json_response({"message": "Invalid signature"}, status=401)
    clock.advance(POLL_S)
    before = len(cloud.asked)
    await company.engine().run_once()
    assert len(cloud.asked) - before <= 6


ORDERS: dict[str, tuple[str, dict[str, Any], str, str, Any]] = {
    "heat": (
        "set_setpoint",
        {"temperature_c": 21.0},
        "POST",
        "heatHold",
        {"desiredTemperature": 69.8, "type": "nextTransition"},
    ),
    "a mode": ("set_climate_mode", {"mode": "off"}, "PATCH", "hvacMode", {"hvacMode": "off"}),
}


@pytest.mark.parametrize("what", ORDERS)
async def test_an_order_is_one_call_as_the_document_has_it(
    what: str, cloud: JSendCloud, company: Collecting
) -> None:
    name, fields, verb, path, body = ORDERS[what]
    cloud.data[""]["hvacModes"] = ["heat", "off"]
    cloud.data["status"] |= {"desiredHeatRange": {"min": 45, "max": 79}}
    await company.collect()
    device = await device_of(company)
    command = await give_order(company.ports, company.owner_id, ACTOR, device, name, fields)
    await CloudLink(company.engine(), relays=True).deliver(company.owner_id, device, command)

    (sent,) = [asked for asked in cloud.asked if asked.path.endswith(f"/{path}")]
    assert (sent.verb, sent.body) == (verb, body)
    assert sent.headers["content-type"].startswith("application/json")
    assert sent.headers["authorization"] == f"Bearer {cloud.tokens[-1]}"
