"""What the simulated devices report could have been measured: an expert finds the usual patterns."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pytest

from ownclimate.core.quantities import QUANTITIES
from ownclimate.core.readings import Instants, Series, Values
from ownclimate.sim.world import Instrument, World
from tests.unit.sim.conftest import at_ms

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
Flags = npt.NDArray[np.bool_]

VALVES = ["home/valve living", "home/valve bedroom", "home/valve child", "home/valve study"]


def _between(times_ms: Instants, start_ms: int, end_ms: int) -> Flags:
    return (times_ms >= start_ms) & (times_ms < end_ms)


def _winter(series: Series) -> Flags:
    return _between(series.times_ms, at_ms(2025, 12, 1), at_ms(2026, 3, 1))


def _summer(series: Series) -> Flags:
    return _between(series.times_ms, at_ms(2026, 6, 1), at_ms(2026, 9, 1))


def _local_hour(times_ms: Instants, zone: str) -> Values:
    """Near enough for patterns: by the zone's winter offset all year."""
    offset = datetime(2026, 1, 15, tzinfo=ZoneInfo(zone)).utcoffset()
    assert offset is not None
    return np.asarray((times_ms / HOUR_MS + offset.total_seconds() / 3600) % 24)


def _daily_mean(series: Series, name: str) -> dict[int, float]:
    days, starts, counts = np.unique(series.times_ms // DAY_MS, return_index=True, return_counts=True)
    means = np.add.reduceat(series.columns[name], starts) / counts
    return dict(zip(days.tolist(), means.tolist(), strict=True))


def test_every_value_lies_in_its_quantitys_range(year: dict[str, Series]) -> None:
    for key, series in year.items():
        for name, values in series.columns.items():
            quantity = QUANTITIES[name]
            present = values[~np.isnan(values)]
            assert len(present), (key, name)
            assert quantity.low <= present.min(), (key, name)
            assert present.max() <= quantity.high, (key, name)


def test_winter_is_cold_and_summer_warm(year: dict[str, Series]) -> None:
    outdoor = year["home/outdoor"]
    temperature = outdoor.columns["temperature_c"]

    assert -4 < temperature[_winter(outdoor)].mean() < 5
    assert 16 < temperature[_summer(outdoor)].mean() < 26
    assert -25 < temperature.min() < 0
    assert 28 < temperature.max() < 42


def test_afternoons_are_warmer_and_drier_than_the_end_of_the_night(year: dict[str, Series]) -> None:
    outdoor = year["home/outdoor"]
    hour = _local_hour(outdoor.times_ms, "Europe/Sofia")
    night = _summer(outdoor) & (hour > 3) & (hour < 5)
    afternoon = _summer(outdoor) & (hour > 13) & (hour < 15)

    warmer = (
        outdoor.columns["temperature_c"][afternoon].mean() - outdoor.columns["temperature_c"][night].mean()
    )
    drier = outdoor.columns["humidity_pct"][night].mean() - outdoor.columns["humidity_pct"][afternoon].mean()

    assert 5 < warmer < 14
    assert 15 < drier < 50


def test_weather_changes_over_days_not_from_row_to_row(year: dict[str, Series]) -> None:
    outdoor = year["home/outdoor"]
    means = np.array(list(_daily_mean(outdoor, "temperature_c").values()))
    neighbours = np.corrcoef(means[:-1], means[1:])[0, 1]
    steps = np.abs(np.diff(outdoor.columns["temperature_c"]))[np.diff(outdoor.times_ms) < 400_000]

    assert neighbours > 0.9
    assert steps.mean() < 0.12
    assert np.percentile(steps, 99.9) < 1.2


def test_pressure_at_the_station_is_that_at_the_sea_less_its_height(year: dict[str, Series]) -> None:
    station = year["home/station"].columns
    ratio = station["pressure_station_hpa"] / station["pressure_sea_hpa"]

    assert 970 < station["pressure_sea_hpa"].min() < station["pressure_sea_hpa"].max() < 1060
    assert 5 < station["pressure_sea_hpa"].std() < 11
    assert abs(ratio.mean() - 0.934) < 0.002
    assert ratio.std() < 1e-4


def test_it_rains_in_spells_and_in_whole_tips(year: dict[str, Series]) -> None:
    gauge = year["home/rain"]
    rain = gauge.columns["rain_mm"]
    tips = rain / 0.101
    is_wet_hour = np.array([rain[i : i + 12].sum() > 0 for i in range(0, len(rain) - 12, 12)])

    assert 350 < rain.sum() < 1000
    assert np.abs(tips - np.rint(tips)).max() < 0.01
    assert 0.02 < is_wet_hour.mean() < 0.25
    after_wet = is_wet_hour[1:][is_wet_hour[:-1]].mean()
    assert after_wet > 3 * is_wet_hour.mean()


def test_rain_comes_with_low_pressure(year: dict[str, Series]) -> None:
    pressure = _daily_mean(year["home/station"], "pressure_sea_hpa")
    rain = _daily_mean(year["home/rain"], "rain_mm")
    wet = [pressure[day] for day, mean in rain.items() if mean > 0.005 and day in pressure]
    dry = [pressure[day] for day, mean in rain.items() if mean == 0 and day in pressure]

    assert np.mean(dry) - np.mean(wet) > 3


def test_gusts_are_never_below_the_wind_and_directions_persist(year: dict[str, Series]) -> None:
    wind = year["home/wind"].columns
    speed, direction = wind["wind_speed_kmh"], wind["wind_direction_deg"]
    blows = (speed[1:] > 3) & (speed[:-1] > 3)
    turns = np.abs((np.diff(direction) + 180) % 360 - 180)[blows]

    assert (wind["gust_speed_kmh"] >= speed).all()
    assert ((direction == -1) == (speed == 0)).all()
    assert np.median(turns) < 10
    assert 3 < speed.mean() < 15


@pytest.mark.parametrize("key", VALVES)
def test_heating_is_called_for_in_the_cold_only(year: dict[str, Series], key: str) -> None:
    outside = _daily_mean(year["home/outdoor"], "temperature_c")
    valve = _daily_mean(year[key], "valve_pct")
    days = sorted(outside.keys() & valve.keys())
    cold = [valve[day] for day in days if outside[day] < 2]
    mild = [valve[day] for day in days if 6 < outside[day] < 11]
    warm = [valve[day] for day in days if outside[day] > 19]

    assert np.mean(cold) > 1.1 * np.mean(mild) > 0
    assert np.mean(warm) < 1


@pytest.mark.parametrize("key", VALVES)
def test_rooms_follow_their_set_point_in_winter(year: dict[str, Series], key: str) -> None:
    valve = year[key]
    hour = _local_hour(valve.times_ms, "Europe/Sofia")
    late_morning = _winter(valve) & (hour > 10) & (hour < 12) & (valve.columns["setpoint_c"] > 16)
    before_dawn = _winter(valve) & (hour > 4) & (hour < 5.5) & (valve.columns["setpoint_c"] > 15)
    off = valve.columns["temperature_c"] - valve.columns["setpoint_c"]

    assert abs(np.median(off[late_morning])) < 1.2
    cooler = (
        valve.columns["temperature_c"][late_morning].mean()
        - valve.columns["temperature_c"][before_dawn].mean()
    )
    assert cooler > 0.5


def test_an_open_window_in_winter_cools_the_room_and_shuts_the_valve(year: dict[str, Series]) -> None:
    valve = year["home/valve living"]
    is_open = (valve.columns["open_window"] > 0) & _winter(valve)
    opened = np.flatnonzero(is_open[1:] & ~is_open[:-1]) + 1
    opened = opened[(opened > 3) & (opened < len(is_open) - 3)]
    before, after = valve.columns["temperature_c"][opened - 2], valve.columns["temperature_c"][opened]

    assert len(opened) > 40
    assert np.mean(before - after) > 0.7
    assert valve.columns["valve_pct"][is_open].max() == 0


def test_co2_rises_with_people_and_falls_without(year: dict[str, Series]) -> None:
    bedroom = year["home/bedroom"]
    hour = _local_hour(bedroom.times_ms, "Europe/Sofia")
    co2 = bedroom.columns["co2_ppm"]
    night = np.nanmedian(co2[_winter(bedroom) & (hour > 3) & (hour < 6)])
    midday = np.nanmedian(co2[_winter(bedroom) & (hour > 13) & (hour < 17)])

    assert 1200 < night < 2600
    assert 400 <= midday < 700


def test_noise_tells_day_from_night(year: dict[str, Series]) -> None:
    station = year["home/station"]
    hour = _local_hour(station.times_ms, "Europe/Sofia")
    noise = station.columns["noise_db"]

    assert noise[(hour > 2) & (hour < 5)].mean() < 38
    assert noise[(hour > 18) & (hour < 20)].mean() > 42


def test_air_is_dry_inside_in_winter(year: dict[str, Series]) -> None:
    station = year["home/station"]
    humidity = station.columns["humidity_pct"]

    assert 20 < humidity[_winter(station)].mean() < 45
    assert humidity[_summer(station)].mean() > humidity[_winter(station)].mean() + 8


def test_the_air_conditioner_runs_on_hot_days_only_and_cools(year: dict[str, Series]) -> None:
    ac = year["home/ac"]
    is_on = ac.columns["cooling_on"] > 0

    assert not is_on[_winter(ac)].any()
    assert is_on[_summer(ac)].sum() > 100
    assert (np.isnan(ac.columns["setpoint_cool_c"]) == ~is_on).all()
    starts = np.flatnonzero(is_on[1:] & ~is_on[:-1]) + 1
    starts = starts[starts < len(is_on) - 6]
    temperature = ac.columns["temperature_c"]
    assert (temperature[starts] - temperature[starts + 3]).mean() > 0.4


@pytest.mark.parametrize("key", ["building/thermostat lobby", "building/thermostat open"])
def test_offices_heat_in_winter_cool_in_summer_and_never_both(year: dict[str, Series], key: str) -> None:
    thermostat = year[key]
    heats, cools = thermostat.columns["heating_on"] > 0, thermostat.columns["cooling_on"] > 0

    assert heats[_winter(thermostat)].mean() > 0.1
    assert cools[_summer(thermostat)].mean() > 0.05
    assert not heats[_summer(thermostat)].mean() > 0.02
    assert not (heats & cools).any()
    assert (thermostat.columns["fan_on"] >= np.maximum(heats, cools)).all()


def test_offices_are_empty_at_night_and_at_weekends(year: dict[str, Series]) -> None:
    thermostat = year["building/thermostat open"]
    hour = _local_hour(thermostat.times_ms, "America/Chicago")
    local_day = (thermostat.times_ms - 6 * HOUR_MS) // DAY_MS
    is_weekend = (local_day + 3) % 7 >= 5
    occupied = thermostat.columns["occupancy"]

    assert occupied[(hour < 5) | is_weekend].mean() < 0.02
    assert occupied[(hour > 10) & (hour < 15) & ~is_weekend].mean() > 0.8


def test_every_device_loses_rows_and_is_out_for_hours_now_and_then(
    world: World, year: dict[str, Series]
) -> None:
    for device in world.devices:
        series = year[device.key]
        due = 365 * 86_400 / device.step_s
        gaps = np.diff(series.times_ms)
        assert 0.94 < len(series) / due < 0.9999, device.key
        assert gaps.max() > 2 * HOUR_MS, device.key
        assert gaps.min() > 0.9 * device.step_s * 1000, device.key


def test_clocks_jitter_by_seconds_where_real_devices_do(world: World, year: dict[str, Series]) -> None:
    for device in world.devices:
        off_s = np.unique(year[device.key].times_ms % (device.step_s * 1000) // 1000 - device.phase_s)
        assert np.abs(off_s).max() <= device.jitter_s, device.key
        assert (len(off_s) > 1) == (device.jitter_s > 0), device.key


def test_batteries_run_down_and_are_changed(year: dict[str, Series]) -> None:
    for key in ("home/outdoor", "home/rain", "home/wind", "home/bedroom", "home/child"):
        level = year[key].columns["battery_pct"]
        steps = np.diff(level[~np.isnan(level)])
        assert steps.min() >= -1, key
        assert (steps > 0).sum() <= 1, key
        assert (steps < 0).sum() > 20, key


def test_values_have_the_resolution_of_the_devices(world: World, year: dict[str, Series]) -> None:
    for device in world.devices:
        columns = year[device.key].columns
        if device.instrument is Instrument.RADIATOR_VALVE:
            codes = columns["temperature_c"] * 5.66666 + 28.33333
            assert np.abs(codes - np.rint(codes)).max() < 0.03, device.key
            assert (columns["setpoint_c"] % 1 == 0).all()
        elif device.instrument in (Instrument.THERMOSTAT, Instrument.REMOTE_SENSOR):
            fahrenheit = columns["temperature_c"] * 1.8 + 32
            assert np.abs(fahrenheit - np.round(fahrenheit, 1)).max() < 0.01, device.key
        elif "temperature_c" in columns:
            assert (columns["temperature_c"] == np.round(columns["temperature_c"], 1)).all(), device.key
        for name in ("co2_ppm", "noise_db", "wind_speed_kmh", "gust_speed_kmh", "battery_pct"):
            values = columns.get(name, np.array([]))
            assert (values[~np.isnan(values)] % 1 == 0).all(), (device.key, name)
