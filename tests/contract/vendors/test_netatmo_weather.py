"""getstationsdata and gethomecoachsdata: what stations say, of whom and for whom (contract §5.1, §5.2)."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from ownclimate.core.devices import edit_device, list_devices
from ownclimate.core.members import invite, join
from ownclimate.core.sites import create_site, edit_site
from ownclimate.core.things import Ability, Device, Place, Report, Role, Site
from ownclimate.vendors.netatmo.face.dialect import netatmo_dialect
from ownclimate.vendors.netatmo.importer import import_payload
from ownclimate.vendors.netatmo.vocabulary import PRODUCTS
from tests.contract.vendors.netatmo_world import GARDEN, STATION, payload
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import ACTOR, Households, memory_ports
from tests.fakes.http import Answered, Client

NOON = 1_795_255_200
"""2026-11-21T10:00:00Z, the fake clock's now: 11:00 in Berlin."""
MIDNIGHT = NOON - 11 * 3600
HEARD = "70:ee:50:0c:00:01"


class Weather:
    """Ada's household, with what the tests put into it."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.homes = Households(memory_ports(self.clock, SeededEntropy(8)))
        self.site: Site

    async def build(self) -> Weather:
        account = await self.homes.add("ada")
        await self.homes.add("eve")
        self.site = await create_site(
            self.homes.ports,
            account.owner_id,
            ACTOR,
            name="Mill House",
            time_zone="Europe/Berlin",
            place=Place(latitude=50.1, longitude=8.7, altitude_m=112.0, city="Hanau", country="DE"),
        )
        return self

    @property
    def owner_id(self) -> Any:
        return self.homes.accounts["ada"].owner_id

    async def device(self, model: str, wire_id: str, **more: Any) -> Device:
        """A device of Netatmo's that we hear ourselves."""
        return await self.homes.device(
            "ada",
            model,
            wire_id,
            **{
                "vendor": "netatmo",
                "site_id": self.site.id,
                "abilities": PRODUCTS[model].abilities,
                "given_aliases": {"netatmo": wire_id},
                "is_heard": True,
                **more,
            },
        )

    async def take(self, said: Any) -> None:
        await import_payload(self.homes.ports, self.owner_id, ACTOR, json.dumps(said).encode())

    def client(self, token: str = "ada", **changes: Any) -> Client:
        if changes:
            self.homes.accesses["changed"] = dataclasses.replace(self.homes.accesses[token], **changes)
            token = "changed"
        return self.homes.client(netatmo_dialect(), token=token)

    async def stations(self, query: str = "", **changes: Any) -> Any:
        answered = await self.client(**changes).get(f"/api/getstationsdata{query}")
        assert answered.status == 200, answered.body
        return answered.json["body"]["devices"]

    async def coaches(self) -> Any:
        return (await self.client().get("/api/gethomecoachsdata")).json["body"]["devices"]


@pytest.fixture
async def weather() -> Weather:
    return await Weather().build()


@pytest.fixture
async def imported(weather: Weather) -> Weather:
    await weather.take(payload("station"))
    return weather


def error_of(answered: Answered) -> tuple[int, int, str]:
    return answered.status, answered.json["error"]["code"], answered.json["error"]["message"]


async def test_a_household_without_stations_has_an_empty_list(weather: Weather) -> None:
    answered = await weather.client("eve").get("/api/getstationsdata")

    assert answered.json["body"]["devices"] == []
    assert answered.json["body"]["user"] == {
        "mail": "eve@example.org",
        "administrative": {
            "lang": "en",
            "reg_locale": "en",
            "unit": 0,
            "windunit": 0,
            "pressureunit": 0,
            "feel_like_algo": 0,
        },
    }


async def test_preferences_are_what_the_cloud_said_of_the_account(imported: Weather) -> None:
    user = (await imported.client().get("/api/getstationsdata")).json["body"]["user"]

    assert user["mail"] == "ada@example.org"
    assert user["administrative"] == payload("station")["body"]["user"]["administrative"]


async def test_one_station_may_be_asked_for_in_any_case(imported: Weather) -> None:
    await imported.device("NAMain", HEARD)

    (one,) = await imported.stations(f"?device_id={STATION.upper()}")

    assert one["_id"] == STATION


@pytest.mark.parametrize("method", ["getstationsdata", "gethomecoachsdata"])
@pytest.mark.parametrize(
    ("device_id", "expected"),
    [
        ("70:ee:50:0c:00:99", (404, 9, "Device not found")),
        ("not-a-mac", (400, 21, "device id is invalid")),
        (GARDEN, (404, 9, "Device not found")),
    ],
    ids=["unknown", "malformed", "module"],
)
async def test_what_is_no_station_of_ones_own(
    imported: Weather, method: str, device_id: str, expected: tuple[int, int, str]
) -> None:
    assert error_of(await imported.client().get(f"/api/{method}?device_id={device_id}")) == expected
    assert error_of(await imported.client("eve").get(f"/api/{method}?device_id={STATION}"))[:2] == (404, 9)


@pytest.mark.parametrize(
    ("method", "scope"), [("getstationsdata", "read_station"), ("gethomecoachsdata", "read_homecoach")]
)
async def test_each_needs_its_own_scope(imported: Weather, method: str, scope: str) -> None:
    other = {"read_station": "read_homecoach", "read_homecoach": "read_station"}[scope]

    granted = await imported.client(scopes=frozenset({scope})).get(f"/api/{method}")
    refused = await imported.client(scopes=frozenset({other})).get(f"/api/{method}")

    assert granted.status == 200
    assert error_of(refused) == (403, 13, "Operation is forbidden")


async def test_a_grant_for_other_sites_shows_no_station(imported: Weather) -> None:
    assert await imported.stations(sites=frozenset()) == []


async def test_favourites_are_shown_only_when_asked_for(weather: Weather) -> None:
    said = payload("station")
    favourite = {
        "_id": "70:ee:50:0a:00:77",
        "type": "NAMain",
        "favorite": True,
        "read_only": True,
        "data_type": ["Pressure"],
        "place": {"timezone": "Europe/Berlin"},
        "dashboard_data": {"time_utc": NOON - 500, "Pressure": 1010.1, "AbsolutePressure": 999},
    }
    said["body"]["devices"].append(favourite)
    await weather.take(said)

    own = await weather.stations()
    every = await weather.stations("?get_favorites=True")

    assert [station["_id"] for station in own] == [STATION]
    assert every[1] == favourite


async def test_the_home_of_a_station_that_one_was_invited_to_is_no_home_of_ones_own(weather: Weather) -> None:
    said = payload("station")
    guests = "5f00000000000000000000aa"
    invited = dict(said["body"]["devices"][0], _id="70:ee:50:0a:00:78", modules=[], home_id=guests)
    invited |= {"home_name": "Theirs", "read_only": True}
    said["body"]["devices"].append(invited)
    await weather.take(said)
    http = weather.client()

    homes = (await http.get("/api/homesdata")).json["body"]["homes"]
    assert invited in await weather.stations()
    assert guests not in [home["id"] for home in homes]
    for method in ("homesdata", "homestatus"):
        answered = await http.get(f"/api/{method}?home_id={guests}")
        assert error_of(answered) == (400, 21, "Invalid home_id")


async def test_a_module_of_a_product_that_we_do_not_know_is_told_with_the_others(weather: Weather) -> None:
    said = payload("station")
    said["body"]["devices"][0]["modules"].append({"_id": "0a:00:00:0a:00:79", "type": "NAModule9", "new": 1})
    await weather.take(said)

    assert (await weather.stations())[0]["modules"] == said["body"]["devices"][0]["modules"]


async def test_a_guest_of_the_household_may_not_write(imported: Weather) -> None:
    ports, eve = imported.homes.ports, imported.homes.accounts["eve"]
    _, text = await invite(
        ports, ACTOR, imported.owner_id, role=Role.GUEST, invited_by=imported.homes.accounts["ada"].id
    )
    await join(ports, ACTOR, eve, text)

    (own,) = await imported.stations()
    (seen,) = await imported.stations(account_id=eve.id)

    assert "read_only" not in own
    assert seen["read_only"] is True


async def test_a_newer_reading_changes_the_value_and_its_time_and_nothing_else(imported: Weather) -> None:
    (before,) = await imported.stations()
    garden = next(d for d in await _devices(imported) if d.vendor_id == GARDEN)

    await imported.homes.record(garden, [(NOON - 20) * 1000], {"temperature_c": [3.14]})

    (after,) = await imported.stations()
    module = next(module for module in before["modules"] if module["_id"] == GARDEN)
    module["dashboard_data"] |= {"Temperature": 3.1, "time_utc": NOON - 20}
    assert after == before


async def test_a_renamed_station_and_home_change_their_names_and_nothing_else(imported: Weather) -> None:
    (before,) = await imported.stations()
    station = next(d for d in await _devices(imported) if d.vendor_id == STATION)
    ports = imported.homes.ports

    await edit_device(
        ports, imported.owner_id, ACTOR, station.id, lambda d: dataclasses.replace(d, name="Attic")
    )
    await edit_site(
        ports,
        imported.owner_id,
        ACTOR,
        station.site_id or "",
        lambda site: dataclasses.replace(site, name="Old Mill"),
    )

    (after,) = await imported.stations()
    assert before["station_name"] == "Mill House (Living)"
    assert after == before | {
        "module_name": "Attic",
        "home_name": "Old Mill",
        "station_name": "Old Mill (Attic)",
    }


async def test_a_station_that_moves_house_takes_the_new_homes_name_and_place(imported: Weather) -> None:
    (before,) = await imported.stations()
    station = next(d for d in await _devices(imported) if d.vendor_id == STATION)
    new = await create_site(
        imported.homes.ports,
        imported.owner_id,
        ACTOR,
        name="Tower",
        time_zone="Europe/Lisbon",
        place=Place(latitude=38.7, longitude=-9.1, country="PT"),
    )

    await edit_device(
        imported.homes.ports,
        imported.owner_id,
        ACTOR,
        station.id,
        lambda d: dataclasses.replace(d, site_id=new.id),
    )

    (after,) = await imported.stations()
    place = before["place"] | {"country": "PT", "timezone": "Europe/Lisbon", "location": [-9.1, 38.7]}
    assert after == before | {
        "home_id": new.aliases["netatmo"],
        "home_name": "Tower",
        "station_name": "Tower (Living)",
        "place": place,
    }


async def test_a_module_that_is_moved_is_told_of_behind_its_new_station(imported: Weather) -> None:
    await imported.device("NAMain", HEARD)
    devices = await _devices(imported)
    garden, other = (next(d for d in devices if d.vendor_id == mac) for mac in (GARDEN, HEARD))

    await edit_device(
        imported.homes.ports,
        imported.owner_id,
        ACTOR,
        garden.id,
        lambda d: dataclasses.replace(d, parent_id=other.id),
    )

    listed = {s["_id"]: [m["_id"] for m in s["modules"]] for s in await imported.stations()}
    assert GARDEN not in listed[STATION]
    assert listed[HEARD] == [GARDEN]


async def test_a_module_that_its_station_lists_no_more_is_not_shown(imported: Weather) -> None:
    said = payload("station")
    said["time_server"] += 600
    gone = said["body"]["devices"][0]["modules"].pop()
    await imported.take(said)

    (station,) = await imported.stations()

    assert gone["_id"] not in [module["_id"] for module in station["modules"]]


async def test_a_station_that_we_hear_is_told_of_from_its_readings(weather: Weather) -> None:
    station = await weather.device(
        "NAMain",
        HEARD,
        name="Parlour",
        firmware="204",
        reports={"wifi_attenuation": Report(value=52, at_ms=0)},
    )
    times = [MIDNIGHT - 600, MIDNIGHT + 3600, MIDNIGHT + 7200, NOON - 12_000, NOON - 4000, NOON - 300]
    await weather.homes.record(
        station,
        [at * 1000 for at in times],
        {
            "temperature_c": [5, 18.2, 17.6, 20, 20, 21.44],
            "pressure_sea_hpa": [1010, 1011, 1012, 1012, 1013, 1013],
            "co2_ppm": [None, None, None, None, None, 612.4],
        },
    )

    (told,) = await weather.stations()

    assert told == {
        "_id": HEARD,
        "date_setup": NOON,
        "last_setup": NOON,
        "type": "NAMain",
        "last_status_store": NOON - 300,
        "module_name": "Parlour",
        "firmware": 204,
        "wifi_status": 52,
        "reachable": True,
        "co2_calibrating": False,
        "station_name": "Mill House (Parlour)",
        "home_id": weather.site.aliases["netatmo"],
        "home_name": "Mill House",
        "data_type": ["Temperature", "CO2", "Humidity", "Noise", "Pressure"],
        "place": {
            "altitude": 112,
            "city": "Hanau",
            "country": "DE",
            "timezone": "Europe/Berlin",
            "location": [8.7, 50.1],
        },
        "dashboard_data": {
            "time_utc": NOON - 300,
            "Temperature": 21.4,
            "CO2": 612,
            "Pressure": 1013,
            "min_temp": 17.6,
            "max_temp": 21.4,
            "date_min_temp": MIDNIGHT + 7200,
            "date_max_temp": NOON - 300,
            "temp_trend": "up",
            "pressure_trend": "stable",
        },
        "modules": [],
    }


async def test_a_station_without_a_home_has_a_name_of_one_all_the_same(weather: Weather) -> None:
    await weather.device("NAMain", HEARD, name="Shelf", site_id=None)

    (told,) = await weather.stations()

    assert (told["home_name"], told["station_name"]) == ("Shelf", "Shelf")
    assert "home_id" not in told


async def test_what_was_not_heard_for_four_hours_has_no_values(weather: Weather) -> None:
    station = await weather.device("NAMain", HEARD)
    module = await weather.device("NAModule1", "02:00:00:0c:00:02", parent_id=station.id)
    at = NOON - 4 * 3600 - 1
    await weather.homes.record(station, [(NOON - 60) * 1000], {"temperature_c": [20]})
    await weather.homes.record(module, [at * 1000], {"temperature_c": [2], "battery_v": [4.8]})

    (told,) = await weather.stations()

    (outdoor,) = told["modules"]
    assert told["reachable"] is True
    assert (outdoor["reachable"], outdoor["last_seen"], outdoor["battery_percent"]) == (False, at, 50)
    assert "dashboard_data" not in outdoor


async def test_a_module_that_never_reported_says_so_in_the_vendors_way(weather: Weather) -> None:
    station = await weather.device("NAMain", HEARD)
    await weather.device("NAModule4", "03:00:00:0c:00:03", parent_id=station.id, name="Cellar")

    ((module,),) = [told["modules"] for told in await weather.stations()]

    assert module == {
        "_id": "03:00:00:0c:00:03",
        "type": "NAModule4",
        "module_name": "Cellar",
        "last_setup": NOON,
        "data_type": ["Temperature", "CO2", "Humidity"],
        "battery_percent": 0,
        "reachable": False,
        "last_message": 0,
        "last_seen": 0,
        "rf_status": 255,
        "firmware": 255,
        "battery_vp": 65535,
    }


async def test_rain_is_summed_over_the_hour_and_the_day(weather: Weather) -> None:
    station = await weather.device("NAMain", HEARD)
    gauge = await weather.device("NAModule3", "05:00:00:0c:00:04", parent_id=station.id)
    times = [MIDNIGHT - 300, MIDNIGHT + 300, NOON - 3900, NOON - 1500, NOON - 300]
    await weather.homes.record(gauge, [at * 1000 for at in times], {"rain_mm": [9.9, 0.101, 0.202, 0.101, 0]})

    ((module,),) = [told["modules"] for told in await weather.stations()]

    assert module["dashboard_data"] == {
        "time_utc": NOON - 300,
        "Rain": 0,
        "sum_rain_1": 0.101,
        "sum_rain_24": 0.404,
    }


async def test_the_days_strongest_wind_is_told_with_its_direction(weather: Weather) -> None:
    station = await weather.device("NAMain", HEARD)
    gauge = await weather.device("NAModule2", "06:00:00:0c:00:05", parent_id=station.id)
    times = [MIDNIGHT + 300, NOON - 300]
    await weather.homes.record(
        gauge,
        [at * 1000 for at in times],
        {
            "wind_speed_kmh": [21, 4],
            "wind_direction_deg": [217, -1],
            "gust_speed_kmh": [30, 9],
            "gust_direction_deg": [200, 206],
        },
    )

    ((module,),) = [told["modules"] for told in await weather.stations()]

    assert module["data_type"] == ["Wind"]
    assert module["dashboard_data"] == {
        "time_utc": NOON - 300,
        "WindStrength": 4,
        "WindAngle": -1,
        "GustStrength": 9,
        "GustAngle": 206,
        "max_wind_str": 21,
        "max_wind_angle": 217,
        "date_max_wind_str": MIDNIGHT + 300,
    }


async def test_foreign_sensors_stand_behind_the_virtual_station_of_their_home(weather: Weather) -> None:
    """A sensor that no model tells anything of is what it has measured."""
    shed = await weather.homes.device(
        "ada", "generic_sensor", "shed", vendor="generic", site_id=weather.site.id, name="Shed", is_heard=True
    )
    await weather.homes.device(
        "ada",
        "vicki",
        "70b3d52dd3000001",
        site_id=weather.site.id,
        abilities=frozenset({Ability.TEMPERATURE, Ability.HEATING_SETPOINT, Ability.VALVE}),
    )
    await weather.homes.record(shed, [(NOON - 60) * 1000], {"temperature_c": [4.36], "rssi_dbm": [-71]})

    (station,) = await weather.stations()

    assert station["_id"] == weather.site.aliases["netatmo.station"]
    assert (station["type"], station["home_name"], station["station_name"]) == (
        "NAMain",
        "Mill House",
        "Mill House (Sensors)",
    )
    assert "dashboard_data" not in station
    (module,) = station["modules"]
    assert (module["_id"], module["type"], module["module_name"]) == (
        shed.aliases["netatmo"],
        "NAModule1",
        "Shed",
    )
    assert (module["data_type"], module["rf_status"]) == (["Temperature"], 71)
    assert module["dashboard_data"]["Temperature"] == 4.4


async def test_a_sensor_without_a_home_stands_behind_its_owners_station(weather: Weather) -> None:
    loose = await weather.homes.device("ada", "generic_sensor", "box", vendor="generic", is_heard=True)
    await weather.homes.record(loose, [(NOON - 60) * 1000], {"humidity_pct": [61]})

    (station,) = await weather.stations()
    wire, module = station["_id"], station["modules"][0]["_id"]
    asked = f"device_id={wire}&module_id={module}&scale=max&type=humidity&optimize=false"

    assert "home_id" not in station
    history = await weather.client().get(f"/api/getmeasure?{asked}")
    assert history.json["body"] == {str(NOON - 60): [61]}
    assert await weather.stations(sites=frozenset({weather.site.id})) == []


async def test_a_foreign_co2_sensor_is_an_air_monitor(weather: Weather) -> None:
    sensor = await weather.homes.device(
        "ada",
        "co2_display",
        "70b3d52dd3000009",
        site_id=weather.site.id,
        name="Classroom",
        abilities=frozenset({Ability.CO2, Ability.TEMPERATURE}),
        is_heard=True,
    )
    await weather.homes.record(sensor, [(NOON - 60) * 1000], {"co2_ppm": [1203.6], "temperature_c": [22]})

    (told,) = await weather.coaches()

    assert (told["type"], told["station_name"], told["_id"]) == (
        "NHC",
        "Classroom",
        sensor.aliases["netatmo"],
    )
    assert told["data_type"] == ["Temperature", "CO2"]
    assert told["dashboard_data"]["CO2"] == 1204
    assert not {"home_id", "modules", "health_idx"} & told.keys()
    assert await weather.stations() == []


async def test_a_coach_tells_its_health_index(weather: Weather) -> None:
    coach = await weather.device("NHC", "70:ee:50:0c:00:09", name="Bedroom")
    await weather.homes.record(
        coach, [(NOON - 60) * 1000], {"health_index": [2], "noise_db": [33], "temperature_c": [19]}
    )

    (told,) = await weather.coaches()

    assert told["data_type"][-1] == "health_idx"
    assert told["dashboard_data"]["health_idx"] == 2


async def _devices(weather: Weather) -> list[Device]:
    return await list_devices(weather.homes.ports.directory, weather.owner_id)
