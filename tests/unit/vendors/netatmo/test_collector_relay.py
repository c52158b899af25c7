"""Orders of ours as calls of Netatmo's cloud, and what its answers and statuses say of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from ownclimate.core import orders
from ownclimate.core.devices import create_device
from ownclimate.core.errors import InvalidInput, Refused, Unreachable, Unsupported, UpstreamError
from ownclimate.core.ids import DeviceId
from ownclimate.core.sites import create_room, create_site
from ownclimate.core.things import Ability, Command, CommandState, Device
from ownclimate.links.http import Cloud
from ownclimate.vendors.netatmo.collector_orders import (
    LONGEST_S,
    PERSONS_AWAY,
    PERSONS_HOME,
    Place,
    meant_by,
)
from ownclimate.vendors.netatmo.collector_relay import CommandRelay
from tests.fakes import FakeClock
from tests.fakes.households import ACTOR, Households, memory_ports

PLACE = Place(home_id="5f01", module_id="09:00:00:00:00:01", bridge="70:ee:50:00:00:01", room_id="77")
NOW_MS = 1_795_255_200_000
END_MS = NOW_MS + 3_600_000


def command(name: str, **fields: Any) -> Command:
    return Command(id="c", device_id=DeviceId("d"), name=name, fields=fields)


@pytest.mark.parametrize(
    ("order", "method", "form"),
    [
        (
            command(orders.SET_SETPOINT, temperature_c=20.7),
            "setroomthermpoint",
            {"mode": "manual", "temp": "20.5"},
        ),
        (
            command(orders.SET_SETPOINT, temperature_c=20, until_ms=END_MS),
            "setroomthermpoint",
            {"mode": "manual", "temp": "20", "endtime": str(END_MS // 1000)},
        ),
        (
            command(orders.SET_SETPOINT, temperature_c=20, until_ms=0),
            "setroomthermpoint",
            {"mode": "manual", "temp": "20", "endtime": str(NOW_MS // 1000 + LONGEST_S)},
        ),
        (
            command(orders.HOLD, channel="heating", mode="max", temperature_c=30, until_ms=END_MS),
            "setroomthermpoint",
            {"mode": "max", "endtime": str(END_MS // 1000)},
        ),
        (
            command(orders.HOLD, channel="heating", mode="frost_guard", temperature_c=7, until_ms=0),
            "setroomthermpoint",
            {"mode": "hg"},
        ),
        (
            command(orders.HOLD, channel="heating", mode="home", temperature_c=None),
            "setroomthermpoint",
            {"mode": "home"},
        ),
    ],
)
def test_what_is_held_in_a_room_is_one_call(order: Command, method: str, form: dict[str, str]) -> None:
    request = meant_by(order, PLACE, NOW_MS).request

    assert (request.method, request.json) == (method, None)
    assert request.form == {"home_id": "5f01", "room_id": "77", **form}


@pytest.mark.parametrize(
    ("order", "form"),
    [
        (command(orders.SET_HOME_MODE, mode="away", until_ms=0), {"mode": "away"}),
        (
            command(orders.SET_HOME_MODE, mode="frost_guard", until_ms=END_MS),
            {"mode": "hg", "endtime": str(END_MS // 1000)},
        ),
        (
            command(orders.SET_HOME_MODE, mode="schedule", schedule_id="5faa"),
            {"mode": "schedule", "schedule_id": "5faa"},
        ),
        (command(PERSONS_AWAY, person_ids=[]), {}),
        (command(PERSONS_AWAY, person_ids=["p"]), {"person_id": "p"}),
        (command(PERSONS_HOME, person_ids=["p", "q"]), {"person_ids[0]": "p", "person_ids[1]": "q"}),
    ],
)
def test_what_the_cloud_keeps_itself_is_done_with_the_call(order: Command, form: dict[str, str]) -> None:
    meant = meant_by(order, PLACE, NOW_MS)

    assert meant.is_done
    assert meant.request.form == {"home_id": "5f01", **form}


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (command(orders.SET_RELAY, is_on=False), {"on": False}),
        (command(orders.SET_BRIGHTNESS, brightness_pct=41), {"brightness": 41}),
        (command(orders.SET_BRIGHTNESS, move="stop"), {"brightness": -1}),
        (command(orders.SET_POSITION, position_pct=100), {"target_position": 100}),
        (command(orders.SET_POSITION, move="preferred"), {"target_position": -2}),
        (command(orders.SET_FAN, speed=2), {"fan_speed": 2}),
        (command(orders.SET_MONITORING, is_on=True), {"monitoring": "on"}),
        (command(orders.SET_FLOODLIGHT, mode="auto"), {"floodlight": "auto"}),
    ],
)
def test_a_module_is_set_by_its_property_and_named_with_its_gateway(
    order: Command, said: dict[str, Any]
) -> None:
    request = meant_by(order, PLACE, NOW_MS).request

    module = {"id": PLACE.module_id, "bridge": PLACE.bridge, **said}
    assert (request.method, request.json) == ("setstate", {"home": {"id": "5f01", "modules": [module]}})


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (
            command(orders.SET_COOLING_SETPOINT, temperature_c=24.5, until_ms=END_MS),
            {
                "cooling_setpoint_mode": "manual",
                "cooling_setpoint_temperature": 24.5,
                "cooling_setpoint_end_time": END_MS // 1000,
            },
        ),
        (
            command(orders.HOLD, channel="auto", mode="manual", temperature_c=22),
            {"auto_setpoint_mode": "manual", "auto_setpoint_temperature": 22},
        ),
        (
            command(orders.HOLD, channel="cooling", mode="off", temperature_c=None),
            {"cooling_setpoint_mode": "off"},
        ),
        (
            command(orders.SET_PILOT_WIRE, mode="comfort_1"),
            {"therm_setpoint_mode": "manual", "therm_setpoint_fp": "comfort_1"},
        ),
    ],
)
def test_what_is_not_heated_by_water_is_set_through_its_room(order: Command, said: dict[str, Any]) -> None:
    request = meant_by(order, PLACE, NOW_MS).request

    assert request.json == {"home": {"id": "5f01", "rooms": [{"id": "77", **said}]}}


@pytest.mark.parametrize(
    ("order", "error"),
    [
        (command(orders.SET_SETPOINT, temperature_c=31), InvalidInput),
        (command(orders.SET_FAN, speed="auto"), InvalidInput),
        (command(orders.SET_CHILD_LOCK, is_on=True), Unsupported),
        (command("mclimate.restart"), Unsupported),
    ],
)
def test_what_the_cloud_does_not_know_or_take_is_not_asked(order: Command, error: type[Exception]) -> None:
    with pytest.raises(error):
        meant_by(order, PLACE, NOW_MS)


def test_a_set_point_without_a_room_cannot_be_told() -> None:
    with pytest.raises(Unsupported):
        meant_by(command(orders.SET_SETPOINT, temperature_c=20), Place(home_id="5f01", module_id="m"), NOW_MS)


@pytest.mark.parametrize(
    ("mode", "temperature_c", "is_seen"),
    [("manual", 20.5, True), ("manual", 21, False), ("schedule", 20.5, False), ("manual", None, False)],
)
def test_a_status_shows_that_a_room_holds_what_was_asked(
    mode: str, temperature_c: float | None, is_seen: bool
) -> None:
    sign = meant_by(command(orders.SET_SETPOINT, temperature_c=20.6), PLACE, NOW_MS).sign
    room = {"id": "77", "therm_setpoint_mode": mode, "therm_setpoint_temperature": temperature_c}

    assert sign.is_seen({"rooms": [{"id": "78"}, room]}) is is_seen


def test_a_room_that_follows_its_home_shows_what_the_home_does() -> None:
    sign = meant_by(
        command(orders.HOLD, channel="heating", mode="home", temperature_c=None), PLACE, NOW_MS
    ).sign

    for mode, is_seen in {"schedule": True, "away": True, "hg": True, "manual": False, "max": False}.items():
        assert sign.is_seen({"rooms": [{"id": "77", "therm_setpoint_mode": mode}]}) is is_seen


# Answers

SWITCH = command(orders.SET_RELAY, is_on=True)
Said = tuple[int, dict[str, Any]]


class Tokens:
    spent = ""

    async def access(self) -> str:
        return "token"

    def spend(self, access: str) -> None:
        self.spent = access


class World:
    """A plug behind a gateway, and a cloud that answers `answer` to whatever it is told."""

    relay: CommandRelay
    plug: Device
    answer: Said
    asked: list[Any]


def known_as(wire_id: str) -> dict[str, Any]:
    return {"vendor_id": wire_id, "given_aliases": {"netatmo": wire_id}}


@pytest.fixture
async def world(clock: FakeClock, entropy: Any) -> AsyncIterator[World]:
    made = World()
    made.asked = []

    async def answer(request: web.Request) -> web.Response:
        made.asked.append(await request.json())
        status, body = made.answer
        return web.json_response(body, status=status)

    application = web.Application()
    application.router.add_post("/api/setstate", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    ports = memory_ports(clock, entropy)
    owner_id = (await Households(ports).add("ada")).owner_id
    site = await create_site(ports, owner_id, ACTOR, name="Home", given_aliases={"netatmo": "5f01"})
    room = await create_room(ports, owner_id, ACTOR, site_id=site.id, name="Hall")
    common: dict[str, Any] = {"vendor": "netatmo", "site_id": site.id}
    gateway = await create_device(
        ports, owner_id, ACTOR, model="NLG", **known_as("00:04:74:00:00:01"), **common
    )
    made.plug = await create_device(
        ports,
        owner_id,
        ACTOR,
        model="NLP",
        **known_as("00:04:74:00:00:02"),
        room_id=room.id,
        parent_id=gateway.id,
        abilities=frozenset({Ability.RELAY}),
        **common,
    )
    cloud = Cloud(f"http://127.0.0.1:{runner.addresses[0][1]}")
    made.relay = CommandRelay(
        ports=ports,
        owner_id=owner_id,
        cloud=cloud,
        tokens=Tokens(),
        status_of=lambda home: f"status {home}",
        topology="homesdata",
    )
    yield made
    await cloud.close()
    await runner.cleanup()


def said(status: int, code: int, message: str) -> Said:
    return status, {"error": {"code": code, "message": message}}


def failed(code: int) -> Said:
    """Fine but for the module."""
    entry = {"code": code, "id": "00:04:74:00:00:02", "message": "Already on"}
    return 200, {"status": "ok", "body": {"home": {"id": "5f01"}, "errors": [entry]}}


async def test_a_switch_is_told_once_and_awaited_in_the_status_of_its_home(
    world: World, clock: FakeClock
) -> None:
    world.answer = 200, {"status": "ok"}

    delivery = await world.relay.relay(world.plug, SWITCH)

    module = {"id": "00:04:74:00:00:02", "on": True, "bridge": "00:04:74:00:00:01"}
    assert world.asked == [{"home": {"id": "5f01", "modules": [module]}}]
    assert (delivery.state, delivery.is_awaited) == (CommandState.SENT, True)
    assert await world.relay.shown_in(world.plug, SWITCH) == ("status 5f01",)
    on = {"modules": [{"id": "00:04:74:00:00:02", "on": True}]}
    world.relay.hear("5f01", on, clock.now_ms() - 1)
    assert await world.relay.outcome(world.plug, SWITCH) is None
    world.relay.hear("5f01", {"modules": [{"id": "00:04:74:00:00:02", "on": False}]}, clock.now_ms() + 1)
    assert await world.relay.outcome(world.plug, SWITCH) is None
    world.relay.hear("5f01", on, clock.now_ms() + 2)
    assert await world.relay.outcome(world.plug, SWITCH) is CommandState.CONFIRMED


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (failed(6), Refused),
        (failed(19), Refused),
        (failed(14), Unreachable),
        (failed(3), Refused),
        (said(403, 3, "Access token expired"), Unreachable),
        (said(429, 11, "Failed to enter"), Unreachable),
        (said(400, 21, "Invalid device_id"), InvalidInput),
        (said(500, 0, "failed"), UpstreamError),
    ],
    ids=["unreachable", "unreachable too", "busy", "did not", "token", "crowd", "invalid", "broken"],
)
async def test_an_answer_tells_whether_anything_was_done(
    world: World, answer: Said, error: type[Exception]
) -> None:
    world.answer = answer

    with pytest.raises(error) as raised:
        await world.relay.relay(world.plug, SWITCH)

    assert type(raised.value) is error
    assert len(world.asked) == 1


async def test_what_is_so_already_is_done(world: World) -> None:
    world.answer = failed(23)

    assert (await world.relay.relay(world.plug, SWITCH)).state is CommandState.CONFIRMED
