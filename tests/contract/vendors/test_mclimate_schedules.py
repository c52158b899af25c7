"""MClimate's schedules and heating profiles: answers as published, and what cannot be is refused by name."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ownclimate.control.timetable import Timetable
from ownclimate.core.commands import list_device_commands
from ownclimate.core.devices import edit_device
from ownclimate.core.sites import create_room, create_site
from ownclimate.core.things import Ability, Device
from ownclimate.vendors.mclimate.face.dialect import mclimate_dialect
from ownclimate.vendors.mclimate.timetables import fallback_zone, minute_of
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import ACTOR, Households, memory_ports
from tests.fakes.http import Client

VICKI = "70B3D52DD3000001"
VALVE = frozenset({Ability.TEMPERATURE, Ability.HEATING_SETPOINT, Ability.VALVE})
SAMPLE = {
    "controller_id": VICKI,
    "days": "0000010",
    "active": 1,
    "from_time": 650,
    "to_time": 700,
    "device_hours": 14,
    "action": "command",
    "target": 24,
    "push": 1,
    "default_state": "do_nothing",
}


@pytest.fixture
async def households(clock: FakeClock, entropy: SeededEntropy) -> Households:
    made = Households(memory_ports(clock, entropy))
    await made.add("anna")
    await made.add("bela")
    return made


@pytest.fixture
def client(households: Households) -> Client:
    return households.client(mclimate_dialect(), token="anna")


@pytest.fixture
async def site(households: Households) -> Any:
    return await create_site(
        households.ports, households.accounts["anna"].owner_id, ACTOR, name="Home", time_zone="Europe/Sofia"
    )


@pytest.fixture
async def valve(households: Households, site: Any) -> Device:
    return await households.device("anna", "vicki", VICKI, abilities=VALVE, site_id=site.id)


async def post(client: Client, path: str, **body: Any) -> Any:
    return await client.request("POST", path, json_body=body)


async def test_a_new_schedule_is_answered_as_published(client: Client, valve: Device) -> None:
    answer = await post(client, "/v1/schedules", **SAMPLE)

    assert answer.status == 201
    schedule = answer.json["schedules"]
    number = schedule.pop("id")
    assert schedule == {
        "controller_id": valve.number,
        "days": "0000010",
        "active": 1,
        # The clock stands at Saturday 12:00 in Sofia: the window is over, the next is in a week.
        "from_time": "2026-11-28 10:50:00",
        "to_time": "2026-11-28 11:40:00",
        "action": "command",
        "target": 24,
        "push": 1,
        "user_time_offset": None,
    }
    assert answer.json["_links"] == {"self": {"href": "/v1/schedules"}}
    assert answer.headers["location"] == f"/v1/schedules/{number}"


async def test_a_devices_schedules_are_a_collection_and_each_of_them_an_entity(
    client: Client, valve: Device, households: Households, clock: FakeClock
) -> None:
    await households.record(valve, [clock.now_ms()], {"setpoint_c": [19.5]})
    first = (await post(client, "/v1/schedules", **SAMPLE)).json["schedules"]["id"]
    second = (await post(client, "/v1/schedules", **SAMPLE)).json["schedules"]["id"]

    answer = (await client.get(f"/v1/schedules/{VICKI}?sort=-id")).json

    assert [item["id"] for item in answer["_embedded"]["schedules"]] == [second, first]
    item = answer["_embedded"]["schedules"][1]
    assert (item["main_target"], item["default_state"], item["controller_id"]) == (
        19.5, "do_nothing", valve.number,
    )  # fmt: skip
    links = item.pop("_links")
    assert links["controller"]["href"] == f"/v1/controllers/{VICKI}"
    entity = (await client.get(links["self"]["href"])).json
    assert entity["schedules"] == item
    assert (
        (await client.get("/v1/schedules?active=1&limit=1")).json["_links"]["last"]["href"].endswith("page=2")
    )
    assert (await client.get(f"/v1/schedules/{first}?active=1")).status == 400


async def test_a_device_without_schedules_is_an_empty_collection(client: Client, valve: Device) -> None:
    answer = await client.get(f"/v1/schedules/{VICKI}")

    assert answer.json == {"schedules": [], "_links": {"self": {"href": f"/v1/schedules/{VICKI}"}}}


async def test_a_change_changes_what_it_names_and_nothing_else(client: Client, valve: Device) -> None:
    number = (await post(client, "/v1/schedules", **SAMPLE)).json["schedules"]["id"]
    before = (await client.get(f"/v1/schedules/{number}")).json["schedules"]

    answer = await client.request(
        "PUT", f"/v1/schedules/{number}",
        json_body={"target": "21.5", "active": 0, "to_time": "2026-11-28 11:45:00"},
    )  # fmt: skip

    assert answer.status == 200
    changed = {"target": 21.5, "active": 0, "to_time": "2026-11-28 11:45:00"}
    assert answer.json["schedules"] == {**before, **changed}
    assert (await client.get(f"/v1/schedules/{number}")).json["schedules"] == {**before, **changed}


@pytest.mark.parametrize(("wanted", "found"), [("1", 1), ("true", 1), ("0", 0), ("false", 0)])
async def test_a_truth_that_is_written_as_a_number_is_filtered_by_either(
    client: Client, valve: Device, wanted: str, found: int
) -> None:
    await post(client, "/v1/schedules", **SAMPLE)

    answer = (await client.get(f"/v1/schedules?active={wanted}")).json
    assert len(answer.get("_embedded", answer)["schedules"]) == found


async def test_a_schedule_is_replaced_by_the_whole_of_it_but_stays_its_devices(
    client: Client, valve: Device, households: Households
) -> None:
    await households.device("anna", "vicki", "BBBBBBBBBBBBBBBB", abilities=VALVE)
    path = (await post(client, "/v1/schedules", **SAMPLE)).headers["location"]

    whole = await client.request("PUT", path, json_body=SAMPLE | {"target": 20})
    moved = await client.request("PUT", path, json_body=SAMPLE | {"controller_id": "BBBBBBBBBBBBBBBB"})

    assert (whole.status, whole.json["schedules"]["target"]) == (200, 20)
    assert (moved.status, list(moved.json["validation"])) == (400, ["controller_id"])


@pytest.mark.parametrize("target", [15, 31])
async def test_a_target_that_no_remote_can_say_is_refused(
    client: Client, households: Households, target: int
) -> None:
    await households.device("anna", "melissa", "UV1", abilities=frozenset({Ability.AIR_CONDITIONING}))

    answer = await post(client, "/v1/schedules", **SAMPLE | {"controller_id": "UV1", "target": target})

    assert (answer.status, list(answer.json["validation"])) == (400, ["target"])


async def test_a_schedule_that_is_removed_is_gone(client: Client, valve: Device) -> None:
    number = (await post(client, "/v1/schedules", **SAMPLE)).json["schedules"]["id"]

    assert (await client.request("DELETE", f"/v1/schedules/{number}")).status == 204
    assert (await client.request("DELETE", f"/v1/schedules/{number}")).status == 404
    assert (await client.get(f"/v1/schedules/{number}")).status == 404


async def test_a_window_across_midnight_ends_on_the_next_day(client: Client, valve: Device) -> None:
    answer = await post(client, "/v1/schedules", **SAMPLE | {"from_time": 1380, "to_time": 300})

    schedule = answer.json["schedules"]
    assert (schedule["from_time"], schedule["to_time"]) == ("2026-11-21 23:00:00", "2026-11-22 05:00:00")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"days": "000001"}, "days"),
        ({"days": "0000000"}, "days"),
        ({"days": "0000012"}, "days"),
        ({"from_time": 1440}, "from_time"),
        ({"from_time": "noon"}, "from_time"),
        ({"to_time": -1}, "to_time"),
        ({"to_time": 650}, "to_time"),
        ({"target": 90}, "target"),
        ({"target": 31}, "target"),
        ({"target": 4}, "target"),
        ({"target": "warm"}, "target"),
        ({"device_hours": 24}, "device_hours"),
        ({"action": "dance"}, "action"),
        ({"default_state": "maybe"}, "default_state"),
        ({"active": 2}, "active"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_what_cannot_be_is_refused_and_named(
    client: Client, valve: Device, wrong: dict[str, Any], field: str
) -> None:
    answer = await post(client, "/v1/schedules", **SAMPLE | wrong)

    assert answer.status == 400
    assert field in answer.json["validation"]
    assert (await client.get("/v1/schedules")).json["schedules"] == []


@pytest.mark.parametrize("missing", ["controller_id", "days", "from_time", "to_time", "target"])
async def test_what_is_missing_is_named(client: Client, valve: Device, missing: str) -> None:
    answer = await post(client, "/v1/schedules", **{n: v for n, v in SAMPLE.items() if n != missing})

    assert (answer.status, list(answer.json["validation"])) == (400, [missing])


async def test_a_relay_takes_on_and_off_and_a_sensor_nothing(client: Client, households: Households) -> None:
    await households.device("anna", "smart_plug", "PLUG1", abilities=frozenset({Ability.RELAY}))
    await households.device(
        "anna", "ht_sensor", "70B3D52DD3000009", abilities=frozenset({Ability.TEMPERATURE})
    )

    plug = SAMPLE | {"controller_id": "PLUG1"}
    assert (await post(client, "/v1/schedules", **plug | {"target": 1})).status == 201
    assert (await post(client, "/v1/schedules", **plug)).json["validation"].keys() == {"target"}
    sensor = SAMPLE | {"controller_id": "70B3D52DD3000009"}
    assert (await post(client, "/v1/schedules", **sensor)).status == 400


async def test_a_schedule_runs(
    client: Client, valve: Device, households: Households, clock: FakeClock
) -> None:
    await post(client, "/v1/schedules", **SAMPLE | {"from_time": 780, "to_time": 840, "days": "1111111"})
    timetable = Timetable(households.ports, "test")

    for _ in range(3):
        clock.advance(3600)
        await timetable.look()

    commands = await list_device_commands(households.ports, valve.owner_id, valve.id, since_ms=0, limit=9)
    assert [command.fields for command in commands] == [{"temperature_c": 24.0}]


async def test_reading_a_device_tells_of_its_schedule(
    client: Client, valve: Device, households: Households, clock: FakeClock
) -> None:
    await households.record(valve, [clock.now_ms() - 60_000], {"setpoint_c": [19.0], "temperature_c": [18.0]})
    timetable = Timetable(households.ports, "test")
    told = []
    await post(client, "/v1/schedules", **SAMPLE | {"from_time": 720, "to_time": 780, "days": "1111111"})
    for command in ("", "set_motor_position"):
        await timetable.look()
        if command:
            clock.advance(60)
            body = {"serial_number": VICKI, "command": command, "position": 22}
            assert (await post(client, "/v1/provider/send", **body)).status == 200
        answer = await post(client, "/v1/provider/fetch", serial_number=VICKI)
        told.append(answer.json["provider"]["scheduleInfo"])

    assert told == [
        {"inSchedule": True, "mainTarget": 19, "inPriority": False},
        {"inSchedule": True, "mainTarget": 22, "inPriority": True},
    ]


async def make_profile(client: Client, **more: Any) -> int:
    times = {name: value for name, value in SAMPLE.items() if name != "controller_id"}
    body = {"name": "Week", "boost_time": 20, "schedules": [times], **more}
    return int((await post(client, "/v1/schedule-profile", **body)).json["schedule_profiles"]["id"])


async def test_a_profile_is_made_followed_read_and_removed(
    client: Client, valve: Device, site: Any, households: Households
) -> None:
    answer = await post(client, "/v1/schedule-profile", name="Week", building_id=site.number, schedules=[])

    user = households.accounts["anna"].number
    number = answer.json["schedule_profiles"]["id"]
    assert answer.status == 201
    assert answer.json == {
        "schedule_profiles": {"name": "Week", "building_id": site.number, "user_id": user, "id": number},
        "_links": {"self": {"href": "/v1/schedule-profile"}},
    }

    path = f"/v1/schedule-profile/{number}"
    answer = await client.request("PATCH", path, json_body={"controller_id": valve.number})
    assert answer.json == {
        "schedule_profiles": {
            "id": number, "name": "Week", "user_id": user, "building_id": site.number,
            "floor_id": None, "space_id": None, "room_id": None,
        },
        "_links": {"self": {"href": path}},
    }  # fmt: skip
    times = {name: value for name, value in SAMPLE.items() if name != "controller_id"}
    added = await post(client, "/v1/schedules", **times, schedule_profile_id=number)
    assert added.json["schedules"]["schedule_profile_id"] == number
    assert (await client.get(path)).json["schedule_profiles"]["controller_id"] == [valve.number]
    (item,) = (await client.get(f"/v1/schedules/{VICKI}")).json["_embedded"]["schedules"]
    assert item["_links"]["schedule_profile"]["href"] == path
    (listed,) = (await client.get("/v1/schedule-profile")).json["_embedded"]["schedule_profiles"]
    assert (await client.get(listed["_links"]["schedules"]["href"])).json["total"] == 1

    await client.request("PATCH", path, json_body={"controller_id": []})
    assert (await client.get(path)).json["schedule_profiles"]["controller_id"] == []
    assert (await client.request("DELETE", path)).status == 204
    assert (await client.get(path)).status == 404
    assert (await client.get("/v1/schedules")).json["schedules"] == []


async def test_a_profile_of_a_room_is_for_devices_in_it(
    client: Client, valve: Device, site: Any, households: Households
) -> None:
    anna = households.accounts["anna"]
    room = await create_room(households.ports, anna.owner_id, ACTOR, site_id=site.id, name="Hall")
    number = await make_profile(client, room_id=room.number)
    path = f"/v1/schedule-profile/{number}"

    refused = await client.request("PATCH", path, json_body={"controller_id": [valve.number]})
    await edit_device(
        households.ports, anna.owner_id, ACTOR, valve.id, lambda d: dataclasses.replace(d, room_id=room.id)
    )
    taken = await client.request("PATCH", path, json_body={"controller_id": [valve.number]})

    assert (refused.status, list(refused.json["validation"])) == (400, ["controller_id"])
    assert taken.json["schedule_profiles"]["room_id"] == room.number


async def test_a_boost_heats_everybody_who_follows(
    client: Client, valve: Device, households: Households, clock: FakeClock
) -> None:
    number = await make_profile(client)
    await client.request("PATCH", f"/v1/schedule-profile/{number}", json_body={"controller_id": valve.number})
    timetable = Timetable(households.ports, "test")
    await households.record(valve, [clock.now_ms() - 60_000], {"setpoint_c": [18.0]})

    answer = await client.request("POST", f"/v1/schedule-profile/{number}/boost")
    await timetable.look()
    clock.advance(20 * 60)
    await timetable.look()

    assert answer.status == 200
    commands = await list_device_commands(households.ports, valve.owner_id, valve.id, since_ms=0, limit=9)
    assert [command.fields["temperature_c"] for command in reversed(commands)] == [30.0, 18.0]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"boost_time": -1}, "boost_time"),
        ({"building_id": 4711}, "building_id"),
        ({"floor_id": 4711}, "floor_id"),
        ({"space_id": 4711}, "space_id"),
        ({"room_id": 4711}, "room_id"),
        ({"schedules": [SAMPLE | {"days": "0"}]}, "schedules[0].days"),
        ({"schedules": [SAMPLE | {"days": "0000000"}]}, "schedules[0].days"),
        ({"schedules": [SAMPLE | {"to_time": 650}]}, "schedules[0].to_time"),
        ({"schedules": [SAMPLE | {"target": 99}]}, "schedules[0].target"),
    ],
)
async def test_a_profile_that_cannot_be_is_refused_and_named(
    client: Client, wrong: dict[str, Any], field: str
) -> None:
    answer = await post(client, "/v1/schedule-profile", **{"name": "Week"} | wrong)

    assert (answer.status, list(answer.json["validation"])) == (400, [field])
    assert (await client.get("/v1/schedule-profile")).json["schedule_profiles"] == []


@pytest.mark.parametrize(
    ("zone", "hours", "expected"),
    [
        ("Europe/Sofia", 3, "Europe/Sofia"),
        ("UTC", 10, "UTC"),
        ("UTC", 12, "Etc/GMT-2"),
        ("", 22, "Etc/GMT-12"),
        ("UTC", 23, "Etc/GMT+11"),
        ("UTC", 5, "Etc/GMT+5"),
        ("", None, ""),
    ],
)
def test_the_hour_at_the_device_tells_its_zone_where_nothing_else_does(
    zone: str, hours: int | None, expected: str, clock: FakeClock
) -> None:
    assert fallback_zone(zone, hours, clock.now_ms()) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (650, 650),
        ("650", 650),
        ("10:50", 650),
        ("10:50:00", 650),
        ("2021-05-29 10:50:00", 650),
        ("24:00", 1440),
    ],
)
def test_a_minute_is_read_in_every_way_it_is_written(given: int | str, expected: int) -> None:
    assert minute_of("from_time", given) == expected
