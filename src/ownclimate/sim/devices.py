"""Simulated devices as things that can be told something: each obeys what such a device can, once.

They know no wire. Whoever speaks for them hands in an order with its id and gets the answer; from then on
`orders` has it, and the simulation follows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from ownclimate.core.errors import InvalidInput
from ownclimate.core.orders import (
    SET_AIR_CONDITIONER,
    SET_CHILD_LOCK,
    SET_CLIMATE_MODE,
    SET_COOLING_SETPOINT,
    SET_FAN,
    SET_LIGHT,
    SET_RELAY,
    SET_SETPOINT,
    check_order,
    maker_of,
)
from ownclimate.sim.appliances import APPLIANCES, Load
from ownclimate.sim.noise import Noise
from ownclimate.sim.simulate import SimSeries
from ownclimate.sim.standing import Orders, Standing
from ownclimate.sim.world import Instrument, SimDevice, World

CONFIRMED: Final = "confirmed"
REFUSED: Final = "refused"
FAILED: Final = "failed"

MAX_ANSWERS: Final = 1_000
MAX_ORDERS: Final = 1_000

_WIFI = frozenset({SET_LIGHT})
CAN: Final[Mapping[Instrument, frozenset[str]]] = {
    Instrument.RADIATOR_VALVE: frozenset({SET_SETPOINT, SET_CHILD_LOCK}),
    Instrument.AC_CONTROLLER: _WIFI
    | {SET_AIR_CONDITIONER, SET_SETPOINT, SET_COOLING_SETPOINT, SET_CLIMATE_MODE},
    Instrument.THERMOSTAT: frozenset({SET_SETPOINT, SET_COOLING_SETPOINT, SET_CLIMATE_MODE, SET_FAN}),
    Instrument.SMART_PLUG: _WIFI | {SET_RELAY},
    Instrument.WATER_HEATER: _WIFI | {SET_RELAY},
}
"""What kinds of devices can be told. Besides, they take what only their maker has words for, as a real one
would take a setting of which nothing shows in a simulation."""

TEMPERATURES_C: Final[Mapping[Instrument, tuple[float, float]]] = {
    Instrument.RADIATOR_VALVE: (5.0, 30.0),
    Instrument.AC_CONTROLLER: (16.0, 30.0),
    Instrument.THERMOSTAT: (7.0, 33.5),
}
SHOWN: Final[tuple[str, ...]] = (
    "setpoint_c",
    "setpoint_cool_c",
    "valve_pct",
    "heating_on",
    "cooling_on",
    "fan_on",
    "relay_on",
)
"""Of what a device measures, what it also holds: its state."""
FIRST_AIR: Final[Mapping[str, Any]] = {"is_on": False, "mode": "cool", "temperature_c": 24, "fan": "auto"}
"""What an air conditioner is left at until it is told something."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`outcome` is `confirmed`, `refused` or `failed`; `reason` for people."""

    outcome: str
    reason: str = ""


@dataclass(slots=True)
class SimulatedDevices:
    """The world's devices that can be told something. `remember` is called with `memory()` after each
    order and before its answer is out, so that a device that is started again has obeyed it."""

    world: World
    remember: Callable[[dict[str, Any]], None] = lambda memory: None
    _orders: list[Standing] = field(default_factory=list)
    _answers: dict[str, Answer] = field(default_factory=dict)
    _seen: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def controllable(self) -> tuple[SimDevice, ...]:
        return tuple(device for device in self.world.devices if device.instrument in CAN)

    @property
    def orders(self) -> Orders:
        return tuple(self._orders)

    def obey(
        self,
        device: SimDevice,
        command_id: str,
        name: str,
        fields: Mapping[str, Any],
        now_ms: int,
        until_ms: int,
    ) -> Answer:
        """The answer, the same however often the command comes; `until_ms` is when it expires."""
        known = self._answers.get(command_id)
        if known is not None:
            return known
        try:
            answer = (
                Answer(FAILED, "it came too late")
                if now_ms >= until_ms
                else self._obeyed(device, name, fields, now_ms)
            )
        except InvalidInput as error:
            answer = Answer(REFUSED, error.message)
        self._answers[command_id] = answer
        self._forget()
        self.remember(self.memory())
        return answer

    def answer_to(self, command_id: str) -> Answer | None:
        """What became of a command; None when it never came."""
        return self._answers.get(command_id)

    def see(self, series: SimSeries) -> bool:
        """Takes note of what a device last measured; whether its state is another one now."""
        if not len(series.times_ms):
            return False
        last = {name: float(series.columns[name][-1]) for name in SHOWN if name in series.columns}
        state = {name: value for name, value in last.items() if not np.isnan(value)}
        is_news = self._seen.get(series.device_key) != state
        self._seen[series.device_key] = state
        return is_news

    def state(self, device: SimDevice, now_ms: int) -> dict[str, Any]:
        """What it holds: what it last showed, and over that what it was told since."""
        state: dict[str, Any] = dict(self._seen.get(device.key, {}))
        for order in self._of(device):
            state.update(_held(order))
        if device.instrument is Instrument.AC_CONTROLLER:
            state = {
                name: value
                for name, value in state.items()
                if name not in SHOWN or "air_conditioner" not in state
            }
        if device.instrument in APPLIANCES:
            times_ms = np.array([now_ms], dtype=np.int64)
            load = Load(device, Noise(self.world.seed), self._of(device))
            state["relay_on"] = bool(load.relay_on(times_ms)[0])
            if device.instrument is Instrument.SMART_PLUG:
                state["power_w"] = float(load.power_w(times_ms)[0])
        return state

    def memory(self) -> dict[str, Any]:
        """Everything they remember, as JSON can hold it."""
        return {
            "orders": [[order.at_ms, order.device, order.name, dict(order.fields)] for order in self._orders],
            "answers": [[key, answer.outcome, answer.reason] for key, answer in self._answers.items()],
        }

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Takes up what `memory` gave; whatever else is in it is ignored."""
        self._orders = [
            Standing(at_ms=at_ms, device=device, name=name, fields=_sorted(fields))
            for at_ms, device, name, fields in memory.get("orders", ())
        ]
        self._answers = {key: Answer(outcome, reason) for key, outcome, reason in memory.get("answers", ())}

    def _obeyed(self, device: SimDevice, name: str, fields: Mapping[str, Any], now_ms: int) -> Answer:
        maker = maker_of(name)
        if maker is not None:
            return (
                Answer(CONFIRMED)
                if maker == device.vendor
                else Answer(REFUSED, f"no order of {device.vendor}")
            )
        check_order(name, fields)
        if name not in CAN[device.instrument]:
            return Answer(REFUSED, f"this device cannot follow {name}")
        low_c, high_c = TEMPERATURES_C.get(device.instrument, (0.0, 0.0))
        temperature_c = fields.get("temperature_c")
        if temperature_c is not None and not low_c <= temperature_c <= high_c:
            return Answer(REFUSED, f"temperature_c must be from {low_c:g} to {high_c:g}")
        if device.instrument is Instrument.AC_CONTROLLER and name != SET_LIGHT:
            name, fields = SET_AIR_CONDITIONER, self._air(device, name, fields)
        self._orders.append(Standing(at_ms=now_ms, device=device.key, name=name, fields=_sorted(fields)))
        return Answer(CONFIRMED)

    def _air(self, device: SimDevice, name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """An infrared remote control always sends everything at once."""
        given = [dict(order.fields) for order in self._of(device) if order.name == SET_AIR_CONDITIONER]
        air = given[-1] if given else dict(FIRST_AIR)
        if name == SET_AIR_CONDITIONER:
            return dict(fields)
        if name == SET_SETPOINT:
            return {**air, "is_on": True, "mode": "heat", **fields}
        if name == SET_COOLING_SETPOINT:
            return {**air, "is_on": True, "mode": "cool", **fields}
        mode = _AIR_MODE_OF[fields["mode"]]
        return {**air, "is_on": False} if mode is None else {**air, "is_on": True, "mode": mode}

    def _of(self, device: SimDevice) -> Orders:
        return tuple(order for order in self._orders if order.device == device.key)

    def _forget(self) -> None:
        """Of too many orders the oldest that no longer stand, of too many answers the oldest."""
        while len(self._answers) > MAX_ANSWERS:
            del self._answers[next(iter(self._answers))]
        if len(self._orders) > MAX_ORDERS:
            standing = {(order.device, order.name): order for order in self._orders}
            over = next(order for order in self._orders if standing[order.device, order.name] is not order)
            self._orders.remove(over)


_AIR_MODE_OF: Final[Mapping[str, str | None]] = {
    "off": None,
    "heat": "heat",
    "cool": "cool",
    "auto": "auto",
    "aux_heat": "heat",
    "ventilation": "fan",
}


def _sorted(fields: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted(fields.items()))


def _held(order: Standing) -> dict[str, Any]:
    """What a device shows of an order that it follows."""
    if order.name == SET_AIR_CONDITIONER:
        return {"air_conditioner": dict(order.fields)}
    (_, value), *_ = order.fields
    return {_SHOWN_AS[order.name]: value}


_SHOWN_AS: Final[Mapping[str, str]] = {
    SET_SETPOINT: "setpoint_c",
    SET_COOLING_SETPOINT: "setpoint_cool_c",
    SET_CLIMATE_MODE: "climate_mode",
    SET_FAN: "fan_speed",
    SET_RELAY: "relay_on",
    SET_LIGHT: "light_on",
    SET_CHILD_LOCK: "child_lock",
}
