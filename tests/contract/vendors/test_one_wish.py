"""A set-point given through any interface is the room's, and shows in every other."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from ownclimate.control.climate import ClimateKeeper
from ownclimate.core.sites import edit_site
from ownclimate.core.things import SiteKind
from ownclimate.oauth.sessions import begin_session
from ownclimate.portal.cookies import Cookies
from ownclimate.store.memory import MemoryDirectory
from ownclimate.vendors.mclimate.face.dialect import mclimate_dialect
from ownclimate.vendors.netatmo.face.dialect import netatmo_dialect
from ownclimate.vendors.smartbuildings.face.dialect import smartbuildings_dialect
from tests.contract.portal.browser import Browser, Server
from tests.fakes.heated_home import HeatedHome
from tests.fakes.households import ACTOR, Households
from tests.fakes.http import Client

WISHED_C, WISHED_F = 21, 69.8
FORM = {"content-type": "application/x-www-form-urlencoded"}


@dataclasses.dataclass
class Building:
    """A building with two valves in its parlour, seen through every interface."""

    home: HeatedHome
    netatmo: Client
    smartbuildings: Client
    mclimate: Client
    browser: Browser
    keeper: ClimateKeeper

    async def in_netatmo(self) -> Any:
        answer = await self.netatmo.get(f"/api/homestatus?home_id={self.home.site_id}")
        wanted = self.home.rooms["parlour"].aliases["netatmo"]
        room = next(room for room in answer.json["body"]["home"]["rooms"] if room["id"] == wanted)
        return room["therm_setpoint_mode"], room.get("therm_setpoint_temperature")

    async def in_smartbuildings(self, valve: str) -> Any:
        path = f"/api/v1/thermostats/{self.home.devices[valve].aliases['smartbuildings']}"
        status = (await self.smartbuildings.get(f"{path}/status")).json["data"]
        event = (await self.smartbuildings.get(f"{path}/events")).json["data"].get("currentEvent", {})
        return status["setPoint"]["desiredHeat"], event.get("heatHoldTemperature")

    async def in_mclimate(self, valve: str) -> Any:
        serial = self.home.devices[valve].vendor_id
        log = (await self.mclimate.get(f"/v1/command_log/{serial}")).json["_embedded"]["command_log"]
        return [entry["executed_resource"] for entry in log]

    async def in_the_portal(self, valve: str) -> bool:
        page = await self.browser.get(f"/devices/{self.home.devices[valve].id}")
        return f"Heat to {WISHED_C} °C" in page.text and f'value="{WISHED_C}"' in page.text


@pytest.fixture
async def building(clock, entropy) -> Building:
    server = Server.over(MemoryDirectory(), clock, entropy)
    households = Households(server.ports)
    home = await HeatedHome.build(households)
    await edit_site(
        server.ports,
        home.owner_id,
        ACTOR,
        home.site_id,
        lambda site: dataclasses.replace(site, kind=SiteKind.BUILDING),
    )
    account = households.accounts["ada"]
    _, session = await begin_session(server.ports, account, server.services.lifetime)
    return Building(
        home,
        households.client(netatmo_dialect(), token="ada"),
        households.client(smartbuildings_dialect(), token="ada"),
        households.client(mclimate_dialect(wait_s=0.05), token="ada"),
        server.browser(cookies={Cookies(False).session: session}),
        ClimateKeeper(server.ports, "test"),
    )


async def through_netatmo(building: Building) -> None:
    room_id = building.home.rooms["parlour"].aliases["netatmo"]
    form = {"home_id": building.home.site_id, "room_id": room_id, "mode": "manual", "temp": WISHED_C}
    body = urlencode(form).encode()
    answer = await building.netatmo.request("POST", "/api/setroomthermpoint", headers=FORM, body=body)
    assert answer.status == 200


async def through_smartbuildings(building: Building) -> None:
    serial = building.home.devices["left"].aliases["smartbuildings"]
    hold = {"desiredTemperature": WISHED_F, "type": "indefinite"}
    path = f"/api/v1/thermostats/{serial}/heatHold"
    assert (await building.smartbuildings.request("POST", path, json_body=hold)).status == 201


async def through_mclimate(building: Building) -> None:
    serial = building.home.devices["left"].vendor_id
    command = {"serial_number": serial, "command": "set_target_temperature", "targetTemperature": WISHED_C}
    answer = await building.mclimate.request("POST", "/v1/provider/send", json_body=command)
    assert answer.status < 500, answer.body  # nobody carries it here: its fate is not what this is about


async def through_the_portal(building: Building) -> None:
    page = f"/devices/{building.home.devices['left'].id}"
    order = {"order": "set_setpoint", "temperature_c": str(WISHED_C)}
    assert (await building.browser.submit(f"{page}/order", on=page, **order)).status == 200


@pytest.mark.parametrize(
    "give",
    [through_netatmo, through_smartbuildings, through_mclimate, through_the_portal],
    ids=lambda give: give.__name__.removeprefix("through_"),
)
async def test_it_shows_in_every_other(
    building: Building, give: Callable[[Building], Awaitable[None]]
) -> None:
    await give(building)
    await building.keeper.look()

    assert await building.in_netatmo() == ("manual", WISHED_C)
    for valve in ("left", "right"):
        assert await building.in_smartbuildings(valve) == (WISHED_F, WISHED_F)
        assert await building.in_mclimate(valve) == [{"targetTemperature": WISHED_C}]
        assert await building.in_the_portal(valve)


async def test_a_room_that_is_switched_off_in_one_is_off_in_all(building: Building) -> None:
    serial = building.home.devices["left"].aliases["smartbuildings"]
    path = f"/api/v1/thermostats/{serial}"
    room_id = building.home.rooms["parlour"].aliases["netatmo"]
    await building.smartbuildings.request("PATCH", f"{path}/hvacMode", json_body={"hvacMode": "off"})
    assert (await building.in_netatmo())[0] == "off"
    await building.smartbuildings.request("PATCH", f"{path}/hvacMode", json_body={"hvacMode": "heat"})
    assert (await building.in_netatmo())[0] != "off"

    body = urlencode({"home_id": building.home.site_id, "room_id": room_id, "mode": "off"}).encode()
    await building.netatmo.request("POST", "/api/setroomthermpoint", headers=FORM, body=body)

    assert (await building.smartbuildings.get(f"{path}/status")).json["data"]["hvacMode"] == "off"
