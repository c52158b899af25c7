"""Everything that Netatmo's cloud has, collected from one that stands in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from ownclimate.collecting import CLOUD_KINDS
from ownclimate.core.devices import find_device, list_devices
from ownclimate.core.errors import Refused, UpstreamError
from ownclimate.core.events import find_events, subject
from ownclimate.core.linking import change_source
from ownclimate.core.months import partitions_of
from ownclimate.core.pictures import KIND as PICTURE
from ownclimate.core.pictures import TAKEN
from ownclimate.core.readings import Interval
from ownclimate.core.sites import list_sites
from ownclimate.vendors.netatmo.collector import NetatmoCollector
from ownclimate.vendors.netatmo.tokens import NETATMO_TOKENS
from tests.fakes import FakeClock
from tests.fakes.collecting import Collecting
from tests.fakes.households import ACTOR
from tests.fakes.netatmo_cloud import JPEG, NetatmoCloud

HOUR_S = 3600
DAY_S = 24 * HOUR_S
HOME = "5f0000000000000000000001"
OTHER_HOME = "5f0000000000000000000002"
RELAY = "70:ee:50:00:00:0a"
THERMOSTAT = "04:00:00:00:00:0b"
VALVE = "09:00:00:00:00:0c"
GATEWAY = "00:04:74:00:00:00:00:01"
METER = "00:04:74:00:00:00:00:02"
CAMERA = "70:ee:50:00:00:0d"
STATION = "70:ee:50:00:00:01"


@pytest.fixture
async def cloud(clock: FakeClock) -> AsyncIterator[NetatmoCloud]:
    async with NetatmoCloud(clock).listening() as listening:
        yield listening


class Household(Collecting):
    """Whose cloud of Netatmo's stands in this process."""

    @classmethod
    async def connected(cls, cloud: NetatmoCloud) -> Self:
        secrets = {"client_secret": "s3cret", "refresh_token": cloud.refresh}
        return await cls.of("netatmo", cloud.url, cloud.clock, secrets, client_id="5f00000000000000000000ee")

    async def reconnect(self, **secrets: str) -> None:
        self.secrets = {"client_secret": "s3cret", **secrets}
        self.source = await change_source(
            self.ports, self.vault, self.owner_id, ACTOR, self.source.id, secrets=self.secrets
        )

    async def values(self, wire_id: str, name: str) -> dict[int, float]:
        """By epoch seconds."""
        device = await find_device(self.ports.directory, self.owner_id, wire_id)
        assert device is not None
        interval = Interval(start_ms=0, end_ms=self.clock.now_ms() + 1)
        rows = await self.ports.series.read(device.number, interval, [name])
        found = zip((rows.times_ms // 1000).tolist(), rows.columns[name].tolist(), strict=True)
        return {at: value for at, value in found if not np.isnan(value)}


def home(*modules: dict[str, Any], home_id: str = HOME, **more: Any) -> dict[str, Any]:
    rooms = sorted({module["room_id"] for module in modules if "room_id" in module})
    return {
        "id": home_id,
        "name": "Cottage",
        "timezone": "Europe/Berlin",
        "rooms": [{"id": room, "name": f"Room {room}", "type": "bedroom"} for room in rooms],
        "modules": list(modules),
        **more,
    }


def heated(cloud: NetatmoCloud) -> dict[str, Any]:
    """A home with a thermostat in one room and a valve in another."""
    relay = {"id": RELAY, "type": "NAPlug", "modules_bridged": [THERMOSTAT, VALVE]}
    thermostat = {"id": THERMOSTAT, "type": "NATherm1", "bridge": RELAY, "room_id": "1"}
    valve = {"id": VALVE, "type": "NRV", "bridge": RELAY, "room_id": "2"}
    cloud.states[HOME] = {
        "modules": [{"id": RELAY, "type": "NAPlug"}, {"id": VALVE, "type": "NRV", "reachable": True}],
        "rooms": [{"id": "2", "reachable": True, "therm_measured_temperature": 19.5}],
    }
    return home(relay, thermostat, valve)


async def test_heating_energy_and_rooms_come_each_as_the_cloud_has_them(cloud, clock) -> None:
    now_s = clock.now_ms() // 1000
    cloud.homes = [heated(cloud)]
    cloud.homes[0]["modules"] += [
        {"id": GATEWAY, "type": "NLG", "modules_bridged": [METER]},
        {"id": METER, "type": "NLPC", "bridge": GATEWAY},
    ]
    past = range(now_s - 3 * DAY_S, now_s - 4 * HOUR_S, 1800)
    cloud.measures = {
        (THERMOSTAT, "max"): {at + 7: [20.0, 21.0, 240 if at % 3600 else 0, 60] for at in past},
        (METER, "30min"): {at: [120, None, None] for at in past},
        ("2", "30min"): {at: [18.5, 19.0] for at in past},
    }
    household = await Household.connected(cloud)
    await household.collect()
    clock.advance(3 * HOUR_S)

    await household.collect()

    assert (await household.values(THERMOSTAT, "setpoint_c")).items() >= {at + 7: 21.0 for at in past}.items()
    heating = await household.values(THERMOSTAT, "heating_on")
    assert {heating[at + 7] for at in past if at % 3600 == 0} == {0.0}
    assert await household.values(METER, "energy_wh") == dict.fromkeys(past, 120.0)
    of_room = await household.values(VALVE, "temperature_c")
    assert of_room.items() >= dict.fromkeys(past, 18.5).items()
    assert of_room[now_s] == 19.5
    of_meter = [asked for asked in cloud.parameters("getmeasure") if METER in asked.values()]
    assert {(asked["device_id"], asked["scale"]) for asked in of_meter} == {(GATEWAY, "30min")}


async def test_means_of_a_room_are_asked_for_only_where_nobody_looked(cloud, clock) -> None:
    cloud.homes = [heated(cloud)]
    begin_s = clock.now_ms() // 1000
    every = range(begin_s - 2 * DAY_S, begin_s + 2 * DAY_S, 1800)
    cloud.measures[("2", "30min")] = {at: [18.5, 19.0] for at in every}
    cloud.measures[(THERMOSTAT, "max")] = {}
    household = await Household.connected(cloud)
    for _ in range(40):
        await household.collect()
        clock.advance(300)
    last_look_s = clock.now_ms() // 1000 - 300
    clock.advance(6 * HOUR_S)
    back_s = clock.now_ms() // 1000
    for _ in range(40):
        await household.collect()
        clock.advance(300)

    means = {at for at, value in (await household.values(VALVE, "temperature_c")).items() if value == 18.5}

    assert means == {at for at in every if at < begin_s or last_look_s <= at < back_s - back_s % 1800}
    before = cloud.calls["getroommeasure"]
    await household.collect()
    assert cloud.calls["getroommeasure"] == before


async def test_unknown_products_are_asked_for_what_they_say_and_favourites_are_left_alone(
    cloud, clock
) -> None:
    now_s = clock.now_ms() // 1000
    own = {
        "_id": STATION,
        "type": "NAMain2",
        "data_type": ["Temperature", "Lux"],
        "dashboard_data": {"time_utc": now_s - 60, "Temperature": 21.5},
        "modules": [{"_id": "02:00:00:00:00:02", "type": "NAModule1"}],
    }
    favourite = {"_id": "70:ee:50:00:00:99", "type": "NAMain", "favorite": True, "data_type": ["Pressure"]}
    cloud.stations = [own, favourite]
    past = range(now_s - DAY_S, now_s - 60, 300)
    cloud.measures = {
        (STATION, "max"): {at: [20.5, 300.0] for at in past},
        ("02:00:00:00:00:02", "max"): {},
    }
    household = await Household.connected(cloud)

    engine = await household.collect()

    assert (await household.values(STATION, "temperature_c")).items() >= dict.fromkeys(past, 20.5).items()
    assert {asked["device_id"] for asked in cloud.parameters("getmeasure")} == {STATION}
    assert cloud.parameters("getmeasure")[0]["type"] in ("temperature,lux", "temperature,humidity")
    assert not engine.live.last_error


async def test_a_cloud_that_wants_to_hear_a_beginning_is_told_one(cloud, clock) -> None:
    now_s = clock.now_ms() // 1000
    cloud.wants_a_beginning = True
    cloud.stations = [{"_id": STATION, "type": "NAMain3", "data_type": ["Temperature"]}]
    past = range(now_s - 30 * DAY_S, now_s - 2 * HOUR_S, 300)
    cloud.measures = {(STATION, "max"): {at: [20.5] for at in past}}
    household = await Household.connected(cloud)

    engine = await household.collect()

    assert (await household.values(STATION, "temperature_c")).keys() >= set(past)
    assert engine.tasks[f"past {STATION}"].problem == ""
    assert cloud.calls["getmeasure"] <= len(past) // 1000 + 6


async def test_homes_without_modules_several_homes_and_things_that_vanish(cloud, clock) -> None:
    camera = {"id": CAMERA, "type": "NACamera", "name": "Hall"}
    cloud.homes = [
        home(camera),
        home(home_id=OTHER_HOME),
        {"id": "5f0000000000000000000003"},
        heated(cloud) | {"id": "5f0000000000000000000004"},
    ]
    cloud.measures = {(THERMOSTAT, "max"): {}, ("2", "30min"): {}}
    household = await Household.connected(cloud)
    await household.collect()
    asked = [parameters["home_id"] for parameters in cloud.parameters("homestatus")]
    clock.advance(6 * HOUR_S)
    cloud.homes = [home({"id": METER, "type": "NLPC", "bridge": GATEWAY})]

    engine = await household.collect()

    assert sorted(asked) == [HOME, "5f0000000000000000000004"]
    assert len(await list_sites(household.ports.directory, household.owner_id)) == 4
    kept = {device.vendor_id for device in await list_devices(household.ports.directory, household.owner_id)}
    assert kept >= {CAMERA, THERMOSTAT, VALVE, METER}
    assert "no longer told of" in engine.plan[f"past {THERMOSTAT}"].label
    assert "no longer told of" not in engine.plan[f"past {METER}"].label
    assert "5f0000000000000000000004" in {p["home_id"] for p in cloud.parameters("homestatus")[2:]}


async def test_a_thing_that_the_cloud_no_longer_has_holds_nothing_up(cloud, clock) -> None:
    now_s = clock.now_ms() // 1000
    gone, here = "02:00:00:00:00:08", "02:00:00:00:00:09"
    modules = [{"_id": gone, "type": "NAModule1"}, {"_id": here, "type": "NAModule1"}]
    cloud.stations = [{"_id": STATION, "type": "NAMain", "modules": modules}]
    cloud.measures = {(STATION, "max"): {}, (here, "max"): {now_s - HOUR_S: [5.0, 80]}}
    household = await Household.connected(cloud)

    engine = await household.collect()

    assert await household.values(here, "temperature_c") == {now_s - HOUR_S: 5.0}
    assert "Invalid type" in engine.tasks[f"past {gone}"].problem
    clock.advance(2 * HOUR_S)
    await household.collect()
    assert sum(asked.get("module_id") == gone for asked in cloud.parameters("getmeasure")) == 1


def seen(number: int, at_s: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"5f{number:022x}",
        "type": "movement",
        "time": at_s,
        "module_id": CAMERA,
        "message": "Motion",
        **more,
    }


def watched(cloud: NetatmoCloud, count: int) -> None:
    """A home with a camera and so many events, a minute apart."""
    now_s = cloud.clock.now_ms() // 1000
    cloud.homes = [home({"id": CAMERA, "type": "NACamera", "name": "Hall"})]
    cloud.states[HOME] = {"modules": [{"id": CAMERA, "type": "NACamera", "monitoring": "on"}]}
    cloud.events[HOME] = [seen(n, now_s - (count - n) * 60) for n in range(count, 0, -1)]


async def events_of(household: Household) -> set[str]:
    sites = await list_sites(household.ports.directory, household.owner_id)
    device = await find_device(household.ports.directory, household.owner_id, CAMERA)
    assert device is not None
    found = await find_events(
        household.ports.directory,
        household.owner_id,
        [subject(sites[0].id, device.id, ""), subject(sites[0].id, None, "")],
        limit=2000,
    )
    return {event.id for event in found}


async def test_events_come_back_to_where_they_end_and_then_only_new_ones(cloud, clock) -> None:
    watched(cloud, 250)
    household = await Household.connected(cloud)
    await household.collect()
    assert cloud.calls["getevents"] == 10
    assert len(await events_of(household)) == 250
    clock.advance(1200)
    now_s = clock.now_ms() // 1000
    cloud.events[HOME][:0] = [seen(n, now_s - (370 - n)) for n in range(370, 250, -1)]

    await household.collect()

    assert len(await events_of(household)) == 370
    assert cloud.calls["getevents"] == 15
    clock.advance(310)
    await household.collect()
    assert cloud.calls["getevents"] == 16


async def test_a_process_that_dies_between_two_pages_of_events_misses_none(cloud, clock) -> None:
    watched(cloud, 450)
    household = await Household.connected(cloud)
    for _ in range(25):
        engine = household.engine()
        await engine.step()
        await engine.step()
        await engine.collector.close()

    await household.collect()

    assert len(await events_of(household)) == 450


async def test_pictures_are_fetched_once_each_and_without_the_token(cloud, clock) -> None:
    watched(cloud, 3)
    listed = cloud.events[HOME]
    listed[0]["snapshot"] = {"id": "5f" + "1" * 22, "version": 1, "key": "k1", "url": ""}
    listed[1]["snapshot"] = {"url": f"{cloud.url}/faces/two"}
    listed[2]["vignette"] = {"id": "5f" + "3" * 22, "version": 1, "key": "k3"}
    cloud.pictures = {"5f" + "1" * 22: JPEG, "two": JPEG + b"2", "5f" + "3" * 22: 404}
    household = await Household.connected(cloud)

    engine = await household.collect()

    assert len(await pictures_of(household)) == 2
    assert {bearer for method, bearer in cloud.bearers if method in ("getcamerapicture", "two")} == {""}
    assert cloud.calls["getcamerapicture"] == 2
    assert "pictures" not in engine.plan
    clock.advance(310)
    await household.collect()
    assert (cloud.calls["getcamerapicture"], cloud.calls["two"]) == (2, 1)


async def pictures_of(household: Household) -> set[str]:
    directory = household.ports.directory
    months = await partitions_of(directory, household.owner_id, PICTURE)
    return {row.key for month in months for row in await directory.scan(month, TAKEN)}


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/latest/meta-data",
        "http://169.254.169.254/latest/meta-data",
        "https://[fe80::1]/x.jpg",
        "https://user:word@example.org/x.jpg",
        "gopher://example.org/x",
    ],
)
async def test_addresses_that_may_not_be_called_are_not(url, cloud, clock) -> None:
    watched(cloud, 1)
    cloud.events[HOME][0]["snapshot"] = {"url": url}
    household = await Household.connected(cloud)

    engine = await household.collect()

    assert await pictures_of(household) == set()
    assert "pictures" not in engine.plan
    assert not engine.live.last_error


async def test_a_picture_that_cannot_be_had_now_is_tried_some_times_and_no_more(cloud, clock) -> None:
    watched(cloud, 1)
    cloud.events[HOME][0]["snapshot"] = {"id": "5f" + "1" * 22, "version": 1, "key": "k"}
    cloud.pictures = {"5f" + "1" * 22: 503}
    household = await Household.connected(cloud)
    for _ in range(60):
        await household.collect()
        clock.advance(300)
    assert cloud.calls["getcamerapicture"] == 5

    cloud.pictures = {"5f" + "1" * 22: JPEG}
    await household.collect()

    assert await pictures_of(household) == set()
    assert cloud.calls["getcamerapicture"] == 5


async def test_two_who_need_a_token_at_once_refresh_once(cloud, clock) -> None:
    household = await Household.connected(cloud)
    collector = household.engine().collector
    assert isinstance(collector, NetatmoCollector)

    first = await asyncio.gather(*(collector.tokens.access() for _ in range(5)))
    for token in first:
        collector.tokens.spend(token)
    second = await asyncio.gather(*(collector.tokens.access() for _ in range(5)))
    collector.tokens.spend(first[0])
    await collector.tokens.access()

    assert cloud.calls["token"] == 2
    assert set(second) == {cloud.access}
    await collector.close()


async def test_who_is_stopped_while_a_token_is_on_its_way_does_not_lose_it(cloud, clock) -> None:
    cloud.grace = False
    household = await Household.connected(cloud)
    collector = household.engine().collector
    asking = asyncio.create_task(collector.prepare())
    while not cloud.calls["token"]:
        await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await collector.close()

    await household.collect()

    assert cloud.calls["token"] == 1


async def test_who_goes_on_beside_another_uses_the_pair_that_the_other_fetched(cloud, clock) -> None:
    """As after a lease that was lost unnoticed: the older pair is dead, and asking with it ends the chain."""
    cloud.grace = False
    household = await Household.connected(cloud)
    one, other = household.engine().collector, household.engine().collector
    await one.prepare()
    await other.prepare()
    clock.advance(3 * HOUR_S)
    await one.prepare()

    await other.prepare()

    assert cloud.calls["token"] == 2
    clock.advance(3 * HOUR_S)
    await other.prepare()
    await one.prepare()
    assert cloud.calls["token"] == 3
    await one.close()
    await other.close()


async def test_a_dead_pair_that_was_kept_late_is_not_asked_with(cloud, clock) -> None:
    cloud.grace = False
    household = await Household.connected(cloud)
    collector = household.engine().collector
    assert isinstance(collector, NetatmoCollector)
    await collector.prepare()
    shelf = collector.tokens.shelf
    dead = await shelf.load()
    clock.advance(3 * HOUR_S)
    await collector.prepare()
    await shelf.save(dead)
    clock.advance(3 * HOUR_S)

    await collector.prepare()

    assert cloud.calls["token"] == 3
    await collector.close()


@pytest.mark.parametrize(
    ("error", "refused", "told"),
    [
        ({"code": 26, "message": "User usage reached"}, 1, "no tokens at the moment"),
        ({"code": 5, "message": "Application is deactivated"}, 0, "Application is deactivated"),
        (["odd"], 0, "gives no tokens to this app (403)"),
    ],
)
async def test_a_denial_of_tokens_in_another_shape_is_understood(error, refused, told, cloud, clock) -> None:
    household = await Household.connected(cloud)
    cloud.denial = {"error": error}
    engine = household.engine()

    assert not await engine.run_once()

    assert cloud.calls["token"] == 1
    assert engine.live.refused == refused
    assert told in engine.live.last_error


async def test_a_reply_that_was_lost_is_survived_where_the_cloud_grants_a_grace(cloud, clock) -> None:
    cloud.loses_replies = 1
    household = await Household.connected(cloud)

    engine = await household.collect()

    assert cloud.calls["token"] == 2
    assert engine.tasks


async def test_where_it_grants_none_the_account_is_to_be_connected_again_and_then_goes_on(
    cloud, clock
) -> None:
    cloud.grace, cloud.loses_replies = False, 1
    household = await Household.connected(cloud)
    engine = household.engine()
    assert not await engine.run_once()
    assert "connect its account again" in engine.live.last_error
    clock.advance(3601)

    await household.reconnect(refresh_token=cloud.refresh)

    again = await household.collect()
    assert again.tasks


async def test_another_token_begins_a_new_chain_though_the_old_pair_still_holds(cloud, clock) -> None:
    household = await Household.connected(cloud)
    await household.collect()
    cloud.refresh = "5f00000000000000000000ff|" + "9" * 32
    await household.reconnect(refresh_token=cloud.refresh)
    clock.advance(HOUR_S)

    await household.collect()

    assert [asked["refresh_token"] for asked in cloud.parameters("token")][
        1
    ] == "5f00000000000000000000ff|" + "9" * 32
    clock.advance(HOUR_S)
    await household.collect()
    assert cloud.calls["token"] == 2


async def test_signing_in_gives_what_a_source_begins_with(cloud, clock) -> None:
    flow = CLOUD_KINDS["netatmo"].code_flow
    assert flow is not None
    address = flow.address(cloud.url, "5f00000000000000000000ee", "https://here/back?x=1", "st&te")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    cloud.codes = {"c0de"}

    secrets = await flow.redeem(
        cloud.url, "5f00000000000000000000ee", "s3cret", "https://here/back?x=1", "c0de"
    )

    assert address.startswith(f"{cloud.url}/oauth2/authorize?")
    assert (asked["redirect_uri"], asked["state"], asked["response_type"]) == (
        "https://here/back?x=1",
        "st&te",
        "code",
    )
    scopes = set(asked["scope"].split())
    assert scopes <= NETATMO_TOKENS.scopes.keys()
    assert {"read_station", "read_thermostat", "read_homecoach", "read_camera", "write_thermostat"} <= scopes
    assert secrets == {"refresh_token": cloud.refresh}
    with pytest.raises(Refused, match="code does not hold"):
        await flow.redeem(cloud.url, "5f00000000000000000000ee", "s3cret", "https://here/back?x=1", "c0de")


async def test_an_account_that_nobody_signed_in_to_yet_is_said_to_be_connected(cloud, clock) -> None:
    household = await Household.connected(cloud)
    await household.reconnect()
    collector = household.engine().collector

    with pytest.raises(UpstreamError, match="connect its account"):
        await collector.prepare()

    assert cloud.asked == []
    await collector.close()
