"""A company with two buildings, thermostats that measure, and a home that is not in this dialect."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ownclimate.core.devices import edit_device
from ownclimate.core.schedules import create_schedule
from ownclimate.core.sites import create_room, create_site
from ownclimate.core.things import Ability, Device, Room, Site, SiteKind
from ownclimate.vendors.smartbuildings.face.dialect import smartbuildings_dialect
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.ecobee import EcobeeDocument
from tests.fakes.households import ACTOR, Households, memory_ports
from tests.fakes.http import Answered, Client

LOBBY, DESKS, SPARE = "511863314842", "002311863302", "511863319999"
BOTH = frozenset({Ability.HEATING_SETPOINT, Ability.COOLING_SETPOINT, Ability.TEMPERATURE})
ZONES = (
    {"id": 0, "name": "Occupied", "rooms": []},
    {"id": 1, "name": "Unoccupied", "rooms": []},
)


@dataclass
class Company:
    households: Households
    client: Client
    office: Site
    lobby_room: Room
    lobby: Device
    desks: Device
    judge: EcobeeDocument | None

    @property
    def owner_id(self) -> Any:
        return self.households.accounts["anna"].owner_id

    async def ask(
        self, operation_id: str, body: Any = None, *, client: Client | None = None, **ids: str
    ) -> Answered:
        """Calls an operation of ecobee's document; it judges the answer."""
        assert self.judge is not None
        method, path, _ = self.judge.operations[operation_id]
        defaults = {"buildingId": self.office.id, "thermostatId": LOBBY}
        answered = await (client or self.client).request(
            method, path.format(**{**defaults, **ids}), json_body=body
        )
        if answered.status != 401:
            self.judge.check(operation_id, answered.status, answered.body)
        return answered

    async def configure(self, **settings: Any) -> None:
        """Gives the lobby's thermostat these settings, as a report of its own would."""

        def configured(device: Device) -> Device:
            return dataclasses.replace(device, settings={**device.settings, **settings})

        await edit_device(self.households.ports, self.owner_id, ACTOR, self.lobby.id, configured)

    def narrowed(self, name: str, **changes: Any) -> None:
        """Gives a token called `name` that is Anna's with other rights."""
        self.households.accesses[name] = dataclasses.replace(self.households.accesses["anna"], **changes)


@pytest.fixture(scope="session")
def judge(corpus: Path) -> EcobeeDocument:
    return EcobeeDocument(corpus / "smartbuildings" / "openapi-1.7.0.json")


async def a_company(clock: FakeClock, entropy: SeededEntropy, judge: EcobeeDocument | None) -> Company:
    made = Households(memory_ports(clock, entropy))
    for name in ("anna", "bela"):
        await made.add(name)
    owner_id = made.accounts["anna"].owner_id
    zone = {"time_zone": "America/Toronto"}
    office = await create_site(made.ports, owner_id, ACTOR, name="Office", kind=SiteKind.BUILDING, **zone)
    room = await create_room(made.ports, owner_id, ACTOR, site_id=office.id, name="Lobby")
    lobby = await _thermostat(made, LOBBY, "Lobby", site_id=office.id, room_id=room.id)
    desks = await _thermostat(made, DESKS, "Desks", site_id=office.id)
    await _thermostat(made, SPARE, "Spare")
    await made.device(
        "anna",
        "ecobee_sensor",
        f"{LOBBY}-GH4K",
        vendor="ecobee",
        name="Suite 201",
        site_id=office.id,
        room_id=room.id,
        parent_id=lobby.id,
        abilities=frozenset({Ability.TEMPERATURE, Ability.OCCUPANCY}),
        kept={"ecobee": {"id": "rs:100", "code": "GH4K"}},
    )
    home = await create_site(made.ports, owner_id, ACTOR, name="Flat", kind=SiteKind.HOME)
    await made.device(
        "anna", "vicki", "70B3D52DD3000001", site_id=home.id, abilities=frozenset({Ability.HEATING_SETPOINT})
    )
    await create_schedule(
        made.ports,
        owner_id,
        ACTOR,
        site_id=office.id,
        name="Week",
        is_selected=True,
        entries=((0, 1), (8 * 60, 0), (18 * 60, 1)),
        zones=tuple(
            {**z, "rooms": [{"room_id": room.id, "heating_setpoint_c": 21 - 4 * z["id"]}]} for z in ZONES
        ),
    )
    now_ms = clock.now_ms()
    columns = {
        "temperature_c": 21.5,
        "humidity_pct": 44.6,
        "heating_on": 1,
        "setpoint_c": 21,
        "setpoint_cool_c": 25,
    }
    await made.record(lobby, [now_ms - 60_000], {name: [value] for name, value in columns.items()})
    client = made.client(smartbuildings_dialect(), token="anna")
    return Company(made, client, office, room, lobby, desks, judge)


async def _thermostat(made: Households, serial: str, name: str, **more: Any) -> Device:
    return await made.device(
        "anna",
        "ecobee_thermostat",
        serial,
        vendor="ecobee",
        name=name,
        abilities=BOTH,
        given_aliases={"smartbuildings": serial},
        is_heard=True,
        **more,
    )


@pytest.fixture
async def company(clock: FakeClock, entropy: SeededEntropy, judge: EcobeeDocument) -> Company:
    return await a_company(clock, entropy, judge)
