"""Set-points, modes and schedules through Netatmo's methods, in every encoding clients use (§6, §7)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from ownclimate.control.climate import ClimateKeeper
from ownclimate.control.delivery import Deliverer
from ownclimate.core.commands import list_commands
from ownclimate.core.ordering import give_order
from ownclimate.core.orders import SET_SETPOINT
from ownclimate.core.sites import create_site
from ownclimate.core.things import Ability
from ownclimate.vendors.netatmo.face.dialect import netatmo_dialect
from tests.fakes.heated_home import HeatedHome
from tests.fakes.households import ACTOR, Households, memory_ports

NOW_S = 1_795_255_200
FORM = "application/x-www-form-urlencoded"


class Netatmo:
    """The home as a client of the dialect sees it."""

    def __init__(self, home: HeatedHome) -> None:
        self.home, self.http = home, home.households.client(netatmo_dialect(), token="ada")
        self.id = str(home.site_id)

    def room_id(self, name: str) -> str:
        return self.home.rooms[name].aliases["netatmo"]

    async def call(self, method: str, json_body: Any = None, **form: Any) -> Any:
        headers = {} if json_body is not None else {"content-type": FORM}
        body = b"" if json_body is not None else urlencode(form).encode()
        target = f"/api/{method}" + (f"?{urlencode(form)}" if json_body is not None and form else "")
        return await self.http.request("POST", target, headers=headers, body=body, json_body=json_body)

    async def room(self, name: str) -> dict[str, Any]:
        status = (await self.call("homestatus", home_id=self.id)).json["body"]["home"]
        return next(room for room in status["rooms"] if room["id"] == self.room_id(name))

    async def topology(self) -> dict[str, Any]:
        return (await self.call("homesdata", home_id=self.id)).json["body"]["homes"][0]

    def content(self, **temperatures: float) -> dict[str, Any]:
        rooms = [self.room_id(name) for name in self.home.rooms]
        return {
            "zones": [
                {
                    "id": place,
                    "name": name,
                    "type": place,
                    "rooms": [{"id": room, "therm_setpoint_temperature": value} for room in rooms],
                }
                for place, (name, value) in enumerate(temperatures.items())
            ],
            "timetable": [{"zone_id": 1, "m_offset": 0}, {"zone_id": 0, "m_offset": 420}],
            "hg_temp": 8,
            "away_temp": 14,
        }

    async def made(self, name: str = "Winter", *, selected: bool = True) -> str:
        answer = await self.call(
            "createnewhomeschedule",
            {"home_id": self.id, "name": name, **self.content(comfort=20, night=16)},
        )
        assert answer.json["schedule_id"] == answer.json["body"]["schedule_id"]
        if selected:
            await self.call("switchhomeschedule", home_id=self.id, schedule_id=answer.json["schedule_id"])
        return str(answer.json["schedule_id"])


@pytest.fixture
async def netatmo(clock, entropy) -> Netatmo:
    return Netatmo(await HeatedHome.build(Households(memory_ports(clock, entropy))))


def fault(answer: Any) -> tuple[int, int, str]:
    return answer.status, answer.json["error"]["code"], answer.json["error"]["message"]


async def test_a_foreign_valve_is_a_valve_behind_a_relay_that_no_one_made(netatmo) -> None:
    home = await netatmo.topology()
    modules = {module["id"]: module for module in home["modules"]}
    relay = next(module for module in modules.values() if module["type"] == "NAPlug")
    status = (await netatmo.call("homestatus", home_id=netatmo.id)).json["body"]["home"]

    assert [m["type"] for m in modules.values()].count("NRV") == 3
    assert sorted(relay["modules_bridged"]) == sorted(m["id"] for m in modules.values() if m is not relay)
    assert all(m["bridge"] == relay["id"] for m in modules.values() if m is not relay)
    assert {m["id"] for m in status["modules"]} == set(modules)
    assert home["temperature_control_mode"] == "heating"
    assert home["therm_setpoint_default_duration"] == 180


async def test_each_foreign_device_is_the_product_that_can_do_what_it_can(netatmo) -> None:
    home, room = netatmo.home, netatmo.home.rooms["parlour"].id
    for model, abilities, values in (
        ("smart_plug", {Ability.RELAY, Ability.POWER}, {"relay_on": 1, "power_w": 40}),
        ("fancoil", {Ability.HEATING_SETPOINT, Ability.COOLING_SETPOINT}, {"temperature_c": 20.04}),
        ("melissa", {Ability.AIR_CONDITIONING, Ability.COOLING_SETPOINT}, {"temperature_c": 21}),
        ("ht", {Ability.TEMPERATURE, Ability.HUMIDITY}, {"temperature_c": 19.5, "battery_pct": 60}),
        ("co2", {Ability.CO2, Ability.TEMPERATURE}, {"co2_ppm": 812}),
        ("relic", {Ability.CONTACT}, {"contact_open": 1}),
    ):
        device = await home.households.device(
            "ada",
            model,
            f"D-{model}",
            name=model,
            site_id=home.site_id,
            room_id=room,
            abilities=frozenset(abilities),
            is_heard=True,
        )
        columns = {name: [float(value)] for name, value in values.items()}
        await home.households.record(device, [home.ports.clock.now_ms()], columns)

    topology = {module.get("name"): module for module in (await netatmo.topology())["modules"]}
    status = (await netatmo.call("homestatus", home_id=netatmo.id)).json["body"]["home"]["modules"]
    by_id = {module["id"]: module for module in status}
    told = {name: by_id[topology[name]["id"]] for name in topology if name in topology}
    types = {name: module["type"] for name, module in topology.items()}
    assert types | {"smart_plug": "NLP", "fancoil": "BNS", "melissa": "NAC", "ht": "NAModule1"} == types
    assert (types["co2"], types["Gateway"], types["Sensors"]) == ("NHC", "NLG", "NAMain")
    assert "relic" not in types
    assert (told["smart_plug"]["on"], told["smart_plug"]["power"]) == (True, 40)
    assert topology["smart_plug"]["bridge"] == topology["Gateway"]["id"]
    assert (told["ht"]["temperature"], told["ht"]["battery_state"]) == (19.5, "high")
    assert told["co2"]["co2"] == 812
    plug = {"id": topology["smart_plug"]["id"], "bridge": topology["Gateway"]["id"], "on": False}
    answer = await netatmo.call("setstate", {"home": {"id": netatmo.id, "modules": [plug]}})
    assert answer.json["status"] == "ok"
    assert (await netatmo.room("parlour"))["cooling_setpoint_mode"] == "home"


async def test_what_fell_silent_is_not_reachable(netatmo) -> None:
    home = netatmo.home
    stat = await home.households.device(
        "ada",
        "fancoil",
        "D-stat",
        site_id=home.site_id,
        room_id=home.rooms["parlour"].id,
        abilities=frozenset({Ability.HEATING_SETPOINT}),
        is_heard=True,
    )
    await home.households.record(stat, [home.ports.clock.now_ms()], {"temperature_c": [20.0]})
    await home.says("left", 20.0)
    home.ports.clock.advance(5 * 3600)

    body = (await netatmo.call("homestatus", home_id=netatmo.id)).json["body"]
    left = home.devices["left"].aliases["netatmo"]
    valve = next(module for module in body["home"]["modules"] if module["id"] == left)
    assert valve["reachable"] is False
    assert body["errors"] == [{"code": 6, "id": stat.aliases["netatmo"]}]
    assert stat.aliases["netatmo"] not in {module["id"] for module in body["home"]["modules"]}


async def test_a_home_without_modules_has_a_status_without_a_body(netatmo) -> None:
    empty = await create_site(netatmo.home.ports, netatmo.home.owner_id, ACTOR, name="Shed")

    assert (await netatmo.call("homestatus", home_id=empty.id)).json == {"status": "ok", "time_server": NOW_S}


@pytest.mark.parametrize("how", ["form", "query", "json", "both"])
async def test_a_room_is_set_in_every_encoding(netatmo, how: str) -> None:
    point = {"home_id": netatmo.id, "room_id": netatmo.room_id("parlour"), "mode": "manual", "temp": "21.5"}
    if how == "form":
        answer = await netatmo.call("setroomthermpoint", **point)
    elif how == "query":
        answer = await netatmo.http.request("POST", f"/api/setroomthermpoint?{urlencode(point)}")
    elif how == "json":
        answer = await netatmo.call("setroomthermpoint", {**point, "temp": 21.5})
    else:
        rest = {name: point.pop(name) for name in ("mode", "temp")}
        answer = await netatmo.call("setroomthermpoint", rest, **point)

    room = await netatmo.room("parlour")
    assert answer.json["status"] == "ok"
    assert room["therm_setpoint_mode"] == "manual"
    assert room["therm_setpoint_temperature"] == 21.5
    assert room["therm_setpoint_start_time"] == NOW_S
    assert room["therm_setpoint_end_time"] == NOW_S + 3 * 3600


@pytest.mark.parametrize(
    ("mode", "shown", "temperature"),
    [("max", "max", 30), ("hg", "hg", 8), ("home", "schedule", 20), ("off", "off", None)],
)
async def test_a_rooms_modes_know_their_temperatures(netatmo, mode, shown, temperature) -> None:
    await netatmo.made()
    netatmo.home.ports.clock.advance(3600)
    await netatmo.call(
        "setroomthermpoint",
        home_id=netatmo.id,
        room_id=netatmo.room_id("bedroom"),
        mode=mode,
        temp="25",
        endtime="None",
    )

    room = await netatmo.room("bedroom")
    assert (room["therm_setpoint_mode"], room.get("therm_setpoint_temperature")) == (shown, temperature)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"home_id": "None"}, (400, 10, "Missing home_id")),
        ({"room_id": ""}, (400, 10, "Missing room_id")),
        ({"mode": None}, (400, 10, "mode is missing")),
        ({"temp": None}, (400, 10, "Missing temp")),
        ({"home_id": "5f0000000000000000000009"}, (400, 21, "Invalid home_id")),
        ({"room_id": "12"}, (400, 21, "Invalid room_id")),
        ({"mode": "frost_guard"}, (400, 21, "mode not authorized")),
        ({"temp": "31"}, (400, 21, "Invalid temp")),
        ({"temp": "warm"}, (400, 21, "Invalid temp")),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_what_a_room_cannot_be_set_to_is_refused_in_the_vendors_words(
    netatmo, changes, expected
) -> None:
    point = {"home_id": netatmo.id, "room_id": netatmo.room_id("parlour"), "mode": "manual", "temp": "20"}
    asked = {name: value for name, value in {**point, **changes}.items() if value is not None}

    assert fault(await netatmo.call("setroomthermpoint", **asked)) == expected
    assert (await netatmo.room("parlour"))["therm_setpoint_start_time"] == 0


async def test_away_and_frost_guard_are_every_rooms_until_their_end(netatmo) -> None:
    await netatmo.made()
    keeper = ClimateKeeper(netatmo.home.ports, "test")
    answer = await netatmo.call(
        "setthermmode", home_id=netatmo.id, mode="away", endtime=f"{NOW_S + 600}.4232552"
    )
    assert answer.json["status"] == "ok"
    for name in ("parlour", "bedroom"):
        room = await netatmo.room(name)
        assert (room["therm_setpoint_mode"], room["therm_setpoint_temperature"]) == ("away", 14)
        assert room["therm_setpoint_end_time"] == NOW_S + 600
    home = await netatmo.topology()
    assert (home["therm_mode"], home["therm_mode_endtime"]) == ("away", NOW_S + 600)

    netatmo.home.ports.clock.advance(601)
    await keeper.look()

    room, home = await netatmo.room("parlour"), await netatmo.topology()
    assert (room["therm_setpoint_mode"], room["therm_setpoint_start_time"]) == ("schedule", NOW_S + 600)
    assert home["therm_mode"] == "schedule"
    assert "therm_mode_endtime" not in home


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, (400, 10, "mode is missing")),
        ({"mode": "eco"}, (400, 21, "mode not authorized")),
        (
            {"mode": "schedule", "schedule_id": "5f0000000000000000000009"},
            (400, 21, "schedule 5f0000000000000000000009 is not therm schedule"),
        ),
    ],
    ids=["no mode", "unknown mode", "no such schedule"],
)
async def test_a_mode_that_is_none_is_refused(netatmo, asked, expected) -> None:
    assert fault(await netatmo.call("setthermmode", home_id=netatmo.id, **asked)) == expected


async def test_a_schedule_lives_from_its_making_to_its_end(netatmo) -> None:
    first = await netatmo.made("Winter")
    second = await netatmo.made("Holidays", selected=False)
    schedules = {s["id"]: s for s in (await netatmo.topology())["schedules"]}
    assert (schedules[first]["name"], schedules[first].get("selected")) == ("Winter", True)
    assert "selected" not in schedules[second]
    assert (schedules[first]["hg_temp"], schedules[first]["away_temp"]) == (8, 14)
    assert schedules[first]["zones"][0]["rooms_temp"][0]["temp"] == 20

    await netatmo.call("setthermmode", home_id=netatmo.id, mode="schedule", schedule_id=second)
    await netatmo.call("renamehomeschedule", home_id=netatmo.id, schedule_id=first, name="Old winter")
    refused = await netatmo.call("deletehomeschedule", home_id=netatmo.id, schedule_id=second)
    gone = await netatmo.call("deletehomeschedule", home_id=netatmo.id, schedule_id=first)

    left = (await netatmo.topology())["schedules"]
    assert fault(refused) == (400, 21, "Invalid schedule_id")
    assert gone.json["status"] == "ok"
    assert [(s["id"], s["selected"]) for s in left] == [(second, True)]
    assert fault(await netatmo.call("switchhomeschedule", home_id=netatmo.id, schedule_id=first)) == (
        400,
        21,
        "Invalid schedule_id",
    )


async def test_a_clients_schedule_replaces_the_selected_ones_content(netatmo) -> None:
    """Home and schedule in the query, content as JSON, temperatures that nobody knows as null."""
    schedule = await netatmo.made()
    content = netatmo.content(comfort=22, night=17.5) | {"away_temp": None, "hg_temp": None}
    content["timetable"] = [{"id": 0, "m_offset": 0}]

    answer = await netatmo.call(
        "synchomeschedule", content, home_id=netatmo.id, schedule_id=schedule, name="Default"
    )

    (told,) = (await netatmo.topology())["schedules"]
    assert answer.json["status"] == "ok"
    assert (told["name"], told["timetable"]) == ("Default", [{"zone_id": 0, "m_offset": 0}])
    assert told["away_temp"] == 14
    assert (await netatmo.room("parlour"))["therm_setpoint_temperature"] == 22


async def test_content_may_come_in_brackets_or_as_json_in_a_form(netatmo) -> None:
    await netatmo.made()
    room = netatmo.room_id("parlour")
    brackets = {
        "zones[0][id]": "0",
        "zones[0][type]": "0",
        "zones[0][rooms_temp][0][room_id]": room,
        "zones[0][rooms_temp][0][temp]": "23",
        "timetable": json.dumps([{"zone_id": 0, "m_offset": 0}]),
    }

    answer = await netatmo.call("synchomeschedule", home_id=netatmo.id, hg_temp="7", **brackets)

    assert answer.json["status"] == "ok"
    assert (await netatmo.room("parlour"))["therm_setpoint_temperature"] == 23


def _changed(content: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**content, **changes}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"zones": "warm"}, "Invalid array arg"),
        ({"timetable": {"zone_id": 0}}, "Invalid array arg"),
        ({"timetable": [{"zone_id": 9, "m_offset": 0}]}, "Invalid timetable"),
        ({"timetable": [{"zone_id": 0, "m_offset": 10080}]}, "Invalid timetable"),
        (
            {"timetable": [{"zone_id": 0, "m_offset": 60}, {"zone_id": 1, "m_offset": 60}]},
            "Invalid timetable",
        ),
        ({"timetable": []}, "Invalid timetable"),
        ({"zones": [{"id": 0, "type": 99}]}, "Invalid zones"),
        ({"zones": [{"id": 0, "type": 0}, {"id": 0, "type": 1}]}, "Invalid zones"),
        (
            {"zones": [{"id": 0, "type": 0, "rooms": [{"id": "77", "therm_setpoint_temperature": 20}]}]},
            "Invalid rooms_temp: some rooms aren't controlled",
        ),
        ({"away_temp": 90}, "Invalid away_temp"),
        ({"name": "a\nb"}, "Invalid name"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_a_schedule_that_does_not_hold_together_is_refused_and_nothing_is_kept(
    netatmo, changes, message
) -> None:
    asked = {"home_id": netatmo.id, "name": "Odd", **netatmo.content(comfort=20, night=16), **changes}

    assert fault(await netatmo.call("createnewhomeschedule", asked)) == (400, 21, message)
    assert "schedules" not in await netatmo.topology()


async def test_setstate_sets_rooms_and_the_home_in_one_request(netatmo) -> None:
    room = {
        "id": netatmo.room_id("bedroom"),
        "therm_setpoint_mode": "manual",
        "therm_setpoint_temperature": 19.5,
        "therm_setpoint_end_time": NOW_S + 900,
    }
    home = {"id": netatmo.id, "therm_mode": "away", "rooms": [room]}

    answer = await netatmo.call("setstate", {"app_identifier": "app_x", "home": home})

    bedroom, parlour = await netatmo.room("bedroom"), await netatmo.room("parlour")
    assert answer.json == {"status": "ok", "time_server": NOW_S}
    assert (bedroom["therm_setpoint_mode"], bedroom["therm_setpoint_temperature"]) == ("manual", 19.5)
    assert bedroom["therm_setpoint_end_time"] == NOW_S + 900
    assert parlour["therm_setpoint_mode"] == "away"


async def test_an_order_of_another_dialect_is_seen_here_and_ours_there(netatmo) -> None:
    """One core: MClimate's command is this room's set-point, this room's set-point the valve's order."""
    home, keeper = netatmo.home, ClimateKeeper(netatmo.home.ports, "test")
    await give_order(
        home.ports, home.owner_id, ACTOR, home.devices["left"], SET_SETPOINT, {"temperature_c": 24}
    )
    await keeper.look()
    room = await netatmo.room("parlour")
    assert (room["therm_setpoint_mode"], room["therm_setpoint_temperature"]) == ("manual", 24)

    await netatmo.call(
        "setroomthermpoint", home_id=netatmo.id, room_id=netatmo.room_id("bedroom"), mode="manual", temp=18
    )
    await keeper.look()

    assert await home.orders() == [
        ("left", SET_SETPOINT, 24),
        ("right", SET_SETPOINT, 24),
        ("bed", SET_SETPOINT, 18.0),
    ]


async def test_a_wish_stays_though_nothing_connects_the_device(netatmo) -> None:
    home, deliverer = netatmo.home, Deliverer(netatmo.home.ports, [], "test")
    answer = await netatmo.call(
        "setroomthermpoint", home_id=netatmo.id, room_id=netatmo.room_id("bedroom"), mode="manual", temp=18
    )
    await ClimateKeeper(home.ports, "test").look()
    await deliverer.look()
    await deliverer.idle()

    (command,) = await list_commands(home.ports.directory, home.owner_id, home.ports.clock.now_ms())
    assert answer.json["status"] == "ok"
    assert (command.state.value, command.reason) == (
        "refused",
        "nothing connects this server to the device",
    )
    assert (await netatmo.room("bedroom"))["therm_setpoint_temperature"] == 18


@pytest.mark.parametrize(
    "method", ["getscenarios", "truetemperature", "renamehome", "updatehome", "sethotwatertemperature"]
)
async def test_what_is_out_of_scope_is_not_there(netatmo, method: str) -> None:
    assert fault(await netatmo.call(method, home_id=netatmo.id)) == (404, 404, "Not Found")
