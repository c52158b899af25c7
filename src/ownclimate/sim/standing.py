"""Orders that simulated devices follow, and what they ask of the rooms.

An order stands until the device gets the next one of its name: who is told a temperature keeps it, whatever
the timetable says. What it asks for counts from the step on in which it was given.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ownclimate.core.orders import (
    AIR_MODES,
    SET_AIR_CONDITIONER,
    SET_CLIMATE_MODE,
    SET_COOLING_SETPOINT,
    SET_FAN,
    SET_SETPOINT,
)
from ownclimate.core.readings import Values
from ownclimate.sim.habits import Habits
from ownclimate.sim.tape import Tape
from ownclimate.sim.timegrid import STEP_MS, Grid
from ownclimate.sim.world import Instrument, SimDevice, SimRoom

AIR_OFF: Final = -1.0
AIR: Final[Mapping[str, float]] = {mode: float(code) for code, mode in enumerate(AIR_MODES)}
"""How an air conditioner is switched, as a number: off, or one of the modes."""
HEATS_AND_COOLS: Final[Mapping[str, tuple[float, float]]] = {
    "off": (0.0, 0.0),
    "heat": (1.0, 0.0),
    "cool": (0.0, 1.0),
    "auto": (1.0, 1.0),
    "aux_heat": (1.0, 0.0),
    "ventilation": (0.0, 0.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An order that a device follows since the instant. `fields` are sorted, so that it can be hashed."""

    at_ms: int
    device: str
    name: str
    fields: tuple[tuple[str, Any], ...]

    def get(self, field: str) -> Any:
        return dict(self.fields)[field]


Orders = tuple[Standing, ...]
"""In the order in which they were given."""


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What was ordered, by name: values for every step and room, NaN where nobody ordered anything."""

    values: Mapping[str, Values]

    def habits(self, habits: Habits) -> Habits:
        """What people do, with the set-points that were ordered."""
        changed = {
            name: np.where(np.isnan(wanted), getattr(habits, name), wanted)
            for name, wanted in self.values.items()
            if name in ("setpoint_c", "setpoint_cool_c")
        }
        return dataclasses.replace(habits, **changed)

    def tape(self, name: str) -> Tape | None:
        return Tape(self.values[name]) if name in self.values else None


NOTHING: Final = Told({})


def told(devices: Sequence[SimDevice], rooms: Sequence[SimRoom], orders: Orders, grid: Grid) -> Told:
    """What the orders to devices of a site mean for its indoor rooms on the grid's steps."""
    by_key = {device.key: device for device in devices}
    values: dict[str, Values] = {}
    for order in orders:
        device = by_key.get(order.device)
        if device is None:
            continue
        first = max(0, order.at_ms // STEP_MS - grid.first)
        columns = _rooms_of(device, rooms)
        for name, value in _asked(order, device).items():
            wanted = values.setdefault(name, np.full((grid.count, len(rooms)), np.nan))
            wanted[first:, columns] = value
    return Told(values) if values else NOTHING


def _rooms_of(device: SimDevice, rooms: Sequence[SimRoom]) -> list[int]:
    """A thermostat rules its floor, everything else its room."""
    floors = {room.key: room.floor for room in rooms}
    if device.instrument is Instrument.THERMOSTAT:
        return [index for index, room in enumerate(rooms) if room.floor == floors[device.room]]
    return [index for index, room in enumerate(rooms) if room.key == device.room]


def _asked(order: Standing, device: SimDevice) -> dict[str, float]:
    if order.name == SET_AIR_CONDITIONER:
        mode, temperature_c = order.get("mode"), float(order.get("temperature_c"))
        if not order.get("is_on"):
            return {"air": AIR_OFF}
        target = {} if mode in ("heat", "fan") else {"setpoint_cool_c": temperature_c}
        return {"air": AIR[mode], "air_c": temperature_c, **target}
    if order.name == SET_SETPOINT:
        return {"setpoint_c": float(order.get("temperature_c"))}
    if order.name == SET_COOLING_SETPOINT:
        return {"setpoint_cool_c": float(order.get("temperature_c"))}
    if order.name == SET_CLIMATE_MODE:
        mode = order.get("mode")
        heats, cools = HEATS_AND_COOLS[mode]
        return {"heats": heats, "cools": cools, "ventilates": float(mode == "ventilation")}
    if order.name == SET_FAN:
        return {"fan": float(order.get("speed") not in ("auto", "off"))}
    return {}
