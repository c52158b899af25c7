"""Readings of the moment: what lists and `provider/fetch` tell of a device of which the cloud has no log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from ownclimate.core.quantities import QUANTITIES
from ownclimate.core.readings import Batch, OriginKind
from ownclimate.core.record import instant_problem
from ownclimate.core.sources import origin_of
from ownclimate.core.things import Device
from ownclimate.vendors.mclimate.collector_account import Controller
from ownclimate.vendors.mclimate.collector_calls import Calls, Heard
from ownclimate.vendors.mclimate.collector_reading import Told, instant_of, log_values

SECOND_MS: Final = 1_000
STEADY_MS: Final = 3_600_000
"""A value that stays the same is told again so often."""


async def record_log(
    calls: Calls, device: Device, known: Controller, item: Mapping[str, Any], heard: Heard
) -> None:
    """The last reading that a list shows of a controller, at its own instant."""
    log = item.get("controller_log")
    at_ms = instant_of(log.get("created")) if isinstance(log, Mapping) else None
    if isinstance(log, Mapping) and at_ms is not None and known.has_log is False:
        await _record(calls, device, log_values(known.type, log), at_ms, heard)


async def record_told(calls: Calls, device: Device, known: Controller, told: Told, heard: Heard) -> None:
    """What `provider/fetch` told, archived with it. It is of the instant that it names; else of the last
    reading when it tells the same again, and of now when it tells something else or was long silent."""
    odd = [name for name, value in told.values.items() if not QUANTITIES[name].is_plausible(value)]
    await calls.keep(heard, "fetch", device, note=f"implausible {', '.join(odd)}" if odd else "")
    if known.has_log is not False:
        return
    latest = (await calls.ports.series.latest([device.number])).get(device.number, {})
    last_ms = max((value.at_ms for value in latest.values()), default=0)
    if told.at_ms:
        # The list has milliseconds where this has seconds.
        is_last = told.at_ms // SECOND_MS == last_ms // SECOND_MS
        await _record(calls, device, told.values, last_ms if is_last else told.at_ms, heard)
        return
    news = {
        name: value
        for name, value in told.values.items()
        if name not in latest or latest[name].value != value or heard.at_ms - latest[name].at_ms >= STEADY_MS
    }
    await _record(calls, device, news, heard.at_ms, heard)


async def _record(
    calls: Calls, device: Device, values: Mapping[str, float], at_ms: int, heard: Heard
) -> None:
    ports = calls.ports
    if not values or instant_problem(at_ms, ports.clock.now_ms()) is not None:
        return
    batch = Batch(
        device=device.number,
        times_ms=np.array([at_ms], dtype=np.int64),
        columns={name: np.array([value], dtype=np.float64) for name, value in values.items()},
        origin=origin_of(calls.source, OriginKind.CLOUD),
        arrived_ms=ports.arrivals.next_ms(),
        payload=heard.digest,
    )
    await ports.series.record([batch])
