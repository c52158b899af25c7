"""Whose history may be asked for, beyond one's own modules: rooms, meters, public stations (contract §5.3,
§6.5)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ownclimate.core.sites import create_room
from ownclimate.core.things import Ability, Device, Room
from ownclimate.vendors.netatmo.importer import import_payload
from tests.contract.vendors.test_netatmo_getmeasure import MIDNIGHT, NOON, Weather, error_of, query
from tests.contract.vendors.test_netatmo_public import BASE, Town, station
from tests.fakes.households import ACTOR

VALVE = frozenset({Ability.TEMPERATURE, Ability.HEATING_SETPOINT, Ability.VALVE})
OUTDOOR = "02:00:00:0b:00:01"


class Parlour(Weather):
    """A room with two valves and a sensor, and a cellar with nothing in it."""

    def __init__(self) -> None:
        super().__init__()
        self.parlour: Room
        self.cellar: Room
        self.valves: list[Device] = []

    async def furnish(self) -> Parlour:
        await self.build()
        owner_id = self.homes.accounts["ada"].owner_id
        self.parlour, self.cellar = [
            await create_room(self.homes.ports, owner_id, ACTOR, site_id=self.site.id, name=name)
            for name in ("Parlour", "Cellar")
        ]
        inside = {"site_id": self.site.id, "room_id": self.parlour.id}
        self.valves = [
            await self.homes.device("ada", "vicki", f"70b3d52dd300010{n}", abilities=VALVE, **inside)
            for n in (1, 2)
        ]
        sensor = await self.homes.device(
            "ada",
            "generic_sensor",
            "shelf",
            vendor="generic",
            abilities=frozenset({Ability.TEMPERATURE}),
            **inside,
        )
        await self.homes.record(sensor, [(NOON - 300) * 1000], {"temperature_c": [99]})
        return self

    async def ask(self, **more: Any) -> Any:
        asked = {
            "home_id": self.site.aliases["netatmo"],
            "room_id": self.parlour.aliases["netatmo"],
            "scale": "max",
            "type": "temperature",
            "optimize": "false",
        } | more
        text = "&".join(f"{name}={value}" for name, value in asked.items() if value is not None)
        answered = await self.client().get(f"/api/getroommeasure?{text}")
        return answered.json["body"] if answered.status == 200 else error_of(answered)


@pytest.fixture
async def parlour() -> Parlour:
    return await Parlour().furnish()


async def test_a_room_is_what_its_valves_measure_together(parlour: Parlour) -> None:
    first, second = parlour.valves
    await parlour.homes.record(
        first, [(NOON - 900) * 1000, (NOON - 300) * 1000], {"temperature_c": [20, 21], "setpoint_c": [19, 19]}
    )
    await parlour.homes.record(
        second, [(NOON - 600) * 1000, (NOON - 300) * 1000], {"temperature_c": [18, 20]}
    )

    body = await parlour.ask(type="temperature,sp_temperature")

    assert body == {
        str(NOON - 900): [20, 19],
        str(NOON - 600): [18, None],
        str(NOON - 300): [20.5, 19],
    }


async def test_a_rooms_extremes_are_those_of_all_its_valves(parlour: Parlour) -> None:
    first, second = parlour.valves
    hours = [MIDNIGHT + 3600 * hour for hour in (2, 4, 6)]
    await parlour.homes.record(first, [at * 1000 for at in hours], {"temperature_c": [17, 19, 18]})
    await parlour.homes.record(second, [at * 1000 for at in hours[:2]], {"temperature_c": [16, 23]})

    body = await parlour.ask(
        scale="1day", type="min_temp,max_temp,date_min_temp,date_max_temp", real_time="true"
    )

    assert body == {str(MIDNIGHT): [16, 23, hours[0], hours[1]]}


async def test_a_limit_counts_a_rooms_stamps_and_not_its_valves(parlour: Parlour) -> None:
    times = [(NOON - 3000 + 300 * i) * 1000 for i in range(8)]
    for valve in parlour.valves:
        await parlour.homes.record(valve, times, {"temperature_c": [20] * 8})

    assert list(await parlour.ask(limit=3)) == [str(at // 1000) for at in times[:3]]
    assert list(await parlour.ask(date_end=NOON, limit=2)) == [str(at // 1000) for at in times[-2:]]


async def test_a_room_in_which_nothing_measures_has_no_history(parlour: Parlour) -> None:
    assert await parlour.ask(room_id=parlour.cellar.aliases["netatmo"]) == []
    assert await parlour.ask(room_id=parlour.cellar.aliases["netatmo"], scale="1day") == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"home_id": None}, (400, 10), id="no-home"),
        pytest.param({"room_id": None, "scale": "never"}, (400, 10), id="no-room"),
        pytest.param({"home_id": "5f0000000000000000000099"}, (400, 21), id="unknown-home"),
        pytest.param({"room_id": "1"}, (400, 21), id="unknown-room"),
        pytest.param({"type": "rain"}, (400, 21), id="not-measured-in-rooms"),
        pytest.param({"scale": "2hours"}, (400, 21), id="no-such-scale"),
    ],
)
async def test_a_rooms_history_that_cannot_be_told(
    parlour: Parlour, changes: dict[str, Any], expected: tuple[int, int]
) -> None:
    assert (await parlour.ask(**changes))[:2] == expected


async def test_a_total_is_null_beside_its_shares(parlour: Parlour) -> None:
    """As in recorded answers: a client adds up the columns that it gets."""
    plug = await parlour.homes.device(
        "ada",
        "plug",
        "70b3d52dd3000201",
        site_id=parlour.site.id,
        abilities=frozenset({Ability.RELAY, Ability.POWER}),
    )
    await parlour.homes.record(plug, [(NOON - 3600 + 60) * 1000], {"energy_wh": [200]})
    gateway, own = parlour.site.aliases["netatmo.gateway"], plug.aliases["netatmo"]
    total = "sum_energy_buy_from_grid"

    async def ask(types: str) -> Any:
        asked = query(device_id=gateway, module_id=own, scale="1hour", type=types, real_time="true")
        return (await parlour.client().get(f"/api/getmeasure?{asked}")).json["body"]

    assert await ask(total) == {str(NOON - 3600): [200]}
    assert await ask(f"{total},{total}$0,{total}$1,{total}$2") == {str(NOON - 3600): [None, 200, None, None]}


async def test_shares_of_energy_are_taken_in_as_one_total(parlour: Parlour) -> None:
    said = {"body": [{"beg_time": NOON - 2700, "step_time": 1800, "value": [[None, 20, 5], [7, None, None]]}]}
    await import_payload(
        parlour.homes.ports,
        parlour.homes.accounts["ada"].owner_id,
        ACTOR,
        json.dumps(said).encode(),
        device="70:ee:50:0a:00:31",
        types=["sum_energy_elec,sum_energy_elec$1,sum_energy_elec$2"],
        scale="30min",
    )
    asked = query(
        device_id="70:ee:50:0a:00:31", module_id=None, scale="30min", type="sum_energy_elec", real_time="true"
    )

    answered = await parlour.client().get(f"/api/getmeasure?{asked}")

    assert answered.json["body"] == {str(NOON - 3600): [25], str(NOON - 1800): [7]}


async def test_imported_values_are_asked_for_as_they_were_recorded(parlour: Parlour) -> None:
    """Of a module and a gateway that nothing else is known of."""
    gateway, module = "70:ee:50:0d:00:01", "02:00:00:0d:00:02"
    await import_payload(
        parlour.homes.ports,
        parlour.homes.accounts["ada"].owner_id,
        ACTOR,
        json.dumps({"body": {str(NOON - 600): [4.5]}}).encode(),
        device=gateway,
        module=module,
        types=["temperature"],
        scale="max",
    )
    client = parlour.client()

    asked = query(device_id=gateway, module_id=module)
    assert (await client.get(f"/api/getmeasure?{asked}")).json["body"] == {str(NOON - 600): [4.5]}
    stations = (await client.get("/api/getstationsdata")).json["body"]["devices"]
    assert (gateway, [module]) in [(s["_id"], [m["_id"] for m in s["modules"]]) for s in stations]


@pytest.fixture
async def town() -> Town:
    made = await Town().build()
    await made.take(station())
    await made.share()
    return made


def measure(**more: Any) -> str:
    return f"/api/getmeasure?{query(device_id=BASE, **more)}"


async def test_a_public_stations_outdoor_history_is_everyones(town: Town) -> None:
    outdoor = await town.ask(measure(module_id=OUTDOOR, type="temperature,humidity"))
    itself = await town.ask(measure(module_id=None, type="pressure"))

    assert outdoor.json["body"] == {str(NOON - 300): [4.2, 81]}
    assert itself.json["body"] == {str(NOON - 300): [1013.2]}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        pytest.param({"module_id": None, "type": "temperature,co2,noise"}, (400, 21), id="indoor-values"),
        pytest.param({"module_id": "03:00:00:0b:00:01"}, (404, 9), id="indoor-module"),
        pytest.param({"module_id": "02:00:00:0b:00:99"}, (404, 9), id="no-module-of-it"),
    ],
)
async def test_a_public_stations_rooms_stay_its_owners(
    town: Town, more: dict[str, Any], expected: tuple[int, int]
) -> None:
    assert error_of(await town.ask(measure(**more))) == expected


async def test_a_public_stations_indoor_values_are_null_beside_outdoor_ones(town: Town) -> None:
    answered = await town.ask(measure(module_id=None, type="temperature,pressure"))

    assert answered.json["body"] == {str(NOON - 300): [None, 1013.2]}


async def test_history_is_private_again_when_the_station_is(town: Town) -> None:
    await town.share(is_public=False)

    assert error_of(await town.ask(measure(module_id=OUTDOOR))) == (404, 9)
