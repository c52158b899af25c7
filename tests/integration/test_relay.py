"""An app tells the household's server something; the cloud that runs the home hears of it, once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from ownclimate.core.devices import list_devices
from ownclimate.core.sites import edit_site
from ownclimate.core.things import CommandState, SiteKind
from ownclimate.vendors.mclimate.face.dialect import mclimate_dialect
from ownclimate.vendors.smartbuildings.face.dialect import smartbuildings_dialect
from tests.fakes import FakeClock
from tests.fakes.faulty_cloud import Fault, drop, error, page
from tests.fakes.households import ACTOR
from tests.fakes.relayed_home import CloudServer, Household, cloud_of

HOME, WORKSHOP = "5f0000000000000000000001", "5f0000000000000000000002"
LIVING, BATH, OFFICE = "100000001", "100000002", "200000002"
GATEWAY, PLUG, LAMP, SHUTTER, FAN = "00:04:74:0b:00:10", *(f"00:04:74:00:00:0a:00:0{n}" for n in (1, 2, 3, 5))
ADA = "11111111-2222-4333-8444-555555555555"
WINTER = "5f00000000000000000000aa"
HOUR_S = 3600
TO_MONDAYS_DAY_AND_NIGHT = (40, 8, 12)
"""Hours: from Saturday noon to Monday before seven, into its day, into its night."""
CONTENT = {
    "zones": [
        {"id": 0, "type": 1, "name": "Night", "rooms": [{"id": LIVING, "therm_setpoint_temperature": 15}]},
        {"id": 1, "type": 0, "name": "Day", "rooms": [{"id": LIVING, "therm_setpoint_temperature": 22}]},
    ],
    "timetable": [{"zone_id": 0, "m_offset": 0}, {"zone_id": 1, "m_offset": 400}],
    "hg_temp": 7,
    "away_temp": 13,
}


@pytest.fixture
async def cloud(clock: FakeClock) -> AsyncIterator[CloudServer]:
    async with cloud_of(clock) as started:
        yield started


@pytest.fixture
async def household(cloud: CloudServer, clock: FakeClock) -> AsyncIterator[Household]:
    """It may tell the cloud, and has collected what there is."""
    made = await Household.connected(cloud.url, clock)
    await made.work()
    yield made
    await made.close()


@pytest.fixture
async def listener(cloud: CloudServer, clock: FakeClock) -> AsyncIterator[Household]:
    """Its owner does not allow that the cloud is told."""
    made = await Household.connected(cloud.url, clock, relays=False)
    await made.work()
    yield made
    await made.close()


async def post(household: Household, target: str, body: Any = None) -> Any:
    if body is None:
        answer = await household.client.request("POST", f"/api/{target}")
    else:
        answer = await household.client.request("POST", f"/api/{target}", json_body=body)
    return answer.json


async def set_module(household: Household, module: str, home: str = WORKSHOP, **said: Any) -> Any:
    modules = [{"id": module, "bridge": GATEWAY, **said}]
    return await post(household, "setstate", {"home": {"id": home, "modules": modules}})


async def room(side: CloudServer | Household, room_id: str, home: str = HOME) -> dict[str, Any]:
    told = await side.ask(f"homestatus?home_id={home}")
    return next(found for found in told["home"]["rooms"] if found["id"] == room_id)


async def module(side: CloudServer | Household, module_id: str) -> dict[str, Any]:
    told = await side.ask(f"homestatus?home_id={WORKSHOP}")
    return next(found for found in told["home"]["modules"] if found["id"] == module_id)


async def home_of(side: CloudServer | Household) -> dict[str, Any]:
    return next(home for home in (await side.ask("homesdata"))["homes"] if home["id"] == HOME)


def methods(cloud: CloudServer) -> list[str]:
    return [method for method, _ in cloud.orders]


async def states(household: Household) -> list[str]:
    return [command.state.value for command in await household.commands()]


MANUAL = f"setroomthermpoint?home_id={HOME}&room_id={BATH}&mode=manual&temp=21.5"


async def test_a_setpoint_of_a_room_with_two_valves_is_one_call_and_confirmed_by_the_next_status(
    household, cloud
) -> None:
    assert (await post(household, MANUAL))["status"] == "ok"
    assert (await room(household, BATH))["therm_setpoint_temperature"] == 21.5
    await household.work()
    assert await states(household) == ["sent"]
    await household.work(4)

    held = await room(cloud, BATH)
    assert (held["therm_setpoint_mode"], held["therm_setpoint_temperature"]) == ("manual", 21.5)
    assert held["therm_setpoint_end_time"] == held["therm_setpoint_start_time"] + 3 * 3600
    assert (methods(cloud), await states(household)) == (["setroomthermpoint"], ["confirmed"])
    assert (await room(household, BATH))["therm_setpoint_end_time"] == held["therm_setpoint_end_time"]


@pytest.mark.parametrize(
    ("asked", "shown"),
    [("mode=off", ("off", None)), ("mode=home", ("schedule", 16.5))],
    ids=["off", "home"],
)
async def test_a_room_is_told_to_do_whatever_the_cloud_knows(household, cloud, asked, shown) -> None:
    await post(household, f"setroomthermpoint?home_id={HOME}&room_id={BATH}&{asked}")
    await household.work(4)

    held = await room(cloud, BATH)
    assert (held["therm_setpoint_mode"], held.get("therm_setpoint_temperature")) == shown
    assert (methods(cloud), await states(household)) == (["setroomthermpoint"], ["confirmed"])


@pytest.mark.parametrize("interface", ["mclimate", "smartbuildings"])
async def test_every_interface_tells_the_cloud_through_the_same_order(household, cloud, interface) -> None:
    ports, owner_id = household.households.ports, household.account.owner_id
    (valve,) = [d for d in await list_devices(ports.directory, owner_id) if d.name == "Bath left"]
    await edit_site(ports, owner_id, ACTOR, valve.site_id, lambda site: replace(site, kind=SiteKind.BUILDING))
    if interface == "mclimate":
        client = household.households.client(mclimate_dialect(wait_s=0.05), token="ada")
        body = {"serial_number": valve.aliases["mclimate"], "command": "set_target_temperature"}
        await client.request("POST", "/v1/provider/send", json_body=body | {"targetTemperature": 21})
    else:
        client = household.households.client(smartbuildings_dialect(), token="ada")
        hold = {"desiredTemperature": 69.8, "type": "indefinite"}
        path = f"/api/v1/thermostats/{valve.aliases['smartbuildings']}/heatHold"
        assert (await client.request("POST", path, json_body=hold)).status == 201
    await household.work(4)

    (command,) = await household.commands()
    assert (command.name, command.state.value) == ("set_setpoint", "confirmed")
    held = await room(cloud, BATH)
    assert (held["therm_setpoint_mode"], held["therm_setpoint_temperature"]) == ("manual", 21)
    assert (await room(household, BATH))["therm_setpoint_temperature"] == 21
    assert methods(cloud) == ["setroomthermpoint"]


async def test_what_time_brings_is_never_told_to_the_cloud(household, cloud, clock) -> None:
    until_s = clock.now_ms() // 1000 + HOUR_S
    await post(household, f"{MANUAL}&endtime={until_s}")
    await post(household, f"setroomthermpoint?home_id={HOME}&room_id={LIVING}&mode=home")
    await household.work(4)

    shown = []
    for hours in (2, *TO_MONDAYS_DAY_AND_NIGHT):
        await cloud.follow_time()
        await household.work(hours * HOUR_S, step_s=hours * HOUR_S)
        await cloud.follow_time()
        shown.append((await room(household, LIVING))["therm_setpoint_temperature"])
        await household.work(300, step_s=300)
        for each in (LIVING, BATH):
            assert await room(household, each) == await room(cloud, each)

    assert shown == [17, 17, 21, 17]
    assert methods(cloud) == ["setroomthermpoint"] * 2


async def test_a_cloud_that_does_otherwise_than_its_schedule_here_is_believed(household, cloud) -> None:
    await post(household, f"setroomthermpoint?home_id={HOME}&room_id={LIVING}&mode=home")
    for hours in TO_MONDAYS_DAY_AND_NIGHT[:2]:
        await household.work(hours * HOUR_S, step_s=hours * HOUR_S)
    await household.work(300, step_s=300)

    assert await room(household, LIVING) == await room(cloud, LIVING)
    assert (await room(cloud, LIVING))["therm_setpoint_temperature"] == 17


async def test_a_home_that_goes_away_is_one_call(household, cloud) -> None:
    await post(household, f"setthermmode?home_id={HOME}&mode=away")
    await household.work(4)

    assert (await home_of(cloud))["therm_mode"] == (await home_of(household))["therm_mode"] == "away"
    assert (await room(cloud, BATH))["therm_setpoint_mode"] == "away"
    assert (methods(cloud), await states(household)) == (["setthermmode"], ["confirmed"])


async def test_a_module_is_set_behind_its_gateway(household, cloud) -> None:
    assert (await set_module(household, LAMP, brightness=75))["status"] == "ok"
    await household.work(4)

    assert (await module(cloud, LAMP))["brightness"] == 75
    assert (methods(cloud), await states(household)) == (["setstate"], ["confirmed"])


async def test_a_shutter_that_stops_shows_nowhere_and_is_not_waited_for(household, cloud) -> None:
    await set_module(household, SHUTTER, target_position=-1)
    await household.work(4)

    assert (methods(cloud), await states(household)) == (["setstate"], ["sent"])


async def test_a_pilot_wire_is_told_through_its_room(household, cloud) -> None:
    said = {"id": OFFICE, "therm_setpoint_mode": "manual", "therm_setpoint_fp": "away"}
    await post(household, "setstate", {"home": {"id": WORKSHOP, "rooms": [said]}})
    await household.work(4)

    assert (await room(cloud, OFFICE, WORKSHOP))["therm_setpoint_fp"] == "away"
    assert (methods(cloud), await states(household)) == (["setstate"], ["confirmed"])


async def test_schedules_are_made_written_selected_renamed_and_removed_there_too(household, cloud) -> None:
    asked = asyncio.create_task(
        post(household, f"createnewhomeschedule?home_id={HOME}&name=Holidays", CONTENT)
    )
    while not asked.done():
        await household.work()
        await asyncio.sleep(0.01)
    schedule = (await asked)["schedule_id"]
    named = f"home_id={HOME}&schedule_id={schedule}"

    async def told(side: CloudServer | Household) -> dict[str, Any]:
        return next(found for found in (await home_of(side))["schedules"] if found["id"] == schedule)

    warmer = json.loads(json.dumps(CONTENT).replace("22", "23"))
    await post(household, f"synchomeschedule?{named}", warmer)
    await post(household, f"renamehomeschedule?{named}&name=Ferien")
    await post(household, f"switchhomeschedule?{named}")
    await household.work()
    assert (await told(cloud))["zones"][1]["rooms"][0]["therm_setpoint_temperature"] == 23
    assert (await told(cloud))["away_temp"] == 13
    assert await told(cloud) == await told(household)
    assert ((await told(cloud))["name"], (await told(cloud))["selected"]) == ("Ferien", True)

    await post(household, f"switchhomeschedule?home_id={HOME}&schedule_id={WINTER}")
    await post(household, f"deletehomeschedule?{named}")
    assert schedule in [found["id"] for found in (await home_of(household))["schedules"]]
    await household.work()
    for side in (cloud, household):
        assert schedule not in [found["id"] for found in (await home_of(side))["schedules"]]
    kinds = ["createnew", "sync", "rename", "switch", "switch", "delete"]
    assert methods(cloud) == [f"{kind}homeschedule" for kind in kinds]
    assert set(await states(household)) == {"confirmed"}


async def test_a_schedule_that_the_cloud_cannot_make_now_is_not_made_later_either(household, cloud) -> None:
    await cloud.stop()
    asked = asyncio.create_task(post(household, f"createnewhomeschedule?home_id={HOME}&name=New", CONTENT))
    while not asked.done():
        await household.work()
        await asyncio.sleep(0.01)
    assert (await asked)["error"] == {
        "code": 35,
        "message": "Unable to execute: the cloud cannot be reached",
    }

    await cloud.start()
    await household.work(10)
    assert methods(cloud) == []
    assert "New" not in [schedule["name"] for schedule in (await home_of(household))["schedules"]]


async def test_who_is_at_home_is_told(household, cloud) -> None:
    await post(household, f"setpersonshome?home_id={HOME}&person_ids[]={ADA}")
    await household.work()

    (person,) = (await cloud.ask(f"homestatus?home_id={HOME}"))["home"]["persons"]
    assert person["out_of_sight"] is False
    assert await states(household) == ["confirmed"]


async def test_without_leave_an_app_is_told_so_plainly_and_nothing_changes(listener, cloud) -> None:
    before = [await home_of(listener), await listener.ask(f"homestatus?home_id={HOME}")]

    for target in (
        MANUAL,
        f"setthermmode?home_id={HOME}&mode=away",
        f"switchhomeschedule?home_id={HOME}&schedule_id={WINTER}",
        f"renamehomeschedule?home_id={HOME}&schedule_id={WINTER}&name=Cold",
        f"setpersonshome?home_id={HOME}&person_ids[]={ADA}",
    ):
        refusal = (await post(listener, target))["error"]
        assert refusal["code"] == 35
        assert refusal["message"] == "commands are not relayed to this cloud: its owner did not allow it"

    await listener.work(4)
    assert [await home_of(listener), await listener.ask(f"homestatus?home_id={HOME}")] == before
    assert (methods(cloud), await listener.commands()) == ([], [])


async def test_without_leave_no_module_of_several_is_set(listener, cloud) -> None:
    assert (await set_module(listener, PLUG, on=True))["error"]["code"] == 35

    assert (await module(listener, PLUG))["on"] is False
    assert await listener.commands() == []


async def test_what_the_cloud_cannot_reach_is_told_and_shows_as_the_cloud_says_again(
    household, cloud, clock
) -> None:
    cloud.is_deaf = True
    failed = {"status": "ok", "time_server": 1, "body": {"home": {}, "errors": [{"code": 6, "id": PLUG}]}}
    cloud.spoil("setstate", lambda _: web.json_response(failed))

    await set_module(household, PLUG, on=True)
    assert (await module(household, PLUG))["on"] is True
    await household.work(4)

    (command,) = await household.commands()
    assert (command.state, command.reason) == (CommandState.FAILED, "the cloud cannot reach the device")
    assert (methods(cloud), (await module(household, PLUG))["on"]) == (["setstate"], False)


async def test_while_the_cloud_is_down_a_command_waits_and_goes_when_it_is_back(household, cloud) -> None:
    await cloud.stop()
    await post(household, MANUAL)
    await household.work(120, step_s=10)
    assert await states(household) == ["accepted"]

    await cloud.start()
    await household.work(120, step_s=10)

    assert (methods(cloud), await states(household)) == (["setroomthermpoint"], ["confirmed"])


async def test_what_could_not_be_told_in_time_expires_with_the_reason_and_the_cloud_counts(
    household, cloud
) -> None:
    await cloud.stop()
    await set_module(household, PLUG, on=True)
    await household.work(400, step_s=20)
    await cloud.start()
    await household.work(1200, step_s=60)

    (command,) = await household.commands()
    assert (command.state, command.reason) == (CommandState.EXPIRED, "the cloud cannot be reached")
    assert (methods(cloud), (await module(household, PLUG))["on"]) == ([], False)


@pytest.mark.parametrize("fault", [page(502), drop], ids=["html", "lost"])
async def test_a_lost_answer_is_looked_for_and_the_command_not_sent_twice(
    household, cloud, fault: Fault
) -> None:
    cloud.spoil("setroomthermpoint", fault)
    await post(household, MANUAL)
    await household.work(10)

    assert (methods(cloud), await states(household)) == (["setroomthermpoint"], ["confirmed"])


async def test_what_was_not_done_is_sent_again_once_the_status_shows_it(household, cloud) -> None:
    cloud.is_deaf = True
    cloud.spoil("setroomthermpoint", page(502))
    await post(household, MANUAL)
    await household.work(10)

    assert methods(cloud) == ["setroomthermpoint"] * 2
    assert await states(household) == ["confirmed"]
    assert (await room(cloud, BATH))["therm_setpoint_temperature"] == 21.5


async def test_what_may_not_be_repeated_is_never_sent_twice(household, cloud) -> None:
    cloud.spoil("deletehomeschedule", drop)
    target = f"deletehomeschedule?home_id={HOME}&schedule_id=5f00000000000000000000ab"
    await post(household, target)
    await household.work(20, step_s=2)

    (command,) = await household.commands()
    assert methods(cloud) == ["deletehomeschedule"]
    assert (command.state, command.reason) == (CommandState.FAILED, "nobody can tell whether it arrived")
    # What was done all the same shows in what the cloud says next.
    assert await home_of(household) == await home_of(cloud)


async def test_a_schedule_that_the_cloud_does_not_remove_stays(household, cloud) -> None:
    cloud.is_deaf = True
    cloud.spoil("deletehomeschedule", error(400, 21, "Invalid schedule_id"))
    await post(household, f"deletehomeschedule?home_id={HOME}&schedule_id=5f00000000000000000000ab")
    await household.work(4)

    assert await states(household) == ["failed"]
    assert (await home_of(household))["schedules"] == (await home_of(cloud))["schedules"]


@pytest.mark.parametrize(
    ("fault", "wait_s"),
    [(error(429, 26, "User usage reached", retry_after="40"), 70), (error(429, 11, "Failed to enter"), 5)],
    ids=["usage", "too many at once"],
)
async def test_a_refusal_for_limits_is_obeyed_and_then_the_command_goes(
    household, cloud, fault: Fault, wait_s: int
) -> None:
    cloud.is_deaf = True
    cloud.spoil("setroomthermpoint", fault)
    await post(household, MANUAL)
    await household.work()
    made = sum(cloud.calls.values())
    assert await states(household) == ["accepted"]

    await household.work(1)
    assert sum(cloud.calls.values()) - made <= 1
    await household.work(wait_s + 10)
    assert (methods(cloud), await states(household)) == (["setroomthermpoint"] * 2, ["confirmed"])


async def test_a_spent_token_costs_no_command(household, cloud) -> None:
    cloud.is_deaf = True
    cloud.spoil("setstate", error(403, 3, "Access token expired"))
    await set_module(household, PLUG, on=True)
    await household.work(6)

    assert (methods(cloud), await states(household)) == (["setstate"] * 2, ["confirmed"])
    assert (await module(cloud, PLUG))["on"] is True


async def test_what_the_cloud_refuses_is_over_with_its_words(household, cloud) -> None:
    cloud.is_deaf = True
    cloud.spoil("setthermmode", error(403, 13, "Operation is forbidden"))
    await post(household, f"setthermmode?home_id={HOME}&mode=away")
    await household.work(2)

    (command,) = await household.commands()
    assert command.state is CommandState.FAILED
    assert "Operation is forbidden" in command.reason


async def test_however_much_is_read_a_command_goes_at_once(cloud, clock) -> None:
    household = await Household.connected(cloud.url, clock, limits=("8/3600",))
    await household.work(60, step_s=10)
    made = sum(cloud.calls[method] for method in cloud.calls if method != "token")
    assert made == 7
    assert household.engine.live.activity == "waits, so as not to ask more than is allowed"

    await post(household, MANUAL)
    await household.work()

    assert methods(cloud) == ["setroomthermpoint"]
    assert cloud.statuses[429] == 0
    await household.close()


async def test_a_process_that_dies_after_sending_leaves_a_command_that_the_next_status_resolves(
    household, cloud, clock
) -> None:
    await post(household, MANUAL)
    await household.die()
    assert (methods(cloud), await states(household)) == (["setroomthermpoint"], ["sending"])

    household.restart()
    await household.work(6)

    assert (methods(cloud), await states(household)) == (["setroomthermpoint"], ["confirmed"])
