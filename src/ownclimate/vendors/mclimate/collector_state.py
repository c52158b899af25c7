"""Readings of the moment: what lists and `provider/fetch` tell of a device of which the cloud has no log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from ownclimate.core.readings import Batch, OriginKind, Values
from ownclimate.core.record import flagged, instant_problem
from ownclimate.core.sources import origin_of
from ownclimate.core.things import Device
from ownclimate.vendors.mclimate.collector_account import Controller
from ownclimate.vendors.mclimate.collector_calls import Calls, Heard
from ownclimate.vendors.mclimate.collector_reading import Told, instant_of, log_values

SECOND_MS: Final = 1_000
LOWEST_C: Final = -40.0
"""The sensors in these devices measure no lower (Silicon Labs Si7021 data sheet, table 2)."""
MOST_NOTE: Final = 200
NOTHING: Final = np.array([], dtype=np.float64)
STEADY_MS: Final = 3_600_000
"""A value that stays the same is told again so often."""


def note_on(columns: Mapping[str, Values]) -> str:
    """Which values nobody can believe, for the archived answer; empty for none. They are recorded all the
    same. A faulty Melissa was seen to tell -49.6 °C."""
    odd = set(flagged(columns))
    if (columns.get("temperature_c", NOTHING) < LOWEST_C).any():
        odd.add("temperature_c")
    return f"implausible {', '.join(sorted(odd))}"[:MOST_NOTE] if odd else ""


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
    await calls.keep(heard, "fetch", device, note=note_on(_columns(told.values)))
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
        columns=_columns(values),
        origin=origin_of(calls.source, OriginKind.CLOUD),
        arrived_ms=ports.arrivals.next_ms(),
        payload=heard.digest,
    )
    await ports.series.record([batch])


def _columns(values: Mapping[str, float]) -> dict[str, Values]:
    return {name: np.array([value], dtype=np.float64) for name, value in values.items()}
