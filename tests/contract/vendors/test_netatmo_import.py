"""Importing recorded Netatmo answers: what becomes of each, in any order and again."""

from __future__ import annotations

import dataclasses
import itertools
import json
import random
from pathlib import Path
from typing import Any

import pytest

from ownclimate.core.devices import edit_device, remove_device
from ownclimate.core.sites import edit_room, edit_site
from ownclimate.core.things import Ability
from ownclimate.store.partitioned_memory import PartitionedMemoryDirectory
from ownclimate.vendors.netatmo.fields import Method
from ownclimate.vendors.netatmo.mapping import address
from ownclimate.vendors.netatmo.recognise import COACHES, HOMES, STATIONS, STATUS, TAKEN, recognise
from ownclimate.vendors.netatmo.restate import restate
from ownclimate.vendors.netatmo.words import is_same
from tests.contract.vendors.netatmo_world import (
    ACTOR,
    GARDEN,
    HOME,
    OWNER,
    RELAY,
    STATION,
    THERMOSTAT,
    World,
    payload,
)

OWN = ("station", "coach", "homesdata", "homestatus")
OWN_KINDS = (STATIONS, COACHES, HOMES, STATUS)


@pytest.fixture
def world() -> World:
    return World()


async def test_a_station_becomes_a_home_devices_and_readings(world: World) -> None:
    report = await world.take(payload("station"))

    (site,) = await world.sites()
    station, garden = await world.device(STATION), await world.device(GARDEN)
    assert (report.kind, report.is_taken) == ("getstationsdata", True)
    assert (report.sites.created, report.devices.created, report.readings) == (1, 5, 4)
    assert (site.name, site.time_zone, site.aliases["netatmo"]) == ("Mill House", "Europe/Berlin", HOME)
    assert (site.place.latitude, site.place.longitude, site.place.altitude_m) == (50.12, 8.84, 113)
    assert (station.name, station.model, station.firmware, station.mac) == (
        "Living",
        "NAMain",
        "204",
        STATION,
    )
    assert garden.parent_id == station.id
    assert garden.site_id == station.site_id == site.id
    assert Ability.OUTDOOR in garden.abilities
    assert await world.values_at(station, 1795254900_000) == {
        "temperature_c": 21.4,
        "co2_ppm": 642,
        "humidity_pct": 45,
        "noise_db": 38,
        "pressure_sea_hpa": 1013.2,
        "pressure_station_hpa": 999.6,
    }
    assert station.reports["temperature_trend"].value == "up"
    assert station.reports["temperature_trend"].at_ms == 1795255100_000
    assert garden.reports["battery_pct"].value == 71
    assert garden.reports["last_seen_at_ms"].value == 1795254950_000


async def test_what_no_table_names_is_kept_and_counted(world: World) -> None:
    report = await world.take(payload("station"))

    station = await world.device(STATION)
    assert station.kept["netatmo"]["vendor_joke"] == {"deep": [1, 2]}
    assert report.unknown_fields == {"station.vendor_joke": 1}


async def test_an_unknown_product_becomes_a_device_and_is_counted(world: World) -> None:
    report = await world.take(payload("homesdata"))

    device = await world.device("70:ee:50:0a:00:30#1")
    assert report.unknown_types == {"NLXYZ": 1}
    assert (device.model, device.abilities) == ("NLXYZ", frozenset())
    assert device.kept["netatmo"]["sparkle"] == 9007199254740993


async def test_a_home_becomes_rooms_devices_behind_their_gateway_and_schedules(world: World) -> None:
    await world.take(payload("homesdata"))

    (site,) = await world.sites()
    thermostat, relay = await world.device(THERMOSTAT), await world.device(RELAY)
    schedules = {schedule.name: schedule for schedule in await world.schedules()}
    living = await world.room("100000001")
    winter = schedules["Winter"]
    assert site.settings["heating_mode"] == "schedule"
    assert site.settings["setpoint_duration_s"] == 180 * 60
    assert (living.name, living.kind) == ("Living room", "livingroom")
    assert (thermostat.parent_id, thermostat.room_id) == (relay.id, living.id)
    assert (winter.kind, winter.is_selected) == ("heating", True)
    assert winter.entries == ((0, 0), (420, 1), (1320, 0))
    assert winter.zones[1]["rooms"] == [{"room_id": living.id, "heating_setpoint_c": 21}]
    assert winter.settings["away_c"] == 12


async def test_a_room_says_its_setpoint_in_our_words(world: World) -> None:
    await world.take(payload("homesdata"))
    await world.take(payload("homestatus"))

    living, bath = await world.room("100000001"), await world.room("100000002")
    assert living.settings["heating_setpoint_mode"] == "manual"
    assert living.settings["heating_setpoint_until_ms"] == 1795262000_000
    assert bath.settings["heating_setpoint_mode"] == "frost_guard"
    assert bath.reports["temperature_c"].value == 22.5


@pytest.mark.parametrize("order", [("homesdata", "homestatus"), ("homestatus", "homesdata")])
async def test_a_rooms_temperature_is_its_only_thermostats(world: World, order: tuple[str, ...]) -> None:
    """The bath has two valves, either of which may have measured: its temperature stays the room's."""
    for name in order:
        await world.take(payload(name))

    living = await world.device(THERMOSTAT)
    bath = await world.device("09:00:00:0a:00:12")
    latest = await world.ports.series.latest([living.number, bath.number])
    assert bath.number not in latest
    assert latest[living.number]["temperature_c"].value == 19.5
    assert latest[living.number]["setpoint_c"].at_ms == 1795255150_000


@pytest.mark.parametrize("is_status_first", [False, True])
async def test_what_a_window_room_says_was_measured_by_its_climate_sensor(
    world: World, is_status_first: bool
) -> None:
    sensor = {"id": "nxs-1", "type": "NXS", "bridge": "nxg-1"}
    gateway = {"id": "nxg-1", "type": "NXG"}
    room = {"id": "12", "temperature": 249, "humidity": 56, "co2": 812, "lux": 6}
    topology = {
        "id": HOME,
        "rooms": [{"id": "12", "module_ids": ["nxs-1"]}],
        "modules": [gateway, sensor | {"room_id": "12"}],
    }
    homes = {"status": "ok", "time_server": 1795255140, "body": {"homes": [topology]}}
    home = {"id": HOME, "rooms": [room], "modules": [gateway, sensor]}
    status = {"status": "ok", "time_server": 1795255150, "body": {"home": home}}

    for answer in (status, homes) if is_status_first else (homes, status):
        await world.take(answer)

    assert await world.values_at(await world.device("nxs-1"), 1_795_255_150_000) == {
        "temperature_c": 24.9,
        "humidity_pct": 56,
        "co2_ppm": 812,
        "illuminance_lux": 6,
    }


async def test_a_room_with_another_thermometer_keeps_its_temperature_to_itself(world: World) -> None:
    homes = payload("homesdata")
    homes["body"]["homes"][0]["modules"][4]["room_id"] = "100000001"
    await world.take(homes)
    await world.take(payload("homestatus"))

    thermostat = await world.device(THERMOSTAT)
    latest = await world.ports.series.latest([thermostat.number])
    assert "temperature_c" not in latest.get(thermostat.number, {})


@pytest.mark.parametrize(
    "order", list(itertools.permutations(["station", "homesdata", "homestatus"])), ids="-".join
)
async def test_three_answers_about_one_home_meet_in_one_home_whatever_their_order(
    order: tuple[str, ...],
) -> None:
    world = World()
    for name in order:
        await world.take(payload(name))

    (site,) = await world.sites()
    station, garden = await world.device(STATION), await world.device(GARDEN)
    thermostat, relay = await world.device(THERMOSTAT), await world.device(RELAY)
    assert (site.name, site.time_zone) == ("Mill House", "Europe/Berlin")
    assert {device.site_id for device in await world.devices()} == {site.id}
    assert garden.parent_id == station.id
    assert thermostat.parent_id == relay.id
    assert thermostat.room_id == (await world.room("100000001")).id
    assert thermostat.reports["battery_mv"].value == 3900
    assert station.reports["temperature_trend"].value == "up"


async def test_importing_everything_again_changes_nothing(world: World) -> None:
    for name in OWN:
        await world.take(payload(name))
    before = await world.versions()

    reports = [await world.take(payload(name)) for name in OWN]

    assert await world.versions() == before
    assert all(report.is_repeat and not report.has_changed for report in reports)


@pytest.mark.parametrize("seed", range(3))
async def test_writes_of_unknown_outcome_change_nothing(seed: int) -> None:
    world = World(PartitionedMemoryDirectory(seed, unknown_share=0.3))
    for name in OWN:
        assert (await world.take(payload(name))).warnings == []
    before = await world.versions()

    assert not any([(await world.take(payload(name))).has_changed for name in OWN])
    assert await world.versions() == before


async def test_a_newer_answer_updates_and_an_older_one_does_not(world: World) -> None:
    newer, older = payload("station"), payload("station")
    newer["time_server"] += 600
    newer["body"]["devices"][0]["reachable"] = False
    del newer["body"]["devices"][0]["dashboard_data"]
    older["time_server"] -= 600
    older["body"]["devices"][0]["wifi_status"] = 90
    older["body"]["devices"][0]["dashboard_data"]["time_utc"] -= 600
    await world.take(payload("station"))
    await world.take(newer)

    await world.take(older)

    station = await world.device(STATION)
    assert station.reports["reachable"].value is False
    assert station.reports["wifi_attenuation"].value == 56
    assert "measured_at_ms" not in station.reports
    assert await world.values_at(station, 1795254300_000), "an older answer still brings its readings"


async def test_a_name_given_by_hand_outlives_further_imports(world: World) -> None:
    await world.take(payload("station"))
    station = await world.device(STATION)
    await edit_device(world.ports, OWNER, ACTOR, station.id, lambda d: dataclasses.replace(d, name="Mine"))
    again = payload("station")
    again["time_server"] += 60

    await world.take(again)

    assert (await world.device(STATION)).name == "Mine"


async def test_a_station_without_a_home_gets_a_site_and_leaves_it_for_its_home(world: World) -> None:
    old = payload("station")
    del old["body"]["devices"][0]["home_id"]
    await world.take(old)
    (implied,) = await world.sites()
    assert implied.time_zone == "Europe/Berlin"

    await world.take(payload("homesdata"))

    sites = await world.sites()
    assert [site.aliases["netatmo"] for site in sites] == [HOME]
    assert {device.site_id for device in await world.devices()} == {sites[0].id}


async def test_values_that_are_no_readings_are_kept(world: World) -> None:
    said = payload("station")
    said["body"]["devices"][0]["dashboard_data"]["Temperature"] = "21.4"
    said["body"]["devices"][0]["modules"][0]["dashboard_data"].pop("time_utc")
    await world.take(said)

    station, garden = await world.device(STATION), await world.device(GARDEN)
    assert (await world.values_at(station, 1795254900_000))["temperature_c"] == 21.4
    assert station.kept["netatmo"]["dashboard_data.Temperature"] == "21.4"
    assert garden.reports["temperature_c"].value == -3.1
    assert garden.number not in await world.ports.series.latest([garden.number])


async def test_tokens_are_neither_archived_nor_imported(world: World) -> None:
    said = {"access_token": "a1|b2", "refresh_token": "a1|b3", "expires_in": 10800, "scope": ["read_station"]}
    report = await world.take(said)

    assert (report.kind, report.is_kept_raw) == ("token", False)
    assert await world.raw.scan(OWNER) == []
    assert "not kept" in report.summary()


async def test_a_token_beside_a_station_is_left_out(world: World) -> None:
    said = payload("station")
    said["access_token"] = "a1|b2"
    said["body"]["devices"][0]["password"] = "hunter2"
    await world.take({"body": said["body"], "status": "ok", "time_server": said["time_server"]})

    assert await world.raw.scan(OWNER) == []
    assert "password" not in (await world.device(STATION)).kept["netatmo"]


async def test_equal_answers_of_two_moments_are_archived_once(world: World) -> None:
    first, second = payload("station"), payload("station")
    second["time_server"] += 60
    second["time_exec"] = 0.9
    await world.take(first)

    report = await world.take(second)

    assert report.is_repeat
    assert len(await world.raw.scan(OWNER)) == 1


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        pytest.param(b"", "nothing", id="empty"),
        pytest.param(b"\xff\xd8\xff\xe0", "image/jpeg", id="jpeg"),
        pytest.param(b"swagger: '2.0'\ninfo: {}\n", "interface description", id="yaml"),
        pytest.param(b"<html>502</html>", "HTML or XML", id="html"),
        pytest.param(b"\x00\x01\x02\xff", "binary", id="binary"),
        pytest.param(b'{"error":{"code":2,"message":"Invalid access token"}}', "error", id="error"),
        pytest.param(b'{"error":"invalid_grant"}', "oauth error", id="oauth-error"),
        pytest.param(b'{"status":"ok","time_server":1}', "acknowledgement", id="ok"),
        pytest.param(b'{"push_type":"NACamera-on","event_type":"on"}', "webhook push", id="push"),
        pytest.param(b'{"zones":[],"timetable":[]}', "request synchomeschedule", id="request"),
        pytest.param(
            b'{"home":{"id":"a","modules":[{"id":"b","on":true}]}}', "request setstate", id="setstate"
        ),
        pytest.param(b'{"body":[{"_id":"a","mark":3,"measures":{}}]}', "getpublicdata", id="public"),
        pytest.param(b"[" * 500 + b"]" * 500, "too deeply nested JSON", id="deep"),
        pytest.param(b"17", "unknown JSON", id="number"),
    ],
)
async def test_anything_else_is_named_and_kept_as_it_came(world: World, content: bytes, kind: str) -> None:
    report = await world.take(content)

    assert (report.kind, report.is_taken) == (kind, False)
    assert [entry.payload for entry in await world.raw.scan(OWNER)] == ([content] if content else [])
    assert await world.devices() == []


async def test_a_bare_measure_needs_its_request(world: World) -> None:
    report = await world.take({"1795254000": [21.5, 40], "1795254300": [None, 41]})

    assert (report.kind, report.is_taken) == ("getmeasure", False)
    assert any("--method getmeasure" in line for line in report.lines())


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"1795254000": [21.5, 40], "1795254300": [None, 41]}, id="object"),
        pytest.param(
            [{"beg_time": 1795254000, "step_time": 300, "value": [[21.5, 40], [None, 41]]}], id="runs"
        ),
    ],
)
async def test_a_measure_with_its_request_becomes_readings(world: World, body: Any) -> None:
    await world.take(payload("station"))
    report = await world.take(
        {"status": "ok", "body": body},
        method="getmeasure",
        device=STATION,
        module=GARDEN,
        types=["Temperature,Humidity"],
        scale="max",
    )

    garden = await world.device(GARDEN)
    assert (report.is_taken, report.readings) == (True, 2)
    assert await world.values_at(garden, 1795254000_000) == {"temperature_c": 21.5, "humidity_pct": 40}
    assert await world.values_at(garden, 1795254300_000) == {"humidity_pct": 41}


async def test_a_measures_device_may_be_named_by_our_id_and_takes_its_raw_along(world: World) -> None:
    await world.take(payload("station"))
    garden = await world.device(GARDEN)
    await world.take({"1795254000": [21.5]}, device=garden.id, types=["temperature"], scale="max")
    assert await world.values_at(garden, 1795254000_000) == {"temperature_c": 21.5}

    await remove_device(world.ports, OWNER, ACTOR, garden.id)

    assert [entry.kind for entry in await world.raw.scan(OWNER)] == ["getstationsdata"]


async def test_a_measure_of_nobody_is_kept_raw(world: World) -> None:
    report = await world.take({"1795254000": [21.5]}, device="a" * 24, types=["temperature"], scale="max")

    assert (report.is_taken, report.is_kept_raw, await world.devices()) == (False, True, [])
    assert any("no device" in line for line in report.lines())


async def test_means_of_a_measure_are_no_readings(world: World) -> None:
    report = await world.take(
        {"1795254000": [21.5]}, method="getmeasure", device=STATION, types=["temperature"], scale="1hour"
    )

    assert (report.is_taken, report.readings, await world.devices()) == (False, 0, [])
    assert len(await world.raw.scan(OWNER)) == 1


async def test_energy_of_half_hours_is_recorded_at_their_start(world: World) -> None:
    body = [{"beg_time": 1795254300, "step_time": 1800, "value": [[200], [180]]}]
    await world.take(
        {"body": body},
        device="70:ee:50:0a:00:30",
        module="70:ee:50:0a:00:40",
        types=["sum_energy_buy_from_grid"],
        scale="30min",
    )

    meter = await world.device("70:ee:50:0a:00:40")
    assert await world.values_at(meter, 1795253400_000) == {"energy_wh": 200}
    assert await world.values_at(meter, 1795255200_000) == {"energy_wh": 180}


@pytest.mark.parametrize("name", OWN)
async def test_every_field_of_an_answer_comes_back_from_the_core(world: World, name: str) -> None:
    said = payload(name)
    await world.take(said)
    await assert_restated(world, recognise(json.dumps(said).encode()).kind, said["body"])


async def test_recorded_answers_come_back_from_the_core(corpus: Path) -> None:
    checked = 0
    for file in sorted((corpus / "netatmo").rglob("*.json")):
        recognised = recognise(file.read_bytes())
        if recognised.kind in OWN_KINDS:
            world = World()
            await world.take(file.read_bytes())
            await assert_restated(world, recognised.kind, recognised.body)
            checked += 1
    assert checked >= 10


async def test_importing_the_whole_corpus_twice_changes_nothing_the_second_time(
    world: World, corpus: Path
) -> None:
    files = sorted(file for file in corpus.rglob("*") if file.is_file())
    for file in files:
        await world.take(file.read_bytes())
    before = await world.versions()

    reports = [await world.take(file.read_bytes()) for file in files]

    assert await world.versions() == before
    assert sum(report.readings for report in reports) == 0


async def test_renaming_a_room_changes_exactly_its_name(world: World) -> None:
    await world.take(payload("homesdata"))
    room = await world.room("100000002")
    before = restate(room, Method.TOPOLOGY)

    renamed = await edit_room(
        world.ports, OWNER, ACTOR, room.id, lambda room: dataclasses.replace(room, name="Sauna")
    )

    assert restate(renamed, Method.TOPOLOGY) == {**(before or {}), "name": "Sauna"}


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_the_corpus_gives_the_same_devices_in_any_order(corpus: Path, seed: int) -> None:
    """But for one answer that does not say which home it is about: its rooms need the home known."""
    files = sorted(file for file in (corpus / "netatmo").rglob("*.json"))
    files = [file for file in files if recognise(file.read_bytes()).kind in TAKEN]
    nameless = [file for file in files if _is_nameless(recognise(file.read_bytes()).body)]
    shuffled = random.Random(seed).sample(files, len(files))

    sorted_state = await _state_after([*files, *nameless])
    shuffled_state = await _state_after([*shuffled, *nameless])

    assert shuffled_state == sorted_state


def _is_nameless(body: dict[str, Any]) -> bool:
    return "home" in body and "id" not in body["home"]


async def _state_after(files: list[Path]) -> dict[str, Any]:
    """What is known of each device, by the vendor's ids."""
    world = World()
    for file in files:
        await world.take(file.read_bytes())
    devices = {device.id: device for device in await world.devices()}
    rooms = {room.id: room.aliases["netatmo"] for room in await world.rooms()}
    return {
        device.vendor_id: (
            device.name,
            device.model,
            device.firmware,
            device.abilities,
            rooms.get(device.room_id or ""),
            devices[device.parent_id].vendor_id if device.parent_id else None,
            {name: report.value for name, report in device.reports.items()},
            device.kept["netatmo"],
        )
        for device in devices.values()
    }


async def test_a_deleted_home_is_left_alone(world: World) -> None:
    await world.take(payload("homesdata"))
    (site,) = await world.sites()
    await edit_site(world.ports, OWNER, ACTOR, site.id, lambda site: dataclasses.replace(site, deleted_ms=1))

    report = await world.take(payload("homestatus"))

    assert await world.sites() == []
    assert any(HOME in warning for warning in report.warnings)


async def assert_restated(world: World, kind: str, body: dict[str, Any]) -> None:
    """Every object of the answer, rebuilt from the core, is what it was."""
    if kind == "homesdata":
        for home in body["homes"]:
            (site,) = [s for s in await world.sites() if s.aliases["netatmo"] == address(home["id"])]
            _assert_same(restate(site, Method.TOPOLOGY), home, "rooms", "modules", "schedules")
            await _assert_rooms(world, Method.TOPOLOGY, home)
            await _assert_devices(world, Method.TOPOLOGY, home.get("modules") or [], "id")
            await _assert_schedules(world, home)
    elif kind == "homestatus":
        home = body["home"]
        if "id" in home:
            (site,) = [s for s in await world.sites() if s.aliases["netatmo"] == address(home["id"])]
            _assert_same(restate(site, Method.STATUS), home, "rooms", "modules")
            await _assert_rooms(world, Method.STATUS, home)
        await _assert_devices(world, Method.STATUS, home.get("modules") or [], "id")
        await _assert_devices(world, Method.FAULT, body.get("errors") or [], "id")
    else:
        for station in body["devices"]:
            await _assert_devices(world, Method.STATION, [station, *(station.get("modules") or [])], "_id")


async def _assert_devices(world: World, method: Method, said: list[dict[str, Any]], key: str) -> None:
    for item in said:
        device = await world.device(address(item[key]) or "")
        latest = (await world.ports.series.latest([device.number])).get(device.number, {})
        _assert_same(restate(device, method, latest=latest), item, "modules")


async def _assert_rooms(world: World, method: Method, home: dict[str, Any]) -> None:
    for item in home.get("rooms") or []:
        _assert_same(restate(await world.room(item["id"]), method), item)


async def _assert_schedules(world: World, home: dict[str, Any]) -> None:
    wire_ids = {room.id: room.aliases["netatmo"] for room in await world.rooms()}
    known = {schedule.aliases["netatmo"]: schedule for schedule in await world.schedules()}
    for item in home.get("schedules") or []:
        _assert_same(restate(known[item["id"]], Method.TOPOLOGY, wire_room_id=wire_ids.__getitem__), item)


def _assert_same(restated: dict[str, Any] | None, said: dict[str, Any], *parts: str) -> None:
    expected = {name: value for name, value in said.items() if name not in parts}
    assert restated is not None
    assert list(restated) == list(expected) or set(restated) == set(expected)
    for name, value in expected.items():
        assert is_same(restated[name], value), f"{name}: {restated[name]!r} is not {value!r}"
