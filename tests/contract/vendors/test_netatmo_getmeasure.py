"""`/api/getmeasure`: how it may be asked, what it answers, and for whom (contract §1.2, §2, §5.3)."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from ownclimate.core.access import Permission
from ownclimate.core.errors import Unauthenticated
from ownclimate.core.sites import create_site
from ownclimate.core.things import Ability, Device, Site
from ownclimate.vendors.netatmo.face.dialect import netatmo_dialect
from ownclimate.vendors.netatmo.importer import import_payload
from ownclimate.vendors.netatmo.vocabulary import PRODUCTS
from tests.contract.vendors.netatmo_world import payload
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import ACTOR, Households, memory_ports
from tests.fakes.http import Answered, Client

STATION, GARDEN, RAIN = "70:ee:50:0a:00:01", "02:00:00:0a:00:02", "05:00:00:0a:00:04"
NOON = 1_795_255_200
"""2026-11-21T10:00:00Z, the fake clock's now: 11:00 in Berlin."""
MIDNIGHT = NOON - 11 * 3600
TOKEN = "5f0000000000000000000001|0123456789abcdef0123456789abcdef"


class Weather:
    """One owner with a station, an outdoor module, a rain gauge and a foreign valve; another without."""

    def __init__(self) -> None:
        self.homes = Households(memory_ports(FakeClock(), SeededEntropy(3)))
        self.site: Site
        self.station: Device
        self.garden: Device
        self.rain: Device
        self.valve: Device

    async def build(self) -> Weather:
        account = await self.homes.add("ada")
        await self.homes.add("eve")
        self.homes.accesses[TOKEN] = self.homes.accesses["ada"]
        self.site = await create_site(
            self.homes.ports, account.owner_id, ACTOR, name="Mill House", time_zone="Europe/Berlin"
        )
        self.station = await self._netatmo("NAMain", STATION)
        self.garden = await self._netatmo("NAModule1", GARDEN, parent_id=self.station.id)
        self.rain = await self._netatmo("NAModule3", RAIN, parent_id=self.station.id)
        self.valve = await self.homes.device(
            "ada",
            "vicki",
            "70b3d52dd3000001",
            site_id=self.site.id,
            abilities=frozenset({Ability.TEMPERATURE, Ability.HEATING_SETPOINT, Ability.VALVE}),
        )
        return self

    async def _netatmo(self, model: str, wire_id: str, **more: Any) -> Device:
        return await self.homes.device(
            "ada",
            model,
            wire_id,
            vendor="netatmo",
            site_id=self.site.id,
            abilities=PRODUCTS[model].abilities,
            given_aliases={"netatmo": wire_id},
            **more,
        )

    def client(self, token: str = "ada") -> Client:
        return self.homes.client(netatmo_dialect(), token=token)

    def grant(self, token: str, **changes: Any) -> Client:
        self.homes.accesses[token] = dataclasses.replace(self.homes.accesses["ada"], **changes)
        return self.client(token)


@pytest.fixture
async def weather() -> Weather:
    return await Weather().build()


@pytest.fixture
async def measured(weather: Weather) -> Weather:
    """Half an hour of the garden, every five minutes."""
    times = [(NOON - 1800 + 300 * i) * 1000 for i in range(6)]
    await weather.homes.record(
        weather.garden, times, {"temperature_c": [3, 3.1, 3.2, None, 3.4, 3.5], "humidity_pct": [80] * 6}
    )
    return weather


def query(**more: Any) -> str:
    asked = {
        "device_id": STATION,
        "module_id": GARDEN,
        "scale": "max",
        "type": "temperature",
        "optimize": "false",
    }
    asked |= more
    return "&".join(f"{name}={value}" for name, value in asked.items() if value is not None)


async def ask(client: Client, **more: Any) -> Any:
    answered = await client.get(f"/api/getmeasure?{query(**more)}")
    assert answered.status == 200, answered.body
    return answered.json["body"]


EXPECTED = {str(NOON - 1800 + 300 * i): [3 + i / 10 if i else 3] for i in (0, 1, 2, 4, 5)}


async def test_values_come_by_their_second_in_an_envelope(measured: Weather) -> None:
    answered = await measured.client().get(f"/api/getmeasure?{query()}")

    assert answered.json["body"] == EXPECTED
    assert list(answered.json["body"]) == sorted(EXPECTED)
    assert answered.json["status"] == "ok"
    assert answered.json["time_server"] == NOON
    assert answered.json["time_exec"] >= 0
    assert b'"1795253400":[3],' in answered.body, "whole numbers have no fraction"


async def test_runs_have_equal_spacing_and_a_gap_starts_another(measured: Weather) -> None:
    body = await ask(measured.client(), optimize="true")

    assert body == [
        {"beg_time": NOON - 1800, "step_time": 300, "value": [[3], [3.1], [3.2]]},
        {"beg_time": NOON - 600, "step_time": 300, "value": [[3.4], [3.5]]},
    ]


async def test_a_run_of_one_value_has_no_step(measured: Weather) -> None:
    body = await ask(measured.client(), optimize="true", limit=1)

    assert body == [{"beg_time": NOON - 1800, "value": [[3]]}]


async def test_missing_cells_are_null(measured: Weather) -> None:
    body = await ask(measured.client(), type="humidity,temperature,co2")

    assert body[str(NOON - 900)] == [80, None, None]


@pytest.mark.parametrize("optimize", ["true", "false"])
async def test_no_data_is_an_empty_list_in_both_shapes(measured: Weather, optimize: str) -> None:
    assert await ask(measured.client(), optimize=optimize, date_begin=NOON + 1) == []


def form(text: str, **more: str) -> dict[str, Any]:
    return {"body": text.encode(), "headers": {"content-type": "application/x-www-form-urlencoded", **more}}


JSON_QUERY = {
    "device_id": STATION,
    "module_id": GARDEN,
    "scale": "max",
    "type": ["temperature"],
    "optimize": False,
}
WAYS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "get-query": ("GET", f"/api/getmeasure?{query()}", {}),
    "get-with-content-type": (
        "GET",
        f"/api/getmeasure?{query()}",
        {"headers": {"content-type": "application/json"}},
    ),
    "post-query": ("POST", f"/api/getmeasure?{query()}", {}),
    "post-form": ("POST", "/api/getmeasure", form(query())),
    "post-form-charset": (
        "POST",
        "/api/getmeasure",
        {
            "body": query().encode(),
            "headers": {"content-type": "application/x-www-form-urlencoded;charset=UTF-8"},
        },
    ),
    "post-json": ("POST", "/api/getmeasure", {"json_body": JSON_QUERY}),
    "post-json-texts": (
        "POST",
        "/api/getmeasure",
        {"json_body": JSON_QUERY | {"type": "Temperature", "optimize": "False"}},
    ),
    "query-and-json": ("POST", f"/api/getmeasure?device_id=x&module_id={GARDEN}", {"json_body": JSON_QUERY}),
    "query-and-form": (
        "POST",
        f"/api/getmeasure?device_id={STATION}&scale=1day",
        form(query(device_id=None)),
    ),
    "doubled-slashes": ("GET", f"//api//getmeasure?{query()}", {}),
    "encoded-colons": ("GET", f"/api/getmeasure?{query().replace(':', '%3A')}", {}),
    "upper-case": (
        "GET",
        f"/api/getmeasure?{query(device_id=STATION.upper(), module_id=GARDEN.upper(), type='TEMPERATURE')}",
        {},
    ),
    "php-flags": ("GET", f"/api/getmeasure?{query(optimize=0, real_time=1)}", {}),
    "python-flags": ("GET", f"/api/getmeasure?{query(optimize='False', real_time='True')}", {}),
    "yes-and-no": ("GET", f"/api/getmeasure?{query(optimize='no', real_time='yes')}", {}),
    "type-brackets": ("GET", f"/api/getmeasure?{query(type=None)}&type[]=temperature", {}),
    "type-index": ("GET", f"/api/getmeasure?{query(type=None)}&type%5B0%5D=temperature", {}),
    "absent-words": ("GET", f"/api/getmeasure?{query(date_begin='None', date_end='null', limit='')}", {}),
    "fractions": (
        "GET",
        f"/api/getmeasure?{query(date_begin=f'{NOON - 1800}.9', date_end=f'{NOON}.25')}",
        {},
    ),
    "limit-cut": ("GET", f"/api/getmeasure?{query(limit=999999)}", {}),
    "unknown-parameter": ("GET", f"/api/getmeasure?{query(filtering='true')}", {}),
}


@pytest.mark.parametrize("way", WAYS)
async def test_every_way_of_asking_gets_the_same(measured: Weather, way: str) -> None:
    method, target, more = WAYS[way]

    answered = await measured.client().request(method, target, **more)

    assert (answered.status, answered.json["body"]) == (200, EXPECTED)


@pytest.mark.parametrize(
    "types",
    [
        "type=temperature,humidity",
        "type=temperature,%20humidity",
        "type=temperature&type=humidity",
        "type[]=temperature&type[]=humidity",
        "type[0]=temperature&type[1]=humidity",
        "type=[%22temperature%22,%22humidity%22]",
    ],
)
async def test_every_spelling_of_a_list_is_the_same(measured: Weather, types: str) -> None:
    answered = await measured.client().get(f"/api/getmeasure?{query(type=None)}&{types}")

    assert answered.json["body"][str(NOON - 1800)] == [3, 80]


@pytest.mark.parametrize(
    ("target", "more"),
    [
        pytest.param(
            "/api/getmeasure?" + query(), {"headers": {"authorization": f"bearer {TOKEN}"}}, id="header"
        ),
        pytest.param(f"/api/getmeasure?{query()}&access_token={TOKEN}", {}, id="raw-bar-in-query"),
        pytest.param(
            "/api/getmeasure", form(f"{query()}&access_token={TOKEN.replace('|', '%7C')}"), id="form"
        ),
        pytest.param("/api/getmeasure", {"json_body": JSON_QUERY | {"access_token": TOKEN}}, id="json"),
    ],
)
async def test_a_token_may_stand_in_three_places(
    measured: Weather, target: str, more: dict[str, Any]
) -> None:
    answered = await measured.client(token="").request("POST", target, **more)

    assert (answered.status, answered.json["body"]) == (200, EXPECTED)


def error_of(answered: Answered) -> tuple[int, int]:
    return answered.status, answered.json["error"]["code"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"device_id": None}, (400, 10), id="no-device"),
        pytest.param({"scale": None}, (400, 10), id="no-scale"),
        pytest.param({"type": None}, (400, 10), id="no-type"),
        pytest.param({"type": ""}, (400, 10), id="empty-type"),
        pytest.param({"scale": "2days"}, (400, 21), id="bad-scale"),
        pytest.param({"type": "warmth"}, (400, 21), id="unknown-type"),
        pytest.param({"type": "co2"}, (400, 21), id="type-of-another-module"),
        pytest.param({"type": "min_temp"}, (400, 21), id="type-of-another-scale"),
        pytest.param({"limit": "0"}, (400, 21), id="no-limit"),
        pytest.param({"limit": "many"}, (400, 21), id="bad-limit"),
        pytest.param({"optimize": "maybe"}, (400, 21), id="bad-flag"),
        pytest.param({"date_begin": "yesterday"}, (400, 21), id="bad-date"),
        pytest.param({"date_begin": "nan"}, (400, 21), id="no-number"),
        pytest.param({"date_begin": "1_795_000_000"}, (400, 21), id="number-of-python"),
        pytest.param({"type": "[temperature"}, (400, 21), id="broken-list"),
        pytest.param({"date_end": "tomorrow"}, (400, 21), id="bad-end"),
        pytest.param({"device_id": "70:ee:50<script>"}, (400, 21), id="malformed-device"),
        pytest.param({"module_id": "02:00:00:0a:00:99"}, (404, 9), id="unknown-module"),
        pytest.param({"device_id": "70:ee:50:0a:00:99"}, (404, 9), id="wrong-gateway"),
        pytest.param({"device_id": "70:ee:50:0a:00:99", "module_id": None}, (404, 9), id="unknown-device"),
    ],
)
async def test_what_cannot_be_answered_is_refused_by_number(
    measured: Weather, changes: dict[str, Any], expected: tuple[int, int]
) -> None:
    assert error_of(await measured.client().get(f"/api/getmeasure?{query(**changes)}")) == expected


async def test_a_missing_parameter_is_named(measured: Weather) -> None:
    answered = await measured.client().get("/api/getmeasure?device_id=x&type=temperature")

    assert answered.json == {"error": {"code": 10, "message": "Missing scale"}}


async def test_an_unreadable_list_has_the_vendors_words(measured: Weather) -> None:
    answered = await measured.client().get(f"/api/getmeasure?{query(type=None)}&type[a][b]=temperature")

    assert answered.json == {"error": {"code": 21, "message": "Invalid array arg"}}


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("missing", (401, 1)), ("invalid", (403, 2)), ("expired", (403, 3))],
)
async def test_tokens_are_judged_before_anything_else(
    measured: Weather, reason: str, expected: tuple[int, int]
) -> None:
    async def refuse(token: str) -> Any:
        raise Unauthenticated(reason=reason)

    measured.homes.authenticate = refuse  # type: ignore[method-assign] - the outermost thing, in a fake
    client = measured.client("" if reason == "missing" else "some")

    assert error_of(await client.get("/api/getmeasure")) == expected


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{"),
        ("application/json", b"[]"),
        ("text/plain", b"access_token=x"),
        ("application/x-www-form-urlencoded", b"\xff=\xfe"),
        ("application/x-www-form-urlencoded", b"type=a&type[x]=b"),
    ],
)
async def test_a_body_that_cannot_be_read_holds_no_token(
    measured: Weather, content_type: str, body: bytes
) -> None:
    headers = {"content-type": content_type}
    stranger = await measured.client("").request("POST", "/api/getmeasure", headers=headers, body=body)
    friend = await measured.client().request("POST", "/api/getmeasure", headers=headers, body=body)

    assert (error_of(stranger), error_of(friend)) == ((401, 1), (400, 21))


@pytest.mark.parametrize(
    ("target", "code"), [("/api/gethoroscope", 404), ("/webhooks/v2", "404"), ("//webhooks/v1/x", "404")]
)
async def test_unknown_methods_are_not_found(measured: Weather, target: str, code: int | str) -> None:
    """Codes of webhooks are texts."""
    answered = await measured.client().get(target)

    assert answered.status == 404
    assert answered.json == {"error": {"code": code, "message": "Not Found"}}


async def test_other_http_methods_are_refused_in_this_dialect(measured: Weather) -> None:
    answered = await measured.client().request("DELETE", "/api/getmeasure")

    assert error_of(answered) == (405, 31)
    assert "GET" in answered.headers["allow"]


async def test_anothers_device_is_not_found(measured: Weather) -> None:
    assert error_of(await measured.client("eve").get(f"/api/getmeasure?{query()}")) == (404, 9)


async def test_a_grant_narrowed_to_other_sites_finds_nothing(measured: Weather) -> None:
    elsewhere = measured.grant("narrow", sites=frozenset())
    here = measured.grant("here", sites=frozenset({measured.site.id}))

    assert error_of(await elsewhere.get(f"/api/getmeasure?{query()}")) == (404, 9)
    assert (await here.get(f"/api/getmeasure?{query()}")).status == 200


@pytest.mark.parametrize(
    ("scope", "status"),
    [("read_station", 200), ("read_thermostat", 403), ("write_thermostat", 403), ("read_homecoach", 403)],
)
async def test_weather_needs_the_stations_scope(measured: Weather, scope: str, status: int) -> None:
    answered = await measured.grant("scoped", scopes=frozenset({scope})).get(f"/api/getmeasure?{query()}")

    assert answered.status == status
    if status == 403:
        assert error_of(answered) == (403, 13)


async def test_scope_comes_before_missing_parameters(measured: Weather) -> None:
    client = measured.grant("nothing", permissions=frozenset({Permission.SITE_READ}))

    assert error_of(await client.get("/api/getmeasure")) == (403, 13)


async def test_a_foreign_valve_stands_behind_its_sites_virtual_relay(measured: Weather) -> None:
    await measured.homes.record(measured.valve, [NOON * 1000], {"temperature_c": [19.5], "setpoint_c": [21]})
    relay, own = measured.site.aliases["netatmo.relay"], measured.valve.aliases["netatmo"]
    client = measured.grant("heating", scopes=frozenset({"read_thermostat"}))
    types = "temperature,sp_temperature"

    behind = await ask(client, device_id=relay, module_id=own, type=types)
    itself = await ask(client, device_id=own, module_id=None, type=types)

    assert behind == itself == {str(NOON): [19.5, 21]}
    wrong = measured.site.aliases["netatmo.station"]
    assert error_of(await client.get(f"/api/getmeasure?{query(device_id=wrong, module_id=own)}")) == (404, 9)


async def test_seconds_of_heating_are_told_as_measured_and_in_bins(measured: Weather) -> None:
    times = [(NOON + at_s) * 1000 for at_s in (0, 300, 420, 7200, 7500)]
    await measured.homes.record(
        measured.valve,
        times,
        {"heating_on": [1, 1, 0, 1, None], "temperature_c": [20, 20, 20, 20, 20]},
    )
    asked = {"device_id": measured.valve.aliases["netatmo"], "module_id": None, "type": "boileron,boileroff"}
    client = measured.client()

    whole = await ask(client, scale="max", **asked)
    later = await ask(client, scale="max", date_begin=str(NOON + 300), **asked)
    binned = await ask(client, scale="30min", **asked)

    # A value counts since the one before it, but for ten minutes at most.
    assert whole == {
        str(NOON): [600, 0],
        str(NOON + 300): [300, 0],
        str(NOON + 420): [0, 120],
        str(NOON + 7200): [600, 0],
    }
    assert later == {stamp: values for stamp, values in whole.items() if int(stamp) > NOON}
    assert binned == {str(NOON + 900): [1200, 600], str(NOON + 8100): [1800, 0]}


async def test_an_imported_stations_readings_come_back() -> None:
    homes = Households(memory_ports(FakeClock(), SeededEntropy(9)))
    account = await homes.add("ada")
    said = json.dumps(payload("station")).encode()
    await import_payload(homes.ports, account.owner_id, ACTOR, said)
    client = homes.client(netatmo_dialect(), token="ada")

    station = await ask(client, module_id=None, type="Temperature,CO2,Humidity,Noise,Pressure")
    rain = await ask(client, module_id=RAIN, type="rain")
    wind = await ask(client, module_id="06:00:00:0a:00:03", type="windstrength,windangle")

    assert station == {"1795254900": [21.4, 642, 45, 38, 1013.2]}
    assert rain == {"1795254895": [0.101]}
    assert wind == {"1795254895": [12, -1]}


async def test_a_generic_sensor_is_what_it_measures(weather: Weather) -> None:
    sensor = await weather.homes.device(
        "ada", "generic_sensor", "shed", vendor="generic", site_id=weather.site.id
    )
    station, own = weather.site.aliases["netatmo.station"], sensor.aliases["netatmo"]
    asked = query(device_id=station, module_id=own, type="temperature,humidity")
    assert error_of(await weather.client().get(f"/api/getmeasure?{asked}")) == (404, 9)

    await weather.homes.record(sensor, [NOON * 1000], {"temperature_c": [4], "battery_v": [3.1]})

    answered = await weather.client().get(f"/api/getmeasure?{asked}")
    assert answered.json["body"] == {str(NOON): [4, None]}


async def test_the_newest_value_alone(measured: Weather) -> None:
    assert await ask(measured.client(), date_end="last") == {str(NOON - 300): [3.5]}


async def test_last_after_a_beginning_reads_from_there(measured: Weather) -> None:
    body = await ask(measured.client(), date_begin=NOON - 1500, date_end="last", limit=2)

    assert list(body) == [str(NOON - 1500), str(NOON - 1200)]


async def test_an_end_alone_gets_the_newest_up_to_it(measured: Weather) -> None:
    body = await ask(measured.client(), date_end=NOON - 600, limit=2)

    assert list(body) == [str(NOON - 1200), str(NOON - 600)]


async def test_both_ends_are_inclusive(measured: Weather) -> None:
    body = await ask(measured.client(), date_begin=NOON - 1500, date_end=NOON - 1200)

    assert list(body) == [str(NOON - 1500), str(NOON - 1200)]


async def test_a_beginning_of_0_is_the_beginning_of_all(measured: Weather) -> None:
    asked = {"scale": "5min", "type": "max_temp", "real_time": "true"}

    assert await ask(measured.client(), date_begin=0, **asked) == await ask(measured.client(), **asked)


async def test_at_most_1024_values(measured: Weather) -> None:
    times = [(NOON - 86400 * 10 + 300 * i) * 1000 for i in range(1100)]
    await measured.homes.record(measured.garden, times, {"temperature_c": [1.0] * 1100})

    assert len(await ask(measured.client(), limit=5000)) == 1024


@pytest.mark.parametrize(
    ("scale", "middle_s", "start_s"),
    [
        ("5min", 150, NOON - 3600),
        ("30min", 900, NOON - 3600),
        ("1hour", 1800, NOON - 3600),
        ("3hours", 5400, MIDNIGHT + 9 * 3600),
        ("6hours", 10800, MIDNIGHT + 6 * 3600),
        ("1day", 43200, MIDNIGHT),
        ("1week", 3 * 86400 + 43200, MIDNIGHT - 5 * 86400),
    ],
)
async def test_stamps_of_bins_stand_in_their_middle_unless_real_time(
    weather: Weather, scale: str, middle_s: int, start_s: int
) -> None:
    """2026-11-21 is a Saturday; the bin around 10:10 in Berlin."""
    await weather.homes.record(weather.garden, [(NOON - 3600 + 10) * 1000], {"temperature_c": [4.5]})

    shifted = await ask(weather.client(), scale=scale)
    real = await ask(weather.client(), scale=scale, real_time="true")

    assert (real, shifted) == ({str(start_s): [4.5]}, {str(start_s + middle_s): [4.5]})


async def test_the_middle_of_a_day_is_noon_also_when_the_clock_changes(weather: Weather) -> None:
    """2026-10-25 has 25 hours in Berlin: midnight is 22:00Z, noon 11:00Z."""
    midnight = 1_792_879_200
    await weather.homes.record(weather.garden, [(midnight + 3600) * 1000], {"temperature_c": [9]})

    assert list(await ask(weather.client(), scale="1day")) == [str(midnight + 13 * 3600)]


async def test_extremes_and_their_times_of_a_day(weather: Weather) -> None:
    times = [(MIDNIGHT + hour * 3600) * 1000 for hour in (1, 5, 9)]
    await weather.homes.record(weather.garden, times, {"temperature_c": [1, -4.5, 3]})

    body = await ask(
        weather.client(),
        scale="1day",
        type="min_temp,max_temp,date_min_temp,date_max_temp,temperature",
        real_time=1,
    )

    assert body == {str(MIDNIGHT): [-4.5, 3, MIDNIGHT + 5 * 3600, MIDNIGHT + 9 * 3600, -0.166667]}


async def test_rain_is_summed(weather: Weather) -> None:
    times = [(NOON - 3600 + 300 * i) * 1000 for i in range(4)]
    await weather.homes.record(weather.rain, times, {"rain_mm": [0.101, 0, 0.101, 0.101]})

    body = await ask(weather.client(), module_id=RAIN, scale="1hour", type="sum_rain")

    assert body == {str(NOON - 1800): [0.303]}


async def test_the_newest_bin_is_whole(weather: Weather) -> None:
    times = [(MIDNIGHT + 3600 * hour) * 1000 for hour in range(-30, 10)]
    await weather.homes.record(weather.garden, times, {"temperature_c": [float(i) for i in range(40)]})

    body = await ask(
        weather.client(), scale="1day", type="max_temp", date_end="last", real_time="true", optimize="true"
    )

    assert body == [{"beg_time": MIDNIGHT, "value": [[39]]}]


async def test_a_bin_at_the_end_of_the_span_is_whole(weather: Weather) -> None:
    times = [(NOON - 3600 + 600 * i) * 1000 for i in range(6)]
    await weather.homes.record(weather.garden, times, {"temperature_c": [0, 0, 0, 0, 0, 6]})

    body = await ask(weather.client(), scale="1hour", date_end=NOON - 3600, real_time="true")

    assert body == {str(NOON - 3600): [1]}


async def test_answers_are_json_that_parses(measured: Weather) -> None:
    answered = await measured.client().get(f"/api/getmeasure?{query()}")

    assert answered.headers["content-type"].startswith("application/json")
    assert json.loads(answered.body)["body"]
