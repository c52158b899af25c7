"""What is plugged in: appliances with sessions of use each day, and the relays that feed them.

How long an appliance ran up to any instant can be worked out without simulating the time before, so
that its meter's total is the same in whatever window it is asked for. Days are UTC days.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np

from ownclimate.core.orders import SET_RELAY
from ownclimate.core.readings import Instants, Values
from ownclimate.sim.noise import Noise
from ownclimate.sim.standing import Orders
from ownclimate.sim.timegrid import DAY_S, HOUR_S
from ownclimate.sim.world import Instrument, SimDevice

METER_FROM_DAY: Final = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp()) // DAY_S
"""The meters stood at zero then."""
SESSIONS: Final = 2
DRAWS_A_DAY: Final = 2 * SESSIONS
COOLS_S: Final = 10 * HOUR_S
"""Time constant of the pipe behind a water heater."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appliance:
    """Each session begins at `starts_s` of the day or up to `spread_s` later and lasts `lasts_s` or up to
    half as long again."""

    power_w: float
    standby_w: float
    starts_s: tuple[float, float]
    lasts_s: tuple[float, float]
    spread_s: float


APPLIANCES: Final[Mapping[Instrument, Appliance]] = {
    # A television with what belongs to it, at noon and in the evening.
    Instrument.SMART_PLUG: Appliance(
        power_w=118.0,
        standby_w=3.5,
        starts_s=(10 * HOUR_S, 16.5 * HOUR_S),
        lasts_s=(0.7 * HOUR_S, 2.6 * HOUR_S),
        spread_s=1.5 * HOUR_S,
    ),
    # A tank of water, heated before breakfast and before the evening.
    Instrument.WATER_HEATER: Appliance(
        power_w=1_980.0,
        standby_w=0.0,
        starts_s=(2.5 * HOUR_S, 13.5 * HOUR_S),
        lasts_s=(0.6 * HOUR_S, 0.9 * HOUR_S),
        spread_s=1.0 * HOUR_S,
    ),
}


@dataclass(frozen=True, slots=True, eq=False)
class Load:
    """An appliance behind a relay with the orders that the relay was given."""

    device: SimDevice
    noise: Noise
    orders: Orders

    def relay_on(self, times_ms: Instants) -> Values:
        """On unless it was told otherwise."""
        given = [(order.at_ms, order.get("is_on")) for order in self.orders if order.name == SET_RELAY]
        states = np.array([1.0, *(float(is_on) for _, is_on in given)])
        return states[np.searchsorted([at_ms for at_ms, _ in given], times_ms, side="right")]

    def power_w(self, times_ms: Instants) -> Values:
        appliance = self._appliance
        running = self._running_s(times_ms + 500) - self._running_s(times_ms - 500) > 0
        return self.relay_on(times_ms) * np.where(running, appliance.power_w, appliance.standby_w)

    def energy_wh(self, times_ms: Instants) -> Values:
        """What the meter shows: nothing is added while the relay is off."""
        total = self._fed_wh(times_ms)
        for start_ms, end_ms in self._off():
            inside = np.clip(times_ms, start_ms, end_ms)
            total = total - (self._fed_wh(inside) - self._fed_wh(np.full_like(times_ms, start_ms)))
        return np.rint(total)

    def warmth(self, times_ms: Instants) -> Values:
        """1 at the end of a session that the relay allowed, falling to 0 after it."""
        first_day = int(times_ms.min()) // 1000 // DAY_S - 3
        starts_s, ends_s = self._sessions(first_day, int(times_ms.max()) // 1000 // DAY_S + 1 - first_day)
        middles_ms = ((starts_s + ends_s) * 500).astype(np.int64)
        allowed = self.relay_on(middles_ms) > 0
        ends_s = ends_s[allowed]
        if not len(ends_s):
            return np.zeros(len(times_ms))
        last = np.searchsorted(ends_s, times_ms / 1000, side="right") - 1
        since_s = np.where(last >= 0, times_ms / 1000 - ends_s[np.maximum(last, 0)], 10 * COOLS_S)
        return np.asarray(np.exp(-since_s / COOLS_S))

    @property
    def _appliance(self) -> Appliance:
        return APPLIANCES[self.device.instrument]

    def _off(self) -> list[tuple[int, int]]:
        off: list[tuple[int, int]] = []
        since_ms: int | None = None
        for order in self.orders:
            if order.name != SET_RELAY:
                continue
            if not order.get("is_on"):
                since_ms = order.at_ms if since_ms is None else since_ms
            elif since_ms is not None:
                off.append((since_ms, order.at_ms))
                since_ms = None
        return off if since_ms is None else [*off, (since_ms, np.iinfo(np.int64).max)]

    def _fed_wh(self, times_ms: Instants) -> Values:
        """The meter's total if the relay had never been off."""
        appliance = self._appliance
        since_s = times_ms / 1000 - METER_FROM_DAY * DAY_S
        running_s = self._running_s(times_ms)
        idle_s = np.maximum(since_s, 0.0) - running_s
        return np.asarray((running_s * appliance.power_w + idle_s * appliance.standby_w) / HOUR_S)

    def _running_s(self, times_ms: Instants) -> Values:
        """Seconds in use since the meter stood at zero."""
        days = times_ms // 1000 // DAY_S - METER_FROM_DAY
        count = max(1, int(days.max()) + 1)
        starts_s, ends_s = self._sessions(METER_FROM_DAY, count)
        lengths = (ends_s - starts_s).reshape(count, SESSIONS)
        before = np.concatenate([[0.0], np.cumsum(lengths.sum(axis=1))])
        day = np.clip(days, 0, count - 1)
        begun_s = times_ms[:, None] / 1000 - starts_s.reshape(count, SESSIONS)[day]
        today = np.clip(begun_s, 0.0, lengths[day]).sum(axis=1)
        return np.asarray(np.where(days >= 0, before[day] + today, 0.0))

    def _sessions(self, first_day: int, days: int) -> tuple[Values, Values]:
        """When sessions begin and end, in seconds since the epoch, in the order of time."""
        appliance = self._appliance
        draws = self.noise.uniform(f"{self.device.key}/sessions", first_day * DRAWS_A_DAY, days * DRAWS_A_DAY)
        late, longer = draws.reshape(days, 2, SESSIONS).transpose(1, 0, 2)
        midnight_s = (first_day + np.arange(days))[:, None] * float(DAY_S)
        starts_s = midnight_s + np.array(appliance.starts_s) + np.rint(late * appliance.spread_s)
        lengths_s = np.rint(np.array(appliance.lasts_s) * (1 + longer / 2))
        return starts_s.reshape(-1), (starts_s + lengths_s).reshape(-1)
