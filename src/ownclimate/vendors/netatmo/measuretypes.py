"""getmeasure's types and scales: which quantity, how aggregated, and from which scale on.

Contract §5.3. The two descriptions of the vendor differ in which thermostat types exist at which
scale; the union is accepted.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final
from zoneinfo import ZoneInfo

from ownclimate.core.things import Ability
from ownclimate.vendors.netatmo.vocabulary import MEASURE_QUANTITIES

HOUR_S: Final = 3600
DAY_S: Final = 24 * HOUR_S


class Reach(IntEnum):
    """The finest scale at which a type exists."""

    ALWAYS = 0
    BINS = 1
    DAYS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """`step` is the core's name for it, empty for the values as measured. `longest_s` is the longest
    that one bin can be: on the day that a clock goes back, and in a month of 31 days. `middle_s` is
    where a bin's stamp stands, on the wall clock from a day on."""

    name: str
    step: str
    reach: Reach
    longest_s: int = 0
    middle_s: int = 0


SCALES: Final = {
    scale.name: scale
    for scale in (
        Scale(name="max", step="", reach=Reach.ALWAYS),
        Scale(name="5min", step="5min", reach=Reach.BINS, longest_s=300, middle_s=150),
        Scale(name="30min", step="30min", reach=Reach.BINS, longest_s=1800, middle_s=900),
        Scale(name="1hour", step="1h", reach=Reach.BINS, longest_s=HOUR_S, middle_s=HOUR_S // 2),
        Scale(name="3hours", step="3h", reach=Reach.BINS, longest_s=4 * HOUR_S, middle_s=3 * HOUR_S // 2),
        Scale(name="6hours", step="6h", reach=Reach.BINS, longest_s=7 * HOUR_S, middle_s=3 * HOUR_S),
        Scale(name="1day", step="1day", reach=Reach.DAYS, longest_s=DAY_S + HOUR_S, middle_s=DAY_S // 2),
        Scale(
            name="1week",
            step="1week",
            reach=Reach.DAYS,
            longest_s=7 * DAY_S + HOUR_S,
            middle_s=7 * DAY_S // 2,
        ),
        Scale(
            name="1month", step="1month", reach=Reach.DAYS, longest_s=31 * DAY_S + HOUR_S, middle_s=15 * DAY_S
        ),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureType:
    """`function` is the core's aggregate above scale `max`; `quantity` empty means that we know the
    type but never have values of it."""

    quantity: str
    function: str
    reach: Reach = Reach.ALWAYS
    needs: Ability

    @property
    def is_instant(self) -> bool:
        """Whether its values are instants: milliseconds in the core, seconds on the wire."""
        return self.function in ("min_at", "max_at")

    @property
    def is_heating(self) -> bool:
        """Whether its values are seconds of heating, or of not heating."""
        return self.function in (HEATING_SECONDS, IDLE_SECONDS)


HEATING_SECONDS: Final = "on_seconds"
IDLE_SECONDS: Final = "off_seconds"
"""Not the core's: seconds of a bin in which a heater was on, from the mean of on and off."""

_PLAIN_NEEDS: Final = {
    "temperature": Ability.TEMPERATURE,
    "humidity": Ability.HUMIDITY,
    "co2": Ability.CO2,
    "pressure": Ability.PRESSURE,
    "noise": Ability.NOISE,
    "rain": Ability.RAIN,
    "windstrength": Ability.WIND,
    "windangle": Ability.WIND,
    "guststrength": Ability.WIND,
    "gustangle": Ability.WIND,
    "health_idx": Ability.AIR_QUALITY,
    "sp_temperature": Ability.HEATING_SETPOINT,
}
_EXTREMES: Final = {
    "temp": "temperature",
    "hum": "humidity",
    "pressure": "pressure",
    "noise": "noise",
    "co2": "co2",
}
_DIRECTIONS: Final = ("windangle", "gustangle")
_ENERGY: Final = ("sum_energy_buy_from_grid", "sum_energy_elec")
BASIC: Final = "$0"
"""Ends the name of the share of energy that is bought at one price; `$1` is peak, `$2` off-peak."""


def _types() -> dict[str, MeasureType]:
    found = {
        name: MeasureType(
            quantity=quantity,
            function="circular_mean" if name in _DIRECTIONS else "mean",
            needs=_PLAIN_NEEDS[name],
        )
        for name, quantity in MEASURE_QUANTITIES.items()
    }
    for word, plain in _EXTREMES.items():
        quantity, needs = MEASURE_QUANTITIES[plain], _PLAIN_NEEDS[plain]
        for side in ("min", "max"):
            found[f"{side}_{word}"] = MeasureType(
                quantity=quantity, function=side, reach=Reach.BINS, needs=needs
            )
            found[f"date_{side}_{word}"] = MeasureType(
                quantity=quantity, function=f"{side}_at", reach=Reach.DAYS, needs=needs
            )
    found["sum_rain"] = MeasureType(quantity="rain_mm", function="sum", reach=Reach.BINS, needs=Ability.RAIN)
    found["date_max_gust"] = MeasureType(
        quantity="gust_speed_kmh", function="max_at", reach=Reach.BINS, needs=Ability.WIND
    )
    for plain, total, function in (
        ("boileron", "sum_boiler_on", HEATING_SECONDS),
        ("boileroff", "sum_boiler_off", IDLE_SECONDS),
    ):
        for name, reach in ((plain, Reach.ALWAYS), (total, Reach.BINS)):
            found[name] = MeasureType(
                quantity="heating_on", function=function, reach=reach, needs=Ability.HEATING_SETPOINT
            )
    for name in _ENERGY:
        found[name] = MeasureType(
            quantity="energy_wh", function="sum", reach=Reach.BINS, needs=Ability.ENERGY
        )
        # Without tariffs all of it is basic.
        found[name + BASIC] = found[name]
        for suffix in ("$1", "$2", "_price", "_price$0", "_price$1", "_price$2"):
            found[name + suffix] = MeasureType(
                quantity="", function="sum", reach=Reach.BINS, needs=Ability.ENERGY
            )
    return found


TYPES: Final = _types()
MEASURED_BY: Final = {kind.quantity: kind.needs for kind in TYPES.values() if kind.quantity}
"""The ability that a device has which gave values of a quantity, whatever its model says."""
METERS: Final = frozenset({Ability.ENERGY, Ability.POWER, Ability.RELAY})
"""Whatever switches or meters current may be asked for energy; a tariff's share we never know."""


def valid_type(name: str, scale: Scale, abilities: frozenset[Ability]) -> MeasureType | None:
    """The type, None when a device with these abilities does not measure it or not at that scale."""
    known = TYPES.get(name)
    if known is None or scale.reach < known.reach:
        return None
    needed = METERS if known.needs is Ability.ENERGY else frozenset({known.needs})
    return known if needed & abilities else None


def valid_types(
    names: Sequence[str], scale: Scale, abilities: frozenset[Ability]
) -> tuple[MeasureType | None, ...]:
    """The types in the order of their names. A total is null beside its shares, as in every recorded
    answer: clients add up what they get."""
    return tuple(None if name + BASIC in names else valid_type(name, scale, abilities) for name in names)


def stamps_s(starts_s: Sequence[int], scale: Scale, zone: str) -> list[int]:
    """The middles of bins, as clients get them unless they ask for real times: half the step after
    the start, from a day on at noon of the wall clock, whatever the clock does that day."""
    if scale.reach is not Reach.DAYS:
        return [start + scale.middle_s for start in starts_s]
    place = ZoneInfo(zone)
    middle = datetime.timedelta(seconds=scale.middle_s)
    # Adding to an aware local time moves the wall clock, not the elapsed time.
    return [int((datetime.datetime.fromtimestamp(s, place) + middle).timestamp()) for s in starts_s]
