from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ownclimate.core.quantities import QUANTITIES
from ownclimate.vendors.mclimate import vocabulary
from ownclimate.vendors.mclimate.codecs.table import ABILITIES as LORAWAN_TYPES
from ownclimate.vendors.mclimate.collector_reading import (
    instant_of,
    items_of,
    last_page,
    log_values,
    number_of,
    read_provider,
)
from ownclimate.vendors.mclimate.mapping import written_log

TYPES = sorted({*vocabulary.WORDS, *LORAWAN_TYPES, *vocabulary.WIFI, "never_heard_of"})
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
JSON = PLAIN | st.lists(PLAIN, max_size=2) | st.dictionaries(st.text(max_size=6), PLAIN, max_size=2)


@pytest.mark.parametrize("type_name", TYPES)
def test_a_log_is_read_back_as_it_is_written(type_name: str) -> None:
    values = dict.fromkeys(QUANTITIES, 1.0)

    assert log_values(type_name, written_log(type_name, values, 0)) == values


@pytest.mark.parametrize(
    ("written", "number"),
    [
        (21.5, 21.5),
        ("21.5", 21.5),
        (" 2 ", 2.0),
        (True, 1.0),
        ("false", 0.0),
        ("1_0", None),
        ("warm", None),
        ("nan", None),
        (float("inf"), None),
        (10**400, None),
        (None, None),
        ([], None),
    ],
)
def test_a_number_may_be_text_and_what_is_none_gives_none(written: Any, number: float | None) -> None:
    assert number_of(written) == number


@pytest.mark.parametrize(
    ("text", "at_ms"),
    [
        ("2018-01-16 18:02:36", 1_516_125_756_000),
        ("2018-01-16T18:02:36.735Z", 1_516_125_756_735),
        ("2018-01-16T20:02:36+02:00", 1_516_125_756_000),
        ("0000-00-00 00:00:00", None),
        ("", None),
        (None, None),
        (1_516_125_756, None),
    ],
)
def test_bare_times_are_utc_and_others_as_they_say(text: Any, at_ms: int | None) -> None:
    assert instant_of(text) == at_ms


def test_a_collection_has_items_or_the_form_of_an_entity() -> None:
    assert items_of({"_embedded": {"controller": [{"id": 1}, "odd"]}}, "controller") == [{"id": 1}]
    assert items_of({"controller": [], "_links": {}}, "controller") == []
    assert items_of({"_links": {}}, "controller") == []
    assert items_of({"_embedded": []}, "controller") == []
    assert items_of({"thermostat_mode": {"id": 3}}, "thermostat_mode") == [{"id": 3}]


def test_pages_are_counted_by_the_last_link_and_by_nothing_else() -> None:
    links = {"last": {"href": "/v1/controllers?limit=100&page=7"}}

    assert last_page({"total": 3, "_links": links}) == 7
    assert last_page({"total": 300, "_links": {"self": {"href": "/v1/controllers"}}}) == 1
    assert last_page({"_links": {"last": {"href": "/v1/controllers?page=all"}}}) == 1


def test_a_relay_that_says_17_is_on_and_a_plug_tells_the_power_of_each_socket() -> None:
    assert read_provider("bobbie", {"relay_state": 17, "energy": "1.5"}).values == {
        "relay_on": 1.0,
        "energy_total_wh": 1500.0,
    }
    plug = read_provider("smart_plug", {"online": True, "power": [12.5, "7.5"]})
    assert plug.values == {"power_w": 20.0}
    assert plug.is_online is True


VICKI = {
    "displayDigits": 21,
    "temperature": "20.5",
    "humidity": 41.2,
    "motorRange": 500,
    "motorPosition": 100,
    "batteryVoltage": 3.1,
    "openWindow": False,
    "childLock": True,
    "rssi": -71,
    "temeprature_range_settings": {"min": 5, "max": 30},
    "keepalive_time": "10",
    "open_window_params": {"enabled": True, "duration": 20, "motorPosition": 540, "delta": 3},
    "operational_mode": "01",
    "uplink_type": "00",
    "network_provider": "the_things_industries",
    "application": "homes",
    "spf": "SF7BW125",
    "deviceVersions": {"hardware": 43, "software": 45},
    "lastActive": "2026-11-21 10:00:00",
    "extSensorOn": [],
    "thermostatIs": None,
    "scheduleInfo": {"inSchedule": False},
    "online": True,
    "somethingNew": {"a": 1},
}


def test_a_vicki_is_read_with_its_settings_and_what_has_no_word_is_kept() -> None:
    told = read_provider("vicki", VICKI)

    assert told.values == {
        "setpoint_c": 21.0,
        "temperature_c": 20.5,
        "humidity_pct": 41.2,
        "battery_v": 3.1,
        "open_window": 0.0,
        "rssi_dbm": -71.0,
        "valve_pct": 80.0,
    }
    assert told.settings["child_lock"] is True
    assert told.settings["setpoint_range_c"] == {"min": 5, "max": 30}
    assert told.settings["control_mode"] == "automatic"
    assert told.settings["open_window_detection"]["duration_min"] == 20
    assert told.reports["motor_position_steps"] == 100
    assert told.reports["network_server"] == "things-stack"
    assert (told.firmware, told.reports["hardware"], told.keepalive_s) == ("4.5", "4.3", 600)
    assert told.at_ms == 1_795_255_200_000
    assert told.kept == {"extSensorOn": [], "somethingNew": {"a": 1}}


def test_a_sensor_that_calls_itself_broken_gives_no_reading() -> None:
    told = read_provider("wireless_thermostat", {"sensorTemperature": 0, "brokenSensor": True})

    assert told.values == {}
    assert told.reports["sensor_broken"] is True


def test_hundredths_of_a_published_sample_are_degrees() -> None:
    assert read_provider("fan_coil_thermostat", {"targetTemperatureStep": 50}).settings == {
        "setpoint_step_c": 0.5
    }
    assert read_provider("fan_coil_thermostat", {"targetTemperatureStep": 0.5}).settings == {
        "setpoint_step_c": 0.5
    }


@given(
    type_name=st.sampled_from(TYPES),
    provider=st.dictionaries(
        st.sampled_from(sorted({*VICKI, "CO2", "power", "valveState"})), JSON, max_size=6
    ),
)
def test_nothing_that_a_cloud_may_say_makes_reading_fail(type_name: str, provider: dict[str, Any]) -> None:
    told = read_provider(type_name, provider)

    assert all(name in QUANTITIES for name in told.values)
    assert all(value == value and abs(value) != float("inf") for value in told.values.values())
