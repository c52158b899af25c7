"""The log of a controller, a stretch at a time, into its device's series.

The endpoint is not published by the vendor; a cloud without it answers 404. Its rows are asked for newest
first, so that a full page ends where the next begins and no call is spent on guessing how dense they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ownclimate.core.errors import Garbled
from ownclimate.core.readings import Batch, OriginKind
from ownclimate.core.record import instant_problem
from ownclimate.core.sources import origin_of
from ownclimate.core.things import Device
from ownclimate.sync.gaps import SETTLE_MS, Page, PageRead, runs_of
from ownclimate.vendors.mclimate import mapping
from ownclimate.vendors.mclimate.collector_calls import Calls, Heard
from ownclimate.vendors.mclimate.collector_reading import instant_of, items_of, last_page, log_values
from ownclimate.vendors.mclimate.collector_state import note_on
from ownclimate.vendors.mclimate.face import hal

KIND: Final = "controller_log"
PAGE_ROWS: Final = hal.MAX_PAGE_SIZE
LOOK_BACK_PART: Final = 4
"""A stretch is asked for from so much earlier, so that its newest page is full."""

Rows = list[tuple[int, dict[str, float]]]
"""Instants with their values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What is asked for; open at its end when `end_ms` is None."""

    start_ms: int
    end_ms: int | None
    is_newest_first: bool

    @classmethod
    def of(cls, page: Page) -> Stretch:
        """Of what is missing its newest page; what is no longer than a page as it is."""
        start_ms = page.start_ms
        if page.is_of_longer_gap and page.end_ms is not None:
            back_ms = (page.end_ms - page.start_ms) // LOOK_BACK_PART
            start_ms = max(page.gap_start_ms, page.start_ms - back_ms)
        return cls(start_ms=start_ms, end_ms=page.end_ms, is_newest_first=page.is_of_longer_gap)

    def query(self) -> dict[str, str]:
        query = {"sort": "-created" if self.is_newest_first else "created", "limit": str(PAGE_ROWS)}
        if self.start_ms:
            query["created_from"] = mapping.instant(self.start_ms)
        if self.end_ms is not None:
            query["created_to"] = mapping.instant(self.end_ms)
        return query

    def holds(self, at_ms: int) -> bool:
        return self.start_ms <= at_ms and (self.end_ms is None or at_ms < self.end_ms)


@dataclass(slots=True, kw_only=True)
class History:
    calls: Calls

    async def read(self, serial: str, device: Device, type_name: str, page: Page) -> PageRead:
        """A page of the log, on disk. Raises Garbled, with the answer kept, for one that is not what was
        asked for: a history must not seem known that was not understood."""
        stretch = Stretch.of(page)
        path = f"/v1/controller_log/{hal.segment(serial)}"
        heard = await self.calls.get(path, f"history of {serial}", stretch.query())
        items = items_of(heard.document, KIND)
        is_full = last_page(heard.document) > 1 or len(items) >= PAGE_ROWS
        rows = _rows(type_name, items)
        try:
            _check(stretch, rows, items, is_full=is_full)
        except Garbled as error:
            await self.calls.keep(heard, KIND, device, note=error.message)
            raise
        rows.sort(key=lambda row: row[0])
        await self._record(heard, device, rows)
        return _page_read(stretch, heard, rows, is_full=is_full)

    async def _record(self, heard: Heard, device: Device, rows: Rows) -> None:
        ports = self.calls.ports
        now_ms = ports.clock.now_ms()
        sound = [row for row in rows if row[1] and instant_problem(row[0], now_ms) is None]
        names = sorted({name for _, values in sound for name in values})
        columns = {
            name: np.array([values.get(name, np.nan) for _, values in sound], dtype=np.float64)
            for name in names
        }
        arrived_ms = await self.calls.keep(heard, KIND, device, note_on(columns))
        if not sound:
            return
        batch = Batch(
            device=device.number,
            times_ms=np.array([at_ms for at_ms, _ in sound], dtype=np.int64),
            columns=columns,
            origin=origin_of(self.calls.source, OriginKind.CLOUD),
            arrived_ms=arrived_ms,
            payload=heard.digest,
        )
        await ports.series.record([batch])


def _rows(type_name: str, items: Sequence[Mapping[str, Any]]) -> Rows:
    """In the order in which they came; those without an instant are left out."""
    timed = ((instant_of(item.get("created")), item) for item in items)
    return [(at_ms, log_values(type_name, item)) for at_ms, item in timed if at_ms is not None]


def _check(stretch: Stretch, rows: Rows, items: Sequence[Mapping[str, Any]], *, is_full: bool) -> None:
    times = [at_ms for at_ms, _ in rows]
    if items and not rows:
        raise Garbled("the cloud's answer holds no readings that tell when they were")
    if not all(map(stretch.holds, times)):
        raise Garbled("the cloud answered with readings of another time than it was asked for")
    if is_full and times != sorted(times, reverse=stretch.is_newest_first):
        raise Garbled("the cloud's readings are not in the order that was asked for")
    if is_full and not times:
        raise Garbled("the cloud tells of more readings, but of none here")


def _page_read(stretch: Stretch, heard: Heard, rows: Rows, *, is_full: bool) -> PageRead:
    times = [at_ms for at_ms, _ in rows]
    first_ms, last_ms = (times[0], times[-1]) if times else (0, 0)
    begin_ms = first_ms if is_full and stretch.is_newest_first else stretch.start_ms
    if is_full and not stretch.is_newest_first:
        end_ms = last_ms + 1
    elif stretch.end_ms is not None:
        end_ms = stretch.end_ms
    else:
        end_ms = max(heard.at_ms - SETTLE_MS, last_ms + 1 if times else 0)
    return PageRead(
        rows=len(times),
        is_full=is_full,
        asked_ms=heard.at_ms,
        first_ms=first_ms,
        last_ms=last_ms,
        runs=runs_of(times),
        # Nothing at all counts for the page as it was asked for: then longer ones are.
        covered=(begin_ms, end_ms) if times else None,
    )
