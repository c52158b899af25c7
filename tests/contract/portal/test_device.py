"""The page of a device: what it says, what it can be told, and what became of that."""

from __future__ import annotations

import re

import pytest

from ownclimate.core import orders
from ownclimate.core.commands import list_device_commands, move_command
from ownclimate.core.devices import create_device
from ownclimate.core.members import invite, join
from ownclimate.core.publishing import find_public
from ownclimate.core.things import Ability, Account, CommandState, Device, Report, Role
from ownclimate.portal.words import order_text
from tests.contract.portal.browser import Browser, Server
from tests.fakes.households import ACTOR

ABILITIES = {
    "vicki": {Ability.HEATING_SETPOINT, Ability.VALVE},
    "smart_plug": {Ability.RELAY},
    "melissa": {Ability.AIR_CONDITIONING},
}


async def a_device(server: Server, account, model: str) -> Device:
    return await create_device(
        server.ports,
        account.owner_id,
        ACTOR,
        vendor="mclimate",
        model=model,
        vendor_id=model,
        abilities=frozenset(ABILITIES[model]),
    )


async def given_to(server: Server, device: Device) -> list:
    return await list_device_commands(server.ports, device.owner_id, device.id, since_ms=0, limit=9)


@pytest.mark.parametrize(
    ("model", "form", "fields", "text"),
    [
        (
            "vicki",
            {"order": "set_setpoint", "temperature_c": "21,5"},
            {"temperature_c": 21.5},
            "Heat to 21.5 °C",
        ),
        ("smart_plug", {"order": "set_relay", "is_on": "off"}, {"is_on": False}, "Switch off"),
        (
            "melissa",
            {
                "order": "set_air_conditioner",
                "is_on": "on",
                "mode": "cool",
                "temperature_c": "24",
                "fan": "low",
            },
            {"is_on": True, "mode": "cool", "temperature_c": 24.0, "fan": "low"},
            "Air conditioner on, cool, 24 °C, fan low",
        ),
    ],
    ids=["valve", "plug", "air conditioner"],
)
async def test_a_form_gives_its_order_and_the_page_shows_its_fate(
    server: Server, model: str, form: dict, fields: dict, text: str
) -> None:
    account = await server.person("anna")
    device = await a_device(server, account, model)
    browser = server.browser()
    await browser.sign_in(account.email)

    shown = await browser.submit(f"/devices/{device.id}/order", on=f"/devices/{device.id}", **form)

    (command,) = await given_to(server, device)
    assert (command.name, command.fields) == (form["order"], fields)
    assert command.actor["account_id"] == account.id
    assert text in shown.text
    assert "Waiting to be sent" in shown.text
    await move_command(server.ports, account.owner_id, command.id, CommandState.REFUSED, reason="no link")
    again = await browser.get(f"/devices/{device.id}")
    assert re.search(r'class="late">Refused</span>: no link', again.text)


@pytest.mark.parametrize(
    "form",
    [
        {"order": "set_setpoint", "temperature_c": "warm"},
        {"order": "set_setpoint", "temperature_c": "400"},
        {"order": "set_setpoint"},
        {"order": "set_relay", "is_on": "on"},
        {"order": "explode"},
    ],
    ids=str,
)
async def test_a_form_that_cannot_be_meant_says_why_and_orders_nothing(server: Server, form: dict) -> None:
    account = await server.person("anna")
    device = await a_device(server, account, "vicki")
    browser = server.browser()
    await browser.sign_in(account.email)

    shown = await browser.submit(f"/devices/{device.id}/order", on=f"/devices/{device.id}", **form)

    assert shown.status == 422
    assert 'role="alert"' in shown.text
    assert await given_to(server, device) == []


async def test_a_guest_sees_the_device_but_operates_nothing(server: Server) -> None:
    account, guest = await server.person("anna"), await server.person("gus")
    device = await a_device(server, account, "smart_plug")
    _, text = await invite(server.ports, ACTOR, account.owner_id, role=Role.GUEST, invited_by=account.id)
    await join(server.ports, ACTOR, guest, text)
    browser = server.browser()
    await browser.sign_in(guest.email)
    await switch_to(browser, account.owner_id)

    shown = await browser.get(f"/devices/{device.id}")
    refused = await browser.submit(f"/devices/{device.id}/order", order="set_relay", is_on="on")

    assert shown.status == 200
    assert f"/devices/{device.id}/order" not in shown.text
    assert refused.status == 403
    assert await given_to(server, device) == []


async def switch_to(browser: Browser, owner_id: str) -> None:
    await browser.submit("/households", on="/households", owner=owner_id)


async def a_station(server: Server, account, **more) -> Device:
    return await create_device(
        server.ports,
        account.owner_id,
        ACTOR,
        vendor="netatmo",
        model="NAMain",
        vendor_id="70:ee:50:00:00:01",
        abilities=frozenset({Ability.PRESSURE, Ability.GATEWAY}),
        **more,
    )


async def signed_in(server: Server) -> tuple[Account, Browser]:
    account = await server.person("anna")
    browser = server.browser()
    await browser.sign_in(account.email)
    return account, browser


async def test_a_station_is_public_when_its_owner_says_so_and_until_then_private(server: Server) -> None:
    account, browser = await signed_in(server)
    where = {"location": Report(value={"latitude": 52.5, "longitude": 13.4}, at_ms=0)}
    station = await a_station(server, account, reports=where)
    page = f"/devices/{station.id}"

    assert "Make public" in (await browser.get(page)).text
    assert "Public. Every app" in (await browser.submit(f"{page}/public", on=page)).text
    assert await find_public(server.ports.directory, station.aliases["netatmo"].upper()) is not None

    await browser.submit(f"{page}/private", on=page)
    assert await find_public(server.ports.directory, station.aliases["netatmo"]) is None


async def test_a_station_that_stands_nowhere_cannot_be_made_public(server: Server) -> None:
    account, browser = await signed_in(server)
    station = await a_station(server, account)

    shown = await browser.submit(f"/devices/{station.id}/public", on=f"/devices/{station.id}")

    assert shown.status == 422
    assert "where it stands" in shown.text


async def test_what_is_no_station_has_nothing_to_share(server: Server) -> None:
    account, browser = await signed_in(server)
    valve = await a_device(server, account, "vicki")
    page = f"/devices/{valve.id}"

    assert "Sharing" not in (await browser.get(page)).text
    assert (await browser.submit(f"{page}/public", on=page)).status == 422


@pytest.mark.parametrize(
    ("name", "fields", "text"),
    [
        (orders.SET_SETPOINT, {"temperature_c": 21.5, "until_ms": 0}, "Heat to 21.5 °C, for good"),
        (
            orders.SET_HOME_MODE,
            {"mode": "away", "until_ms": 1_795_255_200_000, "schedule_id": "6b"},
            "Home away, until 2026-11-21 10:00 UTC",
        ),
        (orders.HOLD, {"channel": "heating", "mode": "home", "temperature_c": None}, "Room heating, home"),
        (orders.REMOVE_SCHEDULE, {"schedule_id": "6b"}, "Remove a schedule"),
    ],
)
def test_orders_to_who_runs_a_home_read_like_others(name: str, fields: dict, text: str) -> None:
    assert order_text(name, fields) == text
