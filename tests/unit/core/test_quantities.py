"""The table of quantities keeps its promises."""

from __future__ import annotations

import pytest

from ownclimate.core.quantities import BY_NUMBER, QUANTITIES, celsius_to_fahrenheit, fahrenheit_to_celsius

NAMES_ON_DISK = {1: "temperature_c", 8: "rain_mm", 10: "wind_direction_deg", 23: "valve_pct", 36: "snr_db"}


@pytest.mark.parametrize("quantity", QUANTITIES.values(), ids=list(QUANTITIES))
def test_display_units_convert_there_and_back(quantity) -> None:
    for unit in quantity.display:
        assert unit.to_canonical(unit.from_canonical(quantity.high)) == pytest.approx(quantity.high)


def test_numbers_on_disk_never_change_their_meaning() -> None:
    assert {number: BY_NUMBER[number].name for number in NAMES_ON_DISK} == NAMES_ON_DISK


def test_freezing_and_boiling_agree_in_both_scales() -> None:
    assert celsius_to_fahrenheit(0) == 32
    assert fahrenheit_to_celsius(212) == pytest.approx(100)


def test_the_ends_of_a_range_are_plausible_and_beyond_them_is_not() -> None:
    humidity = QUANTITIES["humidity_pct"]

    assert humidity.is_plausible(0)
    assert humidity.is_plausible(100)
    assert not humidity.is_plausible(100.1)
