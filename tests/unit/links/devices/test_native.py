"""What a device says under our own contract is kept, and shows in what is known of it."""

from __future__ import annotations

import json

import pytest

from ownclimate.core.devices import hide_device
from ownclimate.core.liveness import is_online
from ownclimate.core.things import Ability
from tests.fakes.households import ACTOR


async def test_a_device_is_made_by_saying_who_it_is(bench) -> None:
    ada = await bench()

    await ada.hears(
        "ownclimate/AC1/about",
        {"vendor": "mclimate", "model": "melissa", "name": "Attic", "abilities": ["air_conditioning"]},
    )

    device = await ada.device("AC1")
    assert (device.vendor, device.model, device.name) == ("mclimate", "melissa", "Attic")
    assert Ability.AIR_CONDITIONING in device.abilities
    assert device.is_heard


async def test_its_name_stays_its_owners_when_it_introduces_itself_again(bench) -> None:
    ada = await bench()
    await ada.home.device("ada", "melissa", "AC1", name="Loft")

    await ada.hears("ownclimate/AC1/about", {"name": "Attic", "firmware": "2.0"})

    device = await ada.device("AC1")
    assert (device.name, device.firmware) == ("Loft", "2.0")


@pytest.mark.parametrize(
    ("content", "count"),
    [
        pytest.param({"temperature_c": 21.5}, 1, id="a row without an instant"),
        pytest.param({"at": "2026-03-01T10:00:00Z", "temperature_c": 21.5}, 1, id="a row"),
        pytest.param(
            {
                "readings": [
                    {"at": 1772359200000, "temperature_c": 21},
                    {"at": 1772359500000, "temperature_c": 21.5},
                ]
            },
            2,
            id="rows",
        ),
        pytest.param(
            {"columns": {"at": [1772359200000, 1772359500000], "temperature_c": [21, 21.5]}}, 2, id="columns"
        ),
    ],
)
async def test_readings_are_recorded_in_every_shape(bench, clock, content, count) -> None:
    ada = await bench()

    await ada.hears("ownclimate/shed/readings", content)

    device = await ada.device("shed")
    assert len(await ada.home.ports.series.read(device.number)) == count
    assert (await ada.latest("shed"))["temperature_c"] == 21.5
    assert Ability.TEMPERATURE in device.abilities


async def test_readings_alone_do_not_make_a_device_reachable(bench) -> None:
    ada = await bench()
    await ada.hears("ownclimate/shed/readings", {"temperature_c": 3})

    assert (await ada.device("shed")).link == {}

    await ada.hears("ownclimate/shed/state", {"relay_on": False})
    assert (await ada.device("shed")).link["source"] == ada.link.key.id


async def test_a_state_becomes_readings_and_settings(bench) -> None:
    ada = await bench()
    air = {"is_on": True, "mode": "cool", "temperature_c": 23, "fan": "low"}

    await ada.hears("ownclimate/AC1/state", {"air_conditioner": air, "light_on": False})

    device = await ada.device("AC1")
    assert device.settings["air_conditioner"] == air
    assert device.settings["light_on"] is False
    assert await ada.latest("AC1") == {
        "cooling_on": 1,
        "heating_on": 0,
        "fan_on": 1,
        "setpoint_cool_c": 23,
    }
    assert Ability.AIR_CONDITIONING in device.abilities


async def test_a_kept_state_that_says_nothing_new_is_not_recorded_again(bench, clock) -> None:
    ada = await bench()
    await ada.hears("ownclimate/plug/state", {"relay_on": True, "power_w": 40})
    clock.advance(60)

    await ada.hears("ownclimate/plug/state", {"relay_on": True, "power_w": 41}, retained=True)

    device = await ada.device("plug")
    series = await ada.home.ports.series.read(device.number)
    assert series.columns["power_w"].tolist() == [40, 41]
    assert len([value for value in series.columns["relay_on"] if value == value]) == 1


async def test_a_message_delivered_twice_is_recorded_once(bench, clock) -> None:
    ada = await bench()
    row = {"at": clock.now_ms(), "temperature_c": 21}
    for _ in range(2):
        await ada.hears("ownclimate/shed/readings", row)
        clock.advance(5)

    device = await ada.device("shed")
    assert len(await ada.home.ports.series.read(device.number)) == 1


async def test_availability_decides_whether_a_device_is_online(bench, clock) -> None:
    ada = await bench()
    await ada.hears("ownclimate/shed/readings", {"temperature_c": 3})
    clock.advance(10 * 3600)
    long_silent = await ada.device("shed")
    assert not is_online(long_silent, clock.now_ms() - 36_000_000, clock.now_ms())

    await ada.hears("ownclimate/shed/availability", "online")
    assert is_online(await ada.device("shed"), clock.now_ms() - 36_000_000, clock.now_ms())

    await ada.hears("ownclimate/shed/availability", "offline")
    assert not is_online(await ada.device("shed"), clock.now_ms(), clock.now_ms())


async def test_availability_that_comes_before_the_device_is_known_is_not_lost(bench) -> None:
    ada = await bench()

    await ada.hears("ownclimate/shed/availability", "offline", retained=True)
    assert await ada.device("shed") is None
    await ada.hears("ownclimate/shed/about", {}, retained=True)

    assert (await ada.device("shed")).reports["reachable"].value is False


BAD = {
    "availability that is no word": ("availability", "perhaps"),
    "about that is no object": ("about", "[1]"),
    "about of another type": ("about", {"name": 3}),
    "readings that are no JSON": ("readings", "{"),
    "an unknown quantity": ("readings", {"warmth": 3}),
    "a row among good ones": ("readings", {"readings": [{"temperature_c": 1}, {"temperature_c": "x"}]}),
    "rows that are no list": ("readings", {"readings": {"temperature_c": 1}}),
    "columns that are none": ("readings", {"columns": [1]}),
    "an instant before 1990": ("readings", {"at": 1000, "temperature_c": 1}),
    "a state of the wrong type": ("state", {"relay_on": "on"}),
    "a true temperature": ("state", {"setpoint_c": True}),
    "an air conditioner by halves": ("state", {"air_conditioner": {"is_on": True}}),
    "a mode that there is not": ("state", {"climate_mode": "boil"}),
    "a result without id": ("result", {"outcome": "confirmed"}),
    "a result of no command": ("result", {"id": "x", "outcome": "confirmed"}),
    "an unknown outcome": ("result", {"id": "0" * 24, "outcome": "maybe"}),
    "bytes that are no text": ("state", b"\xff\xfe".decode("latin-1")),
    "depth without end": ("state", '{"a":' * 5000),
    "more than is read": ("state", json.dumps({"x": "y" * 300_000})),
}


@pytest.mark.parametrize(("kind", "content"), BAD.values(), ids=BAD)
async def test_what_cannot_be_used_is_kept_raw_and_changes_nothing(bench, kind, content) -> None:
    ada = await bench()
    await ada.home.device("ada", "melissa", "AC1", vendor="mclimate")
    before = await ada.device("AC1")

    await ada.hears(f"ownclimate/AC1/{kind}", content)

    (entry,) = await ada.home.ports.raw.scan(ada.owner_id)
    assert entry.note.startswith(f"ownclimate/AC1/{kind}: ")
    assert entry.devices == (before.id,)
    assert await ada.device("AC1") == before
    assert await ada.latest("AC1") == {}


async def test_what_is_not_understood_in_a_good_message_is_noted(bench) -> None:
    ada = await bench()

    await ada.hears("ownclimate/plug/state", {"relay_on": True, "mood": "fine"})

    assert (await ada.latest("plug"))["relay_on"] == 1
    (note,) = await ada.notes()
    assert "unknown member 'mood'" in note


async def test_a_taken_back_message_says_nothing(bench) -> None:
    ada = await bench()

    await ada.hears("ownclimate/plug/state", "", retained=True)

    assert await ada.device("plug") is None
    assert await ada.notes() == []


async def test_a_source_for_known_devices_makes_none(bench) -> None:
    ada = await bench(known_only=True)

    await ada.hears("ownclimate/plug/state", {"relay_on": True})

    assert await ada.device("plug") is None
    assert len(await ada.notes()) == 1


async def test_a_hidden_device_does_not_come_back_unasked(bench) -> None:
    ada = await bench()
    await ada.hears("ownclimate/plug/state", {"relay_on": True})
    await hide_device(ada.home.ports, ada.owner_id, ACTOR, (await ada.device("plug")).id)

    await ada.hears("ownclimate/plug/state", {"relay_on": False})

    assert await ada.device("plug") is None
    assert len(await ada.notes()) == 1


async def test_a_name_on_the_topic_may_stand_for_another_device(bench) -> None:
    ada = await bench(names={"ac": "H59SN"})
    device = await ada.home.device("ada", "melissa", "H59SN")

    await ada.hears("ownclimate/ac/state", {"light_on": True})

    assert (await ada.device("H59SN")).settings["light_on"] is True
    assert (await ada.device("H59SN")).id == device.id
    assert await ada.device("ac") is None


async def test_two_owners_devices_of_one_name_are_two(bench) -> None:
    ada, bob = await bench("ada"), await bench("bob")
    theirs = await ada.home.device("bob", "plug", "bobs-plug")

    for name in ("shared", "bobs-plug", theirs.id):
        await ada.hears(f"ownclimate/{name}/state", {"relay_on": True})

    assert (await ada.home.ports.series.latest([theirs.number])) == {}
    assert await bob.device("shared") is None
    ours = await ada.device("bobs-plug")
    assert ours.id != theirs.id
    assert (await bob.device("bobs-plug")).link == {}


async def test_an_air_conditioner_that_holds_a_set_point_is_no_thermostat(bench) -> None:
    ada = await bench()
    air = {"is_on": True, "mode": "heat", "temperature_c": 23, "fan": "low"}

    await ada.hears("ownclimate/AC1/state", {"air_conditioner": air})
    await ada.hears("ownclimate/AC1/readings", {"setpoint_c": 23, "temperature_c": 20})

    device = await ada.device("AC1")
    assert device.abilities == {Ability.AIR_CONDITIONING, Ability.TEMPERATURE}
