"""Two households that each hold every kind of object, and requests made of the endpoint tables.

A row with a new kind of id needs one entry in `NAMED`; a row whose scope depends on its parameters one in
`NARROWED`. Everything else follows from the tables.
"""

from __future__ import annotations

import copy
import itertools
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from ownclimate.app import dialects
from ownclimate.authorization import open_authorization, with_token_doors
from ownclimate.config import Settings
from ownclimate.core.access import Access
from ownclimate.core.commands import accept_command
from ownclimate.core.errors import Unauthenticated
from ownclimate.core.events import PEOPLE, record_event
from ownclimate.core.geofences import create_geofence
from ownclimate.core.partitions import owner_partition
from ownclimate.core.people import note_seen
from ownclimate.core.routines import Plan, create_profile, create_routine, edit_profile
from ownclimate.core.schedules import create_schedule
from ownclimate.core.sites import create_room, create_site, edit_site
from ownclimate.core.thermostats import create_thermostat
from ownclimate.core.things import Ability, Account, Device, Place, Room, Site, SiteKind
from ownclimate.ingest.doors import CREDENTIAL_KIND
from ownclimate.ingest.keys import hook_authenticator
from ownclimate.oauth.clients import ClientForm, create_client
from ownclimate.oauth.endpoints import oauth_dialect
from ownclimate.oauth.keys import KeyKind, check_hook, create_key
from ownclimate.oauth.own_tokens import generate_tokens
from ownclimate.oauth.server import AuthorizationServer
from ownclimate.store.memory import MemoryDirectory, MemoryRawArchive
from ownclimate.store.memory_series import MemorySeries
from ownclimate.vendors.mclimate.face.parts import SPACES, part_number, spaces_of
from ownclimate.vendors.mclimate.firmware import request_update
from ownclimate.vendors.netatmo.vocabulary import PRODUCTS
from ownclimate.web import tables
from ownclimate.web.dispatch import Application, RequestEntry
from ownclimate.web.parameters import names_in, parameters_of
from ownclimate.web.tables import Dialect, Endpoint
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import ACTOR, Households, memory_ports
from tests.fakes.http import Answered, Client

ISSUER = "http://climate.test"
RELAY = frozenset({Ability.RELAY, Ability.POWER})
THERMOSTAT = frozenset({Ability.TEMPERATURE, Ability.HEATING_SETPOINT, Ability.COOLING_SETPOINT})


@dataclass
class Home:
    """One owner's things, each kind at least once. `devices` by the use that a row makes of them."""

    account: Account
    device_key: str
    house: Site
    building: Site
    empty: Site
    annex: Site
    """A building without thermostats."""
    room: Room
    devices: dict[str, Device] = field(default_factory=dict)
    command_id: str = ""
    job_id: str = ""
    schedule_id: str = ""
    person_id: str = ""
    event_id: str = ""
    """What a camera of the house saw, and whom."""
    schedule_number: int = 0
    profile_number: int = 0
    geofence_number: int = 0


Ids = Callable[[Home], list[str]]


def _names(use: str) -> Ids:
    """Everything that a device is called anywhere, the usual name of the dialect first."""

    def names(home: Home) -> list[str]:
        device = home.devices[use]
        called = [device.vendor_id, device.serial, device.mac, *device.aliases.values(), device.id]
        return list(dict.fromkeys(name for name in (*called, str(device.number)) if name))

    return names


def _alias(use: str, dialect: str) -> Ids:
    names = _names(use)
    return lambda home: list(dict.fromkeys([home.devices[use].aliases[dialect], *names(home)]))


def _room_state(home: Home) -> str:
    """A wish for the home's room, its id last, where a made-up one is told apart."""
    wish = {"id": home.room.aliases["netatmo"], "therm_setpoint_temperature": 19}
    return json.dumps({"rooms": [wish], "id": home.house.aliases["netatmo"]})


_BY_THERMOSTAT = (
    *("getthermostatsdata", "getthermstate", "setthermpoint", "createnewschedule", "syncschedule"),
    *("switchschedule", "renameschedule", "deleteschedule"),
)

NAMED: Mapping[tuple[str, str], Ids] = {
    ("mclimate", "serial"): _names("valve"),
    ("mclimate", "serial_number"): _names("valve"),
    ("mclimate", "command_id"): lambda home: [home.command_id],
    ("mclimate", "job_id"): lambda home: [home.job_id],
    ("mclimate", "building_id"): lambda home: [str(home.house.number)],
    ("mclimate", "deleteBuilding.building_id"): lambda home: [str(home.annex.number)],
    ("mclimate", "floor_id"): lambda home: [str(part_number(home.house, home.house.floors[0]))],
    ("mclimate", "space_id"): lambda home: [str(spaces_of(home.house)[0].number)],
    ("mclimate", "room_id"): lambda home: [str(home.room.number)],
    ("mclimate", "controller_id"): _names("valve"),
    ("mclimate", "schedule_profile_id"): lambda home: [str(home.profile_number)],
    ("mclimate", "id"): lambda home: [str(home.profile_number)],
    ("mclimate", "key"): lambda home: [str(home.schedule_number)],
    ("mclimate", "getSchedules.key"): _names("valve"),
    ("mclimate", "sensor_id"): _names("valve"),
    ("mclimate", "createThermostatMode.serial_number"): _names("plug"),
    ("mclimate", "updateThermostatMode.serial_number"): _names("heater"),
    **{
        ("mclimate", f"{verb}ThermostatMode.serial"): _names("heater") for verb in ("get", "update", "delete")
    },
    **{
        ("mclimate", f"{verb}Geofence.id"): lambda home: [str(home.geofence_number)]
        for verb in ("get", "update", "delete", "enter", "exit")
    },
    ("netatmo", "device_id"): _alias("station", "netatmo"),
    ("netatmo", "gethomecoachsdata.device_id"): _alias("coach", "netatmo"),
    ("netatmo", "module_id"): _alias("module", "netatmo"),
    ("netatmo", "home_id"): lambda home: [home.house.aliases["netatmo"]],
    ("netatmo", "home"): lambda home: [_room_state(home)],
    ("netatmo", "schedule_id"): lambda home: [home.schedule_id],
    **{
        ("netatmo", f"{operation}.{parameter}"): _alias(use, "netatmo")
        for operation in _BY_THERMOSTAT
        for parameter, use in (("device_id", "relay"), ("module_id", "therm"))
    },
    ("netatmo", "room_id"): lambda home: [home.room.aliases["netatmo"]],
    **{
        ("netatmo", f"getevents.{parameter}"): _alias("camera", "netatmo")
        for parameter in ("device_id", "module_id")
    },
    **{
        ("netatmo", f"{operation}.device_id"): _alias("camera", "netatmo")
        for operation in ("webrtc_offer", "webrtc_terminate")
    },
    ("netatmo", "event_id"): lambda home: [home.event_id],
    ("netatmo", "person_id"): lambda home: [home.person_id],
    ("netatmo", "person_ids"): lambda home: [home.person_id],
    ("netatmo", "image_id"): lambda home: [home.event_id],
    ("smartbuildings", "buildingId"): lambda home: [home.building.id, *home.building.aliases.values()],
    ("smartbuildings", "deleteBuilding.buildingId"): lambda home: [home.annex.id],
    ("smartbuildings", "registerThermostat.thermostatId"): _alias("spare", "smartbuildings"),
    ("smartbuildings", "thermostatId"): _alias("thermostat", "smartbuildings"),
}
"""What names a thing in an owned parameter: of each home the ids to try, the right one first.

`<operation>.<parameter>` goes before the parameter alone."""

NARROWED: Mapping[str, frozenset[str]] = {
    "getmeasure": frozenset({"read_station"}),
    "setstate": frozenset({"write_thermostat"}),
    **dict.fromkeys(
        ("getevents", "geteventsuntil", "getnextevents", "getlasteventof"), frozenset({"read_camera"})
    ),
    **dict.fromkeys(("webrtc_offer", "webrtc_terminate"), frozenset({"access_camera"})),
}
"""By operation: the scopes that the things named in `NAMED` need."""

NEW: frozenset[tuple[str, str]] = frozenset(
    {("createController", "serial_number"), ("createFloor", "name"), ("createSpace", "name")}
)
"""By operation the parameters that name what is to be made: no two requests may give the same."""
_TIMES = itertools.count()
NOBODYS = NEW | {("createController", "mac"), ("getBrand", "brand_id")}
NOBODYS |= {(operation, "brand_id") for operation in ("createController", "updateController")}
NOBODYS |= {
    ("webrtc_offer", "session_id"),
    ("webrtc_terminate", "session_id"),
    ("webrtc_terminate", "tag_id"),
}
"""By operation the parameters that name no thing of anybody's: new things, lists that are everyone's, and
what of a client's own is not kept."""

ONCE: Mapping[str, tuple[str, str]] = {"createWebhook": ("DELETE", "/webhooks/v1")}
"""By operation that succeeds once only: what makes it succeed again."""

ID_LIKE = re.compile(
    r"(^|_)(ids?|serials?|serial_number|mac|eui|number|uuid|home|room|site|device|module|building"
    r"|thermostat|controller|schedule|user|person|owner|account)$|I[dD]s?$"
)
"""Names of parameters that can only be meant to name a thing."""


@dataclass(frozen=True)
class Row:
    """One way of asking: a row, one of its methods, one of its paths."""

    dialect: Dialect
    endpoint: Endpoint
    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.dialect.name}-{self.endpoint.operation_id}-{self.method}-{self.path}"

    def ids(self, home: Home) -> dict[str, str]:
        """The owned parameters, naming the home's things rightly."""
        return {name: self.names(name)(home)[0] for name in self.endpoint.owned}

    def names(self, parameter: str) -> Ids:
        of_row = NAMED.get((self.dialect.name, f"{self.endpoint.operation_id}.{parameter}"))
        found = of_row or NAMED.get((self.dialect.name, parameter))
        assert found is not None, f"say in NAMED what {parameter} of {self.dialect.name} names"
        return found

    def request(self, ids: Mapping[str, str], **more: Any) -> tuple[str, Any]:
        """Target and JSON body with these ids, the row's examples for the rest, and `more` in the query,
        where None leaves a parameter out."""
        target, query, body = self.path, dict[str, Any](more), {}
        for parameter in parameters_of(self.endpoint, self.dialect):
            value = ids.get(parameter.name, self.endpoint.examples.get(parameter.name))
            if (self.endpoint.operation_id, parameter.name) in NEW:
                value = f"{value}-{next(_TIMES)}"
            if value is None:
                assert not parameter.is_required, f"{self}: give an example of {parameter.name}"
            elif parameter.place is tables.Place.PATH:
                target = re.sub(rf"\{{{parameter.name}(:\w+)?\}}", quote(str(value), safe=""), target)
            elif parameter.place is tables.Place.BODY:
                body[parameter.name] = value
            elif parameter.place is not tables.Place.HEADER:
                query.setdefault(parameter.name, value)
        flat = {name: _in_query(value) for name, value in query.items() if value is not None}
        return f"{target}?{urlencode(flat)}" if flat else target, body or None


def _in_query(value: Any) -> Any:
    """Lists of things as JSON, lists of texts with commas."""
    if not isinstance(value, list):
        return value
    return json.dumps(value) if isinstance(value[0], dict) else ",".join(map(str, value))


def _rows() -> list[Row]:
    return [
        Row(dialect, endpoint, method, path)
        for dialect in dialects(Settings())
        for endpoint in dialect.endpoints
        for method in endpoint.methods
        for path in (endpoint.path, *endpoint.aliases)
    ]


ROWS = _rows()
"""Every row of every dialect but those of tokens, which name nothing by id."""
WAYS = [row for row in ROWS if not row.endpoint.is_public and row.dialect.credential_kind == "token"]
"""Rows of faces, by every method and path."""
FACES = (
    WAYS
    if os.environ.get("TEST_FULL")
    else [way for way in WAYS if (way.method, way.path) == (way.endpoint.methods[0], way.endpoint.path)]
)
"""Rows of faces, one way each: every method and path of a row leads to the same compiled row."""


@dataclass
class _Stores:
    """Everything of a town that its requests change."""

    directory: MemoryDirectory = field(default_factory=MemoryDirectory)
    series: MemorySeries = field(default_factory=MemorySeries)
    raw: MemoryRawArchive = field(default_factory=MemoryRawArchive)
    clock: FakeClock = field(default_factory=FakeClock)
    entropy: SeededEntropy = field(default_factory=lambda: SeededEntropy(11))

    def copied(self) -> _Stores:
        """What is stored is never changed but replaced, so that only what holds it is copied."""
        made = _Stores(clock=copy.deepcopy(self.clock), entropy=copy.deepcopy(self.entropy))
        made.directory._tables = {address: dict(rows) for address, rows in self.directory._tables.items()}
        made.raw._entries = list(self.raw._entries)
        made.series._devices = {
            number: replace(
                device,
                winners={at_ms: dict(row) for at_ms, row in device.winners.items()},
                tombstones=list(device.tombstones),
                payloads=dict(device.payloads),
            )
            for number, device in self.series._devices.items()
        }
        return made


@dataclass
class Town:
    """Ada and Ben, who do not know each other, at one server."""

    households: Households
    homes: dict[str, Home]
    http: Client
    server: AuthorizationServer
    stores: _Stores

    @property
    def directory(self) -> MemoryDirectory:
        return self.stores.directory

    @property
    def clock(self) -> FakeClock:
        return self.stores.clock

    @classmethod
    async def build(cls, folder: Path) -> Town:
        """A town of its own for each test: the first is founded, others are as it was then."""
        if _FOUNDED:
            return _FOUNDED[0].rebuilt(folder)
        town = cls._at(_Stores(), folder)
        # Ben's things lie before, between and after Ada's, so that no order keeps them apart.
        for name, quarter in (("ben", "Zanzibar"), ("ada", "Mill"), ("eve", "Nowhere")):
            town.homes[name] = await town._home(name, quarter, len(town.homes) + 1)
        _FOUNDED.append(_Founded.of(town, folder))
        return town

    @classmethod
    def _at(cls, stores: _Stores, folder: Path) -> Town:
        """An empty town over the stores."""
        clock, settings, directory = stores.clock, Settings(), stores.directory
        ports = replace(
            memory_ports(clock, stores.entropy), directory=directory, series=stores.series, raw=stores.raw
        )
        households = Households(ports)
        server = open_authorization(ports, folder, settings)
        faces = with_token_doors(server, dialects(settings))
        entries: list[RequestEntry] = []

        async def authenticate(name: str) -> Access:
            if name not in households.accesses:
                raise Unauthenticated("the access token is unknown or was revoked")
            return households.accesses[name]

        application = Application(
            dialects=(*faces, oauth_dialect(server)),
            ports=ports,
            authenticators={
                "token": authenticate,
                CREDENTIAL_KIND: hook_authenticator(directory, check_hook),
            },
            observers=[entries.append],
        )
        return cls(households, {}, Client(application, entries), server, stores)

    async def ask(
        self, row: Row, ids: Mapping[str, str], *, token: str = "ada", headers: Any = None, **more: Any
    ) -> Answered:
        if row.endpoint.operation_id in ONCE and token in self.households.accesses:
            undo = {"authorization": f"Bearer {token.partition(' ')[0]}"}
            await self.http.request(*ONCE[row.endpoint.operation_id], headers=undo)
        target, body = row.request(ids, **more)
        sent = {"authorization": f"Bearer {token}"} | (headers or {})
        return await self.http.request(row.method, target, json_body=body, headers=sent)

    def narrowed(self, name: str, **changes: Any) -> str:
        """A token of the person's that may do less."""
        token = f"{name} narrowed"
        self.households.accesses[token] = replace(self.households.accesses[name], **changes)
        return token

    def texts_of(self, name: str) -> set[str]:
        """Every text that is in the person's partitions and in nobody else's: names, ids, aliases."""
        others = [other for other in self.homes if other != name]
        return self._texts(name) - set().union(*(self._texts(other) for other in others))

    def unknown_like(self, text: str) -> str:
        """A text of the same shape that names nothing of anybody's."""
        known = {known.lower() for name in self.homes for known in self._texts(name)}
        for step in range(1, 9):
            # A small number turned would name another small thing: they are all given in one row.
            is_small = text.isdecimal() and len(text) < 6
            made = f"9{step}{text.zfill(6)}" if is_small else _turned(text, step)
            if made.lower() not in known:
                return made
        raise AssertionError(f"nothing like {text} is free")

    def _texts(self, name: str) -> set[str]:
        home = self.homes[name]
        marks = (home.account.owner_id, home.account.id)
        documents = [
            value
            for (partition, _), rows in self.directory._tables.items()
            if any(mark in partition for mark in marks)
            for value in rows.values()
        ]
        found = {str(number) for device in home.devices.values() for number in [device.number]}
        for value in documents:
            found.update(re.findall(r"[\w:.@ -]{6,}", value.decode("latin-1")))
        found.update(n for use in home.devices for n in _names(use)(home) if len(n) >= 6)
        return {text for text in found if len(text) >= 6}

    async def _home(self, name: str, quarter: str, number: int) -> Home:
        ports, account = self.households.ports, await self.households.add(name)
        owner = account.owner_id
        hook, hook_text = await create_key(
            ports, ACTOR, account, kind=KeyKind.HOOK, name=f"{quarter} gateway"
        )
        await create_key(ports, ACTOR, account, kind=KeyKind.TOKEN, name=f"{quarter} script")
        sites = [
            await create_site(
                ports,
                owner,
                ACTOR,
                name=f"{quarter} {kind.value} {place}",
                kind=kind,
                time_zone="Europe/Berlin",
                place=Place(
                    address=f"{number} {quarter} Street", city=f"{quarter}ton", latitude=50.0 + number
                ),
            )
            for place, kind in enumerate((SiteKind.HOME, SiteKind.BUILDING, SiteKind.HOME, SiteKind.BUILDING))
        ]
        house, building, empty, annex = sites
        house = await edit_site(
            ports,
            owner,
            ACTOR,
            house.id,
            lambda site: replace(
                site,
                floors=(f"{quarter} ground floor",),
                settings={SPACES: [{"name": f"{quarter} flat", "floor": f"{quarter} ground floor"}]},
            ),
        )
        room = await create_room(ports, owner, ACTOR, site_id=house.id, name=f"{quarter} parlour")
        home = Home(account, hook_text, house, building, empty, annex, room)
        await create_room(ports, owner, ACTOR, site_id=home.building.id, name=f"{quarter} lobby")
        await self._devices(home, quarter, number, room.id)
        await self._routines(home, quarter)
        week = await create_schedule(ports, owner, ACTOR, site_id=home.house.id, name=f"{quarter} week")
        home.schedule_id = week.aliases["netatmo"]
        valve = home.devices["valve"]
        command = await accept_command(ports, owner, ACTOR, valve.id, "set", {"note": f"{quarter} command"})
        home.command_id = command.id
        home.job_id = (await request_update(ports, ACTOR, valve)).id
        now_ms = self.clock.now_ms()
        await record_event(
            ports, owner, kind="motion", at_ms=now_ms, device_id=valve.id, site_id=home.house.id
        )
        camera, home.person_id = home.devices["camera"], f"0000000{number}-aaaa-4bbb-8ccc-dddddddddddd"
        await note_seen(ports, owner, ACTOR, home.house, {home.person_id: f"{quarter} aunt"}, now_ms)
        seen = await record_event(
            ports,
            owner,
            kind="person",
            at_ms=now_ms - number,
            device_id=camera.id,
            site_id=home.house.id,
            details={PEOPLE: [home.person_id]},
        )
        home.event_id = seen.id
        for dialect in self.server.dialects.values():
            form = ClientForm(name=f"{quarter} app for {dialect.name}", dialect=dialect.name)
            client, _ = await create_client(self.server, ACTOR, account, form)
            if dialect.name != "smartbuildings":
                scopes = [client.allowed_scopes(dialect)[0].name]
                await generate_tokens(
                    self.server,
                    ACTOR,
                    client,
                    account_id=account.id,
                    owner_id=owner,
                    scopes=scopes,
                    issuer=ISSUER,
                )
        assert hook.owner_id == owner
        return home

    async def _routines(self, home: Home, quarter: str) -> None:
        """What devices do by themselves: the valve has a schedule of its own, follows a profile and is
        moved as somebody comes; the heater follows the valve's temperature."""
        ports, owner, valve = self.households.ports, home.account.owner_id, home.devices["valve"]
        plan = Plan(days=frozenset({0, 5}), from_minute=600, to_minute=660, target=21.5)
        routine = await create_routine(ports, owner, ACTOR, plan, device_id=valve.id)
        profile = await create_profile(
            ports,
            owner,
            ACTOR,
            name=f"{quarter} heating",
            plans=[plan],
            site_id=home.house.id,
            boost_min=20,
            boost_c=30.0,
        )
        await edit_profile(
            ports, owner, ACTOR, profile.id, lambda p: replace(p, followers={valve.id: self.clock.now_ms()})
        )

        await create_thermostat(
            ports,
            owner,
            ACTOR,
            relay_id=home.devices["heater"].id,
            sensor_id=valve.id,
            target_c=21.0,
            delta_c=0.5,
        )
        geofence = await create_geofence(
            ports, owner, ACTOR, device_id=valve.id, latitude=50.5, longitude=8.25, radius_m=150.0
        )
        home.schedule_number, home.profile_number = routine.number, profile.number
        home.geofence_number = geofence.number

    async def _devices(self, home: Home, quarter: str, number: int, room_id: Any) -> None:
        name, house = home.account.email.partition("@")[0], home.house.id

        async def device(use: str, model: str, vendor_id: str, **more: Any) -> Device:
            made = await self.households.device(
                name, model, vendor_id, name=f"{quarter} {use}", **{"site_id": house} | more
            )
            home.devices[use] = made
            value = 20 + number + len(home.devices) / 100
            # No instant is in two homes, since instants are ids of a log.
            times = [self.clock.now_ms() - 300_000 * back - 7_000 * number for back in range(12, 0, -1)]
            await self.households.record(
                made, times, {"temperature_c": [value] * 12, "humidity_pct": [40.0 + number] * 12}
            )
            return made

        await device(
            "valve",
            "vicki",
            f"70B3D52DD300{number:02}A1",
            serial=f"SN{number:02}-0001",
            mac=f"70B3D52DD300{number:02}A1",
            room_id=room_id,
            abilities=frozenset({Ability.TEMPERATURE, Ability.HEATING_SETPOINT, Ability.VALVE}),
        )
        camera_id = f"70:ee:50:0{number}:aa:07"
        await device(
            "camera",
            "NACamera",
            camera_id,
            vendor="netatmo",
            abilities=PRODUCTS["NACamera"].abilities,
            given_aliases={"netatmo": camera_id},
        )
        relay_id, therm_id = f"70:ee:50:0{number}:aa:08", f"04:00:00:0{number}:aa:09"
        relay = await device(
            "relay", "NAPlug", relay_id, vendor="netatmo", given_aliases={"netatmo": relay_id}
        )
        await device(
            "therm",
            "NATherm1",
            therm_id,
            vendor="netatmo",
            parent_id=relay.id,
            room_id=room_id,
            abilities=PRODUCTS["NATherm1"].abilities,
            given_aliases={"netatmo": therm_id},
        )
        for place, use in enumerate(("plug", "heater"), 1):
            vendor_id = f"5ECF7F00{number:02}B{place}"
            await device(use, "smart_plug", vendor_id, room_id=room_id, abilities=RELAY)
        station_id, module_id = f"70:ee:50:0{number}:aa:01", f"02:00:00:0{number}:aa:02"
        station = await device(
            "station",
            "NAMain",
            station_id,
            vendor="netatmo",
            abilities=PRODUCTS["NAMain"].abilities,
            given_aliases={"netatmo": station_id},
        )
        await device(
            "module",
            "NAModule1",
            module_id,
            vendor="netatmo",
            parent_id=station.id,
            abilities=PRODUCTS["NAModule1"].abilities,
            given_aliases={"netatmo": module_id},
        )
        coach_id = f"70:ee:50:0{number}:aa:03"
        await device(
            "coach",
            "NHC",
            coach_id,
            vendor="netatmo",
            abilities=PRODUCTS["NHC"].abilities,
            given_aliases={"netatmo": coach_id},
        )
        await device(
            "thermostat",
            "ecobee_thermostat",
            f"51186331{number:02}42",
            vendor="ecobee",
            site_id=home.building.id,
            abilities=THERMOSTAT,
            given_aliases={"smartbuildings": f"51186331{number:02}42"},
        )
        spare_id = f"51186332{number:02}42"
        await device(
            "spare",
            "ecobee_thermostat",
            spare_id,
            vendor="ecobee",
            site_id=None,
            abilities=THERMOSTAT,
            given_aliases={"smartbuildings": spare_id},
        )
        await device("sensor", "generic_sensor", f"{quarter}-shed-sensor", vendor="generic", site_id=None)


@dataclass
class _Founded:
    """A town as it was when its people had moved in, to be built again in a fraction of the time."""

    stores: _Stores
    households: Households
    homes: dict[str, Home]
    files: dict[Path, bytes]

    @classmethod
    def of(cls, town: Town, folder: Path) -> _Founded:
        files = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        return cls(town.stores.copied(), town.households, dict(town.homes), files)

    def rebuilt(self, folder: Path) -> Town:
        for path, content in self.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        town = Town._at(self.stores.copied(), folder)
        town.households.accounts |= self.households.accounts
        people = {name: access for name, access in self.households.accesses.items() if name in self.homes}
        town.households.accesses |= people
        town.homes |= {name: replace(home, devices=dict(home.devices)) for name, home in self.homes.items()}
        return town


_FOUNDED: list[_Founded] = []

_CHANGING = re.compile(rb'"time_(?:exec|server)":[0-9.e-]+,?')


def told(answer: Answered, *ids: str) -> tuple[int, dict[str, str], bytes]:
    """What an answer says, whichever of the ids it was asked about: status, headers, body."""
    changing = ("x-request-id", "date", "content-length")
    headers = {name: value for name, value in answer.headers.items() if name not in changing}
    body = answer.body.replace(answer.headers["x-request-id"].encode(), b"<request>")
    body = _CHANGING.sub(b"", body)
    spellings = {s for text in ids for s in (text, quote(text, safe=""), json.dumps(text)[1:-1])}
    for text in sorted(spellings, key=len, reverse=True):
        whole_word = re.compile(rf"(?<!\w){re.escape(text)}(?!\w)", re.IGNORECASE)
        body = re.sub(whole_word.pattern.encode(), b"<id>", body, flags=re.IGNORECASE)
        headers = {n: v if n == "etag" else whole_word.sub("<id>", v) for n, v in headers.items()}
    return answer.status, headers, body


def succeeded(row: Row, answer: Answered) -> bool:
    return answer.status in {success.status for success in row.endpoint.successes}


def undeclared(dialect: Dialect, endpoint: Endpoint) -> list[str]:
    """Parameters that name a thing and are not said to be owned."""
    in_paths = frozenset().union(*(names_in(path) for path in (endpoint.path, *endpoint.aliases)))
    names = {parameter.name for parameter in parameters_of(endpoint, dialect)}
    names -= {name for operation, name in NOBODYS if operation == endpoint.operation_id}
    suspects = {name for name in names if name in in_paths or ID_LIKE.search(name)}
    return sorted(suspects - set(endpoint.owned))


def _turned(text: str, step: int) -> str:
    """The last six digits each moved on, letters of words among them; separators stay."""
    kind = "0123456789" if text.isdecimal() else "0123456789abcdef"
    turned, left = [], 6
    for letter in reversed(text):
        place = kind.find(letter.lower())
        if left and place >= 0:
            left -= 1
            moved = kind[(place + step) % len(kind)]
            letter = moved.upper() if letter.isupper() else moved
        turned.append(letter)
    return "".join(reversed(turned))


def owner_documents(town: Town, name: str) -> int:
    """How many documents the person's own partition holds: a change of somebody else's shows."""
    partition = owner_partition(town.homes[name].account.owner_id)
    return sum(len(rows) for (where, _), rows in town.directory._tables.items() if where == partition)
