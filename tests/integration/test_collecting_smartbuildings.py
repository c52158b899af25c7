"""SmartBuildings' cloud and a household that collects from it: the demo as a server of its own for what must
come back equal, ecobee's documents in this process for everything that the demo never says."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import time
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise
from typing import Any

import pytest
from aiohttp import web

from ownclimate.control.climate import ClimateKeeper
from ownclimate.core import orders
from ownclimate.core.access import ALL_PERMISSIONS, Access
from ownclimate.core.audit import list_entries
from ownclimate.core.climate import Channel
from ownclimate.core.commands import get_command, list_commands
from ownclimate.core.devices import edit_device, find_device, hide_device
from ownclimate.core.events import list_events
from ownclimate.core.forecasts import kept_forecasts
from ownclimate.core.linking import change_source
from ownclimate.core.operate import set_setpoint, switch_schedule
from ownclimate.core.ordering import give_order
from ownclimate.core.partitions import DEVICES, FORECASTS, SITES, SYNC, owner_partition
from ownclimate.core.programmes import NotRelayed
from ownclimate.core.schedules import create_schedule
from ownclimate.core.sites import create_room, edit_site, list_rooms, list_sites
from ownclimate.core.things import Command, CommandState, Device, SetpointMode
from ownclimate.sync.book import Book
from ownclimate.sync.leaving import leave_with_data
from ownclimate.sync.settings import checked_cloud
from ownclimate.vendors.smartbuildings import orders as makers
from ownclimate.vendors.smartbuildings.face.dialect import smartbuildings_dialect
from tests.fakes import FakeClock
from tests.fakes.collecting import Collecting
from tests.fakes.faulty_cloud import Fault, FaultyCloud, cut, drop, page
from tests.fakes.households import ACTOR, Households
from tests.fakes.http import Client
from tests.fakes.server import Server
from tests.fakes.smartbuildings_cloud import (
    ANNEX,
    AUDIENCE,
    CLIENT_ID,
    DESKS,
    LOBBY,
    OFFICE,
    SECRET,
    SmartBuildingsCloud,
    building,
    thermostat,
)

MINUTE_S = 60
PARTS = ("", "/status", "/sensors", "/alerts", "/alertSettings", "/events", "/weather")
OWN_ADDRESS = "contentLocation"
"""The one member that differs: it is the address under which this server answers."""


@pytest.fixture
async def cloud() -> AsyncIterator[SmartBuildingsCloud]:
    async with SmartBuildingsCloud.usual().listening() as listening:
        yield listening


@pytest.fixture
async def proxy(cloud: SmartBuildingsCloud) -> AsyncIterator[FaultyCloud]:
    async with FaultyCloud(cloud.url).listening() as listening:
        yield listening


async def connect(url: str, clock: FakeClock, *, relays: bool = True) -> Collecting:
    return await Collecting.of(
        "smartbuildings", url, clock, {"client_secret": SECRET}, client_id=CLIENT_ID, relays=relays
    )


@pytest.fixture
async def company(proxy: FaultyCloud, clock: FakeClock) -> Collecting:
    """One that has collected nothing yet."""
    return await connect(proxy.url, clock)


def face_of(company: Collecting) -> Client:
    """Our own face over what was collected, for a client of the same company."""
    households = Households(company.ports)
    households.accesses["eve"] = Access(
        owner_id=company.owner_id,
        account_id=None,
        client_id="an app",
        permissions=ALL_PERMISSIONS,
        via="token",
    )
    return households.client(smartbuildings_dialect(forecasts=kept_forecasts(company.ports)), token="eve")


async def told(company: Collecting, path: str) -> Any:
    answer = await face_of(company).get(f"/api/v1{path}")
    assert answer.status == 200, answer.body
    return answer.json["data"]


async def device_of(company: Collecting, serial: str) -> Device:
    device = await find_device(company.ports.directory, company.owner_id, serial)
    assert device is not None
    return device


async def polls_of(company: Collecting, serial: str, quantity: str) -> list[tuple[int, float]]:
    device = await device_of(company, serial)
    series = await company.ports.series.read(device.number, quantities=[quantity])
    return list(zip(series.times_ms.tolist(), series.columns[quantity].tolist(), strict=True))


class Road:
    """The way that commands take, without waiting for anything: an engine, and who delivers."""

    def __init__(self, company: Collecting) -> None:
        self.company = company
        self.engine = company.engine()
        self.deliverer = company.deliverer(self.engine)

    async def order(self, serial: str, name: str, /, **fields: Any) -> Command:
        """The order after it went out, and after the first look at what came of it."""
        company = self.company
        device = await device_of(company, serial)
        command = await give_order(company.ports, company.owner_id, ACTOR, device, name, fields)
        return await self.settle(command)

    async def settle(self, command: Command) -> Command:
        await self.go()
        return await get_command(self.company.ports.directory, self.company.owner_id, command.id)

    async def go(self) -> None:
        """Everything that waits goes out, and four seconds pass."""
        await self.deliverer.look()
        await self.deliverer.idle()
        self.company.clock.advance(4)
        assert await self.engine.run_once(), self.engine.live.last_error

    async def close(self) -> None:
        await self.engine.collector.close()


# What comes in


async def test_topology_and_state_come_back_as_they_were_told(cloud, company) -> None:
    await company.collect()

    office = dict(cloud.buildings[OFFICE])
    office.pop("elevatorCount")
    assert await told(company, f"/buildings/{OFFICE}") == office
    for serial in (LOBBY, DESKS):
        for part in PARTS:
            said = json.loads(json.dumps(cloud.said[serial][part.removeprefix("/")]))
            said.pop("moonPhase", None)
            here = await told(company, f"/thermostats/{serial}{part}")
            if part == "/status":
                running = here.pop("runningEquipment")
                assert {name for name, is_on in running.items() if is_on} == {"fan", "heatPump2"}
                said.pop("runningEquipment")
            assert here == said, part


async def test_what_is_not_understood_is_kept_as_it_came(cloud, company) -> None:
    cloud.said[LOBBY]["status"] |= {"hvacMode": "dry", "temperature": "warm"}
    cloud.said[LOBBY]["alerts"]["items"] = [{"text": "no id"}]
    cloud.said[LOBBY]["sensors"]["items"].append({"name": "no id"})
    cloud.buildings[OFFICE]["timeZone"] = "Mars/Olympus"

    await company.collect()

    kept = (await device_of(company, LOBBY)).kept["ecobee"]
    assert kept["status"] == {"moonPhase": "waning", "hvacMode": "dry", "temperature": "warm"}
    assert kept["alerts"] == {"items": [{"text": "no id"}]}
    assert kept["sensors"]["more"] == {"items": [{"name": "no id"}]}
    (site,) = await list_sites(company.ports.directory, company.owner_id)
    assert site.kept["ecobee"] == {"elevatorCount": 4, "timeZone": "Mars/Olympus"}
    assert site.time_zone == "UTC"
    assert (await told(company, f"/thermostats/{LOBBY}/status"))["id"] == LOBBY


async def test_every_answer_is_archived_as_it_came(cloud, company) -> None:
    await company.collect()

    entries = await company.ports.raw.scan(company.owner_id, company.source.id)
    payloads = [json.loads(entry.payload)["data"] for entry in entries]
    assert len(entries) == 1 + 1 + 1 + 2 * 6 + 1
    assert cloud.said[LOBBY]["status"] in payloads
    lobby = await device_of(company, LOBBY)
    assert sum(entry.devices == (lobby.id,) for entry in entries) == 6


async def test_every_poll_is_kept_also_when_nothing_changed(cloud, company) -> None:
    await company.collect()
    for _ in range(3):
        company.clock.advance(5 * MINUTE_S)
        await company.collect()

    polls = await polls_of(company, LOBBY, "temperature_c")
    assert [round(value, 4) for _, value in polls] == [21.8222] * 4
    assert {later - earlier for (earlier, _), (later, _) in pairwise(polls)} == {5 * MINUTE_S * 1000}
    assert len(await polls_of(company, f"{LOBBY}-GH4K", "temperature_c")) == 4
    assert len(await polls_of(company, LOBBY, "occupancy")) == 4
    modes = await polls_of(company, LOBBY, "climate_mode")
    assert [at_ms for at_ms, _ in modes] == [at_ms for at_ms, _ in polls]
    assert {orders.CLIMATE_MODES[int(mode)] for _, mode in modes} == {"auto"}


async def test_what_did_not_change_is_written_once(cloud, company) -> None:
    await company.collect()
    now_ms = company.clock.now_ms()
    company.clock.advance(5 * MINUTE_S)

    await company.collect()

    entries = await list_entries(
        company.ports.directory, company.owner_id, since_ms=now_ms, now_ms=company.clock.now_ms()
    )
    assert entries
    assert [entry for entry in entries if entry.at_ms > now_ms] == []


async def test_values_of_a_thermostat_out_of_reach_are_not_taken_for_new_ones(cloud, company) -> None:
    cloud.said[LOBBY]["status"]["isConnected"] = False
    await company.collect()
    company.clock.advance(5 * MINUTE_S)
    await company.collect()

    assert len(await polls_of(company, LOBBY, "temperature_c")) == 1
    status = await told(company, f"/thermostats/{LOBBY}/status")
    assert (status["isConnected"], status["temperature"]) == (False, 71.28)

    cloud.said[LOBBY]["status"]["isConnected"] = True
    company.clock.advance(5 * MINUTE_S)
    await company.collect()

    assert len(await polls_of(company, LOBBY, "temperature_c")) == 2


async def test_a_second_run_asks_for_nothing_and_later_for_what_is_due_alone(proxy, company) -> None:
    first = await company.collect()
    assert sum(proxy.calls.values()) == 1 + first.live.calls == 1 + 16
    proxy.calls.clear()

    await company.collect()

    assert proxy.calls == {}
    company.clock.advance(5 * MINUTE_S)
    await company.collect()
    assert proxy.calls == {"status": 2, "sensors": 2}
    company.clock.advance(5 * MINUTE_S)
    await company.collect()
    assert proxy.calls == {"status": 4, "sensors": 4, "events": 2, "alerts": 2}
    assert proxy.statuses[429] == 0


async def test_with_many_thermostats_each_is_asked_less_often(cloud, clock) -> None:
    for number in range(200):
        serial = f"5118{number:08}"
        cloud.said[serial] = thermostat(serial, OFFICE, f"Room {number}")
    company = await connect(cloud.url, clock)
    company.source = await change_source(
        company.ports,
        company.vault,
        company.owner_id,
        ACTOR,
        company.source.id,
        settings=checked_cloud(client_id=CLIENT_ID, base_url=cloud.url, limits=("600/60",)),
    )
    engine = company.engine()
    for _ in range(3):
        await engine.step()
    paced = {task.key.partition(" ")[0]: task.every_ms for task in await engine.collector.plan()}
    await engine.collector.close()
    assert paced["status"] == 5 * MINUTE_S * 1000
    company.source = await change_source(
        company.ports,
        company.vault,
        company.owner_id,
        ACTOR,
        company.source.id,
        settings=checked_cloud(client_id=CLIENT_ID, base_url=cloud.url, limits=("30/60",)),
    )
    slow = {task.key.partition(" ")[0]: task.every_ms for task in await company.engine().collector.plan()}

    # 202 thermostats with 36 calls an hour each, of 27 a minute that may be used.
    assert slow["status"] == pytest.approx(paced["status"] * 202 * 36 / 60 / 27, rel=0.02)
    assert slow["status"] / paced["status"] == pytest.approx(slow["weather"] / paced["weather"])


async def test_names_and_places_changed_here_hold_until_the_cloud_says_another(cloud, company) -> None:
    await company.collect()
    lobby = await device_of(company, LOBBY)
    ports, owner_id = company.ports, company.owner_id
    await edit_device(
        ports, owner_id, ACTOR, lobby.id, lambda d: dataclasses.replace(d, name="Foyer", site_id=None)
    )
    (site,) = await list_sites(ports.directory, owner_id)
    await edit_site(ports, owner_id, ACTOR, site.id, lambda s: dataclasses.replace(s, name="HQ"))

    company.clock.advance(25 * 3600)
    await company.collect()

    lobby = await device_of(company, LOBBY)
    assert (lobby.name, lobby.site_id) == ("Foyer", None)
    (site,) = await list_sites(ports.directory, owner_id)
    assert site.name == "HQ"

    cloud.said[LOBBY][""] |= {"name": "Atrium", "buildingId": ANNEX}
    cloud.buildings[ANNEX] = building(ANNEX, "Annex")
    cloud.buildings[OFFICE]["name"] = "Headquarters"
    company.clock.advance(25 * 3600)
    await company.collect()

    assert (await told(company, f"/thermostats/{LOBBY}"))["buildingId"] == ANNEX
    assert (await told(company, f"/thermostats/{LOBBY}"))["name"] == "Atrium"
    assert (await told(company, f"/buildings/{OFFICE}"))["name"] == "Headquarters"


async def test_what_is_gone_there_stays_here_out_of_reach(cloud, proxy, company) -> None:
    await company.collect()
    del cloud.said[DESKS]
    cloud.said[LOBBY]["sensors"]["items"].pop()
    company.clock.advance(25 * 3600)
    await company.collect()
    proxy.calls.clear()
    company.clock.advance(25 * 3600)
    await company.collect()

    desks = await told(company, f"/thermostats/{DESKS}/status")
    assert (desks["isConnected"], desks["temperature"]) == (False, 71.28)
    assert proxy.calls["status"] == 1
    assert len((await told(company, f"/thermostats/{LOBBY}/sensors"))["items"]) == 1
    assert len(await polls_of(company, f"{LOBBY}-GH4K", "temperature_c")) == 1


async def test_what_its_owner_removed_here_does_not_come_back(cloud, company) -> None:
    await company.collect()
    desks = await device_of(company, DESKS)
    await hide_device(company.ports, company.owner_id, ACTOR, desks.id)
    company.clock.advance(25 * 3600)

    await company.collect()

    listed = await told(company, "/thermostatIds")
    assert [item["id"] for item in listed["items"]] == [LOBBY]


async def test_what_was_collected_goes_with_its_source_when_it_is_asked_to(company) -> None:
    await company.collect()

    departed = await leave_with_data(company.ports, company.owner_id, ACTOR, company.source.id)

    assert (departed.devices, departed.shared, departed.sites) == (4, 0, 1)
    partition = owner_partition(company.owner_id)
    for table in (DEVICES, SITES, FORECASTS, SYNC):
        assert await company.ports.directory.scan(partition, table) == []


async def test_alerts_are_told_as_said_and_happen_once(cloud, company) -> None:
    alert = {
        "acknowledgeRef": "ab/c 1",
        "alertNumber": 1006,
        "alertType": "alert",
        "notificationType": "lowTemp",
        "severity": "high",
        "text": "It is cold",
        "time": "2026-11-21T08:00:00Z",
    }
    cloud.said[LOBBY]["alerts"]["items"] = [alert]
    await company.collect()
    for _ in range(2):
        company.clock.advance(10 * MINUTE_S)
        await company.collect()

    (event,) = await list_events(company.ports.directory, company.owner_id, company.clock.now_ms())
    assert (event.kind, event.at_ms) == ("alert", 1_795_248_000_000)
    assert event.details["text"] == "It is cold"
    assert (await told(company, f"/thermostats/{LOBBY}/alerts"))["items"] == [alert]

    cloud.said[LOBBY]["alerts"]["items"] = []
    company.clock.advance(10 * MINUTE_S)
    await company.collect()

    assert (await told(company, f"/thermostats/{LOBBY}/alerts"))["items"] == []
    assert len(await list_events(company.ports.directory, company.owner_id, company.clock.now_ms())) == 1


# The token


async def test_one_token_serves_every_call_and_the_next_process(proxy, company) -> None:
    await company.collect()
    company.clock.advance(3600)
    await company.collect()

    assert proxy.calls["token"] == 1
    row = await Book(company.ports, company.owner_id, company.source.id).recall("tokens")
    assert b"t1" not in row["sealed"]

    company.clock.advance(3600)
    await company.collect()

    assert proxy.calls["token"] == 2


async def test_an_expired_token_is_replaced_once_by_the_call_that_met_it(cloud, proxy, company) -> None:
    await company.collect()
    cloud.expire()
    company.clock.advance(5 * MINUTE_S)
    engine = await company.collect()

    assert proxy.calls["token"] == 2
    assert engine.live.last_error == ""

    proxy.calls.clear()
    company.clock.advance(5 * MINUTE_S)
    for _ in range(2):
        proxy.spoil("status", answer(401, {"exp": "token expired"}))
    engine = company.engine()
    assert not await engine.run_once()

    assert (proxy.calls["status"], proxy.calls["token"]) == (2, 1)
    assert "token expired" in engine.live.last_error


async def test_several_calls_at_once_fetch_one_token(proxy, company) -> None:
    collector = company.engine().collector
    await asyncio.gather(*(collector.prepare() for _ in range(5)))
    await collector.close()

    assert proxy.calls["token"] == 1


async def test_a_revoked_token_is_refused_once_an_hour_and_not_used_again(cloud, proxy, company) -> None:
    await company.collect()
    cloud.revoke()
    company.clock.advance(5 * MINUTE_S)
    proxy.calls.clear()
    engine = company.engine()

    assert not await engine.run_once()

    assert proxy.calls["token"] == 0
    assert sum(proxy.calls.values()) == 1
    assert "revoked" in engine.live.last_error
    company.clock.advance(3600)
    await company.collect()
    assert proxy.calls["token"] == 1


async def test_a_changed_secret_begins_anew(cloud, proxy, company) -> None:
    await company.collect()
    cloud.secret = "another secret"
    cloud.revoke()
    secrets = {"client_secret": "another secret"}
    company.source = await change_source(
        company.ports, company.vault, company.owner_id, ACTOR, company.source.id, secrets=secrets
    )
    company.secrets = secrets
    company.clock.advance(5 * MINUTE_S)

    engine = await company.collect()

    assert proxy.calls["token"] == 2
    assert engine.live.last_error == ""


async def test_a_wrong_secret_is_not_hammered_and_not_told(cloud, proxy, company) -> None:
    cloud.secret = "another secret"
    engine = company.engine()

    assert not await engine.run_once()

    assert proxy.calls["token"] == 1
    assert "gives no token to this client" in engine.live.last_error
    assert SECRET not in engine.live.last_error


# Faults


def answer(status: int, body: Any, retry_after: str = "") -> Fault:
    headers = {"retry-after": retry_after} if retry_after else {}
    return lambda _: web.json_response(body, status=status, headers=headers)


def without_temperature(payload: bytes) -> web.Response:
    document = json.loads(payload)
    del document["data"]["temperature"]
    return web.json_response(document)


FAULTS: dict[str, tuple[Fault, bool]] = {
    "a refusal for its limits": (answer(429, {"status": "error", "message": {}}, "7"), False),
    "a refusal without a word until when": (page(429), True),
    "a server error": (answer(500, {"status": "error", "message": "no"}), False),
    "an error in a success": (answer(200, {"status": "error", "message": {}, "code": 503}), False),
    "neither a success nor an error": (answer(200, {"items": []}), False),
    "a success without an object": (answer(200, {"status": "success", "data": None}), False),
    "a proxy's page": (page(502), False),
    "a page as a success": (page(200), False),
    "half an answer": (cut, False),
    "a dropped connection": (drop, False),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_delays_and_loses_nothing(name, proxy, company) -> None:
    fault, gives_up = FAULTS[name]
    for method in ("buildingIds", "thermostats", "status"):
        # On a connection that was kept open aiohttp asks once more by itself.
        proxy.spoil(method, *[fault] * (2 if fault is drop else 1))
    if gives_up:
        for _ in range(3):
            assert not await company.engine().run_once()
            company.clock.advance(3600)

    engine = await company.collect()

    assert engine.live.last_error
    assert not any(state.problem for state in engine.tasks.values())
    for serial in (LOBBY, DESKS):
        assert (await told(company, f"/thermostats/{serial}/status"))["temperature"] == 71.28
        assert len(await polls_of(company, serial, "temperature_c")) == 1


REFUSALS = {
    "a scope that is missing": answer(403, {"status": "error", "message": {"error": "scope"}, "code": 403}),
    "a thermostat that is not there": answer(404, {"status": "error", "message": "Not found"}),
    "bad input": answer(422, {"status": "fail", "data": {"thermostatId": "must be digits"}}),
}


@pytest.mark.parametrize("name", REFUSALS)
async def test_what_cannot_be_had_is_named_and_the_rest_goes_on(name, proxy, company) -> None:
    proxy.spoil("alerts", REFUSALS[name])

    engine = await company.collect()

    problems = [state.label for state in engine.tasks.values() if state.problem]
    assert problems in (["alerts of Lobby"], ["alerts of Desks"])
    proxy.calls.clear()
    company.clock.advance(10 * MINUTE_S)
    await company.collect()
    assert (proxy.calls["alerts"], proxy.calls["events"]) == (1, 2)


async def test_a_gateway_that_refuses_the_token_is_not_a_thing_that_is_missing(proxy, company) -> None:
    proxy.spoil("buildingIds", answer(403, {"message": "Invalid signature"}))
    engine = company.engine()

    assert not await engine.run_once()

    assert "Invalid signature" in engine.live.last_error
    company.clock.advance(3600)
    await company.collect()
    assert proxy.calls["token"] == 2


async def test_a_value_that_is_missing_is_no_reading(proxy, company) -> None:
    await company.collect()
    company.clock.advance(5 * MINUTE_S)
    for _ in range(2):
        proxy.spoil("status", without_temperature)
    await company.collect()

    assert len(await polls_of(company, LOBBY, "temperature_c")) == 1
    assert len(await polls_of(company, LOBBY, "humidity_pct")) == 2


# Orders


@pytest.fixture
async def road(company: Collecting) -> AsyncIterator[Road]:
    await company.collect()
    way = Road(company)
    yield way
    await way.close()


ORDERS = [
    (orders.SET_SETPOINT, {"temperature_c": 21.0}, "POST", "heatHold", (69.8, "nextTransition")),
    (orders.SET_COOLING_SETPOINT, {"temperature_c": 25.0}, "POST", "coolHold", (77.0, "nextTransition")),
    (
        makers.HEAT_HOLD,
        {"temperature_c": 21.0, "type": "indefinite"},
        "POST",
        "heatHold",
        (69.8, "indefinite"),
    ),
    (
        makers.COOL_HOLD,
        {"temperature_c": 25.0, "type": "nextTransition"},
        "POST",
        "coolHold",
        (77.0, "nextTransition"),
    ),
]


@pytest.mark.parametrize(("name", "fields", "method", "tail", "hold"), ORDERS)
async def test_a_setpoint_is_held_there_in_one_call_and_confirmed(
    name, fields, method, tail, hold, cloud, road
) -> None:
    command = await road.order(LOBBY, name, **fields)

    body = {"desiredTemperature": hold[0], "type": hold[1]}
    assert cloud.orders == [(method, tail, body)]
    assert command.state is CommandState.CONFIRMED
    status = await told(road.company, f"/thermostats/{LOBBY}/status")
    assert hold[0] in status["setPoint"].values()
    events = await told(road.company, f"/thermostats/{LOBBY}/events")
    assert hold[0] in events["currentEvent"].values()


@pytest.mark.parametrize(
    ("name", "fields", "order"),
    [
        (orders.SET_CLIMATE_MODE, {"mode": "aux_heat"}, ("PATCH", "hvacMode", {"hvacMode": "auxHeatOnly"})),
        (orders.SET_FAN, {"speed": "on"}, ("POST", "fanHold", {"fan": "on", "type": "nextTransition"})),
        (
            makers.FAN_HOLD,
            {"fan": "auto", "type": "indefinite"},
            ("POST", "fanHold", {"fan": "auto", "type": "indefinite"}),
        ),
        (makers.RESUME, {}, ("POST", "resumeSchedule", None)),
        (makers.RENAME, {"name": "Foyer"}, ("PATCH", "", {"name": "Foyer"})),
        (makers.SET_TENANT_MODE, {"is_on": True}, ("PATCH", "tenantMode", {"isTenantMode": True})),
        (
            makers.SET_ALERTS,
            {"lowHumidityAlert": {"enabled": True, "value": 25}},
            ("PATCH", "alertSettings", {"lowHumidityAlert": {"enabled": True, "value": 25}}),
        ),
    ],
)
async def test_every_other_order_is_one_call_and_confirmed(name, fields, order, cloud, road) -> None:
    command = await road.order(LOBBY, name, **fields)

    assert cloud.orders == [order]
    assert command.state is CommandState.CONFIRMED


async def test_an_order_that_does_not_show_waits_and_expires(cloud, road) -> None:
    cloud.deaf = True

    command = await road.order(LOBBY, orders.SET_CLIMATE_MODE, mode="heat")

    assert command.state is CommandState.SENT
    road.company.clock.advance(3700)
    assert (await road.settle(command)).state is CommandState.EXPIRED


async def test_what_showed_before_an_order_does_not_confirm_it(cloud, road) -> None:
    cloud.deaf = True

    command = await road.order(LOBBY, orders.SET_CLIMATE_MODE, mode="cool")
    cloud.said[LOBBY]["status"]["hvacMode"] = "cool"
    road.company.clock.advance(5 * MINUTE_S)

    assert (await road.settle(command)).state is CommandState.CONFIRMED


@pytest.mark.parametrize(
    ("name", "fields", "reason"),
    [
        (orders.SET_SETPOINT, {"temperature_c": 40.0}, "must be between 45 and 92"),
        (orders.SET_CLIMATE_MODE, {"mode": "ventilation"}, "cannot carry out"),
        (orders.SET_FAN, {"speed": 3}, "cannot carry out"),
    ],
)
async def test_an_order_that_cannot_be_carried_out_says_why(name, fields, reason, road) -> None:
    command = await road.order(LOBBY, name, **fields)

    assert command.state is CommandState.FAILED
    assert reason in command.reason


async def test_a_sensor_takes_no_orders(road) -> None:
    command = await road.order(f"{LOBBY}-GH4K", orders.SET_FAN, speed="on")

    assert command.state is CommandState.FAILED


async def test_an_order_whose_token_expired_meanwhile_goes_out(cloud, road) -> None:
    cloud.expire()

    command = await road.order(LOBBY, orders.SET_SETPOINT, temperature_c=21.0)

    assert command.state is CommandState.CONFIRMED
    assert len(cloud.orders) == 1


async def test_an_order_whose_reply_was_lost_is_found_to_be_done(cloud, proxy, road) -> None:
    proxy.spoil("heatHold", drop)
    command = await road.order(LOBBY, orders.SET_SETPOINT, temperature_c=21.0)

    for _ in range(3):
        command = await road.settle(command)

    assert command.state is CommandState.CONFIRMED
    assert len(cloud.orders) == 1


async def test_a_refusal_for_limits_puts_an_order_off(cloud, proxy, road) -> None:
    proxy.spoil("heatHold", answer(429, {"status": "error", "message": {}}, "2"))
    command = await road.order(LOBBY, orders.SET_SETPOINT, temperature_c=21.0)
    cloud.orders.clear()  # It reached the cloud behind the proxy all the same.
    assert command.state is CommandState.ACCEPTED

    command = await road.settle(command)

    assert command.state is CommandState.CONFIRMED
    assert len(cloud.orders) == 1


async def test_without_leave_no_order_is_taken(cloud, proxy, clock) -> None:
    company = await connect(proxy.url, clock, relays=False)
    await company.collect()
    lobby = await device_of(company, LOBBY)

    with pytest.raises(NotRelayed):
        await give_order(
            company.ports, company.owner_id, ACTOR, lobby, orders.SET_SETPOINT, {"temperature_c": 21.0}
        )
    hold = {"desiredTemperature": 70, "type": "indefinite"}
    refused = await face_of(company).request("POST", f"/api/v1/thermostats/{LOBBY}/heatHold", json_body=hold)

    assert refused.status == 400
    assert cloud.orders == []


WRITES = [
    ("POST", "/heatHold", {"desiredTemperature": 70, "type": "indefinite"}),
    ("POST", "/coolHold", {"desiredTemperature": 77.5, "type": "nextTransition"}),
    ("POST", "/fanHold", {"fan": "on", "type": "indefinite"}),
    ("POST", "/resumeSchedule", None),
    ("PATCH", "/hvacMode", {"hvacMode": "cool"}),
    ("PATCH", "/tenantMode", {"isTenantMode": True}),
    ("PATCH", "", {"name": "Foyer", "thermostatName": "Foyer wall"}),
    ("PATCH", "/alertSettings", {"highHumidityAlert": {"value": 66.0}}),
]


@pytest.mark.parametrize(("method", "tail", "body"), WRITES)
async def test_what_our_face_is_asked_goes_to_the_cloud_as_it_was_asked(
    method, tail, body, cloud, road
) -> None:
    company = road.company
    rooms = await list_rooms(company.ports.directory, company.owner_id)

    done = await face_of(company).request(method, f"/api/v1/thermostats/{LOBBY}{tail}", json_body=body)
    await road.go()

    assert done.status in (200, 201, 204)
    assert cloud.orders == [(method, tail.removeprefix("/"), body)]
    (command,) = await list_commands(company.ports.directory, company.owner_id, company.clock.now_ms())
    assert command.state is CommandState.CONFIRMED
    assert await list_rooms(company.ports.directory, company.owner_id) == rooms


async def test_no_timetable_of_ours_reaches_a_thermostat_with_a_programme_there(cloud, road) -> None:
    company = road.company
    ports, owner_id = company.ports, company.owner_id
    (site,) = await list_sites(ports.directory, owner_id)
    room = await create_room(ports, owner_id, ACTOR, site_id=site.id, name="Lobby")
    lobby = await device_of(company, LOBBY)
    await edit_device(ports, owner_id, ACTOR, lobby.id, lambda d: dataclasses.replace(d, room_id=room.id))
    zone = {"id": 0, "name": "Day", "rooms": [{"room_id": room.id, "heating_setpoint_c": 18.0}]}
    schedule = await create_schedule(
        ports, owner_id, ACTOR, site_id=site.id, name="Week", entries=((0, 0),), zones=(zone,)
    )
    keeper = ClimateKeeper(ports, "test")
    await switch_schedule(ports, owner_id, ACTOR, site.id, schedule.id)
    await keeper.look()
    await road.go()
    assert cloud.orders == []

    # What somebody chooses goes there once, and nothing when it ends here.
    await set_setpoint(
        ports, owner_id, ACTOR, site.id, room.id, Channel.HEATING, SetpointMode.MANUAL, temperature_c=21.0
    )
    await keeper.look()
    await road.go()
    assert [tail for _, tail, _ in cloud.orders] == ["heatHold"]
    company.clock.advance(4 * 3600)
    await keeper.look()
    await road.go()
    assert len(cloud.orders) == 1
    await set_setpoint(ports, owner_id, ACTOR, site.id, room.id, Channel.HEATING, SetpointMode.SCHEDULE)
    await road.go()
    assert [tail for _, tail, _ in cloud.orders] == ["heatHold", "resumeSchedule"]


# The demo as the cloud


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server.start(tmp_path_factory.mktemp("offices") / "data", "--demo") as server:
        yield server


@pytest.fixture(scope="module")
def access(demo: Server) -> dict[str, str]:
    """A client of the demo's, with a token."""
    client = json.loads((demo.data / "demo.json").read_text())["clients"]["smartbuildings"]
    asked = {"audience": AUDIENCE, "grant_type": "client_credentials", **client}
    return {**client, "token": demo.request("POST", "/token", asked).json["access_token"]}


@pytest.fixture
async def offices(demo: Server, access: dict[str, str]) -> Collecting:
    """A company that has collected the demo."""
    secrets = {"client_secret": access["client_secret"]}
    clock = FakeClock(time.time_ns() // 1_000_000)
    made = await Collecting.of(
        "smartbuildings", demo.url, clock, secrets, client_id=access["client_id"], relays=True
    )
    await made.collect()
    return made


async def test_every_answer_of_the_demo_comes_back_from_who_collects_it(demo, access, offices) -> None:
    entries = await offices.ports.raw.scan(offices.owner_id, offices.source.id)
    answers = [(entry.kind, json.loads(entry.payload)["data"]) for entry in entries]

    def answered(kind: str, thing: str = "") -> Any:
        """What it said when it was asked: what it measures and forecasts goes on."""
        return next(data for part, data in answers if part == kind and thing in ("", data.get("id")))

    async def check(path: str, said: Any) -> None:
        assert without(OWN_ADDRESS, await told(offices, path)) == without(OWN_ADDRESS, said), path

    (office,) = [item["id"] for item in answered("buildings")["items"]]
    serials = [item["id"] for item in answered("thermostats")["items"]]
    assert len(serials) == 2
    await check("/buildingIds", answered("buildings"))
    await check(f"/buildings/{office}", answered("building"))
    await check(f"/buildings/{office}/thermostats", answered("thermostats"))
    listed = demo.request("GET", "/api/v1/thermostatIds", token=access["token"]).json["data"]
    await check("/thermostatIds", listed)
    statuses = [answered("status", serial) for serial in serials]
    await check(f"/buildings/{office}/status", {"count": 2, "items": statuses})
    for serial in serials:
        await check(f"/thermostats/{serial}", answered("summary", serial))
        await check(f"/thermostats/{serial}/alertSettings", answered("settings", serial))
        for part in ("status", "sensors", "events", "alerts"):
            await check(f"/thermostats/{serial}/{part}", answered(part, serial))
        await check(f"/thermostats/{serial}/weather", answered("weather") | {"id": serial})


async def test_the_demo_obeys_who_collects_it(demo, access, offices) -> None:
    serial = (await told(offices, "/thermostatIds"))["items"][0]["id"]
    road = Road(offices)

    heat = await road.order(serial, orders.SET_SETPOINT, temperature_c=20.0)
    mode = await road.order(serial, orders.SET_CLIMATE_MODE, mode="heat")

    assert (heat.state, mode.state) == (CommandState.CONFIRMED, CommandState.CONFIRMED)
    path = f"/api/v1/thermostats/{serial}/status"
    status = demo.request("GET", path, token=access["token"]).json["data"]
    assert (status["setPoint"]["desiredHeat"], status["hvacMode"]) == (68.0, "heat")
    await road.close()


def without(member: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without(member, inner) for name, inner in value.items() if name != member}
    return [without(member, inner) for inner in value] if isinstance(value, list) else value
