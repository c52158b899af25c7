"""Devices that are told something obey it once, and their rooms follow."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ownclimate.core import orders
from ownclimate.core.readings import Series
from ownclimate.sim.devices import CAN, CONFIRMED, FAILED, MAX_ORDERS, REFUSED, SimulatedDevices
from ownclimate.sim.standing import Orders
from tests.unit.sim.conftest import WORLD, at_ms, gathered

NOW_MS = at_ms(2026, 1, 13, 10, 2)
LATER_MS = NOW_MS + 3_600_000
DAY_MS = 86_400_000


def _told(key: str, name: str, now_ms: int = NOW_MS, **fields: object) -> Orders:
    devices = SimulatedDevices(WORLD)
    answer = devices.obey(WORLD.device(key), "id", name, fields, now_ms, now_ms + 1)
    assert answer.outcome == CONFIRMED, answer.reason
    return devices.orders


def _series(key: str, given: Orders, start_ms: int, end_ms: int) -> Series:
    return gathered(WORLD, start_ms, end_ms, given)[key]


def test_a_room_warms_to_what_its_valve_was_told() -> None:
    given = _told("home/valve study", orders.SET_SETPOINT, temperature_c=25)

    series = _series("home/valve study", given, NOW_MS, NOW_MS + 5 * 3_600_000)

    assert set(series.columns["setpoint_c"]) == {25}
    assert series.columns["temperature_c"][0] < 22
    assert abs(series.columns["temperature_c"][-1] - 25) < 0.7
    assert series.columns["valve_pct"].max() == 100


def test_other_rooms_devices_and_the_time_before_are_as_they_were() -> None:
    given = _told("home/plug", orders.SET_RELAY, is_on=False)
    span = NOW_MS - 7_200_000, NOW_MS + 7_200_000

    plain, changed = gathered(WORLD, *span), gathered(WORLD, *span, given)

    for key in plain.keys() - {"home/plug"}:
        for name, values in plain[key].columns.items():
            assert np.array_equal(values, changed[key].columns[name], equal_nan=True), (key, name)
    before = plain["home/plug"].times_ms < NOW_MS
    for name, values in plain["home/plug"].columns.items():
        assert np.array_equal(values[before], changed["home/plug"].columns[name][before]), name


def test_a_window_is_the_same_with_orders_too() -> None:
    given = _told("home/ac", orders.SET_AIR_CONDITIONER, is_on=True, mode="heat", temperature_c=26, fan="low")
    given += _told("building/thermostat open", orders.SET_CLIMATE_MODE, mode="off")
    start_ms, end_ms = NOW_MS + DAY_MS, NOW_MS + DAY_MS + 7_200_000

    long, short = (
        gathered(WORLD, NOW_MS, NOW_MS + 9 * DAY_MS, given),
        gathered(WORLD, start_ms, end_ms, given),
    )

    for key, series in short.items():
        inside = (long[key].times_ms >= start_ms) & (long[key].times_ms < end_ms)
        for name, values in series.columns.items():
            assert np.array_equal(values, long[key].columns[name][inside], equal_nan=True), (key, name)


@pytest.mark.parametrize(
    ("mode", "month", "flag", "sign"),
    [
        pytest.param("heat", 1, "heating_on", 1, id="heat in winter"),
        pytest.param("cool", 7, "cooling_on", -1, id="cool in summer"),
    ],
)
def test_the_air_conditioner_does_as_told_whoever_is_in(mode, month, flag, sign) -> None:
    at = at_ms(2026, month, 14, 9)
    wanted_c = 27 if sign > 0 else 18
    given = _told(
        "home/ac", orders.SET_AIR_CONDITIONER, at, is_on=True, mode=mode, temperature_c=wanted_c, fan="high"
    )

    plain = _series("home/ac", (), at, at + 4 * 3_600_000)
    told = _series("home/ac", given, at, at + 4 * 3_600_000)

    assert told.columns[flag].min() == 1
    change_c = told.columns["temperature_c"] - plain.columns["temperature_c"]
    assert sign * change_c[-1] > 1.5


def test_an_air_conditioner_that_was_switched_off_stays_off() -> None:
    at = at_ms(2026, 7, 1)
    given = _told(
        "home/ac", orders.SET_AIR_CONDITIONER, at, is_on=False, mode="cool", temperature_c=22, fan="auto"
    )

    told = _series("home/ac", given, at, at + 30 * DAY_MS)

    assert _series("home/ac", (), at, at + 30 * DAY_MS).columns["cooling_on"].max() == 1
    assert told.columns["cooling_on"].max() == 0


def test_a_thermostat_that_is_off_lets_its_floor_grow_cold() -> None:
    given = _told("building/thermostat lobby", orders.SET_CLIMATE_MODE, mode="off")

    off = gathered(WORLD, NOW_MS, NOW_MS + DAY_MS, given)

    assert off["building/thermostat lobby"].columns["heating_on"].max() == 0
    assert off["building/thermostat open"].columns["heating_on"].max() == 1
    assert off["building/sensor reception"].columns["temperature_c"][-1] < 15


def test_a_thermostats_fan_runs_when_it_is_told_to() -> None:
    given = _told("building/thermostat lobby", orders.SET_FAN, speed="on")

    on = _series("building/thermostat lobby", given, NOW_MS, NOW_MS + DAY_MS)

    assert on.columns["fan_on"].min() == 1


def test_behind_an_open_relay_no_meter_runs_and_it_goes_on_where_it_stopped() -> None:
    devices = SimulatedDevices(WORLD)
    heater = WORLD.device("home/water heater")
    devices.obey(heater, "1", orders.SET_RELAY, {"is_on": False}, NOW_MS, LATER_MS)
    devices.obey(heater, "2", orders.SET_RELAY, {"is_on": True}, NOW_MS + DAY_MS, NOW_MS + 2 * DAY_MS)

    series = _series(heater.key, devices.orders, NOW_MS - DAY_MS, NOW_MS + 2 * DAY_MS)

    off = (series.times_ms >= NOW_MS) & (series.times_ms < NOW_MS + DAY_MS)
    energy = series.columns["energy_total_wh"]
    assert set(series.columns["relay_on"][off]) == {0}
    assert series.columns["current_a"][off].max() == 0
    assert np.ptp(energy[off]) == 0
    assert (np.diff(energy) >= 0).all()
    assert energy[-1] - energy[off][-1] > 1_000
    assert series.columns["water_temperature_c"][off][-1] < series.columns["water_temperature_c"].max() - 15


def test_a_meter_counts_what_flows(year: dict[str, Series]) -> None:
    plug = year["home/plug"]
    hours = np.diff(plug.times_ms) / 3_600_000
    flowed_wh = (plug.columns["power_w"][1:] * hours).sum()

    metered_wh = np.ptp(plug.columns["energy_total_wh"])

    assert abs(flowed_wh / metered_wh - 1) < 0.03


def test_a_command_is_obeyed_once_and_answered_the_same_each_time() -> None:
    devices = SimulatedDevices(WORLD)
    plug = WORLD.device("home/plug")

    answers = {
        devices.obey(plug, "one", orders.SET_RELAY, {"is_on": False}, NOW_MS + late, LATER_MS)
        for late in (0, 10, 10_000_000)
    }

    assert len(answers) == 1
    assert [order.at_ms for order in devices.orders] == [NOW_MS]


def test_what_was_obeyed_is_remembered_over_a_restart() -> None:
    kept: list[str] = []
    devices = SimulatedDevices(WORLD, remember=lambda memory: kept.append(json.dumps(memory)))
    valve = WORLD.device("home/valve living")
    devices.obey(valve, "one", orders.SET_SETPOINT, {"temperature_c": 17.5}, NOW_MS, LATER_MS)

    again = SimulatedDevices(WORLD)
    again.recall(json.loads(kept[-1]))

    assert again.orders == devices.orders
    assert again.answer_to("one") == devices.answer_to("one")
    assert again.state(valve, NOW_MS)["setpoint_c"] == 17.5


@pytest.mark.parametrize(
    ("key", "name", "fields", "outcome"),
    [
        pytest.param("home/valve study", orders.SET_SETPOINT, {"temperature_c": 31}, REFUSED, id="too warm"),
        pytest.param("home/valve study", orders.SET_RELAY, {"is_on": True}, REFUSED, id="no relay"),
        pytest.param("home/plug", orders.SET_RELAY, {"is_on": 1}, REFUSED, id="no truth value"),
        pytest.param("home/plug", "explode", {}, REFUSED, id="no order"),
        pytest.param("home/plug", "netatmo.blink", {}, REFUSED, id="another maker's"),
        pytest.param("home/plug", "mclimate.default_state", {"state": 1}, CONFIRMED, id="its maker's"),
        pytest.param("home/ac", orders.SET_CLIMATE_MODE, {"mode": "heat"}, CONFIRMED, id="a mode"),
    ],
)
def test_a_device_says_what_it_cannot_do(key, name, fields, outcome) -> None:
    devices = SimulatedDevices(WORLD)

    answer = devices.obey(WORLD.device(key), "id", name, fields, NOW_MS, LATER_MS)

    assert answer.outcome == outcome
    assert bool(answer.reason) == (outcome != CONFIRMED)


def test_a_late_order_is_not_obeyed() -> None:
    devices = SimulatedDevices(WORLD)

    answer = devices.obey(WORLD.device("home/plug"), "id", orders.SET_RELAY, {"is_on": False}, NOW_MS, NOW_MS)

    assert answer.outcome == FAILED
    assert devices.orders == ()


def test_every_controllable_device_shows_what_it_was_told() -> None:
    devices = SimulatedDevices(WORLD)
    for device in devices.controllable:
        if orders.SET_LIGHT in CAN[device.instrument]:
            devices.obey(device, device.key, orders.SET_LIGHT, {"is_on": False}, NOW_MS, LATER_MS)
            assert devices.state(device, NOW_MS)["light_on"] is False

    assert len(devices.controllable) == 9


def test_memory_is_bounded_and_what_stands_is_kept() -> None:
    devices = SimulatedDevices(WORLD)
    valve, plug = WORLD.device("home/valve study"), WORLD.device("home/plug")
    devices.obey(valve, "first", orders.SET_SETPOINT, {"temperature_c": 18}, NOW_MS, LATER_MS)
    for number in range(MAX_ORDERS + 50):
        devices.obey(plug, str(number), orders.SET_RELAY, {"is_on": number % 2 == 0}, NOW_MS, LATER_MS)

    assert len(devices.orders) == MAX_ORDERS
    assert devices.state(valve, NOW_MS)["setpoint_c"] == 18
