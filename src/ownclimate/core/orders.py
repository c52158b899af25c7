"""What a device can be told to do, in words that belong to no maker.

An order is a name with fields. What has no word here goes by its maker's: `<maker>.<name>`, with the
maker's own fields; only who speaks that maker's language can carry it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ownclimate.core.errors import InvalidInput
from ownclimate.core.things import Ability, Device

SET_SETPOINT: Final = "set_setpoint"
"""`temperature_c`: hold this temperature by heating."""
SET_COOLING_SETPOINT: Final = "set_cooling_setpoint"
"""`temperature_c`: hold this temperature by cooling."""
SET_CLIMATE_MODE: Final = "set_climate_mode"
"""`mode`: one of `CLIMATE_MODES`."""
SET_FAN: Final = "set_fan"
"""`speed`: `auto`, `on`, `off`, or a number from 1 up."""
SET_RELAY: Final = "set_relay"
"""`is_on`: a switch, plug, light or contactor."""
SET_AIR_CONDITIONER: Final = "set_air_conditioner"
"""`is_on`, `mode` (one of `AIR_MODES`), `temperature_c`, `fan` (one of `AIR_FANS`), all four at once."""
SET_POSITION: Final = "set_position"
"""`position_pct` (0 closed, 100 open) or `move` (`stop`, `preferred`): a cover or a valve."""
SET_BRIGHTNESS: Final = "set_brightness"
"""`brightness_pct`, or `move` (`stop`)."""
SET_LIGHT: Final = "set_light"
"""`is_on`: the device's own signal light."""
SET_CHILD_LOCK: Final = "set_child_lock"
"""`is_on`"""
SET_MONITORING: Final = "set_monitoring"
"""`is_on`: a camera or siren watches."""
SET_FLOODLIGHT: Final = "set_floodlight"
"""`mode`: `on`, `off`, `auto`."""
SET_PILOT_WIRE: Final = "set_pilot_wire"
"""`mode`: one of `PILOT_WIRE_MODES`."""

HOLD: Final = "hold"
"""`mode`, one of `HOLD_MODES`, `temperature_c`, what that means (None: nothing), and `channel`, one of
`CHANNELS`: what is held in the device's room instead of its programme. `home` ends what is held."""
SET_HOME_MODE: Final = "set_home_mode"
"""`mode`, one of `HOME_MODES`: what the device's home does; perhaps `schedule_id`, by which schedule."""
SELECT_SCHEDULE: Final = "select_schedule"
"""`schedule_id`, ours: by which of its schedules the device's home goes."""
CREATE_SCHEDULE: Final = "create_schedule"
"""`schedule_id`, ours: the home has this schedule too."""
WRITE_SCHEDULE: Final = "write_schedule"
"""`schedule_id`, ours: the schedule is as it stands here."""
RENAME_SCHEDULE: Final = "rename_schedule"
"""`schedule_id`, ours: the schedule has the name that it has here."""
REMOVE_SCHEDULE: Final = "remove_schedule"
"""`schedule_id`, ours."""

CLIMATE_MODES: Final = ("off", "heat", "cool", "auto", "aux_heat", "ventilation")
AIR_MODES: Final = ("auto", "fan", "heat", "cool", "dry")
AIR_FANS: Final = ("auto", "low", "medium", "high")
CHANNELS: Final = ("heating", "cooling", "auto")
HOLD_MODES: Final = ("manual", "off", "max", "frost_guard", "home")
HOME_MODES: Final = ("schedule", "away", "frost_guard")
PILOT_WIRE_MODES: Final = ("comfort", "comfort_1", "comfort_2", "away", "frost_guard", "stand_by")

FIELDS: Final[Mapping[str, frozenset[str]]] = {
    SET_SETPOINT: frozenset({"temperature_c"}),
    SET_COOLING_SETPOINT: frozenset({"temperature_c"}),
    SET_CLIMATE_MODE: frozenset({"mode"}),
    SET_FAN: frozenset({"speed"}),
    SET_RELAY: frozenset({"is_on"}),
    SET_AIR_CONDITIONER: frozenset({"is_on", "mode", "temperature_c", "fan"}),
    SET_POSITION: frozenset({"position_pct", "move"}),
    SET_BRIGHTNESS: frozenset({"brightness_pct", "move"}),
    SET_LIGHT: frozenset({"is_on"}),
    SET_CHILD_LOCK: frozenset({"is_on"}),
    SET_MONITORING: frozenset({"is_on"}),
    SET_FLOODLIGHT: frozenset({"mode"}),
    SET_PILOT_WIRE: frozenset({"mode"}),
}
"""By order its fields; of an order with `move` either that or the other one is given."""

PROGRAMME_FIELDS: Final[Mapping[str, frozenset[str]]] = {
    HOLD: frozenset({"channel", "mode", "temperature_c"}),
    SET_HOME_MODE: frozenset({"mode"}),
    SELECT_SCHEDULE: frozenset({"schedule_id"}),
    CREATE_SCHEDULE: frozenset({"schedule_id"}),
    WRITE_SCHEDULE: frozenset({"schedule_id"}),
    RENAME_SCHEDULE: frozenset({"schedule_id"}),
    REMOVE_SCHEDULE: frozenset({"schedule_id"}),
}
"""The same of orders to whoever runs a device's programme, where that is not us (`core.programmes`)."""
UNTIL: Final = "until_ms"
"""Until when it holds, 0 for ever; left out, as long as is usual where it is carried out."""
MAY_END: Final = frozenset({SET_SETPOINT, SET_COOLING_SETPOINT, SET_PILOT_WIRE, HOLD, SET_HOME_MODE})
"""Orders that may have `until_ms`, where the device's programme is run elsewhere."""

NEEDS: Final[Mapping[str, Ability]] = {
    SET_SETPOINT: Ability.HEATING_SETPOINT,
    SET_COOLING_SETPOINT: Ability.COOLING_SETPOINT,
    SET_RELAY: Ability.RELAY,
    SET_AIR_CONDITIONER: Ability.AIR_CONDITIONING,
    SET_BRIGHTNESS: Ability.DIMMER,
}
"""By order the ability without which no device can follow it. Others depend on the maker."""

SHORT_LIFE_MS: Final = 5 * 60_000
"""Nobody wants a switch to follow an order of an hour ago."""
LIFE_MS: Final = 3_600_000
KEEPALIVES: Final = 4
"""A sleeping device hears orders only when it reports; one report may be lost, and another."""


def maker_order(maker: str, name: str) -> str:
    return f"{maker}.{name}"


def maker_of(order: str) -> str | None:
    """Whose word the order is; None for ours."""
    maker, dot, _ = order.partition(".")
    return maker if dot else None


def check_order(name: str, fields: Mapping[str, Any]) -> None:
    """Raises InvalidInput when an order of ours is unknown or its fields are not what it needs."""
    if maker_of(name) is not None:
        return
    known = FIELDS.get(name) or PROGRAMME_FIELDS.get(name)
    if known is None:
        raise InvalidInput("name", f"unknown order; known are {', '.join(sorted(FIELDS))}")
    for field in fields:
        if field not in known and field not in _OPTIONAL.get(name, ()):
            raise InvalidInput(field, f"{name} has no such field")
    needed = known if "move" not in known else frozenset()
    for field in sorted(needed - fields.keys()):
        raise InvalidInput(field, f"{name} needs it")
    if "move" in known and len(fields) != 1:
        raise InvalidInput("move", f"{name} needs exactly one of {', '.join(sorted(known))}")
    for field, value in fields.items():
        _check_value(name, field, value)


def life_ms(name: str, device: Device) -> int:
    """How long after it was given an order may still be carried out."""
    is_at_once = name in (SET_RELAY, SET_AIR_CONDITIONER, SET_POSITION)
    is_at_once |= Ability.AIR_CONDITIONING in device.abilities
    if is_at_once and Ability.BATTERY not in device.abilities:
        return SHORT_LIFE_MS  # On mains it listens all the time, however seldom it reports.
    return max(LIFE_MS, KEEPALIVES * device.keepalive_s * 1000)


def is_repeatable(name: str) -> bool:
    """Whether carrying an order out twice does the same as once.

    Ours name the state that is wanted, but for two. Of makers' orders nobody here can tell.
    """
    return maker_of(name) is None and name not in (CREATE_SCHEDULE, REMOVE_SCHEDULE)


_OPTIONAL: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(MAY_END, frozenset({UNTIL})),
    SET_HOME_MODE: frozenset({UNTIL, "schedule_id"}),
}
_TEMPERATURE_RANGE_C: Final = (-30.0, 60.0)


def _check_value(order: str, field: str, value: Any) -> None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if field == "is_on":
        if not isinstance(value, bool):
            raise InvalidInput(field, "expected true or false")
    elif field == "temperature_c" and not (value is None and order == HOLD):
        low, high = _TEMPERATURE_RANGE_C
        if not is_number or not low <= value <= high:
            raise InvalidInput(field, f"expected a number from {low:g} to {high:g}")
    elif field.endswith("_pct"):
        if not is_number or not 0 <= value <= 100:
            raise InvalidInput(field, "expected a number from 0 to 100")
    elif field == "channel":
        if value not in CHANNELS:
            raise InvalidInput(field, f"expected one of {', '.join(CHANNELS)}")
    elif field == UNTIL:
        if not is_number or value < 0:
            raise InvalidInput(field, "expected an instant, or 0 for ever")
    elif field == "mode" and order in _MODES:
        if value not in _MODES[order]:
            raise InvalidInput(field, f"expected one of {', '.join(_MODES[order])}")
    elif field == "fan" and value not in AIR_FANS:
        raise InvalidInput(field, f"expected one of {', '.join(AIR_FANS)}")


_MODES: Final[Mapping[str, tuple[str, ...]]] = {
    SET_CLIMATE_MODE: CLIMATE_MODES,
    SET_AIR_CONDITIONER: AIR_MODES,
    SET_FLOODLIGHT: ("on", "off", "auto"),
    SET_PILOT_WIRE: PILOT_WIRE_MODES,
    HOLD: HOLD_MODES,
    SET_HOME_MODE: HOME_MODES,
}
