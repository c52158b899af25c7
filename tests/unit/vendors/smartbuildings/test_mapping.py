"""What SmartBuildings' answers mean in the core, and what is kept of those that mean nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ownclimate.core.things import Ability, Place
from ownclimate.vendors.smartbuildings import mapping, sensing
from ownclimate.vendors.smartbuildings import vocabulary as words
from ownclimate.vendors.smartbuildings.units import fahrenheit
from ownclimate.vendors.smartbuildings.weather_said import cover_of, outlooks_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = st.sampled_from(
    [
        "alerts",
        "capability",
        "comfortSetting",
        "current",
        "currentEvent",
        "date",
        "desiredHeatRange",
        "endTime",
        "hvacMode",
        "hvacModes",
        "id",
        "isConnected",
        "items",
        "lowTemperatureAlert",
        "hvacMaintenanceReminder",
        "name",
        "runningEquipment",
        "setPoint",
        "sky",
        "temperature",
        "time",
        "type",
        "value",
        "acknowledgeRef",
    ]
)
ODD = st.dictionaries(MEMBERS, JSON | st.dictionaries(MEMBERS, JSON, max_size=4), max_size=8)


@pytest.mark.parametrize(
    ("text", "degrees_f", "is_tenths"),
    [
        ("71.6", 71.6, False),
        ("716", 71.6, True),
        ("200", 20.0, True),
        ("199", 199.0, False),
        ("68", 68.0, False),
        ("-4", -4.0, False),
        ("-40.5", -40.5, False),
        ("716.0", None, False),
        ("", None, False),
        ("unknown", None, False),
        ("nan", None, False),
        ("Infinity", None, False),
    ],
)
def test_a_sensors_whole_number_from_200_on_is_tenths(text, degrees_f, is_tenths) -> None:
    value, was_tenths = sensing.sensed_value("temperature", text)

    assert (None if value is None else fahrenheit(value)) == degrees_f
    assert was_tenths is is_tenths


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("occupancy", "true", 1.0),
        ("occupancy", "false", 0.0),
        ("occupancy", "unknown", None),
        ("dryContact", "True", 1.0),
        ("humidity", "44", 44.0),
        ("co2", "612", 612.0),
        ("co2", "many", None),
    ],
)
def test_other_texts_of_sensors_mean_what_their_type_says(kind, text, value) -> None:
    assert sensing.sensed_value(kind, text) == (value, False)


def test_a_thermostats_own_sensor_does_not_repeat_its_status() -> None:
    capability = [{"type": "temperature", "value": "713"}, {"type": "occupancy", "value": "true"}]
    item = {"id": "ei:0", "type": "thermostat", "capability": capability}

    own, remote, kept = sensing.sensors_of({"id": "1", "items": [item]})

    assert own is not None
    assert (own.said.values, remote, kept) == ({"occupancy": 1.0}, [], {})


def test_equipment_says_what_heats_and_cools() -> None:
    running = {"compCool2": True, "auxHeat3": True, "fan": False, "humidifier": True}

    said = mapping.status_of({"runningEquipment": running})

    assert said.values == {"heating_on": 1.0, "cooling_on": 1.0, "fan_on": 0.0}
    assert said.reports[words.EQUIPMENT_SAID] == ["auxHeat3", "compCool2", "humidifier"]


def test_what_a_status_leaves_out_is_not_said() -> None:
    said = mapping.status_of({"id": "1"})

    assert (said.settings, said.reports, said.values, said.kept) == ({}, {}, {}, {})


@pytest.mark.parametrize(
    ("modes", "abilities"),
    [
        (["heat", "off"], {Ability.HEATING_SETPOINT}),
        (["cool", "off"], {Ability.COOLING_SETPOINT}),
        (["auxHeatOnly"], {Ability.HEATING_SETPOINT}),
        (["auto"], {Ability.HEATING_SETPOINT, Ability.COOLING_SETPOINT}),
        (["dry"], {Ability.HEATING_SETPOINT, Ability.COOLING_SETPOINT}),
    ],
)
def test_a_thermostat_can_what_its_modes_can(modes, abilities) -> None:
    said = mapping.summary_of({"hvacModes": modes})

    assert said.abilities == abilities | {Ability.TEMPERATURE, Ability.HUMIDITY}
    assert said.kept == ({"hvacModes": modes} if modes == ["dry"] else {})


def test_what_stands_for_unknown_in_a_building_is_not_known() -> None:
    said = mapping.building_of({"country": "ZZ", "postalCode": "00000", "name": "B", "timeZone": "UTC"})

    assert said.place == Place()
    assert (said.name, said.time_zone, said.kept) == ("B", "UTC", {})


def test_a_forecast_needs_an_instant_and_a_temperature() -> None:
    whole = {"date": "2026-11-21T17:00:00Z", "temperature": 50, "sky": "OVERCAST", "moon": "full"}
    items = [{"date": "soon", "temperature": 50}, {"date": "2026-11-21T17:00:00Z"}, whole]

    (outlook,) = outlooks_of({"items": items})

    assert (outlook.temperature_c, outlook.high_c, outlook.cloud) == (10.0, 10.0, 1.0)
    assert outlook.said == {"ecobee": {name: value for name, value in whole.items() if name != "moon"}}


@pytest.mark.parametrize("sky", words.SKIES)
def test_every_word_for_the_sky_is_a_share_of_it(sky) -> None:
    assert 0 <= cover_of(sky) <= 1


def test_words_for_the_sky_are_in_the_order_of_what_they_mean() -> None:
    covers = [cover_of(sky) for sky in ("CLEAR", "MOSTLY SUNNY", "PARTLY CLOUDY", "CLOUDY", "OVERCAST")]

    assert covers == sorted(covers)
    assert len(set(covers)) == len(covers)


@given(ODD)
def test_nothing_that_a_cloud_may_send_is_an_error(data: dict[str, Any]) -> None:
    for read in (
        mapping.building_of,
        mapping.summary_of,
        mapping.status_of,
        mapping.alert_settings_of,
        mapping.events_of,
        mapping.alerts_of,
        sensing.sensors_of,
        outlooks_of,
    ):
        read(data)
        read({"items": [data], "holds": [data], "currentEvent": data, "lowTemperatureAlert": data})
