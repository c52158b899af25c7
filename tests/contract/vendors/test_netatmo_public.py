"""`/api/getpublicdata`: who shares what with whom (contract §5.4)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from ownclimate.core import publishing
from ownclimate.core.access import Access
from ownclimate.core.devices import edit_device, find_device_by_alias, hide_device
from ownclimate.core.erasure import erase_owner
from ownclimate.core.partitions import CLAIM_SHARDS, claim_shard
from ownclimate.core.publishing import set_public
from ownclimate.core.things import Device
from ownclimate.vendors.netatmo.face.dialect import netatmo_dialect
from ownclimate.vendors.netatmo.importer import import_payload
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import ACTOR, Households, memory_ports
from tests.fakes.http import Answered

NOW = 1_795_255_200
BERLIN = "lat_ne=52.6&lon_ne=13.5&lat_sw=52.4&lon_sw=13.3"
BASE, OUTDOOR, RAIN, WIND, INDOOR = (
    "70:ee:50:0b:00:01",
    "02:00:00:0b:00:02",
    "05:00:00:0b:00:03",
    "06:00:00:0b:00:04",
    "03:00:00:0b:00:05",
)


def station(
    base: str = BASE, *, location: tuple[float, float] = (13.4, 52.5), outdoor_c: float = 4.2
) -> dict[str, Any]:
    """A station with every module; coordinates are longitude, latitude."""
    at = NOW - 300

    def module(kind: str, wire_id: str, **values: Any) -> dict[str, Any]:
        wire_id = wire_id[:-2] + base[-2:]
        return {"_id": wire_id, "type": kind, "reachable": True, "module_name": f"secret {kind}"} | {
            "dashboard_data": {"time_utc": at, **values}
        }

    return {
        "_id": base,
        "type": "NAMain",
        "module_name": "secret parlour",
        "station_name": "secret house (secret parlour)",
        "home_id": "5f" + base.replace(":", "") + "0" * 10,
        "home_name": "secret house",
        "reachable": True,
        "place": {
            "altitude": 34,
            "city": "Berlin",
            "country": "DE",
            "timezone": "Europe/Berlin",
            "location": list(location),
        },
        "dashboard_data": {
            "time_utc": at,
            "Temperature": 21.7,
            "CO2": 777,
            "Humidity": 44,
            "Noise": 39,
            "Pressure": 1013.2,
            "AbsolutePressure": 1009.9,
        },
        "modules": [
            module("NAModule1", OUTDOOR, Temperature=outdoor_c, Humidity=81),
            module("NAModule3", RAIN, Rain=0.101, sum_rain_1=0.202, sum_rain_24=1.5),
            module("NAModule2", WIND, WindStrength=10, WindAngle=259, GustStrength=17, GustAngle=270),
            module("NAModule4", INDOOR, Temperature=20.3, CO2=888, Humidity=47),
        ],
    }


class Town:
    """Ben has stations, Ada looks."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.homes = Households(memory_ports(self.clock, SeededEntropy(5)))
        self.ports = self.homes.ports

    async def build(self) -> Town:
        await self.homes.add("ada")
        await self.homes.add("ben")
        return self

    @property
    def ben(self) -> Any:
        return self.homes.accounts["ben"].owner_id

    async def take(self, *stations: dict[str, Any]) -> None:
        said = {"status": "ok", "time_server": NOW, "body": {"devices": list(stations), "user": {}}}
        await import_payload(self.ports, self.ben, ACTOR, json.dumps(said).encode())

    async def device(self, wire_id: str) -> Device:
        device = await find_device_by_alias(self.ports.directory, self.ben, "netatmo", wire_id)
        assert device is not None
        return device

    async def share(self, wire_id: str = BASE, *, is_public: bool = True) -> None:
        device = await self.device(wire_id)
        await set_public(self.ports, self.ben, ACTOR, device.id, is_public=is_public)

    async def ask(self, target: str, token: str = "ada") -> Answered:
        return await self.homes.client(netatmo_dialect(), token=token).get(target)

    async def public(self, query: str = BERLIN) -> Any:
        answered = await self.ask(f"/api/getpublicdata?{query}")
        assert answered.status == 200, answered.body
        return answered.json["body"]

    async def index_entries(self) -> int:
        partitions = [f"public:{row}:{column}" for row in range(18) for column in range(36)]
        partitions += [claim_shard(publishing.TABLE, shard) for shard in range(CLAIM_SHARDS)]
        return sum([len(await self.ports.directory.scan(p, publishing.TABLE)) for p in partitions])


@pytest.fixture
async def town() -> Town:
    made = await Town().build()
    await made.take(station())
    return made


async def test_a_station_is_nobodys_business_until_its_owner_says_so(town: Town) -> None:
    assert await town.public() == []
    assert (await town.ask("/api/getpublicdata?" + BERLIN, token="ben")).json["body"] == []


async def test_a_public_station_shows_what_it_measures_outdoors(town: Town) -> None:
    await town.share()

    (entry,) = await town.public()

    at = str(NOW - 300)
    assert entry["_id"] == BASE
    assert entry["place"] == {
        "location": [13.4, 52.5],
        "timezone": "Europe/Berlin",
        "country": "DE",
        "altitude": 34,
        "city": "Berlin",
    }
    rain, wind, outdoor = "05:00:00:0b:00:01", "06:00:00:0b:00:01", "02:00:00:0b:00:01"
    assert entry["measures"] == {
        outdoor: {"res": {at: [4.2, 81]}, "type": ["temperature", "humidity"]},
        BASE: {"res": {at: [1013.2]}, "type": ["pressure"]},
        rain: {"rain_60min": 0.202, "rain_24h": 1.5, "rain_live": 0.101, "rain_timeutc": NOW - 300},
        wind: {
            "wind_strength": 10,
            "wind_angle": 259,
            "gust_strength": 17,
            "gust_angle": 270,
            "wind_timeutc": NOW - 300,
        },
    }
    assert entry["modules"] == [outdoor, rain, wind]
    assert entry["module_types"] == {outdoor: "NAModule1", rain: "NAModule3", wind: "NAModule2"}


async def test_nothing_indoor_and_no_name_is_ever_public(town: Town) -> None:
    await town.share()

    said = json.dumps(await town.public())

    for hidden in ("secret", "21.7", "777", "888", "20.3", "1009.9", "03:00:00", "home", str(town.ben)):
        assert hidden not in said, hidden


async def test_taking_it_back_holds_from_the_next_request(town: Town) -> None:
    await town.share()
    await town.share(is_public=False)

    assert await town.public() == []
    assert await town.index_entries() == 0


async def test_a_station_is_public_alone_and_not_its_owners_others(town: Town) -> None:
    await town.take(station("70:ee:50:0b:00:21"))
    await town.share()

    assert [entry["_id"] for entry in await town.public()] == [BASE]


async def test_a_newer_reading_is_what_is_shown(town: Town) -> None:
    await town.share()
    outdoor = await town.device("02:00:00:0b:00:01")
    await town.homes.record(outdoor, [(NOW - 60) * 1000], {"temperature_c": [5.0]})

    (entry,) = await town.public()

    assert entry["measures"]["02:00:00:0b:00:01"]["res"] == {str(NOW - 60): [5, 81]}


@pytest.mark.parametrize(
    "box",
    [
        pytest.param((52.6, 13.3, 52.4, 13.2), id="west"),
        pytest.param((52.6, 13.6, 52.4, 13.5), id="east"),
        pytest.param((52.4, 13.5, 52.3, 13.3), id="south"),
        pytest.param((70, 13.5, 60, 13.3), id="another-area"),
    ],
)
async def test_a_box_elsewhere_does_not_hold_it(town: Town, box: tuple[float, float, float, float]) -> None:
    await town.share()

    assert await town.public("lat_ne={}&lon_ne={}&lat_sw={}&lon_sw={}".format(*box)) == []


async def test_the_whole_world_holds_it(town: Town) -> None:
    await town.share()

    assert len(await town.public("lat_ne=85&lon_ne=180&lat_sw=-85&lon_sw=-180")) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"lat_ne": "86"}, 21),
        ({"lon_sw": "-180.5"}, 21),
        ({"lat_ne": "52.3"}, 21),
        ({"lon_ne": "13.3"}, 21),
        ({"lat_ne": "nan"}, 21),
        ({"lat_ne": "north"}, 21),
        ({"lat_sw": ""}, 10),
        ({"required_data": "sunshine"}, 21),
    ],
    ids=str,
)
async def test_a_box_that_is_none_is_refused(town: Town, changes: Mapping[str, str], code: int) -> None:
    asked = {"lat_ne": "52.6", "lon_ne": "13.5", "lat_sw": "52.4", "lon_sw": "13.3", **changes}
    answered = await town.ask("/api/getpublicdata?" + "&".join(f"{n}={v}" for n, v in asked.items()))

    assert (answered.status, answered.json["error"]["code"]) == (400, code)


async def test_required_data_leaves_out_stations_that_lack_any_of_it(town: Town) -> None:
    bare = station("70:ee:50:0b:00:31") | {"modules": []}
    await town.take(bare)
    await town.share()
    await town.share("70:ee:50:0b:00:31")

    found = {
        wanted: [entry["_id"] for entry in await town.public(f"{BERLIN}&required_data={wanted}")]
        for wanted in ("pressure", "rain", "pressure,wind", "temperature")
    }

    assert found.pop("pressure") == [BASE, "70:ee:50:0b:00:31"]
    assert set(map(tuple, found.values())) == {(BASE,)}


async def test_the_filter_drops_a_temperature_that_no_weather_explains(town: Town) -> None:
    for number, temperature in (("41", 4.0), ("42", 5.0), ("43", 38.5)):
        await town.take(station(f"70:ee:50:0b:00:{number}", outdoor_c=temperature))
        await town.share(f"70:ee:50:0b:00:{number}")
    await town.share()

    everyone = {entry["_id"][-2:] for entry in await town.public()}
    normal = {entry["_id"][-2:] for entry in await town.public(f"{BERLIN}&filter=true")}

    assert everyone - normal == {"43"}


async def test_any_valid_token_may_look_and_no_other(town: Town) -> None:
    await town.share()
    access = town.homes.accesses["ada"]
    town.homes.accesses["cameras only"] = Access(
        owner_id=access.owner_id,
        account_id=access.account_id,
        client_id="x",
        permissions=frozenset(),
        scopes=frozenset({"read_camera"}),
        sites=frozenset(),
    )

    assert len((await town.ask(f"/api/getpublicdata?{BERLIN}", "cameras only")).json["body"]) == 1
    assert (await town.ask(f"/api/getpublicdata?{BERLIN}", "nobody's")).status == 403


async def test_a_station_without_a_place_cannot_be_shared(town: Town) -> None:
    lost = station("70:ee:50:0b:00:51") | {"place": {"timezone": "Europe/Berlin"}}
    lost["home_id"] = "5f" + "0" * 22
    await town.take(lost)

    with pytest.raises(Exception, match="where it stands"):
        await town.share("70:ee:50:0b:00:51")

    assert not publishing.is_public(await town.device("70:ee:50:0b:00:51"))


async def test_a_station_that_is_gone_is_shown_no_more_and_forgotten(town: Town) -> None:
    await town.share()
    await hide_device(town.ports, town.ben, ACTOR, (await town.device(BASE)).id)

    assert await town.public() == []
    assert await publishing.repair(town.ports) == 2
    assert await town.index_entries() == 0


async def test_the_janitor_makes_up_for_a_write_that_was_cut_short(town: Town) -> None:
    device = await town.device(BASE)

    def shared(before: Device) -> Device:
        settings = {**before.settings, publishing.SETTING: True}
        return Device(**{name: getattr(before, name) for name in before.__slots__} | {"settings": settings})

    await edit_device(town.ports, town.ben, ACTOR, device.id, shared)
    assert await town.public() == []

    assert await publishing.repair(town.ports) == 2
    assert len(await town.public()) == 1
    assert await publishing.repair(town.ports) == 0


async def test_an_erased_owner_leaves_nothing_in_the_indexes(town: Town) -> None:
    await town.share()

    await erase_owner(town.ports, town.ben)

    assert await town.index_entries() == 0
